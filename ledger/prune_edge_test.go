package ledger

import (
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// pruning is a ledger whose attachments come of age.
type pruning struct {
	*world
	l *Ledger
}

func newPruning(t *testing.T) *pruning {
	w := newWorld(t)
	l := w.create(Options{FS: vfs.NewCrashableMem()})
	t.Cleanup(func() { l.Close() })
	return &pruning{w, l}
}

// do applies one batch and returns the index of its last record.
func (p *pruning) do(blobs [][]byte, records ...[]byte) uint64 {
	p.t.Helper()
	p.apply(p.l, p.batch(blobs, records...))
	return p.l.Applied().Size - 1
}

// turn ends the open cycle and closes it.
func (p *pruning) turn() (closed uint64) {
	p.t.Helper()
	p.do(nil, p.cut())
	p.do(nil, p.closeOf(p.l))
	return p.now
}

// has says whether an attachment is there once all that is due has been pruned at a time.
func (p *pruning) has(hash codec.Hash, at uint64) bool {
	p.t.Helper()
	p.now = at
	p.idle(p.l)
	s := p.l.Read()
	defer s.Close()
	_, err := s.Attachment(hash)
	if err != nil && !errors.Is(err, ErrNotFound) {
		p.t.Fatal(err)
	}
	return err == nil
}

// settledOne settles a workload and returns where, and its manifest.
func (p *pruning) settledOne() (at codec.RecordRef, manifest []byte) {
	p.t.Helper()
	_, records, blobs := p.workload(2)
	return refAt(p.t, p.l, p.do(blobs, records...)), blobs[1]
}

func roundedUp(until uint64) uint64 { return (until + testDay - 1) / testDay * testDay }

// TestPruneDue looks at the moments when attachments come of age, and one before.
func TestPruneDue(t *testing.T) {
	p := newPruning(t)
	target, manifest := p.settledOne()
	s := p.l.Read()
	posted := s.Posted(target.Index)
	s.Close()
	opened := p.do(nil, p.dispute(target, 0, 5))
	ruling := p.do(nil, p.rule(codec.DisputeAccept, opened, 5))
	refund, blobs := p.refund(target, posted, ruling, 5)
	p.do(blobs, refund)
	until := p.now + 30*testDay
	closed := p.turn()
	detail := codec.BlobHash(blobs[0])
	if !p.has(detail, closed+10*testDay) || p.has(detail, closed+10*testDay+1) {
		t.Error("the detail of an adjustment is not pruned when its cycle is due")
	}
	hash := codec.BlobHash(manifest)
	if !p.has(hash, until) || !p.has(hash, roundedUp(until)) || p.has(hash, roundedUp(until)+1) {
		t.Error("a manifest is not pruned when it need not be retained any more")
	}
}

// TestPruneDisputed keeps what an open dispute holds, whatever its age, and prunes it
// with the next batch after the end of the dispute.
func TestPruneDisputed(t *testing.T) {
	p := newPruning(t)
	target, manifest := p.settledOne()
	opened := p.do(nil, p.dispute(target, 0, 5))
	second := p.do(nil, p.dispute(target, 0, 7))
	p.turn()
	hash, old := codec.BlobHash(manifest), p.now+100*testDay
	if !p.has(hash, old) {
		t.Fatal("disputed and pruned")
	}
	for i, op := range []uint64{opened, second} {
		a := p.all["customer"]
		p.do(nil, signRecord(codec.KindDispute, codec.EncodeDispute(&codec.Dispute{
			ID: p.draw(), At: p.now, Cycle: p.cycle, Author: a.id, Op: codec.DisputeWithdraw, Opened: &op,
		}), a))
		if got := p.has(hash, p.now+1); got != (i == 0) {
			t.Fatalf("after the end of dispute %d: present %v", i, got)
		}
	}
}

// evidence adds a blob to a dispute of the customer.
func (p *pruning) evidence(opened uint64, blob []byte) []byte {
	a := p.all["customer"]
	return signRecord(codec.KindDispute, codec.EncodeDispute(&codec.Dispute{
		ID: p.draw(), At: p.now, Cycle: p.cycle, Author: a.id, Op: codec.DisputeEvidence, Opened: &opened,
		Evidence: &[]codec.Artifact{{Kind: 1, Hash: codec.BlobHash(blob), Size: uint64(len(blob))}},
	}), a)
}

// TestPruneNamedAgain names a manifest in a later cycle, then when it is pruned, and then
// brings it again.
func TestPruneNamedAgain(t *testing.T) {
	p := newPruning(t)
	_, manifest := p.settledOne()
	hash := codec.BlobHash(manifest)
	p.turn()
	p.now += 29 * testDay
	target, _ := p.settledOne() // of the second cycle
	opened := p.do(nil, p.dispute(target, 0, 5))
	p.do(nil, p.evidence(opened, manifest))
	if !p.has(hash, p.now+40*testDay) {
		t.Fatal("named by the open cycle and pruned")
	}
	closed := p.turn()
	if !p.has(hash, closed+10*testDay) || p.has(hash, closed+10*testDay+1) {
		t.Fatal("not pruned when the last cycle that names it is due")
	}
	record := p.evidence(opened, manifest)
	r := p.l.Apply([]Entry{p.batches(p.batch(nil, record))})[0].Batches[0]
	if r.Fault == nil || r.Fault.Code != codec.CodeMissingAttachment {
		t.Fatalf("pruned and named: %+v", r)
	}
	p.do([][]byte{manifest}, record)
	if !p.has(hash, p.now+1) {
		t.Fatal("brought again and not there")
	}
	closed = p.turn()
	if !p.has(hash, closed+10*testDay) || p.has(hash, closed+10*testDay+1) {
		t.Fatal("not pruned again")
	}
	p.checkAgain()
}

// checkAgain lets fsck judge everything again.
func (p *pruning) checkAgain() {
	p.t.Helper()
	fs := p.l.o.FS.(*vfs.MemFS)
	if err := p.l.Flush(); err != nil {
		p.t.Fatal(err)
	}
	copied := fs.CrashClone(vfs.CrashCloneCfg{})
	r, err := Fsck("db", FsckOptions{FS: copied})
	if err != nil || !r.OK() || !r.Rebuilt || len(r.Pruned) == 0 {
		p.t.Fatalf("fsck: %+v %v", r, err)
	}
}

// amend appends a policy that allows a program with this code, none if it is empty, from
// the next cycle on.
func (p *pruning) amend(code []byte) {
	p.t.Helper()
	b := testPolicy(p.hub.id)
	last := p.policy
	next, _ := settlement.NextCycle(codec.CyclesMonths, p.cycle)
	b.ID, b.At, b.Cycle, b.Version, b.EffectiveFrom, b.Prev = p.draw(), p.now, p.cycle, last.Body.Version+1, next, last.Hash
	var blobs [][]byte
	if len(code) > 0 {
		hash := codec.BlobHash(code)
		b.Programs = append(b.Programs, codec.Allowed{Program: codec.Hash{0xff}, Class: 5, Code: hash[:]})
		blobs = [][]byte{code}
	}
	body := codec.Encode(b)
	p.do(blobs, signRecord(codec.KindPolicy, body, p.hub, p.all["governance"]))
	amended, err := settlement.NewPolicy(body, nil, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	p.turn() // under the policy of before
	p.policy = amended
}

// TestPruneCode keeps code as long as the last cycle is of age in which a policy allowed
// it.
func TestPruneCode(t *testing.T) {
	p := newPruning(t)
	code := []byte("some module")
	hash := codec.BlobHash(code)
	p.amend(code)
	for range 3 {
		if p.now += 40 * testDay; !p.has(hash, p.now) {
			t.Fatal("a policy in force allows it, and it is pruned")
		}
		p.turn()
	}
	p.amend(nil) // in force from now on: not allowed any more
	closed := p.now
	if !p.has(hash, closed+10*testDay) || p.has(hash, closed+10*testDay+1) {
		t.Error("code is not pruned with the last cycle in which it was allowed")
	}
	p.checkAgain()
}
