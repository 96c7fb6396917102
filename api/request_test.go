package api

import (
	"context"
	"crypto/ed25519"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
)

// testSigner signs with a fixed key at a fixed time.
type testSigner struct{ private ed25519.PrivateKey }

func newTestSigner() *testSigner {
	seed := codec.BlobHash([]byte("seed"))
	return &testSigner{ed25519.NewKeyFromSeed(seed[:])}
}

func (s *testSigner) SignRequest(origin string, r *Request) {
	r.Key, r.Sent, r.Nonce = codec.KeyID(s.private.Public().(ed25519.PublicKey)), 5, codec.ID{9}
	digest := RequestDigest(origin, r)
	r.Signature = codec.Sig(ed25519.Sign(s.private, digest[:]))
}

// TestRequestDigest fixes every byte that is signed.
func TestRequestDigest(t *testing.T) {
	r := &Request{Method: "GET", Target: "/v1/x?y=1", Sent: 258, Nonce: codec.ID{2}, Body: codec.BlobHash(nil)}
	bytes := append([]byte{0x6e, 0, 3}, "o/a\x03GET\x00\x09/v1/x?y=1\x00\x00\x00\x00\x00\x00\x01\x02"...)
	bytes = append(append(bytes, r.Nonce[:]...), r.Body[:]...)
	if RequestDigest("o/a", r) != codec.BlobHash(bytes) {
		t.Error("another digest")
	}
}

// TestRequestHeader: the header has one form.
func TestRequestHeader(t *testing.T) {
	r := &Request{Key: codec.Hash{0xab}, Sent: 7, Nonce: codec.ID{2}, Signature: codec.Sig{3}}
	value := r.format()
	again, err := parseRequest(value)
	if err != nil || !reflect.DeepEqual(again, r) {
		t.Fatalf("%+v: %v", again, err)
	}
	for name, bad := range map[string]string{
		"empty": "", "cut": value[:len(value)-1], "more": value + ":", "upper": strings.ToUpper(value),
		"zero before": strings.Replace(value, ":7:", ":07:", 1), "sign": strings.Replace(value, ":7:", ":+7:", 1),
		"beyond": strings.Replace(value, ":7:", ":9223372036854775808:", 1), "short": value[:len(value)-4],
	} {
		if _, err := parseRequest(bad); CodeOf(err) != codec.CodeUnsigned {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// watcher remembers the signed request behind a call.
type watcher struct {
	fake
	seen *Request
}

func (w *watcher) Balance(ctx context.Context, party codec.ID, cycle uint64) (*Balance, error) {
	w.seen = RequestOf(ctx)
	return w.fake.Balance(ctx, party, cycle)
}

func (w *watcher) Party(ctx context.Context, id codec.ID) (*Party, error) {
	w.seen = RequestOf(ctx)
	return w.fake.Party(ctx, id)
}

// TestClientSigns: what is not public is asked for with a signature over what the node
// reads, and nothing else is.
func TestClientSigns(t *testing.T) {
	w, signer := new(watcher), newTestSigner()
	base := serve(t, w, HandlerOptions{})
	c, err := NewClient(ClientOptions{URLs: []string{base}, Signer: signer, Origin: "o/a"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Balance(t.Context(), codec.ID{1}, 3); err != nil || w.seen == nil {
		t.Fatalf("%v, %v", w.seen, err)
	}
	digest := RequestDigest("o/a", w.seen)
	if !ed25519.Verify(signer.private.Public().(ed25519.PublicKey), digest[:], w.seen.Signature[:]) {
		t.Errorf("the signature does not cover what arrived: %+v", w.seen)
	}
	if _, err := c.Party(t.Context(), codec.ID{1}); err != nil || w.seen != nil {
		t.Errorf("a public question was signed: %v, %v", w.seen, err)
	}
}

// TestTwoSignatures: a header that stands twice is refused.
func TestTwoSignatures(t *testing.T) {
	base := serve(t, new(watcher), HandlerOptions{})
	r, err := http.NewRequest("GET", base+"/v1/status", nil)
	if err != nil {
		t.Fatal(err)
	}
	value := new(Request).format()
	r.Header[HeaderRequest] = []string{value, value}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("status %s", answer.Status)
	}
}
