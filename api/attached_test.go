package api

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"net/http"
	"testing"

	"github.com/forgepool/settle/codec"
)

// TestAttachedLimits asks for as much as may be asked for, and one more.
func TestAttachedLimits(t *testing.T) {
	f := new(fake)
	base := serve(t, f, HandlerOptions{})
	c := dial(t, base)
	full := make([]Wanted, MaxAttached)
	for i := range full {
		full[i] = Wanted{Index: codec.MaxAmount, Hashes: []codec.Hash{{byte(i)}}}
	}
	if n := len(codec.Encode(full)); n > maxWanted {
		t.Fatalf("the largest question has %d bytes, at most %d are read", n, maxWanted)
	}
	for i := range full {
		full[i].Index = 1
	}
	if list, err := c.Attachments(t.Context(), full); err != nil || len(list) != MaxAttached+1 {
		t.Errorf("the largest question: %d answers, %v", len(list), err)
	}
	for name, body := range map[string][]byte{
		"none": codec.Encode([]Wanted{}), "no hash": codec.Encode([]Wanted{{Hashes: []codec.Hash{}}}),
		"one more": codec.Encode(append(full, full[0])), "no list": {0xa0}, "more behind": append(codec.Encode(full[:1]), 0),
		"no such index": codec.Encode([]Wanted{{Index: codec.MaxAmount + 1, Hashes: []codec.Hash{{}}}}),
	} {
		if code := postAttached(t, base, body); code != http.StatusBadRequest {
			t.Errorf("%s: status %d", name, code)
		}
	}
	if code := postAttached(t, base, make([]byte, maxWanted+1)); code != http.StatusRequestEntityTooLarge {
		t.Errorf("too long: status %d", code)
	}
	if _, err := c.Attachments(t.Context(), nil); CodeOf(err) != codec.CodeBadRequest {
		t.Errorf("the client asks for nothing: %v", err)
	}
}

func postAttached(t *testing.T, base string, body []byte) int {
	t.Helper()
	answer, err := http.Post(base+"/v1/attachments", TypeCBOR, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	return answer.StatusCode
}

// TestAttachedSigned: the signature of a read with a body covers the body.
func TestAttachedSigned(t *testing.T) {
	f, signer := new(fake), newTestSigner()
	c, err := NewClient(ClientOptions{URLs: []string{serve(t, f, HandlerOptions{})}, Signer: signer, Origin: "o/a"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	wanted := []Wanted{{Index: 3, Hashes: []codec.Hash{{7}}}}
	if _, err := c.Attachments(t.Context(), wanted); err != nil || f.signed == nil {
		t.Fatalf("%+v, %v", f.signed, err)
	}
	digest := RequestDigest("o/a", f.signed)
	if f.signed.Body != codec.BlobHash(codec.Encode(wanted)) || f.signed.Method != http.MethodPost ||
		!ed25519.Verify(signer.private.Public().(ed25519.PublicKey), digest[:], f.signed.Signature[:]) {
		t.Errorf("the signature does not cover what arrived: %+v", f.signed)
	}
}

// TestAttachedIsRead: questions for attachments take the places of reads, not of batches.
func TestAttachedIsRead(t *testing.T) {
	f := &fake{gate: make(chan struct{})}
	c := dial(t, serve(t, f, HandlerOptions{MaxSubmits: 1}))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := c.Submit(ctx, []byte("batch"))
		done <- err
	}()
	<-f.gate // the batch is there, and waits
	if _, err := c.Attachments(t.Context(), []Wanted{{Hashes: []codec.Hash{{}}}}); err != nil {
		t.Errorf("beside a batch: %v", err)
	}
	f.gate <- struct{}{}
	if err := <-done; err != nil {
		t.Error(err)
	}
	cancel()
}
