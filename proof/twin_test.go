package proof

import (
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// storedHashes is the store of golang.org/x/mod/sumdb/tlog.
type storedHashes []tlog.Hash

func (s storedHashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		out[i] = s[index]
	}
	return out, nil
}

// storeAll returns the store of tlog over records.
func storeAll(t *testing.T, records [][]byte) storedHashes {
	var store storedHashes
	for i, record := range records {
		store = append(store, must2(tlog.StoredHashes(int64(i), record, store))(t)...)
	}
	return store
}

func hashes[To, From ~[32]byte](from []From) []To {
	to := make([]To, len(from))
	for i := range from {
		to[i] = To(from[i])
	}
	return to
}

func TestTwinAgreesWithTheStandardLog(t *testing.T) {
	records := testRecords(exhaustive)
	store, ours := storeAll(t, records), memoryLog{TreeB, records}
	for size := 1; size <= len(records); size++ {
		theirs := must2(tlog.TreeHash(int64(size), store))(t)
		root := must2(Root(ours, TreeB, uint64(size)))(t)
		if root != theirs {
			t.Fatalf("size %d: %x and %v", size, root, theirs)
		}
		c := bareCheckpoint(TreeB, size, theirs)
		for index := range size {
			path := must2(ProveInclusion(ours, TreeB, uint64(index), uint64(size)))(t)
			if err := tlog.CheckRecord(hashes[tlog.Hash](path), int64(size), theirs, int64(index), tlog.RecordHash(records[index])); err != nil {
				t.Fatalf("index %d size %d: they refuse ours: %v", index, size, err)
			}
			back := must2(tlog.ProveRecord(int64(size), int64(index), store))(t)
			if err := c.CheckInclusion(uint64(index), records[index], hashes[[32]byte](back)); err != nil {
				t.Fatalf("index %d size %d: we refuse theirs: %v", index, size, err)
			}
		}
	}
}

func TestTwinConsistencyAgreesWithTheStandardLog(t *testing.T) {
	records := testRecords(exhaustive)
	store, ours := storeAll(t, records), memoryLog{TreeB, records}
	for second := 1; second <= len(records); second++ {
		newRoot := must2(tlog.TreeHash(int64(second), store))(t)
		for first := 1; first <= second; first++ {
			oldRoot := must2(tlog.TreeHash(int64(first), store))(t)
			path := must2(ProveConsistency(ours, TreeB, uint64(first), uint64(second)))(t)
			if err := tlog.CheckTree(hashes[tlog.Hash](path), int64(second), newRoot, int64(first), oldRoot); err != nil {
				t.Fatalf("sizes %d, %d: they refuse ours: %v", first, second, err)
			}
			back := must2(tlog.ProveTree(int64(second), int64(first), store))(t)
			older, newer := bareCheckpoint(TreeB, first, oldRoot), bareCheckpoint(TreeB, second, newRoot)
			if err := older.CheckConsistency(newer, hashes[[32]byte](back)); err != nil {
				t.Fatalf("sizes %d, %d: we refuse theirs: %v", first, second, err)
			}
		}
	}
}

func TestEmptyTwinIsThePublicConstant(t *testing.T) {
	text := FormatCheckpoint(originB, 0, EmptyB())
	if want := originB + "\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"; string(text) != want {
		t.Errorf("%s", text)
	}
}
