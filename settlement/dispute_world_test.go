package settlement

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// settled is a world with a settlement of four shards: line 0 debits the customer, 1 to
// 3 credit the providers in order of their ids, 4 the adapter, 5 the platform.
type settled struct {
	*world
	job *job
	at  uint64 // index of the settlement
}

func newSettled(t testing.TB, edits ...func(*codec.Policy)) *settled {
	w := newWorld(t, edits...)
	return w.settleNew("customer")
}

// settleNew settles another job of four shards.
func (w *world) settleNew(customer string) *settled {
	w.Helper()
	j := w.newJob(4)
	j.adapter = &w.actors["adapter"].id
	j.of(w.actors[customer]).run()
	r, blobs := j.settle(lie{})
	w.accepted(blobs, r)
	return &settled{w, j, w.moment.Index - 1}
}

// provider returns the actor behind a provider's line.
func (w *world) behind(at, line uint64) *actor {
	for _, a := range w.actors {
		if a.id == w.Posted(at).Lines[line].Party {
			return a
		}
	}
	w.Fatalf("nobody is behind line %d", line)
	return nil
}

func (w *world) ref(index uint64) codec.RecordRef {
	return codec.RecordRef{Index: index, Leaf: w.logged[index].Leaf}
}

// opening drafts op 1; amount is the sum of the lines.
func (w *world) opening(by *actor, claim codec.Claim, target uint64, lines ...codec.HeldLine) *codec.Dispute {
	ref, total := w.ref(target), uint64(0)
	for _, l := range lines {
		total += l.Amount
	}
	if lines == nil {
		lines = []codec.HeldLine{}
	}
	return &codec.Dispute{
		ID: w.newID(), At: w.now, Cycle: w.moment.Cycle, Author: by.id, Op: codec.DisputeOpen,
		Target: &ref, Claimant: &codec.Claimant{Role: by.role, Party: by.id}, Claim: &claim, Lines: &lines,
		Amount: &total, Evidence: &[]codec.Artifact{}, Deadline: ptr(w.now + day),
	}
}

func held(line, amount uint64) codec.HeldLine { return codec.HeldLine{Line: line, Amount: amount} }

// about makes a dispute one about a shard of the settlement.
func (s *settled) about(d *codec.Dispute, index uint64) *codec.Dispute {
	d.Shard = &codec.ShardOf{Workload: s.job.id, Index: index}
	return d
}

// followUp drafts ops 2 to 6.
func (w *world) followUp(op codec.DisputeOp, opened uint64, by *actor) *codec.Dispute {
	d := &codec.Dispute{ID: w.newID(), At: w.now, Cycle: w.moment.Cycle, Author: by.id, Op: op, Opened: &opened}
	if op <= codec.DisputeReject {
		d.Evidence = &[]codec.Artifact{}
	}
	if op == codec.DisputeAccept {
		d.Amount = ptr(w.Dispute(opened).Amount)
	}
	return d
}

func signedDispute(d *codec.Dispute, keys ...ed25519.PrivateKey) []byte {
	return sign(codec.KindDispute, codec.EncodeDispute(d), keys...)
}

// opened appends a dispute that its author signs and returns where.
func (w *world) opened(by *actor, d *codec.Dispute) uint64 {
	w.Helper()
	w.accepted(nil, signedDispute(d, by.owner()))
	return w.moment.Index - 1
}

// rule appends a ruling by the first arbiter and returns where.
func (w *world) rule(d *codec.Dispute) uint64 {
	w.Helper()
	w.accepted(nil, signedDispute(d, w.actors["arbiter 1"].owner()))
	return w.moment.Index - 1
}

// verdict is that of both arbiters on a shard.
func (w *world) verdict(opened uint64, output codec.Hash, units uint64) *codec.Verdict {
	return &codec.Verdict{
		Expected: w.Dispute(opened).Output, Recomputed: output, Units: units,
		Adjudicators: []codec.ID{w.actors["arbiter 1"].id, w.actors["auditor"].id},
	}
}

// posting drafts a line of an adjustment.
func (w *world) posting(to *actor, side codec.Side, amount uint64) codec.Posting {
	return codec.Posting{Role: to.role, Party: to.id, Side: side, Amount: amount}
}

// back drafts a posting that takes part of a line back.
func (w *world) back(at, line, amount uint64) codec.Posting {
	l := &w.Posted(at).Lines[line]
	return codec.Posting{
		Role: l.Role, Party: l.Party, Side: codec.Credit + codec.Debit - l.Side, Amount: amount, RefIndex: &at, RefLine: &line,
	}
}

// correction drafts an adjustment and its detail.
func (w *world) correction(by *actor, cause codec.Cause, causeRef, target uint64, postings ...codec.Posting) (*codec.Adjustment, []byte) {
	a := &codec.Adjustment{
		ID: w.newID(), At: w.now, Cycle: w.moment.Cycle, Author: by.id, Target: w.ref(target), Cause: cause, ServiceCycle: w.moment.Cycle,
	}
	if causeRef != 0 {
		a.CauseRef = &causeRef
	}
	return a, w.detailOf(a, postings)
}

// detailOf numbers postings and makes the adjustment say what they are.
func (w *world) detailOf(a *codec.Adjustment, postings []codec.Posting) []byte {
	list := slices.Clone(postings)
	a.Totals = codec.Totals{}
	for i := range list {
		list[i].Line, list[i].Salt = uint64(i), codec.ID{byte(i), 2}
		if list[i].Side == codec.Credit {
			a.Totals.Credit += list[i].Amount
		} else {
			a.Totals.Debit += list[i].Amount
		}
	}
	root, _, _, err := PostingsRoot(list)
	if err != nil {
		root = someHash("no root")
	}
	blob := codec.EncodeCorrection(&codec.Correction{Postings: list, Salt: someHash(fmt.Sprint("correction ", w.ids))})
	a.Postings, a.Detail = codec.PostingsRef{N: uint64(len(list)), Root: root}, codec.BlobHash(blob)
	return blob
}

func signedAdjustment(a *codec.Adjustment, keys ...ed25519.PrivateKey) []byte {
	return sign(codec.KindAdjustment, codec.EncodeAdjustment(a), keys...)
}

// endCycle puts a cut and a close into the log by hand, as far as disputes and
// adjustments look at them, and returns where the close stands.
func (w *world) endCycle() uint64 {
	w.Helper()
	ended, next := *w.Cycle(w.moment.Cycle), w.moment.Cycle+1
	put := func(op codec.CycleOp, c *Change) codec.RecordRef {
		body := &codec.Cycle{ID: w.newID(), At: w.now, Cycle: ended.Number, Author: w.hub.id, Op: op}
		r := sign(codec.KindCycle, codec.EncodeCycle(body), w.hub.owner())
		w.append(body.Author, body.ID, r, c)
		return codec.RecordRef{Index: w.moment.Index - 1, Leaf: proof.LeafA(r)}
	}
	cut := put(codec.CycleCut, &Change{Cycles: []*Cycle{{Number: next, Before: ended.Number, First: w.moment.Index + 1}}})
	ended.Cut = &Boundary{RecordRef: cut, Stamp: w.now, Time: w.now}
	end := put(codec.CycleClose, &Change{})
	ended.Close = &Boundary{RecordRef: end, Stamp: w.now, Time: w.now}
	w.cycles[ended.Number] = &ended
	return end.Index
}

// attest puts an attestation into the state by hand and returns its index, that of a
// record of no other use.
func (w *world) attest(cycle uint64, opinion codec.Opinion, findings ...uint64) uint64 {
	w.accepted(nil, w.setCap("customer", nil))
	at := w.moment.Index - 1
	w.attested[at] = &Attestation{Index: at, Auditor: w.actors["auditor"].id, Cycle: cycle, Opinion: opinion, Findings: findings}
	return at
}

// later lets time pass.
func (w *world) later(ms uint64) { w.now += ms }
