package node

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
)

// peers asks other members over the cluster port. Hosts in its URLs are server ids.
type peers struct {
	http *http.Client

	mu      sync.Mutex
	clients map[string]*api.Client // by server id
}

// newPeers returns peers reached through dial.
func newPeers(dial func(ctx context.Context, server string) (net.Conn, error)) *peers {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			server, _, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
			defer cancel()
			return dial(ctx, server)
		},
		MaxIdleConnsPerHost:    32,
		IdleConnTimeout:        30 * time.Second,
		ResponseHeaderTimeout:  35 * time.Second,
		MaxResponseHeaderBytes: api.MaxHeader,
	}
	return &peers{http: &http.Client{Transport: transport}, clients: map[string]*api.Client{}}
}

// client returns the api of one member.
func (p *peers) client(server string) (*api.Client, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.clients[server]; c != nil {
		return c, nil
	}
	c, err := api.NewClient(api.ClientOptions{URLs: []string{"http://" + server}, HTTP: p.http})
	if err == nil {
		p.clients[server] = c
	}
	return c, err
}

// close closes idle connections.
func (p *peers) close() { p.http.CloseIdleConnections() }

// Paths between nodes (docs/formats/http.md section 6).
const (
	pathAttestation = "/internal/v1/attestation"
	pathMembers     = "/internal/v1/members"
)

// maxInternal bounds an answer between nodes.
const maxInternal = 64 << 10

// attestation asks a member for its attestation of a size.
func (p *peers) attestation(ctx context.Context, server string, size uint64) (*Attested, error) {
	data, err := p.do(ctx, http.MethodGet, server, pathAttestation, url.Values{"size": {strconv.FormatUint(size, 10)}})
	if err != nil {
		return nil, err
	}
	a := new(Attested)
	return a, codec.Decode(data, a)
}

// do sends a request between nodes and returns the body of a good answer.
func (p *peers) do(ctx context.Context, method, server, path string, query url.Values) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+server+path+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	return answerOf(p.http.Do(r))
}

// answerOf returns the body of a good answer, or the error in it.
func answerOf(r *http.Response, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	data, err := io.ReadAll(io.LimitReader(r.Body, maxInternal))
	if err != nil || r.StatusCode/100 == 2 {
		return data, err
	}
	e := new(api.Error)
	if json.Unmarshal(data, e) != nil || e.Code == "" {
		return nil, errors.New(r.Status)
	}
	return nil, e
}

// peerHandler is what this node answers to members: the contract, without passing
// anything on, and the paths between nodes.
func (n *Node) peerHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", api.NewHandler(n.service(false), api.HandlerOptions{MaxSubmits: n.config.MaxSubmits}))
	mux.HandleFunc("GET "+pathAttestation, n.serveAttestation)
	mux.Handle(pathMembers+"/", n.memberHandler(false))
	return mux
}

// opaque hides that connections are TLS: net/http would look at the protocol that was
// negotiated, not know it, and hang up.
type opaque struct{ net.Listener }

// Accept returns the next connection.
func (l opaque) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return struct{ net.Conn }{conn}, nil
}

// serveAttestation waits until the intent of a size is applied here and attests it.
func (n *Node) serveAttestation(w http.ResponseWriter, r *http.Request) {
	size, err := strconv.ParseUint(r.URL.Query().Get("size"), 10, 63)
	if err != nil {
		writeProblem(w, api.Fail(codec.CodeBadRequest, "size: %v", err))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), attestTimeout)
	defer cancel()
	a, err := n.awaitAttestation(ctx, size)
	if err != nil {
		writeProblem(w, answer(err))
		return
	}
	w.Header().Set("Content-Type", api.TypeCBOR)
	_, _ = w.Write(codec.Encode(a))
}

func (n *Node) awaitAttestation(ctx context.Context, size uint64) (*Attested, error) {
	for {
		v := n.ledger.Read()
		if v == nil {
			return nil, ledger.ErrClosed
		}
		moved := n.replica.AppliedSince(v.Applied().Index)
		a, err := attest(v, n.config.NodeKey, size)
		v.Close()
		if !errors.Is(err, ledger.ErrNotFound) {
			return a, err
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return nil, err
		}
	}
}

// writeProblem writes an error between nodes.
func writeProblem(w http.ResponseWriter, err error) {
	var e *api.Error
	if !errors.As(err, &e) {
		e = api.Fail(codec.CodeInternal, "%v", err)
	}
	w.Header().Set("Content-Type", api.TypeJSON)
	w.WriteHeader(e.Status())
	_ = json.NewEncoder(w).Encode(e)
}
