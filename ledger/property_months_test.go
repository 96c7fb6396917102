package ledger

import (
	"reflect"
	"slices"

	"pgregory.net/rapid"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// cut ends the open cycle, unless the one before it is not closed.
func (x *life) cut() {
	want := codec.Code("")
	x.read(func(s *Snapshot) {
		if s.Unclosed() != nil {
			want = codec.CodeBadCut
		}
	})
	open := x.cycle
	record := x.world.cut()
	x.cycle = open
	if _, ok := x.say("cut", want, nil, record); !ok {
		return
	}
	x.read(func(s *Snapshot) {
		got, plain := s.Closing(), plainClosing(x.world.t, s, s.Unclosed(), x.held)
		if !reflect.DeepEqual(got, plain) {
			x.t.Fatalf("closing\n%+v, plain\n%+v", got, plain)
		}
	})
}

// month ends the open cycle and closes it, with an audit promised or not.
func (x *life) month() {
	if rapid.Bool().Draw(x.t, "promised") {
		x.promise()
	}
	x.cut()
	x.close()
	if rapid.Bool().Draw(x.t, "audited") {
		x.attest()
	}
}

// close closes the cycle that was cut, at times with a number that is off by one.
func (x *life) close() {
	waits := false
	x.read(func(s *Snapshot) { waits = s.Unclosed() != nil })
	if !waits {
		return
	}
	record, want := x.closeOf(x.l), codec.Code("")
	if x.maybe(3, "wrong close") {
		b := bodyOf[codec.Cycle](x, record)
		lies := []*uint64{
			&b.Range.Min, &b.Range.Max, &b.Counts[1], &b.Journal.N, &b.Journal.Credit, &b.Parties.Postings, &b.Held.Disputes,
			&b.Held.Held, &b.Held.Released, &b.Log.Size, b.Unfinished, &b.Batches.N,
		}
		*lies[rapid.IntRange(0, len(lies)-1).Draw(x.t, "lie")]++
		record, want = signRecord(codec.KindCycle, codec.EncodeCycle(b), x.hub), codec.CodeBadClose
	}
	if at, ok := x.say("close", want, nil, record); ok {
		x.closes = append(x.closes, at)
	}
}

// promise is an intent for the open cycle or one of the next two.
func (x *life) promise() {
	cycle, want := x.cycle, codec.Code("")
	for range rapid.IntRange(0, 2).Draw(x.t, "ahead") {
		cycle, _ = settlement.NextCycle(codec.CyclesMonths, cycle)
	}
	a, secret := x.all["auditor"], hashOf("secret "+x.draw().String())
	x.read(func(s *Snapshot) {
		if s.Intent(a.id, cycle) != nil {
			want = codec.CodeIntentExists
		}
	})
	body := &codec.Audit{
		ID: x.draw(), At: x.now, Cycle: x.cycle, Author: a.id, Auditor: a.id, Op: codec.AuditIntent,
		Commit: ref(codec.AuditCommitment(a.id, cycle, secret)), Method: ref(uint64(1)),
		Target: &codec.AuditTarget{ConfPPM: 950_000, FaultPPM: 10_000, Draws: 299, TracingPPM: 250_000}, Audited: &cycle,
	}
	if _, ok := x.say("intent", want, nil, signRecord(codec.KindAudit, codec.Encode(body), a)); ok {
		x.secrets[cycle] = secret
	}
}

// attest opens an intent for a closed cycle, rightly, again, or with another secret.
func (x *life) attest() {
	var body *codec.Audit
	want, a := codec.Code(""), x.all["auditor"]
	x.read(func(s *Snapshot) {
		var ready []*settlement.Intent
		for cycle := range x.secrets {
			if c := s.CycleOf(cycle); c != nil && c.Close != nil {
				ready = append(ready, s.Intent(a.id, cycle))
			}
		}
		slices.SortFunc(ready, func(a, b *settlement.Intent) int { return int(a.Cycle) - int(b.Cycle) })
		if len(ready) == 0 {
			return
		}
		intent := one(x, ready, "intent")
		body = x.attestation(s, intent)
		if intent.Attested != 0 {
			want = codec.CodeNotOpen
		} else if x.maybe(4, "another secret") {
			body.Secret[0]++
			want = codec.CodeBadAudit
		}
	})
	if body == nil {
		return
	}
	report := []byte("report " + body.ID.String())
	body.Items = ref(codec.BlobHash(report))
	if at, ok := x.say("attestation", want, [][]byte{report}, signRecord(codec.KindAudit, codec.Encode(body), a)); ok {
		x.audits = append(x.audits, at)
	}
}

// attestation drafts op 2, with any opinion that the draft allows.
func (x *life) attestation(s *Snapshot, intent *settlement.Intent) *codec.Audit {
	c := s.CycleOf(intent.Cycle)
	size := rapid.Uint64Range(c.Close.Index+1, s.Size()).Draw(x.t, "checkpoint")
	root, _ := s.RootAt(size)
	frame, draws, opinion := &codec.Frame{Basis: 1}, &codec.Draws{}, codec.OpinionPass
	for _, sub := range *bodyOf[codec.Cycle](x, s.Logged(c.Close.Index).Bytes).Subtotals {
		if sub.Role == codec.RoleProvider {
			frame.Value = sub.Credit
		}
	}
	if frame.Value > 0 {
		draws = &codec.Draws{Vouching: 299, Tracing: 75}
		opinion = codec.Opinion(rapid.SampledFrom([]int{1, 2, 3, 3, 3, 4}).Draw(x.t, "opinion"))
	}
	findings := []uint64{}
	for _, opened := range x.opened {
		if s.Dispute(opened).Fault != nil && len(findings) < 3 {
			findings = append(findings, opened)
		}
	}
	return &codec.Audit{
		ID: x.draw(), At: x.now, Cycle: x.cycle, Author: intent.Auditor, Auditor: intent.Auditor, Op: codec.AuditAttestation,
		Intent: &intent.Index, Close: &c.Close.RecordRef, Checkpoint: &codec.CheckpointRef{Size: size, Root: root},
		Secret: ref(x.secrets[intent.Cycle]), Frame: frame, Draws: draws, Result: &codec.AuditResult{Distinct: 2, Passed: 2},
		Bounds: &codec.Bounds{}, Env: &codec.AuditEnv{Platform: "linux/amd64"}, Span: &codec.Span{Start: c.Close.Stamp, End: c.Close.Stamp},
		Opinion: &opinion, Findings: &findings,
	}
}
