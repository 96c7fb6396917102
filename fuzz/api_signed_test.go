package fuzz

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
)

// apiListener remembers the signed request behind a question.
type apiListener struct {
	api.Service
	seen *api.Request
}

func (l *apiListener) Status(ctx context.Context) (*api.Status, error) {
	l.seen = api.RequestOf(ctx)
	return new(api.Status), nil
}

// FuzzAPISignedRequest sends any text as the header that signs a request. What is taken has
// one form, written here a second time from docs/formats/http.md section 7; everything
// else is 401, and nobody is asked anything.
func FuzzAPISignedRequest(f *testing.F) {
	r := &api.Request{Method: http.MethodGet, Target: "/v1/status"}
	client.NewKey([32]byte{1}, codec.UseOwner).SignRequest("o/a", r)
	for _, sent := range []uint64{0, r.Sent, codec.MaxAmount, codec.MaxAmount + 1} {
		f.Add(fmt.Sprintf("%x:%d:%x:%s", r.Key, sent, r.Nonce, base64.StdEncoding.EncodeToString(r.Signature[:])))
	}
	f.Add(fmt.Sprintf("%X:7:%x:%s", r.Key, r.Nonce, base64.RawStdEncoding.EncodeToString(r.Signature[:])))
	f.Add(fmt.Sprintf("%x:07:%x:", r.Key, r.Nonce))
	f.Add(":::")
	f.Fuzz(func(t *testing.T, value string) {
		l := new(apiListener)
		q := httptest.NewRequest(http.MethodGet, "/v1/status", nil)
		q.Header[api.HeaderRequest] = []string{value}
		w := httptest.NewRecorder()
		api.NewHandler(l, api.HandlerOptions{}).ServeHTTP(w, q)
		switch {
		case w.Code == http.StatusUnauthorized && l.seen == nil:
		case w.Code != http.StatusOK || l.seen == nil:
			t.Fatalf("status %d, %+v", w.Code, l.seen)
		default:
			s := l.seen
			again := fmt.Sprintf("%x:%d:%x:%s", s.Key[:], s.Sent, s.Nonce[:], base64.StdEncoding.EncodeToString(s.Signature[:]))
			if again != value || s.Sent > codec.MaxAmount || s.Method != http.MethodGet || s.Target != "/v1/status" {
				t.Fatalf("%q is read as %+v", value, s)
			}
		}
	})
}
