package api

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/forgepool/settle/codec"
)

// query reads the path and query values of a request. The first bad value is
// remembered; later reads return zero values.
type query struct {
	r      *http.Request
	values url.Values
	err    error
}

// newQuery parses the query of a request. Names outside allowed are refused, and so
// are repeated ones.
func newQuery(r *http.Request, allowed []string) (*query, error) {
	if len(r.URL.RawQuery) > MaxQuery {
		return nil, Fail(codec.CodeBadRequest, "query of %d bytes, at most %d", len(r.URL.RawQuery), MaxQuery)
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, Fail(codec.CodeBadRequest, "query: %v", err)
	}
	for name, list := range values {
		if !slices.Contains(allowed, name) {
			return nil, Fail(codec.CodeBadRequest, "unknown query parameter %q", name)
		}
		if len(list) != 1 {
			return nil, Fail(codec.CodeBadRequest, "query parameter %q is repeated", name)
		}
	}
	return &query{r: r, values: values}, nil
}

func (q *query) fail(name string, err error) {
	if q.err == nil {
		q.err = Fail(codec.CodeBadRequest, "%s: %v", name, err)
	}
}

// id reads an id from the path.
func (q *query) id(name string) codec.ID {
	id, err := codec.ParseID(q.r.PathValue(name))
	if err != nil {
		q.fail(name, err)
	}
	return id
}

// hash reads a hash from the path.
func (q *query) hash(name string) codec.Hash {
	hash, err := codec.ParseHash(q.r.PathValue(name))
	if err != nil {
		q.fail(name, err)
	}
	return hash
}

// index reads a number from the path.
func (q *query) index(name string) uint64 { return q.parse(name, q.r.PathValue(name)) }

// number reads a number from the query; absent gives other.
func (q *query) number(name string, other uint64) uint64 {
	if !q.values.Has(name) {
		return other
	}
	return q.parse(name, q.values.Get(name))
}

// needed reads a number that must be in the query.
func (q *query) needed(name string) uint64 { return q.parse(name, q.values.Get(name)) }

// limit reads how many items are wanted: 1 to most, absent gives most.
func (q *query) limit(most int) int {
	n := q.number("limit", uint64(most))
	if n < 1 || n > uint64(most) {
		q.fail("limit", strconv.ErrRange)
		return most
	}
	return int(n)
}

// tree reads the name of a tree; absent is tree A.
func (q *query) tree() Tree {
	switch t := Tree(q.values.Get("tree")); t {
	case "", TreeA:
		return TreeA
	case TreeB:
		return TreeB
	default:
		q.fail("tree", strconv.ErrSyntax)
		return TreeA
	}
}

// parse reads a number below 2^63.
func (q *query) parse(name, text string) uint64 {
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		q.fail(name, err)
	}
	return n
}
