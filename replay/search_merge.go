package replay

import (
	"errors"
	"math/bits"
	"slices"

	"github.com/forgepool/settle/codec"
)

// Merge implements Program: the documents of the shards follow one another in order of
// their ids; gaps are allowed.
func (p rankSearch) Merge(shards []ShardOutput) ([]byte, error) {
	return mergeAll(p.NewMerger(), shards)
}

// NewMerger implements Program.
func (rankSearch) NewMerger() Merger { return new(searchMerger) }

// searchMerger keeps the best of all documents.
type searchMerger struct {
	shards            int
	docs, total, next uint64 // next is the least id of the next shard
	common            searchArgs
	top               ranking
}

// Add implements Merger.
func (m *searchMerger) Add(shard ShardOutput) error {
	i := m.shards
	m.shards++
	a, bad := parseSearchArgs(shard.Args)
	switch {
	case bad != "":
		return noResult(i, "argument "+bad)
	case i == 0:
		m.common, m.top.limit = a, a.top
	case !a.equalButFirst(&m.common):
		return noResult(i, "arguments differ from those of the first shard")
	case a.first < m.next:
		return noResult(i, "documents overlap those of the shard before")
	}
	d, t, err := readSearchOutput(shard.Output, &a, &m.top)
	if err != nil {
		return noResult(i, err.Error())
	}
	m.next = a.first + d
	m.docs += d // at most 4,096 shards of 2^24
	var carry uint64
	if m.total, carry = bits.Add64(m.total, t, 0); carry != 0 {
		return noResult(i, "a sum is too large")
	}
	return nil
}

// Merged implements Merger.
func (m *searchMerger) Merged() ([]byte, error) {
	if m.shards == 0 {
		return nil, noShards()
	}
	top := ranking{m.top.limit, slices.Clone(m.top.lines)} // encoding sorts, more shards need the heap
	return encodeSearch(m.docs, m.total, top), nil
}

// Held implements Merger: 16 bytes a line, and at most 4,096 lines.
func (m *searchMerger) Held() uint64 { return 16 * uint64(cap(m.top.lines)) }

// equalButFirst compares all arguments but the first document id.
func (a *searchArgs) equalButFirst(o *searchArgs) bool {
	if len(a.tokens) != len(o.tokens) || a.k1 != o.k1 || a.b != o.b || a.avg != o.avg || a.top != o.top {
		return false
	}
	for i, t := range a.tokens {
		if string(t.text) != string(o.tokens[i].text) || t.idf != o.tokens[i].idf {
			return false
		}
	}
	return true
}

// readSearchOutput reads the output of a shard with arguments a and offers its ranking to top.
func readSearchOutput(output []byte, a *searchArgs, top *ranking) (docs, total uint64, err error) {
	r := codec.NewReader(output)
	if r.Array(3) != 3 {
		r.Fail("output has not three parts")
	}
	docs, total = r.Uint(), r.Uint()
	if docs > MaxInput/4 || docs > searchMaxID-a.first {
		return 0, 0, errors.New("number of documents out of range")
	}
	var last ranked
	for i := range r.Array(a.top) {
		if r.Array(2) != 2 {
			r.Fail("line of a ranking has not two parts")
		}
		x := ranked{id: r.Uint(), score: r.Uint()}
		if r.Err() != nil {
			break
		}
		if x.score == 0 || x.id < a.first || x.id-a.first >= docs || i > 0 && !last.before(x) {
			return 0, 0, errors.New("ranking out of order or out of range")
		}
		top.offer(x)
		last = x
	}
	return docs, total, r.Done()
}
