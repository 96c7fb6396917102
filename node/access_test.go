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
	h.checkMoney(service, index, provider, other)
	h.checkAttachments(service, s, index)
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

// checkAttachments asks for many attachments at once: each is served as it is alone.
func (h *hostile) checkAttachments(service api.Service, s *client.Settlement, index uint64) {
	h.t.Helper()
	all := []codec.Hash{s.Body.Customer, s.Body.Detail, s.Body.Shards.Blob, {7}}
	ok, forbidden := []codec.Code{"", "", "", codec.CodeForbidden}, codec.CodeForbidden
	for name, c := range map[string]struct {
		who   *asked
		index uint64
		want  []codec.Code
	}{
		"customer":            {&asked{key: h.customerKey}, index, ok},
		"customer, no record": {&asked{key: h.customerKey}, 0, []codec.Code{forbidden, forbidden, forbidden, forbidden}},
		"hub":                 {&asked{key: h.submit}, index, ok},
		"hub, no record":      {&asked{key: h.submit}, 0, []codec.Code{"", "", "", codec.CodeNotFound}},
		"provider":            {&asked{key: h.agent}, index, []codec.Code{forbidden, forbidden, forbidden, forbidden}},
		"operator":            {&asked{key: h.founders.nodes[0]}, 0, []codec.Code{"", "", "", codec.CodeNotFound}},
		"customer, beyond":    {&asked{key: h.customerKey}, 1 << 40, []codec.Code{forbidden, forbidden, forbidden, forbidden}},
	} {
		ctx := c.who.sign(h.t.Context(), "/x")
		wanted := []api.Wanted{{Index: c.index, Hashes: all[:1]}, {Index: c.index, Hashes: all[1:]}}
		list, err := service.Attachments(ctx, wanted)
		if err != nil || len(list) != len(all) {
			h.t.Errorf("attachments, %s: %d of them, %v", name, len(list), err)
			continue
		}
		for i, x := range list {
			if x.Code != c.want[i] || x.Code == "" && codec.BlobHash(x.Data) != all[i] || x.Code != "" && len(x.Data) > 0 {
				h.t.Errorf("attachment %d, %s: %q, want %q", i, name, x.Code, c.want[i])
			}
			if _, _, err := service.Artifact(ctx, all[i], c.index); codeOf(err) != x.Code {
				h.t.Errorf("attachment %d, %s: alone %v, together %q", i, name, err, x.Code)
			}
		}
	}
	if _, err := service.Attachments(h.t.Context(), []api.Wanted{{Hashes: all}}); codeOf(err) != codec.CodeUnsigned {
		h.t.Errorf("attachments, nobody: %v", err)
	}
	repeated := make([]codec.Hash, api.MaxAttachedBytes/len(h.blob(s.Body.Shards.Blob))+2)
	for i := range repeated {
		repeated[i] = s.Body.Shards.Blob
	}
	list, err := service.Attachments((&asked{key: h.submit}).sign(h.t.Context(), "/x"), []api.Wanted{{Hashes: repeated}})
	if err != nil || len(list) != len(repeated)-2 {
		h.t.Errorf("over the bytes of an answer: %d of %d, %v", len(list), len(repeated), err)
	}
}

// blob reads an attachment from the first node.
func (h *hostile) blob(hash codec.Hash) []byte {
	v := h.nodes[0].ledger.Read()
	defer v.Close()
	return v.Blob(hash)
}

// checkMoney asks for everything about money as somebody concerned and as a stranger.
func (h *hostile) checkMoney(s api.Service, index uint64, provider, stranger *asked) {
	h.t.Helper()
	customer, hub := &asked{key: h.customerKey}, &asked{key: h.submit}
	for name, q := range map[string]struct {
		who *asked
		ask func(ctx context.Context) (size uint64, err error)
	}{
		"statement": {provider, func(ctx context.Context) (uint64, error) {
			x, err := s.Statement(ctx, h.provider, 0, 0)
			if err == nil && (x.Credit == 0 || x.Net != x.Credit || x.Owed || x.Postings != 1) {
				h.t.Errorf("statement: %+v", x)
			}
			return sizeOf(err, func() uint64 { return x.Size }), err
		}},
		"lines": {provider, func(ctx context.Context) (uint64, error) {
			x, err := s.StatementLines(ctx, h.provider, 0, api.Page{})
			if err == nil && (len(x.Records) != 1 || x.Records[0].Record.Index != index || len(x.Records[0].Lines) != 1) {
				h.t.Errorf("lines: %+v", x)
			}
			return sizeOf(err, func() uint64 { return x.Size }), err
		}},
		"find": {provider, func(ctx context.Context) (uint64, error) {
			x, err := s.Find(ctx, api.Filter{Provider: &h.provider, Class: 5}, api.Page{Oldest: true})
			if err == nil && (len(x.Records) != 1 || *x.Records[0].Workload != h.work.ID) {
				h.t.Errorf("find: %+v", x)
			}
			return sizeOf(err, func() uint64 { return x.Size }), err
		}},
		"find everything": {hub, func(ctx context.Context) (uint64, error) {
			x, err := s.Find(ctx, api.Filter{}, api.Page{})
			return sizeOf(err, func() uint64 { return x.Size }), err
		}},
		"usages": {customer, func(ctx context.Context) (uint64, error) {
			x, err := s.Usages(ctx, h.customer, 0, "class", "", 0)
			if err == nil && (len(x.Usages) != 1 || x.Usages[0].Value != "5" || x.Usages[0].Units != 300) {
				h.t.Errorf("usages: %+v", x)
			}
			return sizeOf(err, func() uint64 { return x.Size }), err
		}},
		"budgets": {customer, func(ctx context.Context) (uint64, error) {
			x, err := s.Budgets(ctx, h.customer, 0)
			if err == nil && (len(x.Budgets) != 1 || x.Budgets[0].Limit != 1_000_000 || x.Budgets[0].Used != 450 || x.Budgets[0].Left != 999_550) {
				h.t.Errorf("budgets: %+v", x)
			}
			return sizeOf(err, func() uint64 { return x.Size }), err
		}},
		"holds": {provider, func(ctx context.Context) (uint64, error) {
			x, err := s.Holds(ctx, h.provider, 0, api.Page{})
			return sizeOf(err, func() uint64 { return x.Size }), err
		}},
		"share": {provider, func(ctx context.Context) (uint64, error) {
			x, err := s.Share(ctx, index)
			if err == nil && (len(x.Postings) != 1 || len(x.Shards) != 3) {
				h.t.Errorf("share: %+v", x)
			}
			return sizeOf(err, func() uint64 { return x.Size }), err
		}},
	} {
		if size, err := q.ask(q.who.sign(h.t.Context(), "/x")); err != nil || size <= index {
			h.t.Errorf("%s: size %d, %v", name, size, err)
		}
		if _, err := q.ask(stranger.sign(h.t.Context(), "/x")); codeOf(err) != codec.CodeForbidden {
			h.t.Errorf("%s, a stranger: %v", name, err)
		}
		if _, err := q.ask(h.t.Context()); codeOf(err) != codec.CodeUnsigned {
			h.t.Errorf("%s, nobody: %v", name, err)
		}
	}
}

// sizeOf returns the size that an answer states.
func sizeOf(err error, size func() uint64) uint64 {
	if err != nil {
		return 0
	}
	return size()
}

// TestPublicQuestions: what follows from the log alone needs no signature.
func TestPublicQuestions(t *testing.T) {
	h := newHostile(t, 1)
	s := h.nodes[0].service(true)
	if x, err := s.Cycles(t.Context(), api.Page{}); err != nil || x.Open != cycle || len(x.Cycles) != 1 || x.Cycles[0].First != 1 {
		t.Errorf("cycles: %+v, %v", x, err)
	}
	if x, err := s.Disputes(t.Context(), 0, api.Page{}); err != nil || len(x.Disputes) != 0 {
		t.Errorf("disputes: %+v, %v", x, err)
	}
	if x, err := s.Audits(t.Context(), 0); err != nil || x.Cycle != cycle || len(x.Intents)+len(x.Attestations) != 0 {
		t.Errorf("audits: %+v, %v", x, err)
	}
	if _, err := s.Dispute(t.Context(), 1); codeOf(err) != codec.CodeNotFound {
		t.Errorf("dispute: %v", err)
	}
	if _, err := s.Closing(t.Context()); codeOf(err) != codec.CodeNotFound {
		t.Errorf("closing: %v", err)
	}
}
