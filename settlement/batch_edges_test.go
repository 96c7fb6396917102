package settlement

import (
	"crypto/ed25519"
	"testing"

	"github.com/forgepool/settle/codec"
)

// Faults of a batch as a whole, in the order of docs/formats/records.md section 2: of two
// that a batch has, the one that is looked for first gives the code. Each is paired with
// all later ones; nothing moves, not even ledger time.
func TestOrderOfBatchFaults(t *testing.T) {
	start := newWorld(t)
	suspend := start.change(codec.PartySuspend, "hub 2", "governance")
	suspend.Reason = new(uint64)
	start.accepted(nil, signedParty(suspend, start.governance()...))
	faults := []struct {
		code codec.Code
		edit func(*world, *codec.Batch)
		late func(*codec.Batch)
	}{
		{codec.CodeMalformed, func(_ *world, b *codec.Batch) { b.Version = 2 }, nil},
		{codec.CodeWrongOrigin, func(_ *world, b *codec.Batch) { b.Origin = "elsewhere" }, nil},
		{codec.CodeUnknownKey, func(_ *world, b *codec.Batch) { b.Key[0]++ }, nil},
		{codec.CodeInactiveParty, func(w *world, b *codec.Batch) {
			x := w.actors["hub 2"]
			b.Submitter, b.Key = x.id, keyID(x.keys[codec.UseSubmit])
		}, nil},
		{codec.CodeBadSignature, nil, func(b *codec.Batch) { b.Signature[0]++ }},
		{codec.CodeClockSkew, func(_ *world, b *codec.Batch) { b.Sent += 600_001 }, nil},
		{codec.CodeBadAttachments, func(_ *world, b *codec.Batch) { b.Attachments = [][]byte{[]byte("stray")} }, nil},
		{codec.CodeMissingAttachment, func(_ *world, b *codec.Batch) { b.Attachments = nil }, nil},
	}
	for i := range faults {
		for k := i; k < len(faults); k++ {
			w := start.trial(t)
			w.now += 1_000
			b := w.plannedBatch()
			by := w.hub
			for _, f := range []int{k, i} {
				if faults[f].edit != nil {
					faults[f].edit(w, b)
				}
			}
			if b.Submitter == w.actors["hub 2"].id {
				by = w.actors["hub 2"]
			}
			data := by.signed(b)
			if faults[i].late != nil || faults[k].late != nil {
				b.Signature[0]++
				data = codec.EncodeBatch(b)
			}
			before, kept, at := w.fingerprint(), len(w.batches), w.moment.Time
			_, fault := w.apply(t, data, w.now)
			if fault == nil || fault.Code != faults[i].code {
				t.Errorf("%s and %s: %v", faults[i].code, faults[k].code, fault)
			}
			if w.fingerprint() != before || len(w.batches) != kept || w.moment.Time != at {
				t.Errorf("%s and %s: something moved", faults[i].code, faults[k].code)
			}
		}
	}
}

// What a record names excuses an attachment as soon as its envelope and body decode,
// whatever else is wrong with it; and a blob is missed only when all earlier rules hold.
func TestWhatNamesABlob(t *testing.T) {
	start := newWorld(t)
	event := func(w *world, edit func(*codec.Event)) ([]byte, [][]byte) {
		j := w.newJob(1)
		e := j.event(codec.StatePlanned)
		edit(e)
		return j.record(e), [][]byte{j.sealed}
	}
	for _, c := range []struct {
		name            string
		with, without   codec.Code // code with the blob attached, and without it
		kept, keptEmpty bool       // whether the batch is kept
		edit            func(*codec.Event)
	}{
		{"a good record", "", codec.CodeMissingAttachment, true, false, func(*codec.Event) {}},
		{"out of range", codec.CodeOutOfRange, codec.CodeOutOfRange, true, true, func(e *codec.Event) { e.At = 1 << 63 }},
		{"keys of another state", codec.CodeMalformed, codec.CodeMalformed, true, true, func(e *codec.Event) { e.Plan = nil }},
		{"another cycle", codec.CodeClosedCycle, codec.CodeClosedCycle, true, true, func(e *codec.Event) { e.Cycle++ }},
		{"a later rule", codec.CodeWrongSequence, codec.CodeMissingAttachment, true, false, func(e *codec.Event) { e.Seq++ }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := start.trial(t)
			r, blobs := event(w, c.edit)
			for _, x := range []struct {
				blobs [][]byte
				code  codec.Code
				kept  bool
			}{{nil, c.without, c.keptEmpty}, {blobs, c.with, c.kept}} {
				size := len(w.batches)
				w.judged(x.code, x.blobs, r)
				if kept := len(w.batches) > size; kept != x.kept {
					t.Errorf("batch with %d blobs kept: %t", len(x.blobs), kept)
				}
			}
		})
	}
	w := start.trial(t)
	r, blobs := event(w, func(*codec.Event) {})
	rec, err := codec.DecodeRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	rec.Signatures = []codec.Signature{{Alg: 1}}
	for name, silent := range map[string][]byte{
		"no record": {0xff}, "no body": bare(codec.KindEvent, rec.Body[:20]), "a signature": codec.EncodeRecord(&rec),
	} {
		t.Log(name)
		w.refused(codec.CodeBadAttachments, blobs, silent)
	}
}

// A submit key works from its first index to its last, unless it is revoked before, and
// only as long as its party takes part.
func TestSubmitKeys(t *testing.T) {
	w := newWorld(t)
	a := w.actors["customer"]
	submit := seeded("customer submit")
	with := &actor{id: a.id, keys: map[codec.Use]ed25519.PrivateKey{codec.UseSubmit: submit}}
	payee := func() []byte {
		p := w.change(codec.PartyPayee, "customer", "customer")
		p.Payee = &codec.Hash{1}
		return signedParty(p, a.owner())
	}
	try := func(code codec.Code) {
		t.Helper()
		before := w.fingerprint()
		verdicts, fault := w.apply(t, with.signed(w.batch(with, nil, payee())), w.now)
		switch {
		case code == "" && (fault != nil || verdicts[0].Refusal != nil):
			t.Errorf("%v %v", fault, verdicts)
		case code != "" && (fault == nil || fault.Code != code || w.fingerprint() != before):
			t.Errorf("%v, want %s", fault, code)
		}
	}
	first := w.moment.Index + 2
	w.accepted(nil, w.addKeys("customer", func(p *codec.Party) { p.Keys[0].ValidFrom = &first },
		map[codec.Use]ed25519.PrivateKey{codec.UseSubmit: submit}, a.owner()))
	try(codec.CodeUnknownKey) // one index early
	w.accepted(nil, payee())
	try("")
	w.accepted(nil, w.revoke("customer", []ed25519.PrivateKey{submit}, honestly, a.owner()))
	try(codec.CodeRevokedKey)

	capped := w.actors["capped"]
	p := w.change(codec.PartyExit, "capped", "capped")
	p.Reason = new(uint64)
	w.accepted(nil, signedParty(p, capped.owner()))
	with = capped
	try(codec.CodeInactiveParty)
}

// Settlements come from the hub that writes them, while it is active.
func TestWhoSubmitsSettlements(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(2).run()
	r, blobs := j.settle(lie{})
	foreign, more := j.settle(body(func(s *codec.Settlement) { s.Author = w.actors["capped"].id }))
	capped := w.actors["capped"]
	before := w.fingerprint()
	for _, c := range []struct {
		code   codec.Code
		by     *actor
		record []byte
		blobs  [][]byte
	}{
		{codec.CodeWrongAuthor, w.actors["hub 2"], r, blobs},
		{codec.CodeWrongRole, capped, foreign, more},
		{codec.CodeWrongAuthor, capped, r, blobs},
	} {
		verdicts, fault := w.apply(t, c.by.signed(w.batch(c.by, c.blobs, c.record)), w.now)
		if fault != nil || verdicts[0].Refusal == nil || verdicts[0].Refusal.Code != c.code || w.fingerprint() != before {
			t.Errorf("by %s: %v %v, want %s", c.by.name, fault, verdicts, c.code)
		}
	}
	suspend := w.change(codec.PartySuspend, "hub", "governance")
	suspend.Reason = new(uint64)
	verdicts, fault := w.submit(blobs, signedParty(suspend, w.governance()...), r)
	if fault != nil || verdicts[1].Refusal == nil || verdicts[1].Refusal.Code != codec.CodeInactiveParty || len(w.posted) > 0 {
		t.Errorf("%v %v", fault, verdicts)
	}
}
