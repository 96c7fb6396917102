package settlement

import (
	"crypto/ed25519"
	"testing"

	"github.com/forgepool/settle/codec"
)

// fuzzCourt is a ledger with a settlement, an accepted and an open dispute on it, a
// close and an attestation.
type fuzzCourt struct {
	*settled
	ruling, open, end, attested uint64
}

func newFuzzCourt(f *testing.F) *fuzzCourt {
	c := &fuzzCourt{settled: newSettled(f)}
	c.ruling = c.ruled()
	by := c.actors["customer"]
	c.open = c.opened(by, c.opening(by, codec.ClaimOvercharge, c.at, held(0, 9)))
	c.end = c.endCycle()
	c.attested = c.attest(worldCycle, codec.OpinionFail, c.Ruled(c.ruling).Opened)
	return c
}

// fuzzSigners are sets of signers to choose from.
var fuzzSigners = []string{
	"hub", "customer", "provider 1", "auditor", "arbiter 1", "arbiter 1, arbiter 2", "hub, arbiter 1", "hub, arbiter 1, auditor", "hub, provider 1",
}

// judge judges one signed record in a batch with its blobs. A refusal must leave the
// change empty.
func (c *fuzzCourt) judge(t *testing.T, kind codec.Kind, body []byte, signers byte, blobs ...[]byte) (Verdict, *Change) {
	var keys []ed25519.PrivateKey
	if int(signers) < len(fuzzSigners) {
		keys = c.keysOf(fuzzSigners[signers])
	}
	p := Prepare(c.hub.signed(c.batch(c.hub, blobs, sign(kind, body, keys...))))
	change := new(Change)
	v := Judge(c, p, 0, change)
	if v.Kind != codec.Appended {
		requireZero(t, change)
	}
	return v, change
}

// checkHolds checks that no more is held of a line than was posted.
func (c *fuzzCourt) checkHolds(t *testing.T, change *Change) {
	for _, h := range change.Holds {
		if h.Now > c.Posted(h.Index).Lines[h.Line].Amount {
			t.Fatalf("held %+v", h)
		}
	}
}

// FuzzJudgeDispute: whatever a dispute says and whoever signs it, judging does not
// panic, and nothing that is admitted holds more than was posted.
func FuzzJudgeDispute(f *testing.F) {
	c := newFuzzCourt(f)
	customer, auditor, arbiter := c.actors["customer"], c.actors["auditor"], c.actors["arbiter 1"]
	add := func(d *codec.Dispute, signers byte) { f.Add(codec.EncodeDispute(d), signers) }
	add(c.opening(customer, codec.ClaimOvercharge, c.at, held(0, 1_000)), 1)
	add(c.about(c.opening(auditor, codec.ClaimWrongOutput, c.at, held(1, 5), held(2, 6)), 2), 3)
	add(c.opening(auditor, codec.ClaimBadClose, c.end), 3)
	for op := codec.DisputeEvidence; op <= codec.DisputeEscalate; op++ {
		by, signers := customer, byte(1)
		if op == codec.DisputeAccept || op == codec.DisputeReject {
			by, signers = arbiter, 4
		}
		add(c.followUp(op, c.open, by), signers)
	}
	f.Fuzz(func(t *testing.T, body []byte, signers byte) {
		if v, change := c.judge(t, codec.KindDispute, body, signers); v.Kind == codec.Appended {
			c.checkHolds(t, change)
		}
	})
}

// FuzzJudgeAdjustment: whatever an adjustment and its detail say and whoever signs it,
// judging does not panic, and what is admitted balances and takes no more back than was
// posted. A body that decodes is made to fit its detail, so that the later rules are
// met.
func FuzzJudgeAdjustment(f *testing.F) {
	c := newFuzzCourt(f)
	platform, customer, provider := c.actors["platform"], c.actors["customer"], c.actors["provider 1"]
	for _, x := range []struct {
		by       *actor
		cause    codec.Cause
		ref, at  uint64
		signers  byte
		postings []codec.Posting
	}{
		{c.actors["arbiter 1"], codec.CauseDispute, c.ruling, c.at, 5, []codec.Posting{c.back(c.at, 0, 500), c.back(c.at, 1, 500)}},
		{c.hub, codec.CauseAudit, c.attested, c.end, 7, []codec.Posting{c.back(c.at, 0, 500), c.back(c.at, 1, 500)}},
		{c.hub, codec.CauseBillingError, 0, c.at, 0, []codec.Posting{c.back(c.at, 0, 500), c.back(c.at, 5, 500)}},
		{c.hub, codec.CauseGoodwill, 0, c.at, 0, []codec.Posting{c.posting(platform, codec.Debit, 5), c.posting(customer, codec.Credit, 5)}},
		{c.hub, codec.CauseCarryForward, 0, c.end, 0, []codec.Posting{c.posting(provider, codec.Debit, 5), c.posting(platform, codec.Credit, 5)}},
		{c.hub, codec.CausePenalty, c.ruling, c.at, 6, []codec.Posting{c.posting(provider, codec.Debit, 5), c.posting(platform, codec.Credit, 5)}},
	} {
		a, detail := c.correction(x.by, x.cause, x.ref, x.at, x.postings...)
		f.Add(codec.EncodeAdjustment(a), detail, x.signers)
	}
	f.Fuzz(func(t *testing.T, body, detail []byte, signers byte) {
		a := new(codec.Adjustment)
		if codec.DecodeAdjustment(body, a) == nil {
			a.Detail = codec.BlobHash(detail)
			if d, err := codec.DecodeCorrection(detail); err == nil {
				root, credit, debit, _ := PostingsRoot(d.Postings)
				a.Postings, a.Totals = codec.PostingsRef{N: uint64(len(d.Postings)), Root: root}, codec.Totals{Credit: credit, Debit: debit}
			}
			body = codec.EncodeAdjustment(a)
		}
		v, change := c.judge(t, codec.KindAdjustment, body, signers, detail)
		if v.Kind != codec.Appended {
			return
		}
		sums := [2]uint64{}
		for _, l := range change.Posted.Lines {
			sums[l.Side-codec.Credit] += l.Amount
		}
		if sums[0] != sums[1] {
			t.Fatalf("posted %v", sums)
		}
		for _, r := range change.Reversed {
			if r.Amount > c.Posted(r.Index).Lines[r.Line].Amount {
				t.Fatalf("taken back %+v", r)
			}
		}
	})
}
