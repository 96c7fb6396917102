package node

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// hostile is a ledger with one workload that waits for its settlement, and what is
// needed to settle it wrongly.
type hostile struct {
	*cluster
	sdk      *client.Client
	policy   *settlement.Policy
	agent    *client.Key
	provider codec.ID
	customer codec.ID

	customerKey *client.Key
	work        *client.Workload
	planned     client.Item
	entries     []codec.ShardEntry
	now         uint64
}

func newHostile(t *testing.T, nodes int) *hostile {
	h := &hostile{cluster: start(t, nodes), agent: client.GenerateKey(codec.UseAgent), now: client.Now()}
	h.sdk = h.client(0)
	provider, customer, limit := party(codec.RoleProvider, h.agent), party(codec.RoleCustomer), uint64(1_000_000)
	h.customerKey = customer.Owner()
	customer.Cap = &limit
	h.commit(0, h.registration(provider), h.registration(customer))
	h.provider, h.customer = provider.Party(), customer.Party()
	var err error
	if h.policy, err = h.sdk.Policy(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	h.work, h.planned = h.plan(3)
	h.commit(0, h.planned, h.work.Step(h.now, codec.StateAggregating))
	return h
}

// plan plans a new workload of some shards.
func (h *hostile) plan(shards int) (*client.Workload, client.Item) {
	w := client.NewWorkload(client.WorkloadSpec{
		Author: h.hub.Party(), Customer: h.customer, Cycle: cycle, Program: program, Class: 5, Seed: client.NewSecret(),
	})
	h.entries = make([]codec.ShardEntry, shards)
	for i := range h.entries {
		e := &h.entries[i]
		e.Index, e.Provider, e.Units, e.Inputs = uint64(i), h.provider, 100, []codec.Blob{}
		client.SignShard(originA, w.Author, w.ID, w.ProgramID(), w.Seed, e, h.agent)
	}
	item, err := w.Planned(h.now, h.entries, client.PlanOptions{})
	if err != nil {
		h.t.Fatal(err)
	}
	return w, item
}

// settle builds the settlement of the workload that waits, changed by spoil. Blobs
// and their hashes are made again unless spoil says so by returning false.
func (h *hostile) settle(spoil func(s *client.Settlement) bool) client.Item {
	h.t.Helper()
	verify, err := client.LeastVerification(h.policy, 5, 3, codec.Hash{1})
	if err != nil {
		h.t.Fatal(err)
	}
	s, err := h.work.Settle(h.policy, &client.Results{
		At: h.now, Entries: h.entries, Platform: h.platform.Party(), Verify: verify,
		Times: codec.Times{Requested: h.now, Planned: h.now, Started: h.now, Verified: h.now, Finalized: h.now},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	if spoil(s) {
		manifest, detail := codec.EncodeManifest(s.Manifest), codec.EncodeDetail(s.Detail)
		s.Body.Shards.Blob, s.Body.Shards.Size, s.Body.Detail = codec.BlobHash(manifest), uint64(len(manifest)), codec.BlobHash(detail)
		s.Attachments = [][]byte{manifest, detail}
	}
	s.Record = codec.EncodeRecord(&codec.Record{Version: 1, Kind: codec.KindSettlement, Body: codec.EncodeSettlement(s.Body)})
	return s.Item
}

// body is settle for a change of the settlement's body alone.
func (h *hostile) body(spoil func(s *codec.Settlement)) client.Item {
	return h.settle(func(s *client.Settlement) bool { spoil(s.Body); return false })
}

// signed is body with receipts that agents made for the changed body.
func (h *hostile) signed(spoil func(s *codec.Settlement)) client.Item {
	return h.settle(func(s *client.Settlement) bool {
		spoil(s.Body)
		for i := range s.Manifest {
			client.SignShard(originA, s.Body.Author, s.Body.Workload, codec.ProgramID(&s.Body.Program), s.Body.Seed, &s.Manifest[i], h.agent)
		}
		root, _, err := settlement.ManifestRoot(s.Manifest)
		s.Body.Shards.Root = root
		return err == nil
	})
}

// reseal charges the same customer under another seal than the workload's.
func (h *hostile) reseal(s *client.Settlement) bool {
	blob, hash := codec.Seal(client.NewSalt(), h.customer)
	s.Body.Customer, s.Attachments = hash, append(s.Attachments, blob)
	return false
}

// standing is what must not move when something is refused.
type standing struct {
	log      api.Status // size, roots, cycle
	sum      codec.Hash // of all state, the stored outcomes of batches included
	balances [3]api.Balance
	work     codec.State
	events   int
}

func (h *hostile) standing() (s standing) {
	h.t.Helper()
	ctx, service := h.t.Context(), h.sdk.Service()
	status, err := service.Status(ctx)
	if err != nil {
		h.t.Fatal(err)
	}
	s.log, s.sum = api.Status{Size: status.Size, RootA: status.RootA, RootB: status.RootB, Cycle: status.Cycle}, status.StateSum
	for i, id := range []codec.ID{h.customer, h.provider, h.platform.Party()} {
		b, err := service.Balance(ctx, id, 0)
		if err != nil {
			h.t.Fatal(err)
		}
		s.balances[i] = *b
	}
	history, err := service.History(ctx, h.hub.Party(), h.work.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	s.work, s.events = history.State, len(history.Records)
	return s
}

// refused submits bytes and demands this code, for the whole batch or for its only
// record, and that nothing was appended or changed. Of a refused record its outcome is
// kept, so the state sum stands still only when the whole batch is refused.
func (h *hostile) refused(name string, code codec.Code, batch []byte) {
	h.t.Helper()
	before := h.standing()
	ctx, cancel := context.WithTimeout(h.t.Context(), patient)
	defer cancel()
	s, err := h.sdk.Submit(ctx, batch)
	got, after := api.CodeOf(err), h.standing()
	if err == nil && len(s.Outcomes) == 1 && s.Outcomes[0].Kind == codec.Refused {
		got, after.sum = s.Outcomes[0].Code, before.sum
	}
	if got != code {
		h.t.Errorf("%s: got %q (%v) instead of %q", name, got, err, code)
	}
	if after != before {
		h.t.Errorf("%s: the ledger moved from %+v to %+v", name, before, after)
	}
}

// TestRefusedBatches sends what is refused as a whole.
func TestRefusedBatches(t *testing.T) {
	h := newHostile(t, 1)
	event := func() client.Item { _, item := h.plan(1); return item }
	h.plan(3)
	sign := func(o client.BatchOptions, origin string, by codec.ID, key *client.Key, items ...client.Item) []byte {
		b, err := client.NewBatch(origin, by, key, items, o)
		if err != nil {
			t.Fatal(err)
		}
		return b.Bytes
	}
	good := h.batch(event())
	change := func(spoil func(b *codec.Batch)) []byte {
		b, err := codec.DecodeBatch(good.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		spoil(b)
		return codec.EncodeBatch(b)
	}
	long := slices.Concat(good.Bytes[:2], []byte{0x18, 0x01}, good.Bytes[3:]) // version 1 in two bytes
	unknown := slices.Concat([]byte{good.Bytes[0] + 1}, good.Bytes[1:], []byte{0x18, 0x63, 0x00})
	for name, data := range map[string][]byte{
		"nothing": {}, "truncated": good.Bytes[:len(good.Bytes)-1], "trailing": append(bytes.Clone(good.Bytes), 0),
		"long integer": long, "unknown key": unknown, "a record": event().Record,
		"no records": change(func(b *codec.Batch) { b.Records = [][]byte{} }),
	} {
		h.refused(name, codec.CodeMalformed, data)
	}
	h.refused("oversized body", codec.CodeTooLarge, make([]byte, api.MaxBatchBody+1))
	h.refused("oversized attachments", codec.CodeTooLarge, change(func(b *codec.Batch) {
		b.Attachments = append(b.Attachments, make([]byte, codec.MaxAttachment+1))
	}))
	h.refused("oversized record", codec.CodeTooLarge, change(func(b *codec.Batch) { b.Records[0] = make([]byte, codec.MaxRecord+1) }))
	h.refused("too many records", codec.CodeTooLarge, change(func(b *codec.Batch) {
		for len(b.Records) <= codec.MaxBatchRecords {
			b.Records = append(b.Records, []byte{0})
		}
	}))
	hub, stranger := h.hub.Party(), client.GenerateKey(codec.UseSubmit)
	h.refused("origin", codec.CodeWrongOrigin, sign(client.BatchOptions{}, originB, hub, h.submit, event()))
	h.refused("key", codec.CodeUnknownKey, sign(client.BatchOptions{}, originA, hub, stranger, event()))
	h.refused("party", codec.CodeUnknownKey, sign(client.BatchOptions{}, originA, h.customer, h.submit, event()))
	h.refused("use", codec.CodeUnknownKey, sign(client.BatchOptions{}, originA, hub,
		client.NewKey([32]byte(h.hub.Owner().Private().Seed()), codec.UseSubmit), event()))
	h.refused("signature", codec.CodeBadSignature, change(func(b *codec.Batch) { b.Signature[5] ^= 1 }))
	h.refused("content under a signature", codec.CodeBadSignature, change(func(b *codec.Batch) { b.Sent++ }))
	h.refused("clock", codec.CodeClockSkew, sign(client.BatchOptions{Sent: h.now + 3_600_000}, originA, hub, h.submit, event()))
	blob := event()
	blob.Attachments = append(blob.Attachments, []byte("named by nothing"))
	h.refused("attachment", codec.CodeBadAttachments, h.batch(blob).Bytes)
	bare := event()
	bare.Attachments = nil
	h.refused("no attachment", codec.CodeMissingAttachment, h.batch(bare).Bytes)
	h.plan(3)
	h.known(good)
	h.revoked()
}

// known reuses the id of a batch that was applied.
func (h *hostile) known(b *client.Batch) {
	h.t.Helper()
	if _, err := h.sdk.Submit(h.t.Context(), b.Bytes); err != nil {
		h.t.Fatal(err)
	}
	_, item := h.plan(1)
	other, err := client.NewBatch(originA, h.hub.Party(), h.submit, []client.Item{item}, client.BatchOptions{ID: b.ID})
	if err != nil {
		h.t.Fatal(err)
	}
	h.refused("batch id", codec.CodeBatchConflict, other.Bytes)
}

// revoked uses a submit key after its revocation.
func (h *hostile) revoked() {
	h.t.Helper()
	hub, second := h.hub.Party(), client.GenerateKey(codec.UseSubmit)
	change := func(op codec.PartyOp) *codec.Party {
		p, err := h.sdk.Service().Party(h.t.Context(), hub)
		if err != nil {
			h.t.Fatal(err)
		}
		return &codec.Party{ID: client.NewID(), At: client.Now(), Cycle: cycle, Author: hub, Party: hub, Op: op, Prev: p.Prev}
	}
	add := change(codec.PartyAddKey)
	client.Possess(originA, add, second)
	h.commit(0, client.DraftParty(add).Sign(originA, h.hub.Owner()).Item())
	revoke, reason := change(codec.PartyRevokeKey), uint64(1)
	revoke.Keys, revoke.Reason = []codec.Key{{ID: second.ID()}}, &reason
	h.commit(0, client.DraftParty(revoke).Sign(originA, h.hub.Owner()).Item())
	_, item := h.plan(1)
	b, err := client.NewBatch(originA, hub, second, []client.Item{item}, client.BatchOptions{})
	if err != nil {
		h.t.Fatal(err)
	}
	h.refused("revoked key", codec.CodeRevokedKey, b.Bytes)
}

// TestRefusedReceipts: the node that receives a batch verifies what agents signed.
func TestRefusedReceipts(t *testing.T) {
	h := newHostile(t, 1)
	h.entries[1].Receipt[0] ^= 1
	item := h.settle(func(*client.Settlement) bool { return true })
	h.refused("receipt", codec.CodeBadReceipt, h.batch(item).Bytes)
	h.entries[1].Receipt[0] ^= 1
	h.commit(0, h.settle(func(*client.Settlement) bool { return true }))
}

// TestRefusedSettlements settles one workload wrongly in every way, then rightly.
func TestRefusedSettlements(t *testing.T) {
	h := newHostile(t, 1)
	half := uint64(1 << 63)
	for name, c := range map[string]struct {
		code codec.Code
		item client.Item
	}{
		"policy":     {codec.CodeUnknownPolicy, h.body(func(s *codec.Settlement) { s.Policy[0]++ })},
		"program":    {codec.CodeProgramNotAllowed, h.signed(func(s *codec.Settlement) { s.Program.Profile = "group.v2" })},
		"class":      {codec.CodeProgramNotAllowed, h.body(func(s *codec.Settlement) { s.Class = 1 })},
		"charge":     {codec.CodeWrongCharge, h.body(func(s *codec.Settlement) { s.Charge++; s.Split.Platform++ })},
		"split":      {codec.CodeWrongSplit, h.body(func(s *codec.Settlement) { s.Split.Platform--; s.Split.Providers++ })},
		"manifest":   {codec.CodeBadManifest, h.body(func(s *codec.Settlement) { s.Shards.Root[0]++ })},
		"units":      {codec.CodeBadManifest, h.body(func(s *codec.Settlement) { s.Shards.Units++ })},
		"postings":   {codec.CodeBadPostings, h.body(func(s *codec.Settlement) { s.Postings.Root[0]++ })},
		"cycle":      {codec.CodeClosedCycle, h.body(func(s *codec.Settlement) { s.Cycle++ })},
		"amount":     {codec.CodeOutOfRange, h.body(func(s *codec.Settlement) { s.Charge = half })},
		"sum":        {codec.CodeOverflow, h.body(func(s *codec.Settlement) { s.Split.Providers, s.Split.Platform = half-1, half-1 })},
		"no receipt": {codec.CodeMissingAttachment, h.settle(func(s *client.Settlement) bool { s.Attachments = s.Attachments[1:]; return false })},
		"event":      {codec.CodeWrongEvent, h.body(func(s *codec.Settlement) { s.Event[0]++ })},
		"customer":   {codec.CodeWrongCustomer, h.settle(h.reseal)},
		"adapter":    {codec.CodeWrongAdapter, h.body(func(s *codec.Settlement) { s.Adapter = &h.provider })},
		"author":     {codec.CodeWrongAuthor, h.signed(func(s *codec.Settlement) { s.Author = h.customer })},
		"workload":   {codec.CodeWrongState, h.signed(func(s *codec.Settlement) { s.Workload[0]++ })},
		"time":       {codec.CodeOutOfTime, h.body(func(s *codec.Settlement) { s.At -= 3_600_000 })},
		"times":      {codec.CodeBadTimes, h.body(func(s *codec.Settlement) { s.Times.Planned = s.Times.Started + 1 })},
		"retention":  {codec.CodeBadRetention, h.body(func(s *codec.Settlement) { s.RetainUntil-- })},
		"replay":     {codec.CodeBadReplay, h.body(func(s *codec.Settlement) { s.ReplayOf = &codec.ReplayOf{Author: s.Author} })},
		"labels":     {codec.CodeBadLabels, h.body(func(s *codec.Settlement) { s.Disclosures = []codec.Hash{{2}, {1}} })},
		"verify":     {codec.CodeBadVerification, h.body(func(s *codec.Settlement) { s.Verify.Matched-- })},
		"plan":       {codec.CodeBadPlan, h.body(func(s *codec.Settlement) { s.PlanProof = []codec.Hash{{1}} })},
		"unbalanced": {codec.CodeUnbalanced, h.settle(unbalance)},
		"payout":     {codec.CodeBadPostings, h.settle(misdirect)},
		"rate":       {codec.CodeBadDetail, h.settle(func(s *client.Settlement) bool { s.Detail.Components[0].Num++; return true })},
		"volume":     {codec.CodeBadDetail, h.settle(func(s *client.Settlement) bool { s.Detail.Components[0].Qty++; return true })},
	} {
		h.refused(name, c.code, h.batch(c.item).Bytes)
	}
	right := h.settle(func(*client.Settlement) bool { return true })
	h.commit(0, right)
	again := h.settle(func(*client.Settlement) bool { return true })
	h.refused("settled twice", codec.CodeAlreadySettled, h.batch(again).Bytes)
	other := h.body(func(s *codec.Settlement) {
		r, _ := codec.DecodeRecord(right.Record)
		if err := codec.DecodeSettlement(r.Body, s); err != nil {
			t.Fatal(err)
		}
		s.Result.Size++
	})
	other.Attachments = right.Attachments
	h.refused("record id", codec.CodeIDConflict, h.batch(other).Bytes)
}

// unbalance pays a provider more than the customer is charged.
func unbalance(s *client.Settlement) bool {
	s.Detail.Postings[1].Amount++
	return repost(s)
}

// misdirect moves a payout from the provider to the platform.
func misdirect(s *client.Settlement) bool {
	s.Detail.Postings[1].Amount--
	s.Detail.Postings[2].Amount++
	return repost(s)
}

// repost makes the postings' root again, so that only their content is wrong.
func repost(s *client.Settlement) bool {
	root, _, _, err := settlement.PostingsRoot(s.Detail.Postings)
	s.Body.Postings.Root = root
	return err == nil
}

// TestRefusedRecords sends other records that are refused one by one.
func TestRefusedRecords(t *testing.T) {
	h := newHostile(t, 1)
	newParty := func(spoil func(r *client.Registration)) client.Item {
		r := party(codec.RoleCustomer)
		r.At, r.Cycle = client.Now(), cycle
		spoil(r)
		d, err := r.Draft(originA)
		if err != nil {
			t.Fatal(err)
		}
		return d.Sign(originA, h.hub.Owner()).Item()
	}
	signatures := func(spoil func(d *client.Draft)) client.Item {
		r := party(codec.RoleCustomer)
		r.At, r.Cycle = client.Now(), cycle
		d, err := r.Draft(originA)
		if err != nil {
			t.Fatal(err)
		}
		spoil(d)
		return d.Item()
	}
	event := func(spoil func(e *codec.Event)) client.Item {
		_, item := h.plan(1)
		r, err := codec.DecodeRecord(item.Record)
		if err != nil {
			t.Fatal(err)
		}
		var e codec.Event
		if err := codec.DecodeEvent(r.Body, &e); err != nil {
			t.Fatal(err)
		}
		spoil(&e)
		item.Record = codec.EncodeRecord(&codec.Record{Version: 1, Kind: codec.KindEvent, Body: codec.EncodeEvent(&e)})
		return item
	}
	spoiled := func(spoil func(b []byte) []byte) client.Item {
		return client.Item{Record: spoil(event(func(*codec.Event) {}).Record)}
	}
	hub := h.hub.Owner()
	genesis := (&client.Draft{Kind: codec.KindGenesis, Body: []byte{0xa0}}).Sign(originA, hub).Item()
	for name, c := range map[string]struct {
		code codec.Code
		item client.Item
	}{
		"kind":            {codec.CodeUnknownKind, genesis},
		"garbage":         {codec.CodeMalformed, client.Item{Record: []byte{0xff}}},
		"truncated":       {codec.CodeMalformed, spoiled(func(b []byte) []byte { return b[:len(b)-1] })},
		"long integer":    {codec.CodeMalformed, spoiled(func(b []byte) []byte { return slices.Concat(b[:2], []byte{0x18, 1}, b[3:]) })},
		"unknown key":     {codec.CodeMalformed, spoiled(func(b []byte) []byte { return slices.Concat([]byte{b[0] + 1}, b[1:], []byte{0x18, 0x63, 0}) })},
		"no hub":          {codec.CodeUnsigned, signatures(func(*client.Draft) {})},
		"one too many":    {codec.CodeWrongSigners, signatures(func(d *client.Draft) { d.Sign(originA, hub, h.governance.Owner()) })},
		"false signature": {codec.CodeBadSignature, signatures(func(d *client.Draft) { d.Sign(originA, hub); d.Signatures[0].Sig[3] ^= 1 })},
		"governance role": {codec.CodeWrongSigners, newParty(func(r *client.Registration) { r.Role = codec.RoleAuditor })},
		"registered key": {codec.CodeKeyExists, newParty(func(r *client.Registration) {
			r.Keys = append(r.Keys, client.NewKey([32]byte(h.agent.Private().Seed()), codec.UseAgent))
		})},
		"next cycle":       {codec.CodeClosedCycle, newParty(func(r *client.Registration) { r.Cycle++ })},
		"too old":          {codec.CodeOutOfTime, newParty(func(r *client.Registration) { r.At -= 30 * 86_400_000 })},
		"first state":      {codec.CodeWrongState, event(func(e *codec.Event) { e.State, e.Plan = codec.StateAggregating, nil })},
		"sequence":         {codec.CodeWrongSequence, event(func(e *codec.Event) { e.Seq = 1 })},
		"previous":         {codec.CodeWrongEvent, event(func(e *codec.Event) { e.Prev[0] = 1 })},
		"author":           {codec.CodeWrongAuthor, event(func(e *codec.Event) { e.Author = h.customer })},
		"program":          {codec.CodeProgramNotAllowed, event(func(e *codec.Event) { e.Program[0]++ })},
		"estimate":         {codec.CodeOverCap, event(func(e *codec.Event) { n := uint64(1_000_001); e.Estimate = &n })},
		"no such estimate": {codec.CodeOutOfRange, event(func(e *codec.Event) { n := uint64(1 << 63); e.Estimate = &n })},
		"id of another":    {codec.CodeIDConflict, event(func(e *codec.Event) { e.ID = h.firstEvent() })},
	} {
		h.refused(name, c.code, h.batch(c.item).Bytes)
	}
}

// firstEvent returns the record id of the event that planned the waiting workload.
func (h *hostile) firstEvent() codec.ID {
	r, err := codec.DecodeRecord(h.planned.Record)
	if err != nil {
		h.t.Fatal(err)
	}
	var e codec.Event
	if err := codec.DecodeEvent(r.Body, &e); err != nil {
		h.t.Fatal(err)
	}
	return e.ID
}
