package node

import (
	"bytes"
	"testing"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
)

// TestRefusedUploads stores artifacts under false pretences.
func TestRefusedUploads(t *testing.T) {
	h := newHostile(t, 1)
	data := []byte("artifact")
	put := func(spoil func(u *api.Upload)) error {
		u := &api.Upload{Hash: codec.BlobHash(data), Size: uint64(len(data)), Party: h.provider, Key: h.agent.ID()}
		u.Signature = h.agent.Sign(api.UploadDigest(originA, u))
		spoil(u)
		return h.sdk.Service().PutArtifact(t.Context(), u, bytes.NewReader(data))
	}
	for name, c := range map[string]struct {
		code  codec.Code
		spoil func(u *api.Upload)
	}{
		"party":     {codec.CodeUnknownParty, func(u *api.Upload) { u.Party[0]++ }},
		"key":       {codec.CodeUnknownKey, func(u *api.Upload) { u.Key[0]++ }},
		"other key": {codec.CodeUnknownKey, func(u *api.Upload) { u.Key = h.submit.ID() }},
		"signature": {codec.CodeBadSignature, func(u *api.Upload) { u.Signature[0]++ }},
		"hash":      {codec.CodeBadSignature, func(u *api.Upload) { u.Hash[0]++ }},
		"bytes": {codec.CodeHashMismatch, func(u *api.Upload) {
			u.Hash[0]++
			u.Signature = h.agent.Sign(api.UploadDigest(originA, u))
		}},
	} {
		if err := put(c.spoil); api.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	for range 2 {
		if err := put(func(*api.Upload) {}); err != nil {
			t.Errorf("a good upload: %v", err)
		}
	}
	h.suspend(h.provider)
	if err := put(func(*api.Upload) {}); api.CodeOf(err) != codec.CodeInactiveParty {
		t.Errorf("a suspended party: %v", err)
	}
	// what was replicated with a batch is served too
	r, err := codec.DecodeRecord(h.planned.Record)
	if err != nil {
		t.Fatal(err)
	}
	var e codec.Event
	if err := codec.DecodeEvent(r.Body, &e); err != nil {
		t.Fatal(err)
	}
	if _, err := h.sdk.FetchArtifact(t.Context(), e.Customer); err != nil {
		t.Errorf("a replicated attachment: %v", err)
	}
}

// suspend has the hub suspend a party.
func (h *hostile) suspend(id codec.ID) {
	h.t.Helper()
	p, err := h.sdk.Service().Party(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	reason := uint64(1)
	h.commit(0, client.DraftParty(&codec.Party{
		ID: client.NewID(), At: client.Now(), Cycle: cycle, Author: h.hub.Party(), Party: id, Op: codec.PartySuspend, Reason: &reason, Prev: p.Prev,
	}).Sign(originA, h.hub.Owner()).Item())
}
