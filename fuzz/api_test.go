package fuzz

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// apiAnswers are the values that a client reads from a node.
var apiAnswers = []func() any{
	func() any { return new(api.Submission) }, func() any { return new(api.Batch) }, func() any { return new([]api.Record) },
	func() any { return new(api.History) }, func() any { return new(api.Party) }, func() any { return new(api.Balance) },
	func() any { return new(api.Policy) }, func() any { return new([]api.Checkpoint) }, func() any { return new(api.Path) },
	func() any { return new(api.Status) }, func() any { return new(api.Error) },
	func() any { return new([]api.Wanted) }, func() any { return new([]api.Attached) }, func() any { return new(api.Share) },
}

// FuzzAPIAnswer reads bytes as any answer: what is accepted is written back as it was.
func FuzzAPIAnswer(f *testing.F) {
	for i, make := range apiAnswers {
		f.Add(uint8(i), codec.Encode(make()))
	}
	f.Add(uint8(0), codec.Encode(&api.Submission{Size: 9, Outcomes: api.Outcomes{
		{Kind: codec.Appended, Index: 1, Leaf: codec.Hash{1}}, {Kind: codec.Refused, Code: codec.CodeOverCap},
	}}))
	f.Add(uint8(2), codec.Encode([]api.Record{{Index: 1, Bytes: []byte("record")}}))
	f.Add(uint8(11), codec.Encode([]api.Wanted{{Index: 1, Hashes: []codec.Hash{{2}}}}))
	f.Add(uint8(12), codec.Encode([]api.Attached{{Data: []byte("blob")}, {Data: []byte{}, Code: codec.CodeForbidden}}))
	f.Add(uint8(10), codec.Encode(api.Fail(codec.CodeOverloaded, "full")))
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		v := apiAnswers[int(kind)%len(apiAnswers)]()
		if codec.Decode(data, v) != nil {
			return
		}
		if again := codec.Encode(v); !bytes.Equal(again, data) {
			t.Fatalf("written back as %x", again)
		}
	})
}

// FuzzAPIRequest asks a handler without a service: whatever is asked, nothing may
// reach the service unless every value of path and query is valid, and then it panics.
func FuzzAPIRequest(f *testing.F) {
	id := strings.Repeat("ab", 16)
	for _, path := range []string{
		"/v1/records/x", "/v1/records?from=-1", "/v1/batches/" + id + "/" + id[1:], "/v1/proofs/inclusion?tree=c&index=1&size=2",
		"/v1/checkpoints?limit=101", "/v1/policy?cycle=1&cycle=2", "/healthz", "/../etc", "/v1/artifacts/" + id,
	} {
		f.Add(path)
	}
	h := api.NewHandler(nil, api.HandlerOptions{})
	f.Fuzz(func(t *testing.T, path string) {
		r, err := http.NewRequest(http.MethodGet, "http://node/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.URL, err = r.URL.Parse(path); err != nil || !strings.HasPrefix(r.URL.Path, "/") {
			return
		}
		w := httptest.NewRecorder()
		func() {
			defer func() { _ = recover() }() // a nil service: the request was valid
			h.ServeHTTP(w, r)
		}()
		if w.Code >= 500 {
			t.Fatalf("status %d", w.Code)
		}
	})
}

// FuzzKeyFile parses key files: what is accepted is formatted as it was.
func FuzzKeyFile(f *testing.F) {
	f.Add(client.NewKey([32]byte{1}, codec.UseOwner).Format())
	f.Add(client.NewKey([32]byte{2}, codec.UseNode).Format())
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := client.ParseKey(data)
		if err == nil && !bytes.Equal(k.Format(), data) {
			t.Fatalf("formatted as %s", k.Format())
		}
	})
}

// FuzzGenesisTrust reads records as a genesis: no input may panic, and what gives a
// trust policy gives one that parses again.
func FuzzGenesisTrust(f *testing.F) {
	x := codecLoad(f)
	f.Add(codecUnhex(f, x.Records[0].RecordHex))
	f.Add(codecUnhex(f, x.Records[1].RecordHex))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := client.TrustGenesis(data)
		if err != nil {
			return
		}
		if _, _, judged := settlement.JudgeGenesis(data); judged == nil && p.Threshold() < 1 {
			t.Fatal("a policy that trusts nobody")
		}
	})
}
