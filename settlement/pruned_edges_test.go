package settlement

import (
	"reflect"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// pruned judges a record by what was kept of it. Of the blobs nothing is there but that
// they once were: as many bytes, all zero.
func (w *world) pruned(r []byte, kept Kept, c *Change, gone ...[]byte) Verdict {
	bare := w.clone()
	bare.blobs, bare.moment.Stamp = map[codec.Hash][]byte{}, w.now
	for _, blob := range gone {
		bare.blobs[codec.BlobHash(blob)] = make([]byte, len(blob))
	}
	return JudgePruned(bare, Prepare(w.hub.signed(w.batch(w.hub, nil, r))), 0, kept, c)
}

// Records about blobs are judged again without what the blobs said, and change the same.
func TestPrunedWithoutBlobs(t *testing.T) {
	s := newSettled(t)
	by := s.behind(s.at, 1)
	adjustment, detail := s.refund(5)
	r, blobs := s.newJob(3).run().settle(lie{})
	for name, x := range map[string]struct {
		record []byte
		blobs  [][]byte
	}{
		"settlement": {r, blobs},
		"adjustment": {signedAdjustment(adjustment, s.hub.owner()), [][]byte{detail}},
		"dispute":    {signedDispute(s.about(s.opening(by, codec.ClaimWrongOutput, s.at, held(1, 7)), 2), by.owner()), nil},
	} {
		s.moment.Stamp = s.now
		var want, got Change
		if v := Judge(s, Prepare(s.hub.signed(s.batch(s.hub, x.blobs, x.record))), 0, &want); v.Kind != codec.Appended {
			t.Fatalf("%s: %v", name, v.Refusal)
		}
		if v := s.pruned(x.record, Kept{Posted: want.Posted, Dispute: want.Dispute}, &got, x.blobs...); v.Kind != codec.Appended {
			t.Errorf("%s: %v", name, v.Refusal)
		}
		if !reflect.DeepEqual(want, got) {
			t.Errorf("%s: change\n%+v, without blobs\n%+v", name, want, got)
		}
	}
}

// Lines that were kept tell a record that does not agree with them.
func TestRecordsThatKeptLinesTell(t *testing.T) {
	w := newWorld(t)
	empty, _, err := proof.SumRoot(proof.SumPostings, nil)
	if err != nil {
		t.Fatal(err)
	}
	j := w.newJob(3).run()
	r, blobs := j.settle(lie{})
	w.moment.Stamp = w.now
	var honest Change
	if v := Judge(w, Prepare(w.hub.signed(w.batch(w.hub, blobs, r))), 0, &honest); v.Kind != codec.Appended {
		t.Fatal(v.Refusal)
	}
	for _, c := range []struct {
		name string
		code codec.Code
		body func(*codec.Settlement)
		kept func(*Posted)
	}{
		{"honest", "", func(*codec.Settlement) {}, nil},
		{"charge one above", codec.CodeUnbalanced, func(b *codec.Settlement) { b.Charge, b.Split.Platform = b.Charge+1, b.Split.Platform+1 }, nil},
		{"charge one below", codec.CodeUnbalanced, func(b *codec.Settlement) { b.Charge, b.Split.Platform = b.Charge-1, b.Split.Platform-1 }, nil},
		{"split", codec.CodeWrongSplit, func(b *codec.Settlement) {
			b.Split.Providers, b.Split.Platform = b.Split.Providers-1, b.Split.Platform+1
		}, nil},
		{"units one above", codec.CodeWrongSplit, func(b *codec.Settlement) { b.Shards.Units++ }, nil},
		{"number of postings", codec.CodeBadPostings, func(b *codec.Settlement) { b.Postings.N++ }, nil},
		{"root of the postings", codec.CodeBadPostings, func(b *codec.Settlement) { b.Postings.Root[0]++ }, nil},
		{"no postings", codec.CodeBadPostings, func(b *codec.Settlement) {
			b.Charge, b.Split, b.Postings = 0, codec.Split{}, codec.PostingsRef{Root: empty}
		}, func(p *Posted) { p.Lines = nil }},
	} {
		body := *j.draftOf(r)
		c.body(&body)
		posted := *honest.Posted
		if c.kept != nil {
			c.kept(&posted)
		}
		var got Change
		v := w.pruned(bare(codec.KindSettlement, codec.EncodeSettlement(&body)), Kept{Posted: &posted}, &got)
		if c.code == "" {
			if v.Kind != codec.Appended {
				t.Errorf("%s: %v", c.name, v.Refusal)
			}
			continue
		}
		if v.Refusal == nil || v.Refusal.Code != c.code {
			t.Errorf("%s: %v, want %s", c.name, v.Refusal, c.code)
		}
		requireZero(t, &got)
	}
}

// draftOf reads the body of a settlement.
func (j *job) draftOf(record []byte) *codec.Settlement {
	_, body := decodeLogged(&Logged{Bytes: record})
	return body.(*codec.Settlement)
}

// A work key that a settlement used already was not kept of a first one.
func TestKeptWorkKeyUsedBefore(t *testing.T) {
	s := newSettled(t)
	r, blobs := s.newJob(3).run().settle(lie{})
	s.moment.Stamp = s.now
	var honest, got Change
	if v := Judge(s, Prepare(s.hub.signed(s.batch(s.hub, blobs, r))), 0, &honest); v.Kind != codec.Appended {
		t.Fatal(v.Refusal)
	}
	posted := *honest.Posted
	posted.WorkKey = s.Posted(s.at).WorkKey
	if v := s.pruned(r, Kept{Posted: &posted}, &got); v.Refusal == nil || v.Refusal.Code != codec.CodeBadReplay {
		t.Errorf("%v", v.Refusal)
	}
	requireZero(t, &got)
}

// TestNamingsByKind checks which blobs the records that owners sign keep.
func TestNamingsByKind(t *testing.T) {
	a, blob := newAudited(t), codec.Hash{5}
	evidence := a.opening(a.actors["customer"], codec.ClaimOvercharge, a.at)
	evidence.Evidence = &[]codec.Artifact{{Kind: 1, Hash: blob, Size: 1}, {Kind: 2, Hash: codec.Hash{6}}}
	refund, detail := a.refund(5)
	allowed := a.nextPolicy()
	allowed.Programs[0].Code = blob[:]
	for name, x := range map[string]struct {
		record []byte
		want   []Naming
	}{
		"evidence":    {signedDispute(evidence, a.hub.owner()), []Naming{{Hash: blob}, {Hash: codec.Hash{6}}}},
		"withdrawal":  {signedDispute(a.followUp(codec.DisputeWithdraw, a.dispute, a.hub), a.hub.owner()), nil},
		"adjustment":  {signedAdjustment(refund, a.hub.owner()), []Naming{{Hash: codec.BlobHash(detail)}}},
		"intent":      {signedAudit(a.world.intent("auditor", worldCycle+1), a.hub.owner()), nil},
		"attestation": {signedAudit(a.attestation(), a.hub.owner()), []Naming{{Hash: codec.BlobHash(a.report)}}},
		"policy":      {signedPolicy(allowed, a.hub.owner()), []Naming{{Hash: blob}}},
		"cut":         {signedCycle(a.cutting(), a.hub.owner()), nil},
	} {
		p := Prepare(a.hub.signed(a.batch(a.hub, nil, x.record)))
		if p.Records[0].Fault != nil {
			t.Fatalf("%s: %v", name, p.Records[0].Fault)
		}
		if got := p.Records[0].AppendNamings(nil); !reflect.DeepEqual(got, x.want) {
			t.Errorf("%s: %v, want %v", name, got, x.want)
		}
		logged := Logged{Bytes: x.record}
		if got := logged.Namings(); !reflect.DeepEqual(got, x.want) {
			t.Errorf("%s in the log: %v, want %v", name, got, x.want)
		}
	}
	if got := (&Policy{Body: allowed}).Code(); !reflect.DeepEqual(got, []codec.Hash{blob}) {
		t.Errorf("code of the policy: %v", got)
	}
}
