package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/forgepool/settle/codec"
	"go.uber.org/goleak"
)

// TestMain looks for goroutines left behind. Net/http waits half a second before it
// closes a connection whose request it did not read to the end.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// serve starts a node that answers with f and returns its address.
func serve(t *testing.T, f Service, o HandlerOptions) string {
	t.Helper()
	s := httptest.NewServer(NewHandler(f, o))
	t.Cleanup(s.Close)
	return s.URL
}

// dial returns a client of some addresses.
func dial(t *testing.T, urls ...string) *Client {
	t.Helper()
	c, err := NewClient(ClientOptions{URLs: urls})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// question is one method of Service with its arguments filled in.
type question struct {
	name string
	ask  func(Service) (any, error)
}

func questions(ctx context.Context) []question {
	a, b := codec.ID{1}, codec.ID{2}
	return append(moneyQuestions(ctx), []question{
		{"submit", func(s Service) (any, error) { return s.Submit(ctx, []byte("batch")) }},
		{"batch", func(s Service) (any, error) { return s.Batch(ctx, a, b) }},
		{"batches", func(s Service) (any, error) { return s.Batches(ctx, 7, 8) }},
		{"record", func(s Service) (any, error) { return s.Record(ctx, 1<<62) }},
		{"by id", func(s Service) (any, error) { return s.RecordByID(ctx, a, b) }},
		{"records", func(s Service) (any, error) { return s.Records(ctx, 7, MaxRecords) }},
		{"settlement", func(s Service) (any, error) { return s.Settlement(ctx, a, b) }},
		{"history", func(s Service) (any, error) { return s.History(ctx, a, b) }},
		{"party", func(s Service) (any, error) { return s.Party(ctx, a) }},
		{"balance", func(s Service) (any, error) { return s.Balance(ctx, a, 3) }},
		{"policy", func(s Service) (any, error) { return s.Policy(ctx, 3) }},
		{"checkpoint", func(s Service) (any, error) { return s.Checkpoint(ctx, 3) }},
		{"checkpoints", func(s Service) (any, error) { return s.Checkpoints(ctx, 3, 4) }},
		{"inclusion", func(s Service) (any, error) { return s.Inclusion(ctx, TreeB, 3, 4) }},
		{"consistency", func(s Service) (any, error) { return s.Consistency(ctx, TreeA, 3, 4) }},
		{"attachments", func(s Service) (any, error) {
			return s.Attachments(ctx, []Wanted{{Index: 0, Hashes: []codec.Hash{{1}}}, {Index: 3, Hashes: []codec.Hash{{2}, {3}}}})
		}},
		{"status", func(s Service) (any, error) { return s.Status(ctx) }},
	}...)
}

// TestClientIsTheService asks every question directly and over HTTP.
func TestClientIsTheService(t *testing.T) {
	f := &fake{}
	c := dial(t, serve(t, f, HandlerOptions{}))
	for _, q := range questions(t.Context()) {
		want, _ := q.ask(f)
		got, err := q.ask(c)
		if err != nil {
			t.Errorf("%s: %v", q.name, err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", q.name, got, want)
		}
	}
	if string(f.batch) != "batch" {
		t.Errorf("batch arrived as %q", f.batch)
	}
}

// TestEveryCodeTravels answers every question with every code of the table.
func TestEveryCodeTravels(t *testing.T) {
	f := &fake{}
	url := serve(t, f, HandlerOptions{})
	c := dial(t, url)
	for _, row := range codec.Meanings {
		f.err = Fail(row.Code, "because")
		for _, q := range questions(t.Context()) {
			_, err := q.ask(c)
			var e *Error
			if !errors.As(err, &e) || e.Code != row.Code || e.Detail != "because" || (e.RetryAfter > 0) != (row.Status == 503) {
				t.Fatalf("%s: got %#v, want %s", q.name, err, row.Code)
			}
		}
		r, err := http.Get(url + "/v1/status")
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != row.Status || (r.Header.Get("Retry-After") == "1") != (row.Status == 503) {
			t.Errorf("%s: status %s, retry after %q", row.Code, r.Status, r.Header.Get("Retry-After"))
		}
	}
}

// TestBadRequests sends what the contract does not know.
func TestBadRequests(t *testing.T) {
	url := serve(t, &fake{}, HandlerOptions{})
	id := strings.Repeat("ab", 16)
	for _, q := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/v1/nothing", "", 404},
		{"DELETE", "/v1/status", "", 404},
		{"GET", "/v1/status?x=1", "", 400},
		{"GET", "/v1/records?from=-1", "", 400},
		{"GET", "/v1/records?from=9223372036854775808", "", 400},
		{"GET", "/v1/records?from=9223372036854775807", "", 200},
		{"GET", "/v1/records?from=1&from=2", "", 400},
		{"GET", "/v1/records?limit=0", "", 400},
		{"GET", "/v1/records?limit=1000", "", 200},
		{"GET", "/v1/records?limit=1001", "", 400},
		{"GET", "/v1/records?" + strings.Repeat("a", MaxQuery), "", 400},
		{"GET", "/v1/records/x", "", 400},
		{"GET", "/v1/records/by-id/" + id + "/" + id, "", 200},
		{"GET", "/v1/parties/" + id[2:], "", 400},
		{"GET", "/v1/parties/" + strings.Repeat("zz", 16), "", 400},
		{"GET", "/v1/proofs/inclusion?tree=c&index=1&size=2", "", 400},
		{"GET", "/v1/proofs/inclusion?tree=b&index=1", "", 400},
		{"GET", "/v1/proofs/consistency?from=1&to=2", "", 200},
		{"PUT", "/v1/artifacts/" + id + id, "x", 400},
		{"POST", "/v1/batches", "no content type", 400},
	} {
		r, err := http.NewRequest(q.method, url+q.path, strings.NewReader(q.body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != q.status {
			t.Errorf("%s %.60s: %s, want %d", q.method, q.path, answer.Status, q.status)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

// TestBatchSize submits the largest batch and one byte more, with and without an
// announced length.
func TestBatchSize(t *testing.T) {
	url := serve(t, &fake{}, HandlerOptions{})
	for _, q := range []struct{ size, status int }{{MaxBatchBody, 200}, {MaxBatchBody + 1, 413}} {
		for _, announced := range []bool{true, false} {
			var body io.Reader = bytes.NewReader(make([]byte, q.size))
			if !announced {
				body = io.MultiReader(body)
			}
			r, err := http.Post(url+"/v1/batches", TypeCBOR, body)
			if err != nil {
				t.Fatal(err)
			}
			r.Body.Close()
			if r.StatusCode != q.status {
				t.Errorf("%d bytes, announced %v: %s", q.size, announced, r.Status)
			}
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestFullQueueSaysSo(t *testing.T) {
	f := &fake{gate: make(chan struct{})}
	c := dial(t, serve(t, f, HandlerOptions{MaxSubmits: 1}))
	first := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	go func() { _, err := c.Submit(ctx, nil); first <- err }()
	<-f.gate
	if _, err := c.Submit(ctx, nil); CodeOf(err) != codec.CodeOverloaded {
		t.Errorf("one more batch: %v", err)
	}
	if _, err := c.Status(ctx); err != nil {
		t.Errorf("reading while batches wait: %v", err)
	}
	close(f.gate)
	if err := <-first; err != nil {
		t.Errorf("the batch that had the place: %v", err)
	}
}

// TestNextNode breaks nodes in each way and expects the answer of the good one.
func TestNextNode(t *testing.T) {
	good := serve(t, &fake{}, HandlerOptions{})
	leaderless := serve(t, &fake{err: Fail(codec.CodeNoLeader, "")}, HandlerOptions{})
	wrong := httptest.NewServer(http.NotFoundHandler())
	defer wrong.Close()
	for name, bad := range map[string]string{"refused": "http://127.0.0.1:1", "no leader": leaderless, "not a node": wrong.URL} {
		c := dial(t, bad, good)
		for _, q := range questions(t.Context()) {
			c.last.Store(0)
			if _, err := q.ask(c); err != nil {
				t.Errorf("%s, %s: %v", name, q.name, err)
			}
		}
		if c.last.Load() != 1 {
			t.Errorf("%s: the client does not stay with the good node", name)
		}
	}
}

// TestUnknownOutcome: a broken connection leaves the fate of a batch open, even when
// another node answers that it has no leader.
func TestUnknownOutcome(t *testing.T) {
	leaderless := serve(t, &fake{err: Fail(codec.CodeNoLeader, "")}, HandlerOptions{})
	for _, urls := range [][]string{{"http://127.0.0.1:1"}, {"http://127.0.0.1:1", leaderless}} {
		c := dial(t, urls...)
		if _, err := c.Submit(t.Context(), []byte{1}); CodeOf(err) != codec.CodeUnknownOutcome {
			t.Errorf("submit to %v: %v", urls, err)
		}
	}
	if _, err := dial(t, leaderless).Submit(t.Context(), nil); CodeOf(err) != codec.CodeNoLeader {
		t.Errorf("submit without leader: %v", err)
	}
	if _, err := dial(t, "http://127.0.0.1:1").Status(t.Context()); CodeOf(err) != CodeUnreachable {
		t.Errorf("status: %v", err)
	}
}

func TestArtifacts(t *testing.T) {
	f := &fake{}
	c := dial(t, serve(t, f, HandlerOptions{}))
	for _, data := range [][]byte{{}, []byte("hello"), make([]byte, 1<<20)} {
		put := &Upload{Hash: codec.BlobHash(data), Size: uint64(len(data)), Party: codec.ID{1}, Key: codec.Hash{2}, Signature: codec.Sig{3}}
		if err := c.PutArtifact(t.Context(), put, bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(f.upload, put) {
			t.Errorf("announced %+v, want %+v", f.upload, put)
		}
		body, size, err := c.Artifact(t.Context(), put.Hash, 0)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(body)
		body.Close()
		if err != nil || !bytes.Equal(got, data) || size != int64(len(data)) {
			t.Errorf("%d bytes came back as %d: %v", len(data), len(got), err)
		}
	}
	tooLarge := &Upload{Size: MaxArtifact + 1}
	if err := c.PutArtifact(t.Context(), tooLarge, strings.NewReader("x")); CodeOf(err) != codec.CodeTooLarge && CodeOf(err) != CodeUnreachable {
		t.Errorf("too large: %v", err)
	}
}

// TestUploadDigest fixes every byte that is signed.
func TestUploadDigest(t *testing.T) {
	u := &Upload{Hash: codec.Hash{1}, Size: 258, Party: codec.ID{2}}
	bytes := append([]byte("settle/v1 upload\n\x00\x03o/a"), u.Hash[:]...)
	bytes = append(append(bytes, 0, 0, 0, 0, 0, 0, 1, 2), u.Party[:]...)
	if UploadDigest("o/a", u) != codec.BlobHash(bytes) {
		t.Error("another digest")
	}
}

func TestAccept(t *testing.T) {
	for accept, want := range map[string]bool{
		"": false, "*/*": false, "text/html,*/*": false, "application/json": false,
		"application/cbor": true, "application/cbor;q=0": false, "application/json;q=0.5, application/cbor": true,
		"application/json, application/cbor;q=0.5": false, "text/html, application/cbor;q=0.1": true, ";;": false,
	} {
		if wantsCBOR(accept) != want {
			t.Errorf("%q: %v", accept, !want)
		}
	}
}

// TestJSON reads the form for people.
func TestJSON(t *testing.T) {
	url := serve(t, &fake{}, HandlerOptions{})
	r, err := http.Get(url + "/v1/balances/" + codec.ID{1}.String())
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer r.Body.Close()
	var got map[string]any
	if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got["credit"] != "9223372036854775807" || got["party"] != (codec.ID{1}).String() || r.Header.Get("Content-Type") != TypeJSON {
		t.Errorf("%v", got)
	}
}

// TestReadable: a person reads names, decoded records and notes, and nothing absent.
func TestReadable(t *testing.T) {
	use, role, alg := codec.UseAgent, codec.RoleProvider, uint64(codec.AlgEd25519)
	party := codec.EncodeParty(&codec.Party{Op: codec.PartyRegister, Role: &role, Keys: []codec.Key{{Alg: &alg, Use: &use}}})
	bytes := codec.EncodeRecord(&codec.Record{Version: 1, Kind: codec.KindParty, Body: party})
	policy := codec.EncodePolicy(&codec.Policy{Version: 3, Retention: 5, Floors: make([]codec.Floor, 6),
		Limits: codec.ShardLimits{MaxUnits: make([]uint64, 6)}})
	genesis := codec.EncodeGenesis(&codec.Genesis{OriginA: "o/a", Parties: [][]byte{party}, Policy: policy})
	event := codec.EncodeEvent(&codec.Event{State: codec.StateFailed})
	for name, test := range map[string]struct {
		v    any
		want []string
	}{
		"party":      {&Party{Role: role, Keys: []Key{{Use: use}}}, []string{`"role":"provider"`, `"use":"agent"`, `"stake":"0"`}},
		"record":     {&Record{Bytes: bytes}, []string{`"kind":"party"`, `"op":"register"`, `"role":"provider"`, `"keys":[{"id":`, `"bytes":"`}},
		"damaged":    {&Record{Bytes: bytes[1:]}, []string{`"undecodable":"`}},
		"damaged in": {&Policy{Body: policy[1:]}, []string{`"undecodable":"`}},
		"records":    {[]Record{}, []string{`[]`}},
		"genesis":    {&Record{Bytes: codec.EncodeRecord(&codec.Record{Version: 1, Body: genesis})}, []string{`"origin_a":"o/a"`, `"op":"register"`, `"effective_from":0`}},
		"event":      {&Record{Bytes: codec.EncodeRecord(&codec.Record{Version: 1, Kind: codec.KindEvent, Body: event})}, []string{`"state":"Failed"`}},
		"history":    {&History{State: codec.StatePlanned}, []string{`"state":"Planned"`, `"records":[]`}},
		"policy":     {&Policy{Body: policy}, []string{`"policy":{"id":`, `"version":3`, `"retention":5`}},
		"checkpoint": {&Checkpoint{NoteA: []byte("o/a\n1\n")}, []string{`"note_a":"o/a\n1\n"`}},
		"outcomes":   {&Submission{Outcomes: Outcomes{{Kind: codec.Refused, Code: codec.CodeUnbalanced}}}, []string{`"kind":"refused"`, `"code":"unbalanced"`}},
		"error":      {Fail(codec.CodeNotFound, "x"), []string{`{"code":"not_found","detail":"x"}`}},
	} {
		text, err := json.Marshal(Readable(test.v))
		for _, want := range test.want {
			if err != nil || !strings.Contains(string(text), want) {
				t.Errorf("%s: %s (%v) lacks %s", name, text, err, want)
			}
		}
		if strings.Contains(string(text), "null") {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func TestHealth(t *testing.T) {
	f := &fake{notReady: true}
	url := serve(t, f, HandlerOptions{})
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/checkpoint": 200} {
		r, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != want {
			t.Errorf("%s: %s", path, r.Status)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestConnectionLimits(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := LimitListener(inner, 3, 2)
	defer l.Close()
	for range 3 {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	a, _ := l.Accept()
	b, _ := l.Accept()
	defer b.Close()
	got := make(chan net.Conn)
	go func() { c, _ := l.Accept(); got <- c }()
	select {
	case <-got:
		t.Fatal("a third connection from one address")
	case <-time.After(50 * time.Millisecond):
	}
	a.Close()
	a.Close() // gives its place back once
	again, err := net.Dial("tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if c := <-got; c == nil {
		t.Fatal("the freed place was not given away")
	} else {
		c.Close()
	}
}

// TestServerLimits: a header beyond the limit is not read.
func TestServerLimits(t *testing.T) {
	s := NewServer(NewHandler(&fake{}, HandlerOptions{}), slog.New(slog.DiscardHandler))
	if s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.WriteTimeout == 0 || s.IdleTimeout == 0 {
		t.Error("a timeout is missing")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- s.Serve(l) }()
	for size, want := range map[int]int{MaxHeader / 2: 200, 2 * MaxHeader: 431} {
		r, err := http.NewRequest("GET", "http://"+l.Addr().String()+"/v1/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Long", strings.Repeat("x", size))
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("header of %d bytes: %s", size, answer.Status)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	s.Close()
	<-done
}

// TestDocumentNamesEveryRoute keeps docs/formats/http.md complete.
func TestDocumentNamesEveryRoute(t *testing.T) {
	text, err := os.ReadFile("../docs/formats/http.md")
	if err != nil {
		t.Fatal(err)
	}
	for i := range Routes {
		route := &Routes[i]
		if !bytes.Contains(text, []byte("`"+route.Pattern())) {
			t.Errorf("no %s", route.Pattern())
		}
	}
}
