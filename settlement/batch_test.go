package settlement

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/forgepool/settle/codec"
)

// plannedBatch is an honest batch of one event, ready to be spoiled.
func (w *world) plannedBatch() *codec.Batch {
	j := w.newJob(1)
	return w.batch(w.hub, [][]byte{j.sealed}, j.record(j.event(codec.StatePlanned)))
}

// batchLies are the ways to spoil a batch of one event by the hub.
var batchLies = []struct {
	name string
	code codec.Code
	edit func(*world, *codec.Batch) // before it is signed
	late func(*codec.Batch)         // after
}{
	{name: "honest"},
	{name: "unknown version", code: codec.CodeMalformed, edit: func(_ *world, b *codec.Batch) { b.Version = 2 }},
	{name: "no records", code: codec.CodeMalformed, edit: func(_ *world, b *codec.Batch) { b.Records = nil }},
	{name: "atomic 2", code: codec.CodeMalformed, edit: func(_ *world, b *codec.Batch) { b.Atomic = ptr(uint64(2)) }},
	{name: "sent 2^63", code: codec.CodeMalformed, edit: func(_ *world, b *codec.Batch) { b.Sent = 1 << 63 }},
	{name: "record of 65,536 bytes", code: codec.CodeTooLarge, edit: func(_ *world, b *codec.Batch) { b.Records[0] = make([]byte, 65_536) }},
	{name: "other origin", code: codec.CodeWrongOrigin, edit: func(_ *world, b *codec.Batch) { b.Origin += "x" }},
	{name: "unknown key", code: codec.CodeUnknownKey, edit: func(_ *world, b *codec.Batch) { b.Key[0]++ }},
	{name: "owner key", code: codec.CodeUnknownKey, edit: func(w *world, b *codec.Batch) { b.Key = keyID(w.hub.owner()) }},
	{name: "another party's key", code: codec.CodeUnknownKey, edit: func(w *world, b *codec.Batch) {
		b.Key = keyID(w.actors["capped"].keys[codec.UseSubmit])
	}},
	{name: "unknown submitter", code: codec.CodeUnknownKey, edit: func(_ *world, b *codec.Batch) { b.Submitter[0]++ }},
	{name: "signature", code: codec.CodeBadSignature, late: func(b *codec.Batch) { b.Signature[0]++ }},
	{name: "other batch id than signed", code: codec.CodeBadSignature, late: func(b *codec.Batch) { b.ID[0]++ }},
	{name: "other time than signed", code: codec.CodeBadSignature, late: func(b *codec.Batch) { b.Sent++ }},
	{name: "atomic added", code: codec.CodeBadSignature, late: func(b *codec.Batch) { b.Atomic = ptr(uint64(1)) }},
	{name: "record changed", code: codec.CodeBadSignature, late: func(b *codec.Batch) {
		b.Records[0] = slices.Clone(b.Records[0])
		b.Records[0][20]++
	}},
	{name: "record doubled", code: codec.CodeBadSignature, late: func(b *codec.Batch) { b.Records = append(b.Records, b.Records[0]) }},
	{name: "clock at the edge behind", edit: func(_ *world, b *codec.Batch) { b.Sent -= 600_000 }},
	{name: "clock at the edge ahead", edit: func(_ *world, b *codec.Batch) { b.Sent += 600_000 }},
	{name: "clock behind", code: codec.CodeClockSkew, edit: func(_ *world, b *codec.Batch) { b.Sent -= 600_001 }},
	{name: "clock ahead", code: codec.CodeClockSkew, edit: func(_ *world, b *codec.Batch) { b.Sent += 600_001 }},
	{name: "stray attachment", code: codec.CodeBadAttachments, edit: func(_ *world, b *codec.Batch) {
		b.Attachments = append(b.Attachments, []byte("stray"))
	}},
	{name: "attachment twice", code: codec.CodeBadAttachments, edit: func(_ *world, b *codec.Batch) {
		b.Attachments = append(b.Attachments, b.Attachments[0])
	}},
	{name: "attachment stripped", code: codec.CodeMissingAttachment, late: func(b *codec.Batch) { b.Attachments = nil }},
}

func TestBatchLies(t *testing.T) {
	w := newWorld(t)
	for _, c := range batchLies {
		t.Run(c.name, func(t *testing.T) {
			b := w.plannedBatch()
			if c.edit != nil {
				c.edit(w, b)
			}
			data := w.hub.signed(b)
			if c.late != nil {
				c.late(b)
				data = codec.EncodeBatch(b)
			}
			before := len(w.log)
			_, fault := w.apply(t, data, w.now)
			switch {
			case c.code == "" && fault != nil:
				t.Error(fault)
			case c.code != "" && (fault == nil || fault.Code != c.code):
				t.Errorf("%v, want %s", fault, c.code)
			case c.code != "" && len(w.log) != before:
				t.Error("something was appended")
			}
		})
	}
}

// A party that is no hub writes neither events nor settlements.
func TestOnlyHubsWriteEvents(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(1)
	j.by = w.actors["capped"]
	b := w.batch(j.by, [][]byte{j.sealed}, j.record(j.event(codec.StatePlanned)))
	verdicts, fault := w.apply(t, j.by.signed(b), w.now)
	if fault != nil || verdicts[0].Outcome() != (codec.Outcome{Kind: codec.Refused, Code: codec.CodeWrongRole}) {
		t.Errorf("%v %v", verdicts, fault)
	}
}

func TestAttachmentsOutOfOrder(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(2).run()
	r, blobs := j.settle(lie{})
	b := w.batch(w.hub, blobs, r)
	slices.Reverse(b.Attachments)
	if _, fault := w.apply(t, w.hub.signed(b), w.now); fault == nil || fault.Code != codec.CodeBadAttachments {
		t.Errorf("%v", fault)
	}
}

// Attachments count only after the look-up of a known batch: a relay that strips or
// adds some cannot spoil a retry.
func TestAttachmentsAreOutsideTheIdentity(t *testing.T) {
	w := newWorld(t)
	b := w.plannedBatch()
	honest := Prepare(w.hub.signed(b))
	b.Attachments = append(b.Attachments, []byte("stray"))
	spoiled := Prepare(codec.EncodeBatch(b))
	if spoiled.Digest != honest.Digest {
		t.Error("an attachment changed the digest")
	}
	if r := CheckSubmitter(w, spoiled); r != nil {
		t.Errorf("CheckSubmitter: %v", r)
	}
	if r := CheckClock(w, spoiled, w.now); r == nil || r.Code != codec.CodeBadAttachments {
		t.Errorf("CheckClock: %v", r)
	}
}

func TestRecordForms(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(1)
	e := j.event(codec.StatePlanned)
	body := codec.EncodeEvent(e)
	signed := codec.Record{Version: 1, Kind: codec.KindEvent, Body: body, Signatures: []codec.Signature{{Alg: 1}}}
	algorithm := codec.Record{Version: 1, Kind: codec.KindParty, Body: body, Signatures: []codec.Signature{{Alg: 2}}}
	for _, c := range []struct {
		name   string
		code   codec.Code
		record []byte
	}{
		{"empty", codec.CodeMalformed, nil},
		{"not CBOR", codec.CodeMalformed, []byte{0xff}},
		{"truncated", codec.CodeMalformed, bare(codec.KindEvent, body)[:40]},
		{"body truncated", codec.CodeMalformed, bare(codec.KindEvent, body[:40])},
		{"body of another kind", codec.CodeMalformed, bare(codec.KindSettlement, body)},
		{"party of another kind", codec.CodeMalformed, bare(codec.KindParty, body)},
		{"policy of another kind", codec.CodeMalformed, bare(codec.KindPolicy, body)},
		{"kind 9", codec.CodeUnknownKind, codec.EncodeRecord(&codec.Record{Version: 1, Kind: 9, Body: body})},
		{"a second genesis", codec.CodeUnknownKind, bare(codec.KindGenesis, body)},
		{"dispute of another kind", codec.CodeMalformed, bare(codec.KindDispute, body)},
		{"adjustment of another kind", codec.CodeMalformed, bare(codec.KindAdjustment, body)},
		{"cycle with another body", codec.CodeMalformed, bare(codec.KindCycle, body)},
		{"audit with another body", codec.CodeMalformed, bare(codec.KindAudit, body)},
		{"version 2", codec.CodeMalformed, codec.EncodeRecord(&codec.Record{Version: 2, Kind: codec.KindEvent, Body: body})},
		{"an event that somebody signed", codec.CodeWrongSigners, codec.EncodeRecord(&signed)},
		{"another algorithm", codec.CodeMalformed, codec.EncodeRecord(&algorithm)},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.TB = t
			w.refused(c.code, nil, c.record)
		})
	}
}

func TestIdentityOfRecords(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(1)
	first := j.event(codec.StatePlanned)
	second := j.event(codec.StatePlanned)
	second.ID, second.Workload = first.ID, w.newID()
	r := j.record(first)
	verdicts, fault := w.submit([][]byte{j.sealed}, r, r, j.record(second))
	if fault != nil {
		t.Fatal(fault)
	}
	if verdicts[0].Kind != codec.Appended || verdicts[1].Kind != codec.Repeated || verdicts[1].Index != verdicts[0].Index {
		t.Errorf("%+v", verdicts[:2])
	}
	if verdicts[2].Refusal == nil || verdicts[2].Refusal.Code != codec.CodeIDConflict {
		t.Errorf("%+v", verdicts[2])
	}
	// Ids belong to their authors.
	other := w.newJob(1)
	other.by = w.actors["hub 2"]
	e := other.event(codec.StatePlanned)
	e.ID = first.ID
	got, fault := w.apply(t, other.by.signed(w.batch(other.by, [][]byte{other.sealed}, other.record(e))), w.now)
	if fault != nil || got[0].Kind != codec.Appended {
		t.Errorf("%v %v", got, fault)
	}
}

// Preparing in pieces, in any order, gives what preparing at once gives.
func TestPrepareInPieces(t *testing.T) {
	_, data := benchWorld(t, 3)
	whole, pieces := Prepare(data), PrepareBatch(data)
	for i := len(pieces.Records) - 1; i >= 0; i-- {
		pieces.PrepareRecords(i, i+1)
	}
	pieces.Finish()
	if whole.Root != pieces.Root || whole.Digest != pieces.Digest || whole.AttachmentFault != nil || pieces.AttachmentFault != nil {
		t.Error("root, digest or attachments differ")
	}
	for i := range whole.Records {
		if whole.Records[i].LeafA != pieces.Records[i].LeafA || !slices.Equal(whole.Records[i].named, pieces.Records[i].named) {
			t.Errorf("record %d differs", i)
		}
	}
}

// No bytes make Prepare or the checks panic, and damage never goes unnoticed.
func TestDamagedBatches(t *testing.T) {
	w, data := benchWorld(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		damaged := bytes.Clone(data)
		for range rapid.IntRange(1, 3).Draw(t, "n") {
			at := rapid.IntRange(0, len(data)-1).Draw(t, "at")
			damaged[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		}
		damaged = damaged[:rapid.IntRange(0, len(data)).Draw(t, "length")]
		if bytes.Equal(damaged, data) {
			return
		}
		p := Prepare(damaged)
		if CheckBatch(w, p, w.now) != nil {
			return
		}
		// Attachments are outside the signature, but then a rule refuses.
		appended := 0
		m := w.clone()
		for i := range p.Records {
			var c Change
			if v := Judge(m, p, i, &c); v.Kind == codec.Appended {
				appended++
				m.append(p.Records[i].Author, p.Records[i].ID, p.Records[i].Bytes, &c)
			}
		}
		if appended == len(p.Records) {
			t.Fatal("a damaged batch was accepted")
		}
	})
}

func TestPrepareNoise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOf(rapid.Byte()).Draw(t, "data")
		if p := Prepare(data); p.Fault == nil {
			t.Fatal("noise is a batch")
		}
	})
}
