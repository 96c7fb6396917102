package node

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
)

// keeping is a store whose keeper reads a node's ledger and has a clock of its own.
type keeping struct {
	t *testing.T
	*keeper
	clock time.Time
}

func newKeeping(h *hostile, age time.Duration) *keeping {
	k := &keeping{t: h.t, clock: time.Now()}
	k.keeper = &keeper{openStore(h.t, h.t.TempDir()), age, h.nodes[0].ledger.Read, func() time.Time { return k.clock },
		func(what string, err error) { h.t.Error(what, err) }}
	return k
}

func (k *keeping) put(data string) codec.Hash {
	k.t.Helper()
	hash := codec.BlobHash([]byte(data))
	if err := k.store.Put(hash, int64(len(data)), bytes.NewReader([]byte(data))); err != nil {
		k.t.Fatal(err)
	}
	if err := os.Chtimes(k.store.path(hash), k.clock, k.clock); err != nil {
		k.t.Fatal(err)
	}
	return hash
}

// at makes a round at a time.
func (k *keeping) at(clock time.Time) {
	k.t.Helper()
	k.clock = clock
	if err := k.round(k.t.Context()); err != nil {
		k.t.Fatal(err)
	}
}

// TestArtifactsComeOfAge keeps what nobody names for the age, what a settlement names up
// to its retain_until, and what is disputed longer.
func TestArtifactsComeOfAge(t *testing.T) {
	h := newHostile(t, 1)
	age := 48 * time.Hour
	k := newKeeping(h, age)
	arrived := k.clock
	other, named := k.put("nobody names it"), k.put("a settlement names it")
	var until time.Time
	index := h.commit(0, h.body(func(s *codec.Settlement) {
		s.Artifacts = []codec.Artifact{{Kind: 1, Hash: named, Size: 21}}
		until = time.UnixMilli(int64(s.RetainUntil))
	})).Outcomes[0].Index
	k.at(arrived.Add(age))
	if !k.store.Has(other) || !k.store.Has(named) {
		t.Fatal("removed before its age")
	}
	k.at(arrived.Add(age + time.Millisecond))
	if k.store.Has(other) || !k.store.Has(named) {
		t.Fatalf("beyond the age: %v, named by a settlement: %v", k.store.Has(other), k.store.Has(named))
	}
	opened := h.disputeCharge(index)
	k.at(until.Add(time.Millisecond))
	if !k.store.Has(named) {
		t.Fatal("removed while its settlement is disputed")
	}
	h.withdraw(opened)
	k.at(until.Add(2*sweepInterval + 2*time.Millisecond))
	if k.store.Has(named) {
		t.Fatal("nothing keeps it, and it is there")
	}
}

// TestKeeperBeginsAgain follows from the beginning if it does not know how far it came.
func TestKeeperBeginsAgain(t *testing.T) {
	h := newHostile(t, 1)
	k := newKeeping(h, time.Hour)
	named := k.put("a settlement names it")
	h.commit(0, h.body(func(s *codec.Settlement) { s.Artifacts = []codec.Artifact{{Kind: 1, Hash: named, Size: 21}} }))
	for _, progress := range []string{"", "x", "99999999"} {
		if err := os.WriteFile(k.progress(), []byte(progress), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(k.store.path(named), k.clock, k.clock); err != nil {
			t.Fatal(err)
		}
		k.at(k.clock.Add(2 * time.Hour))
		if !k.store.Has(named) {
			t.Fatalf("after progress %q a settlement does not keep it", progress)
		}
	}
	before, err := os.ReadFile(k.progress())
	if err != nil {
		t.Fatal(err)
	}
	k.at(k.clock.Add(-2 * time.Hour)) // nothing is of age
	if again, err := os.ReadFile(k.progress()); err != nil || !bytes.Equal(again, before) {
		t.Errorf("progress %q after %q: %v", again, before, err)
	}
}

// disputeCharge opens a dispute of the customer over its line of a settlement.
func (h *hostile) disputeCharge(index uint64) (opened uint64) {
	h.t.Helper()
	s := h.nodes[0].ledger.Read()
	leaf, _, err := s.LeafHashes(index)
	s.Close()
	if err != nil {
		h.t.Fatal(err)
	}
	amount, claim, deadline := uint64(1), codec.ClaimOvercharge, h.now+3_600_000
	return h.commitDispute(codec.Dispute{Op: codec.DisputeOpen, Target: &codec.RecordRef{Index: index, Leaf: leaf},
		Claimant: &codec.Claimant{Role: codec.RoleCustomer, Party: h.customer}, Claim: &claim,
		Lines: &[]codec.HeldLine{{Amount: amount}}, Amount: &amount, Evidence: &[]codec.Artifact{}, Deadline: &deadline})
}

func (h *hostile) withdraw(opened uint64) {
	h.t.Helper()
	h.commitDispute(codec.Dispute{Op: codec.DisputeWithdraw, Opened: &opened})
}

// commitDispute appends a record of the customer and returns its index.
func (h *hostile) commitDispute(b codec.Dispute) uint64 {
	h.t.Helper()
	b.At, b.Cycle, b.Author = h.now, cycle, h.customer
	d, err := client.DraftDispute(b, nil, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.commit(0, d.Sign(originA, h.customerKey).Item()).Outcomes[0].Index
}
