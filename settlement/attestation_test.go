package settlement

import (
	"testing"

	"github.com/forgepool/settle/codec"
)

// audited is a closed month that an auditor promised to audit; a dispute is open in it.
type audited struct {
	*settled
	intent, close, dispute uint64
	report                 []byte
}

func newAudited(t testing.TB, edits ...func(*codec.Policy)) *audited {
	a := &audited{settled: newSettled(t, edits...), report: []byte("a report")}
	auditor := a.actors["auditor"]
	a.dispute = a.opened(auditor, a.about(a.opening(auditor, codec.ClaimWrongOutput, a.at, held(1, 5)), 0))
	a.cutOff()
	a.intent = a.Intent(auditor.id, worldCycle).Index
	a.close = a.closeUp()
	a.now += 1_000
	return a
}

// value is V, in micro-Credits.
func (a *audited) value() uint64 {
	return providerCredit(a.logged[a.close].Bytes)
}

// attestation drafts op 2: everything passed.
func (a *audited) attestation() *codec.Audit {
	auditor := a.actors["auditor"]
	size := a.close + 1
	root, _ := a.RootAt(size)
	x := &codec.Audit{
		ID: a.newID(), At: a.now, Cycle: a.moment.Cycle, Author: auditor.id, Auditor: auditor.id, Op: codec.AuditAttestation,
		Intent: &a.intent, Close: ptr(a.ref(a.close)), Checkpoint: &codec.CheckpointRef{Size: size, Root: root, Blob: someHash("note")},
		Secret: ptr(secretOf("auditor", worldCycle)),
		Frame:  &codec.Frame{Value: a.value(), Parties: 4, Postings: 4, Basis: 1}, Draws: &codec.Draws{Vouching: 299, Tracing: 75},
		Result: &codec.AuditResult{Distinct: 4, Passed: 3, Documentary: 1}, Bounds: &codec.Bounds{Upper: a.value() / 100},
		Items: ptr(codec.BlobHash(a.report)), Env: &codec.AuditEnv{Platform: "linux/amd64"},
		Span: &codec.Span{Start: a.now - 1_000, End: a.now}, Opinion: ptr(codec.OpinionPass), Findings: &[]uint64{},
	}
	if b := a.Cycle(worldCycle).Beacon(); b != nil {
		x.Beacon = &codec.BeaconValue{Round: b.Round, Hash: someHash("beacon")}
	}
	return x
}

var attestationLies = []struct {
	name string
	code codec.Code
	lie  func(*codec.Audit)
}{
	{"no intent", codec.CodeMalformed, func(a *codec.Audit) { a.Intent = nil }},
	{"no close", codec.CodeMalformed, func(a *codec.Audit) { a.Close = nil }},
	{"no checkpoint", codec.CodeMalformed, func(a *codec.Audit) { a.Checkpoint = nil }},
	{"no secret", codec.CodeMalformed, func(a *codec.Audit) { a.Secret = nil }},
	{"no frame", codec.CodeMalformed, func(a *codec.Audit) { a.Frame = nil }},
	{"no draws", codec.CodeMalformed, func(a *codec.Audit) { a.Draws = nil }},
	{"no result", codec.CodeMalformed, func(a *codec.Audit) { a.Result = nil }},
	{"no bounds", codec.CodeMalformed, func(a *codec.Audit) { a.Bounds = nil }},
	{"no items", codec.CodeMalformed, func(a *codec.Audit) { a.Items = nil }},
	{"no environment", codec.CodeMalformed, func(a *codec.Audit) { a.Env = nil }},
	{"no span", codec.CodeMalformed, func(a *codec.Audit) { a.Span = nil }},
	{"no opinion", codec.CodeMalformed, func(a *codec.Audit) { a.Opinion = nil }},
	{"no findings", codec.CodeMalformed, func(a *codec.Audit) { a.Findings = nil }},
	{"a key of the intent", codec.CodeMalformed, func(a *codec.Audit) { a.Audited = ptr(uint64(worldCycle)) }},
	{"frame 2^63", codec.CodeOutOfRange, func(a *codec.Audit) { a.Frame.Value = 1 << 63 }},
	{"bound 2^63", codec.CodeOutOfRange, func(a *codec.Audit) { a.Bounds.Upper = 1 << 63 }},
	{"beacon 2^63", codec.CodeOutOfRange, func(a *codec.Audit) { a.Beacon = &codec.BeaconValue{Round: 1 << 63} }},
	{"author", codec.CodeWrongAuthor, func(a *codec.Audit) { a.Author[0]++ }},
	{"too new", codec.CodeOutOfTime, func(a *codec.Audit) { a.At += 600_001 }},
	{"the closed cycle", codec.CodeClosedCycle, func(a *codec.Audit) { a.Cycle = worldCycle }},
	{"no report", codec.CodeMissingAttachment, func(a *codec.Audit) { a.Items[0]++ }},
	// 15-17
	{"intent beyond the log", codec.CodeUnknownTarget, func(a *codec.Audit) { *a.Intent = 1 << 40 }},
	{"intent is a cut", codec.CodeUnknownTarget, func(a *codec.Audit) { *a.Intent++ }},
	{"intent is the genesis", codec.CodeUnknownTarget, func(a *codec.Audit) { *a.Intent = 0 }},
	{"index of the close", codec.CodeUnknownTarget, func(a *codec.Audit) { a.Close.Index-- }},
	{"leaf of the close", codec.CodeUnknownTarget, func(a *codec.Audit) { a.Close.Leaf[0]++ }},
	{"checkpoint without the close", codec.CodeBadAudit, func(a *codec.Audit) { a.Checkpoint.Size-- }},
	{"checkpoint beyond the log", codec.CodeBadAudit, func(a *codec.Audit) { a.Checkpoint.Size = 1 << 40 }},
	{"root", codec.CodeBadAudit, func(a *codec.Audit) { a.Checkpoint.Root[0]++ }},
	// 18-22
	{"secret", codec.CodeBadAudit, func(a *codec.Audit) { a.Secret[0]++ }},
	{"beacon", codec.CodeBadAudit, func(a *codec.Audit) { a.Beacon = &codec.BeaconValue{} }},
	{"V more", codec.CodeBadAudit, func(a *codec.Audit) { a.Frame.Value++ }},
	{"V less", codec.CodeBadAudit, func(a *codec.Audit) { a.Frame.Value-- }},
	{"basis 0", codec.CodeBadAudit, func(a *codec.Audit) { a.Frame.Basis = 0 }},
	{"basis 3", codec.CodeBadAudit, func(a *codec.Audit) { a.Frame.Basis = 3 }},
	{"fewer vouching draws", codec.CodeBadAudit, func(a *codec.Audit) { a.Draws.Vouching-- }},
	{"fewer tracing draws", codec.CodeBadAudit, func(a *codec.Audit) { a.Draws.Tracing-- }},
	{"one item more", codec.CodeBadAudit, func(a *codec.Audit) { a.Result.Distinct++ }},
	{"results overflow", codec.CodeOverflow, func(a *codec.Audit) {
		a.Result.Passed, a.Result.Failed, a.Result.Documentary = codec.MaxAmount, codec.MaxAmount, 6
	}},
	// 26-28
	{"began before the close", codec.CodeBadAudit, func(a *codec.Audit) { a.Span.Start-- }},
	{"ended before it began", codec.CodeBadAudit, func(a *codec.Audit) { a.Span.End = a.Span.Start - 1 }},
	{"opinion 0", codec.CodeBadAudit, func(a *codec.Audit) { *a.Opinion = 0 }},
	{"opinion 5", codec.CodeBadAudit, func(a *codec.Audit) { *a.Opinion = 5 }},
	{"pass with a failure", codec.CodeBadAudit, func(a *codec.Audit) { a.Result.Failed, a.Result.Passed = 1, 2 }},
	{"pass with an item unavailable", codec.CodeBadAudit, func(a *codec.Audit) { a.Result.Unavailable, a.Result.Passed = 1, 2 }},
	{"pass beyond the tolerance", codec.CodeBadAudit, func(a *codec.Audit) { a.Bounds.Upper++ }},
	{"findings beyond the tolerance", codec.CodeBadAudit, func(a *codec.Audit) { a.Bounds.Upper++; *a.Opinion = 2 }},
	{"finding that is no dispute", codec.CodeUnknownTarget, func(a *codec.Audit) { *a.Findings = []uint64{*a.Intent} }},
}

func TestAttestationLies(t *testing.T) {
	a := newAudited(t)
	w := a.world
	w.registerAuditor("auditor 2")
	owner := w.actors["auditor"].owner()
	blobs := [][]byte{a.report}
	for _, c := range attestationLies {
		t.Run(c.name, func(t *testing.T) {
			w.TB = t
			x := a.attestation()
			x.Intent = ptr(*x.Intent)
			c.lie(x)
			if c.code == codec.CodeMissingAttachment || x.Items == nil {
				blobs := blobs[:0]
				w.unmoved(func() { w.refused(c.code, blobs, signedAudit(x, owner)) })
				return
			}
			w.unmoved(func() { w.refused(c.code, blobs, signedAudit(x, owner)) })
		})
	}
	w.TB = t
	x := a.attestation()
	*x.Findings = []uint64{a.dispute, a.dispute}
	w.refused(codec.CodeBadAudit, blobs, signedAudit(x, owner))
	x = a.attestation() // what another auditor promised
	x.Author, x.Auditor = w.actors["auditor 2"].id, w.actors["auditor 2"].id
	w.refused(codec.CodeUnknownTarget, blobs, signedAudit(x, w.actors["auditor 2"].owner()))
	w.accepted(blobs, signedAudit(a.attestation(), owner))
	at := w.moment.Index - 1
	got := w.Attestation(at)
	if got == nil || got.Cycle != worldCycle || got.Opinion != codec.OpinionPass || w.Intent(got.Auditor, worldCycle).Attested != at {
		t.Errorf("%+v", got)
	}
	w.unmoved(func() { w.refused(codec.CodeNotOpen, nil, signedAudit(a.attestation(), owner)) })
}

// What an attestation may say at the edges.
func TestAttestationEdges(t *testing.T) {
	for name, edit := range map[string]func(*audited, *codec.Audit){
		"more draws": func(_ *audited, x *codec.Audit) { x.Draws.Vouching, x.Draws.Tracing = 1_000, 1_000 },
		"by proofs":  func(_ *audited, x *codec.Audit) { x.Frame.Basis = 2 },
		"incomplete": func(_ *audited, x *codec.Audit) {
			*x.Opinion, x.Bounds.Upper = codec.OpinionIncomplete, codec.MaxAmount
		},
		"fail": func(_ *audited, x *codec.Audit) { *x.Opinion, x.Bounds.Upper = codec.OpinionFail, codec.MaxAmount },
		"with a finding": func(a *audited, x *codec.Audit) {
			*x.Opinion, *x.Findings = codec.OpinionWithFindings, []uint64{a.dispute}
		},
		"failures": func(_ *audited, x *codec.Audit) {
			*x.Opinion, x.Result = codec.OpinionWithFindings, &codec.AuditResult{Distinct: 4, Failed: 2, Unavailable: 2}
		},
		"a later checkpoint": func(a *audited, x *codec.Audit) {
			a.accepted(nil, signedAudit(a.world.intent("auditor", worldCycle+2), a.actors["auditor"].owner()))
			x.Checkpoint.Size = a.moment.Index
			x.Checkpoint.Root, _ = a.RootAt(a.moment.Index)
		},
		"suspended": func(a *audited, _ *codec.Audit) { a.suspendAuditor() },
	} {
		t.Run(name, func(t *testing.T) {
			a := newAudited(t)
			x := a.attestation()
			edit(a, x)
			a.accepted([][]byte{a.report}, signedAudit(x, a.actors["auditor"].owner()))
		})
	}
}

// The report may have come with an earlier batch.
func TestReportOfAnEarlierBatch(t *testing.T) {
	a := newAudited(t)
	r := signedAudit(a.attestation(), a.actors["auditor"].owner())
	a.refused(codec.CodeMissingAttachment, nil, r)
	a.blobs[codec.BlobHash(a.report)] = a.report
	a.accepted(nil, r)
}

func TestAttestationBeforeTheClose(t *testing.T) {
	a := newAudited(t)
	other := newSettled(t)
	other.cutOff()
	x := a.attestation()
	other.refused(codec.CodeUnknownTarget, [][]byte{a.report}, signedAudit(x, other.actors["auditor"].owner()))
}

func TestBeaconOfAnAttestation(t *testing.T) {
	a := newAudited(t, withBeacon)
	owner := a.actors["auditor"].owner()
	for _, lie := range []func(*codec.Audit){
		func(x *codec.Audit) { x.Beacon = nil }, func(x *codec.Audit) { x.Beacon.Round++ },
	} {
		x := a.attestation()
		lie(x)
		a.refused(codec.CodeBadAudit, [][]byte{a.report}, signedAudit(x, owner))
	}
	a.accepted([][]byte{a.report}, signedAudit(a.attestation(), owner))
}

// Of a month without payouts nothing is drawn, and it passes.
func TestAttestationOfNothing(t *testing.T) {
	a := &audited{settled: &settled{world: newWorld(t)}, report: []byte("a report")}
	a.cutOff()
	a.intent = a.Intent(a.actors["auditor"].id, worldCycle).Index
	a.close = a.closeUp()
	a.now += 1_000
	draft := func(edit func(*codec.Audit)) []byte {
		x := a.attestation()
		x.Draws, x.Result = &codec.Draws{}, &codec.AuditResult{}
		edit(x)
		return signedAudit(x, a.actors["auditor"].owner())
	}
	blobs := [][]byte{a.report}
	a.refused(codec.CodeBadAudit, blobs, draft(func(x *codec.Audit) { x.Draws.Vouching = 1 }))
	a.refused(codec.CodeBadAudit, blobs, draft(func(x *codec.Audit) { x.Draws.Tracing = 1 }))
	a.refused(codec.CodeBadAudit, blobs, draft(func(x *codec.Audit) { *x.Opinion = codec.OpinionFail }))
	a.refused(codec.CodeBadAudit, blobs, draft(func(x *codec.Audit) { *x.Opinion, x.Bounds.Upper = codec.OpinionPass, 1 }))
	a.accepted(blobs, draft(func(*codec.Audit) {}))
}

func TestTracingDraws(t *testing.T) {
	for _, c := range []struct{ draws, ppm, want uint64 }{
		{299, 250_000, 75}, {4, 250_000, 1}, {5, 250_000, 2}, {1, 0, 0}, {1, 1, 1}, {codec.MaxAmount, codec.MaxPPM, 1<<64 - 2},
	} {
		if got := tracingDraws(&codec.AuditTarget{Draws: c.draws, TracingPPM: c.ppm}); got != c.want {
			t.Errorf("%d draws, %d ppm: %d, want %d", c.draws, c.ppm, got, c.want)
		}
	}
}
