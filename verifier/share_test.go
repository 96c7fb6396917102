package verifier

import (
	"bytes"
	"errors"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// shareOf makes the share of a party in a settlement, as a node does.
func shareOf(t *testing.T, w *world, index uint64, party codec.ID) *Share {
	t.Helper()
	rec, err := codec.DecodeRecord(w.records[index].Bytes)
	if err != nil {
		t.Fatal(err)
	}
	b := new(codec.Settlement)
	if err := codec.DecodeSettlement(rec.Body, b); err != nil {
		t.Fatal(err)
	}
	d, err := codec.DecodeDetail(w.blobs[b.Detail])
	if err != nil {
		t.Fatal(err)
	}
	entries, err := codec.DecodeManifest(w.blobs[b.Shards.Blob])
	if err != nil {
		t.Fatal(err)
	}
	s := &Share{Party: party}
	lines, shards := make([]proof.SumLeaf, len(d.Postings)), make([]proof.SumLeaf, len(entries))
	for i := range d.Postings {
		p, key := &d.Postings[i], proof.LineKey(uint16(i))
		lines[i] = proof.SumLeaf{Key: key[:], Count: 1, Payload: codec.PostingHash(p)}
		lines[i].Sums[p.Side-codec.Credit] = p.Amount
	}
	for i := range entries {
		key := proof.ShardKey(entries[i].Provider, uint32(entries[i].Index), uint8(entries[i].Replica))
		shards[i] = proof.SumLeaf{Key: key[:], Count: 1, Sums: [2]uint64{entries[i].Units}, Payload: codec.ShardEntryHash(&entries[i])}
	}
	for i := range d.Postings {
		if d.Postings[i].Party == party {
			s.Postings = append(s.Postings, SharedPosting{d.Postings[i], pathOf(t, proof.SumPostings, lines, i)})
		}
	}
	for i := range entries {
		if entries[i].Provider == party {
			s.Shards = append(s.Shards, SharedShard{entries[i], pathOf(t, proof.SumShards, shards, i)})
		}
	}
	size := uint64(len(w.records))
	path, err := w.Inclusion(t.Context(), index, size)
	if err != nil {
		t.Fatal(err)
	}
	notes, err := w.Checkpoint(t.Context(), size)
	if err != nil {
		t.Fatal(err)
	}
	s.Receipt = &proof.Receipt{Record: w.records[index].Bytes, Index: index, Path: path, Checkpoint: notes.A}
	return s
}

func pathOf(t *testing.T, tree proof.SumType, leaves []proof.SumLeaf, i int) []byte {
	t.Helper()
	built, err := proof.BuildSumTree(tree, leaves)
	if err != nil {
		t.Fatal(err)
	}
	p, err := built.Prove(i)
	if err != nil {
		t.Fatal(err)
	}
	path, err := proof.EncodeSumProof(tree, p)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// shareWorld is a ledger with one settlement of several providers.
func shareWorld(t *testing.T) (w *world, index uint64, trust *proof.TrustPolicy, provider codec.ID) {
	w = newWorld(t, 2)
	index = w.settle(job{name: "one", shards: []shardSpec{{0, 40}, {1, 30}, {0, 20}}})
	return w, index, w.newTrust(), w.actors["provider 0"].id
}

// TestShare checks the file of a party, and what it adds up to.
func TestShare(t *testing.T) {
	w, index, trust, provider := shareWorld(t)
	s := shareOf(t, w, index, provider)
	if len(s.Postings) != 1 || len(s.Shards) == 0 {
		t.Fatalf("%d postings, %d shards: the test shows nothing", len(s.Postings), len(s.Shards))
	}
	file := s.Format()
	again, err := ParseShare(file)
	if err != nil {
		t.Fatal(err)
	}
	shown, c, err := again.Verify(trust)
	if err != nil {
		t.Fatal(err)
	}
	var units uint64
	for i := range s.Shards {
		units += s.Shards[i].Entry.Units
	}
	want := Shared{Kind: codec.KindSettlement, Cycle: testCycle, Postings: 1, Credit: s.Postings[0].Posting.Amount, Shards: uint64(len(s.Shards)), Units: units}
	if *shown != want || c.Size() != uint64(len(w.records)) {
		t.Errorf("%+v under size %d, want %+v", shown, c.Size(), want)
	}
}

// TestShareOfLiar refuses everything that is not the party's part of the record.
func TestShareOfLiar(t *testing.T) {
	w, index, trust, provider := shareWorld(t)
	for name, lie := range map[string]func(s *Share){
		"another party": func(s *Share) { s.Party[0] ^= 1 },
		"more":          func(s *Share) { s.Postings[0].Posting.Amount++ },
		"other side":    func(s *Share) { s.Postings[0].Posting.Side = codec.Debit },
		"other line":    func(s *Share) { s.Postings[0].Posting.Line++ },
		"twice":         func(s *Share) { s.Postings = append(s.Postings, s.Postings[0]) },
		"units":         func(s *Share) { s.Shards[0].Entry.Units++ },
		"shard twice":   func(s *Share) { s.Shards = append(s.Shards, s.Shards[len(s.Shards)-1]) },
		"another shard": func(s *Share) { s.Shards[0].Entry.Index += 1 << 20 },
		"nothing":       func(s *Share) { s.Postings, s.Shards = nil, nil },
		"another record": func(s *Share) {
			*s.Receipt = *shareOf(t, w, w.settle(job{name: "two", shards: []shardSpec{{0, 41}}}), provider).Receipt
		},
		"no such record":  func(s *Share) { s.Receipt.Record = append(bytes.Clone(s.Receipt.Record), 0) },
		"record of a key": func(s *Share) { s.Receipt.Record, s.Receipt.Index = w.records[0].Bytes, 0 },
	} {
		s := shareOf(t, w, index, provider)
		lie(s)
		if _, _, err := s.Verify(trust); err == nil {
			t.Errorf("%s: accepted", name)
		} else if _, ok := errors.AsType[Lie](err); !ok {
			if _, ok := errors.AsType[proof.Rejection](err); !ok {
				t.Errorf("%s: %v is no definite answer", name, err)
			}
		}
	}
}

// TestShareBytes changes single bytes of a file: none is accepted.
func TestShareBytes(t *testing.T) {
	w, index, trust, provider := shareWorld(t)
	file := shareOf(t, w, index, provider).Format()
	for at := range file {
		if at > 600 && at%7 != 0 {
			continue // every line has its turn
		}
		bad := bytes.Clone(file)
		bad[at] ^= 1
		s, err := ParseShare(bad)
		if err != nil {
			continue
		}
		if _, _, err := s.Verify(trust); err == nil {
			t.Errorf("byte %d changed: accepted", at)
		}
	}
	if _, err := ParseShare(make([]byte, MaxShare+1)); !errors.Is(err, proof.ErrTooLarge) {
		t.Errorf("too long: %v", err)
	}
}

// FuzzShare: a file that is accepted has one form.
func FuzzShare(f *testing.F) {
	f.Add([]byte("settle share v1\nparty 00000000000000000000000000000000\n\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if s, err := ParseShare(file); err == nil && !bytes.Equal(s.Format(), file) {
			t.Fatal("two forms of one share")
		}
	})
}
