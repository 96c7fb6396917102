package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/forgepool/settle/codec"
)

// ClientOptions says which nodes a Client asks.
type ClientOptions struct {
	// URLs are the nodes' addresses, such as "http://127.0.0.1:7100". At least one.
	URLs []string
	// HTTP sends the requests; nil means a client with a connection timeout of
	// 3 seconds that keeps up to 16 connections to each node.
	HTTP *http.Client
	// Signer signs requests for what is not public; nil means that they are refused.
	Signer Signer
	// Origin is the ledger's origin of tree A, for Signer. Default: what the node says.
	Origin string
}

// Client is a Service that asks nodes over HTTP. It stays with a node as long as it
// answers; when a connection fails, or the node knows no leader, it asks the next
// one, each at most once per call. Everything it sends may be sent twice: batches
// by their id, artifacts by their hash. It is safe for concurrent use.
type Client struct {
	http *http.Client
	urls []string
	last atomic.Uint32 // index in urls of the node that answered last

	signer Signer
	origin atomic.Pointer[string] // of tree A, once known
}

var _ Service = (*Client)(nil)

// NewClient returns a client of some nodes of one ledger.
func NewClient(o ClientOptions) (*Client, error) {
	if len(o.URLs) == 0 {
		return nil, errors.New("no node to ask: give at least one URL")
	}
	c := &Client{http: o.HTTP, signer: o.Signer}
	if o.Origin != "" {
		c.origin.Store(&o.Origin)
	}
	for _, text := range o.URLs {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, Fail(codec.CodeBadRequest, "node address %q is not like http://host:port", text)
		}
		c.urls = append(c.urls, strings.TrimRight(text, "/"))
	}
	if c.http == nil {
		c.http = defaultHTTP()
	}
	return c, nil
}

func defaultHTTP() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Proxy = nil // nodes are addressed by the operator, never through a proxy of the environment
	t.MaxIdleConnsPerHost = 16
	t.DialContext = dialer.DialContext
	t.ResponseHeaderTimeout = submitTimeout + 5*time.Second
	t.MaxResponseHeaderBytes = MaxHeader
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// URLs returns the nodes' addresses.
func (c *Client) URLs() []string { return append([]string(nil), c.urls...) }

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// call is one request, in a form that can be sent again.
type call struct {
	method, path string
	body         []byte
	stream       io.Reader // instead of body; then the call is sent once only
	size         int64     // of stream
	header       http.Header
	private      bool // to be signed
}

// send asks the nodes in turn and returns the first answer that is not the fault of
// the node that was asked. The caller closes its body.
func (c *Client) send(ctx context.Context, q *call) (*http.Response, error) {
	first, last := c.last.Load(), error(nil)
	for i := range len(c.urls) {
		at := (int(first) + i) % len(c.urls)
		r, err := c.once(ctx, c.urls[at], q)
		if err == nil {
			c.last.Store(uint32(at))
			return r, nil
		}
		last = worse(last, err)
		if ctx.Err() != nil || !another(err) {
			break
		}
		if q.stream != nil { // it is used up; the caller's next attempt goes to another node
			c.last.Store(uint32((at + 1) % len(c.urls)))
			break
		}
	}
	return nil, last
}

// another says whether another node may answer better.
func another(err error) bool {
	switch CodeOf(err) {
	case CodeUnreachable, codec.CodeNoLeader, codec.CodeStorageFull:
		return true
	}
	return false
}

// worse keeps the error that says less: after a broken connection it stays unknown
// what the node did, whatever the next node says of itself.
func worse(before, now error) error {
	if CodeOf(before) == CodeUnreachable && another(now) {
		return before
	}
	return now
}

// once asks one node. An answer that is no success is returned as *Error.
func (c *Client) once(ctx context.Context, base string, q *call) (*http.Response, error) {
	var body io.Reader = bytes.NewReader(q.body)
	if q.stream != nil {
		body = q.stream
	}
	r, err := http.NewRequestWithContext(ctx, q.method, base+q.path, body)
	if err != nil {
		return nil, Fail(codec.CodeBadRequest, "%v", err)
	}
	for name, values := range q.header {
		r.Header[name] = values
	}
	if q.stream != nil {
		r.ContentLength = q.size
	}
	if r.ContentLength == 0 {
		r.Body = http.NoBody // else an empty stream is sent without its length
	}
	r.Header.Set("Accept", TypeCBOR)
	if err := c.sign(ctx, q, r.Header); err != nil {
		return nil, err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, &Error{Code: CodeUnreachable, Detail: err.Error(), RetryAfter: 1, cause: err}
	}
	if answer.StatusCode/100 == 2 {
		return answer, nil
	}
	defer answer.Body.Close()
	return nil, readError(answer)
}

// readError reads the body of a failed answer. What is not of the contract, such as
// a proxy's page, counts as no answer of a node.
func readError(r *http.Response) error {
	data, err := io.ReadAll(io.LimitReader(r.Body, MaxHeader))
	e := new(Error)
	if err != nil || r.Header.Get("Content-Type") != TypeCBOR || codec.Decode(data, e) != nil {
		return &Error{Code: CodeUnreachable, Detail: "the answer is not a node's: " + r.Status, RetryAfter: 1}
	}
	return e
}

// get asks for a value.
func get[T any](ctx context.Context, c *Client, path string) (*T, error) {
	return ask[T](ctx, c, &call{method: http.MethodGet, path: path})
}

// getPrivate asks for a value that is not public.
func getPrivate[T any](ctx context.Context, c *Client, path string) (*T, error) {
	return ask[T](ctx, c, &call{method: http.MethodGet, path: path, private: true})
}

// ask sends a call and reads the value that answers it.
func ask[T any](ctx context.Context, c *Client, q *call) (*T, error) {
	r, err := c.send(ctx, q)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	data, err := io.ReadAll(io.LimitReader(r.Body, MaxAnswer+1))
	if err != nil {
		return nil, &Error{Code: CodeUnreachable, Detail: err.Error(), RetryAfter: 1, cause: err}
	}
	if len(data) > MaxAnswer {
		return nil, Fail(codec.CodeTooLarge, "answer of more than %d bytes", MaxAnswer)
	}
	v := new(T)
	if err := codec.Decode(data, v); err != nil {
		return nil, Fail(codec.CodeMalformed, "answer to %s %s: %v", q.method, q.path, err)
	}
	return v, nil
}

// path joins the elements of a path.
func path(elements ...string) string { return "/v1/" + strings.Join(elements, "/") }

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }
