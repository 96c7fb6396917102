package fuzz

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"testing"

	"github.com/forgepool/settle/proof"
	"github.com/transparency-dev/merkle/compact"
)

const (
	proofOriginA = "ledger.example/settle/blake3"
	proofOriginB = "ledger.example/settle"
)

// proofWorld is a log of a few records with one node, and every file about it.
type proofWorld struct {
	policy      *proof.TrustPolicy
	record      []byte
	notes       [2][]byte // tree A at sizes 2 and 3
	receipt     []byte
	consistency []byte
}

// mustProof ends a fuzz target whose seeds cannot be made.
func mustProof[T any](f testing.TB, v T, err error) T {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
	return v
}

// proofLog reads hashes of three records.
type proofLog struct{ h proof.Hasher }

func (l proofLog) ReadHashes(ids []compact.NodeID) ([][32]byte, error) {
	out := make([][32]byte, len(ids))
	for i, id := range ids {
		if out[i] = l.h.Leaf([]byte{byte(id.Index)}); id.Level == 1 {
			out[i] = l.h.Node(l.h.Leaf([]byte{byte(2 * id.Index)}), l.h.Leaf([]byte{byte(2*id.Index + 1)}))
		}
	}
	return out, nil
}

// newProofWorld makes the seeds; all of it is the same on every run.
func newProofWorld(f testing.TB) *proofWorld {
	f.Helper()
	seed := sha256.Sum256([]byte("fuzz key"))
	priv := ed25519.NewKeyFromSeed(seed[:])
	pub := priv.Public().(ed25519.PublicKey)
	spec := proof.PolicySpec{Origin: proofOriginA, Twin: proofOriginB, Threshold: 1}
	for _, origin := range []string{proofOriginA, proofOriginB} {
		key, err := proof.FormatCheckpointKey(origin, pub)
		spec.Checkpoints = append(spec.Checkpoints, mustProof(f, key, err))
	}
	key, err := proof.FormatNodeKey(proof.NodeName(proofOriginA, [16]byte{1}), pub)
	spec.Nodes = append(spec.Nodes, mustProof(f, key, err))
	policy, err := proof.NewTrustPolicy(spec)
	w := &proofWorld{policy: mustProof(f, policy, err), record: []byte{1}}
	for i := range w.notes {
		w.notes[i] = proofNote(f, priv, uint64(i+2))
	}
	path, err := proof.ProveInclusion(proofLog{proof.TreeA}, proof.TreeA, 1, 3)
	w.receipt = (&proof.Receipt{Record: w.record, Index: 1, Path: mustProof(f, path, err), Checkpoint: w.notes[1]}).Format()
	path, err = proof.ProveConsistency(proofLog{proof.TreeA}, proof.TreeA, 2, 3)
	w.consistency = (&proof.ConsistencyFile{Path: mustProof(f, path, err), Older: w.notes[0], Newer: w.notes[1]}).Format()
	return w
}

// proofNote returns the published checkpoint of tree A at a size.
func proofNote(f testing.TB, priv ed25519.PrivateKey, size uint64) []byte {
	f.Helper()
	rootA, err := proof.Root(proofLog{proof.TreeA}, proof.TreeA, size)
	rootA = mustProof(f, rootA, err)
	rootB, err := proof.Root(proofLog{proof.TreeB}, proof.TreeB, size)
	rootB = mustProof(f, rootB, err)
	signer, err := proof.NewCheckpointSigner(proofOriginA, priv)
	signed, err := proof.SignCheckpoint(proof.FormatCheckpoint(proofOriginA, size, rootA), mustProof(f, signer, err))
	signed = mustProof(f, signed, err)
	a, err := proof.SignAttestation(proof.Attestation{
		Name: proof.NodeName(proofOriginA, [16]byte{1}), Origin: proofOriginA,
		Size: size, RootA: rootA, RootB: rootB, Time: size,
	}, priv)
	a = mustProof(f, a, err)
	signed, err = a.AppendLine(signed, priv.Public().(ed25519.PublicKey))
	return mustProof(f, signed, err)
}

// FuzzOpenCheckpoint: whatever opens is one of the notes that were signed, perhaps
// with more signature lines behind it.
func FuzzOpenCheckpoint(f *testing.F) {
	w := newProofWorld(f)
	f.Add(w.notes[0])
	f.Add(w.notes[1])
	f.Add(w.notes[0][:len(w.notes[0])/2])
	f.Fuzz(func(t *testing.T, signed []byte) {
		c, err := w.policy.OpenCheckpoint(signed)
		if err != nil {
			return
		}
		text := c.Text()
		if !bytes.HasPrefix(w.notes[0], text) && !bytes.HasPrefix(w.notes[1], text) {
			t.Errorf("nobody signed %q", text)
		}
		if !bytes.Equal(c.Note(), signed) || !bytes.HasPrefix(signed, text) {
			t.Error("the note changed")
		}
	})
}

// FuzzParseTrustPolicy: parse then format is the identity.
func FuzzParseTrustPolicy(f *testing.F) {
	w := newProofWorld(f)
	f.Add(w.policy.Format())
	f.Add([]byte("settle trust policy v1\norigin a\ntwin b\nthreshold 1\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		p, err := proof.ParseTrustPolicy(file)
		if err != nil {
			return
		}
		if !bytes.Equal(p.Format(), file) {
			t.Errorf("%q became %q", file, p.Format())
		}
	})
}

// FuzzParseReceipt: parse then format is the identity, and what verifies is a
// record of the log.
func FuzzParseReceipt(f *testing.F) {
	w := newProofWorld(f)
	f.Add(w.receipt)
	f.Add([]byte("settle receipt v1\nrecord AA==\nindex 0\n\no\n1\n\n\u2014 o AAAAAAA=\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := proof.ParseReceipt(file)
		if err != nil {
			return
		}
		if !bytes.Equal(r.Format(), file) {
			t.Errorf("%q became %q", file, r.Format())
		}
		if c, err := r.Verify(w.policy); err == nil && (r.Index >= c.Size() || !bytes.Equal(r.Record, []byte{byte(r.Index)})) {
			t.Errorf("record %x verifies at index %d", r.Record, r.Index)
		}
	})
}

// FuzzParseConsistency: parse then format is the identity.
func FuzzParseConsistency(f *testing.F) {
	w := newProofWorld(f)
	f.Add(w.consistency)
	f.Add([]byte("settle consistency v1\n\no\n1\n\n\u2014 o AA==\n\no\n1\n\n\u2014 o AA==\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		c, err := proof.ParseConsistency(file)
		if err != nil {
			return
		}
		if !bytes.Equal(c.Format(), file) {
			t.Errorf("%q became %q", file, c.Format())
		}
		if older, newer, err := c.Verify(w.policy); err == nil && older.Size() > newer.Size() {
			t.Error("the log shrank")
		}
	})
}

// FuzzDecodeSumProof: decode then encode is the identity, and only the leaf that is
// in the tree verifies.
func FuzzDecodeSumProof(f *testing.F) {
	var leaves []proof.SumLeaf
	for i := range uint16(5) {
		key := proof.LineKey(i)
		leaves = append(leaves, proof.SumLeaf{Key: key[:], Count: 1, Sums: [2]uint64{uint64(i), 7}})
	}
	tree, err := proof.BuildSumTree(proof.SumPostings, leaves)
	tree = mustProof(f, tree, err)
	totals := tree.Totals()
	st := proof.SumStatement{Type: proof.SumPostings, Root: tree.Root(), Sums: totals.Sums, Leaves: totals.Leaves, Count: totals.Count}
	for i := range leaves {
		p, err := tree.Prove(i)
		data, err := proof.EncodeSumProof(proof.SumPostings, mustProof(f, p, err))
		f.Add(byte(proof.SumPostings), mustProof(f, data, err))
	}
	f.Fuzz(func(t *testing.T, tt byte, data []byte) {
		p, err := proof.DecodeSumProof(proof.SumType(tt), data)
		if err != nil {
			return
		}
		again, err := proof.EncodeSumProof(proof.SumType(tt), p)
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("%x became %x, %v", data, again, err)
		}
		if leaf, err := proof.CheckMember(st, p.Leaf.Key, p); err == nil && leaf.Sums != leaves[p.Index].Sums {
			t.Errorf("leaf %d has sums %d", p.Index, leaf.Sums)
		}
	})
}
