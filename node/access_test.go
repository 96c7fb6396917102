package node

import (
	"context"
	"testing"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
)

// asked is a service on which a key asks, or nobody.
type asked struct {
	key  *client.Key
	sent uint64 // clock of the signer, ms; 0 = now
}

// sign returns a context as the handler makes it.
func (a *asked) sign(ctx context.Context, target string) context.Context {
	if a.key == nil {
		return ctx
	}
	r := &api.Request{Method: "GET", Target: target, Body: codec.BlobHash(nil)}
	a.key.SignRequest(originA, r)
	if a.sent != 0 {
		r.Sent = a.sent
		r.Signature = a.key.Sign(api.RequestDigest(originA, r))
	}
	return api.WithRequest(ctx, r)
}

// settled settles the workload that waits and returns the settlement and its index.
func (h *hostile) settled() (*client.Settlement, uint64) {
	h.t.Helper()
	var kept *client.Settlement
	item := h.settle(func(s *client.Settlement) bool { kept = s; return true })
	return kept, h.commit(0, item).Outcomes[0].Index
}

// TestWhoReadsWhat asks for every part of a settlement as everybody.
func TestWhoReadsWhat(t *testing.T) {
	h := newHostile(t, 1)
	stranger := client.GenerateKey(codec.UseAgent)
	h.commit(0, h.registration(party(codec.RoleProvider, stranger)))
	s, index := h.settled()
	service := h.nodes[0].service(true)
	none, hub, provider, other := &asked{}, &asked{key: h.submit}, &asked{key: h.agent}, &asked{key: stranger}
	customer := &asked{key: h.customerKey}
	operator := &asked{key: h.founders.nodes[0]}
	late, early := &asked{h.submit, client.Now() - api.RequestWindow - 5_000}, &asked{h.submit, client.Now() + api.RequestWindow + 5_000}
	for name, c := range map[string]struct {
		who   *asked
		hash  codec.Hash
		index uint64
		want  codec.Code
	}{
		"nobody":                     {none, s.Body.Detail, index, codec.CodeUnsigned},
		"late":                       {late, s.Body.Detail, index, codec.CodeUnsigned},
		"early":                      {early, s.Body.Detail, index, codec.CodeUnsigned},
		"unknown":                    {&asked{key: client.GenerateKey(codec.UseOwner)}, s.Body.Detail, index, codec.CodeUnknownKey},
		"checkpoint key":             {&asked{key: h.checkpoint}, s.Body.Detail, index, codec.CodeUnknownKey},
		"operator":                   {operator, s.Body.Detail, 0, ""},
		"hub by index":               {hub, s.Body.Detail, index, ""},
		"hub by its batch":           {hub, s.Body.Detail, 0, ""},
		"customer reads detail":      {customer, s.Body.Detail, index, ""},
		"customer reads manifest":    {customer, s.Body.Shards.Blob, index, ""},
		"customer names no record":   {customer, s.Body.Detail, 0, codec.CodeForbidden},
		"provider reads no detail":   {provider, s.Body.Detail, index, codec.CodeForbidden},
		"provider reads no manifest": {provider, s.Body.Shards.Blob, index, codec.CodeForbidden},
		"provider reads no customer": {provider, s.Body.Customer, index, codec.CodeForbidden},
		"stranger reads no detail":   {other, s.Body.Detail, index, codec.CodeForbidden},
		"stranger, nothing there":    {other, codec.Hash{7}, index, codec.CodeForbidden},
		"stranger, no such record":   {other, s.Body.Detail, 1 << 40, codec.CodeForbidden},
		"provider, own output":       {provider, s.Manifest[0].Output.Hash, index, codec.CodeNotFound}, // allowed, but never stored
		"stranger, that output":      {other, s.Manifest[0].Output.Hash, index, codec.CodeForbidden},
	} {
		body, _, err := service.Artifact(c.who.sign(t.Context(), "/x"), c.hash, c.index)
		if err == nil {
			body.Close()
		}
		if codeOf(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	for name, c := range map[string]struct {
		who  *asked
		want codec.Code
	}{"nobody": {none, codec.CodeUnsigned}, "itself": {provider, ""}, "hub": {hub, ""}, "operator": {operator, ""}, "stranger": {other, codec.CodeForbidden}} {
		if _, err := service.Balance(c.who.sign(t.Context(), "/x"), h.provider, 0); codeOf(err) != c.want {
			t.Errorf("balance, %s: %v", name, err)
		}
	}
	forged := hub.sign(t.Context(), "/x")
	api.RequestOf(forged).Target = "/y"
	if _, err := service.Balance(forged, h.provider, 0); codeOf(err) != codec.CodeBadSignature {
		t.Errorf("another target: %v", err)
	}
	h.nodes[0].config.OpenReads = true
	if _, err := h.nodes[0].service(true).Balance(t.Context(), h.provider, 0); err != nil {
		t.Errorf("an open node: %v", err)
	}
}
