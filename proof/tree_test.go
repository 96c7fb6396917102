package proof

import (
	"encoding/hex"
	"fmt"
	"math/bits"
	"testing"

	"github.com/transparency-dev/merkle/compact"
)

// hashers are the two trees by name.
var hashers = map[string]Hasher{"A": TreeA, "B": TreeB}

// definition is MTH of RFC 9162 section 2.1.1, literally: the split is found by
// counting up, and nothing is shared with the code under test but the hashes.
func definition(h Hasher, records [][]byte) [32]byte {
	n := len(records)
	if n == 0 {
		return h.Empty()
	}
	if n == 1 {
		return h.Leaf(records[0])
	}
	k := 1
	for k*2 < n {
		k *= 2
	}
	return h.Node(definition(h, records[:k]), definition(h, records[k:]))
}

// inclusionByDefinition is PATH of RFC 9162 section 2.1.3.1.
func inclusionByDefinition(h Hasher, index int, records [][]byte) [][32]byte {
	n := len(records)
	if n == 1 {
		return nil
	}
	k := 1
	for k*2 < n {
		k *= 2
	}
	if index < k {
		return append(inclusionByDefinition(h, index, records[:k]), definition(h, records[k:]))
	}
	return append(inclusionByDefinition(h, index-k, records[k:]), definition(h, records[:k]))
}

// consistencyByDefinition is SUBPROOF of RFC 9162 section 2.1.4.1.
func consistencyByDefinition(h Hasher, first int, records [][]byte, whole bool) [][32]byte {
	n := len(records)
	if first == n {
		if whole {
			return nil
		}
		return [][32]byte{definition(h, records)}
	}
	k := 1
	for k*2 < n {
		k *= 2
	}
	if first <= k {
		return append(consistencyByDefinition(h, first, records[:k], whole), definition(h, records[k:]))
	}
	return append(consistencyByDefinition(h, first-k, records[k:], false), definition(h, records[:k]))
}

// memoryLog is a HashReader over records, by the definition.
type memoryLog struct {
	h       Hasher
	records [][]byte
}

func (m memoryLog) ReadHashes(ids []compact.NodeID) ([][32]byte, error) {
	out := make([][32]byte, len(ids))
	for i, id := range ids {
		begin, end := id.Coverage()
		if end > uint64(len(m.records)) {
			return nil, fmt.Errorf("node %v is not complete", id)
		}
		out[i] = definition(m.h, m.records[begin:end])
	}
	return out, nil
}

// testRecords returns "record 0" .. "record n-1".
func testRecords(n int) [][]byte {
	records := make([][]byte, n)
	for i := range records {
		records[i] = fmt.Appendf(nil, "record %d", i)
	}
	return records
}

func fromHex(t testing.TB, s string) [32]byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 32 {
		t.Fatalf("bad hash %q", s)
	}
	return [32]byte(b)
}

func must[T any](t testing.TB, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// rootOf computes a root through the reader, as the ledger does.
func rootOf(t testing.TB, h Hasher, records [][]byte) [32]byte {
	t.Helper()
	root, err := Root(memoryLog{h, records}, h, uint64(len(records)))
	return must(t, root, err)
}

func TestTreeAVectors(t *testing.T) {
	if got := EmptyA(); got != fromHex(t, "ef3de0a2aea4a4b315cd96ab1449218d9f41a08aa585af88f15740235aff9d9a") {
		t.Errorf("empty tree A: %x", got)
	}
	for size, want := range map[int]string{
		1: "b08c49ba6ddd6dc757d8d4eb86e9a67c82bfff26477da320741962b5af45c2de",
		3: "5f019322358e79938c3d58fd880da824e7bea487c6788947e0120360997fb503",
		7: "f8c0f9840f33e1913ede11b28729d10db1159fbaa8b1eccce1ec30eeef9c730f",
	} {
		if got := rootOf(t, TreeA, testRecords(size)); got != fromHex(t, want) {
			t.Errorf("size %d: %x", size, got)
		}
	}
}

func TestRootsAndPathsFollowTheDefinition(t *testing.T) {
	records := testRecords(exhaustive)
	for name, h := range hashers {
		for size := range len(records) + 1 {
			all := records[:size]
			if rootOf(t, h, all) != definition(h, all) {
				t.Fatalf("tree %s size %d: root", name, size)
			}
			r := memoryLog{h, all}
			for index := range size {
				path := must2(ProveInclusion(r, h, uint64(index), uint64(size)))(t)
				if fmt.Sprint(path) != fmt.Sprint(inclusionByDefinition(h, index, all)) {
					t.Fatalf("tree %s index %d size %d: path", name, index, size)
				}
			}
			for first := 1; first <= size; first++ {
				path := must2(ProveConsistency(r, h, uint64(first), uint64(size)))(t)
				want := consistencyByDefinition(h, first, all, true)
				if fmt.Sprint(path) != fmt.Sprint(want) {
					t.Fatalf("tree %s sizes %d, %d: path", name, first, size)
				}
			}
		}
	}
}

// must2 adapts a call with two results to must.
func must2[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T { t.Helper(); return must(t, v, err) }
}

func TestMTHIsTheShapeOfTreeA(t *testing.T) {
	records := testRecords(70)
	var leaves [][32]byte
	for i, record := range records {
		if got, want := MTH(leaves), definition(TreeA, records[:i]); got != want {
			t.Fatalf("%d leaves", i)
		}
		leaves = append(leaves, LeafA(record))
	}
}

func TestProveRefusesWhatDoesNotExist(t *testing.T) {
	r := memoryLog{TreeA, testRecords(5)}
	_, err := ProveInclusion(r, TreeA, 5, 5)
	wantRejection(t, "index = size", err, ErrIndex)
	_, err = ProveInclusion(r, TreeA, 0, 0)
	wantRejection(t, "size 0", err, ErrIndex)
	_, err = ProveConsistency(r, TreeA, 5, 4)
	wantRejection(t, "shrinking", err, ErrIndex)
	_, err = ProveInclusion(r, TreeA, 0, MaxSize+1)
	wantRejection(t, "size 2^63", err, ErrIndex)
	_, err = Root(r, TreeA, MaxSize+1)
	wantRejection(t, "root at 2^63", err, ErrIndex)
	if _, err = ProveInclusion(r, TreeA, 0, 9); err == nil {
		t.Error("a reader's error is lost")
	}
	_, err = Root(shortReader{}, TreeA, 3)
	wantRejection(t, "short reader", err, ErrReader)
}

// shortReader answers with fewer hashes than asked for.
type shortReader struct{}

func (shortReader) ReadHashes(ids []compact.NodeID) ([][32]byte, error) {
	return make([][32]byte, len(ids)-1), nil
}

func TestEmptyConsistencyIsEmpty(t *testing.T) {
	r := memoryLog{TreeA, testRecords(9)}
	for _, sizes := range [][2]uint64{{0, 0}, {0, 9}, {9, 9}, {1, 1}} {
		path, err := ProveConsistency(r, TreeA, sizes[0], sizes[1])
		if err != nil || len(path) != 0 {
			t.Errorf("sizes %v: %d hashes, %v", sizes, len(path), err)
		}
	}
}

func TestLargestPathIsMaxPath(t *testing.T) {
	index, size := uint64(MaxSize-1), uint64(MaxSize)
	inner := bits.Len64(index ^ (size - 1))
	if got := inner + bits.OnesCount64(index>>inner); got > MaxPath {
		t.Errorf("a path of %d hashes", got)
	}
	if got := bits.Len64(0 ^ (size - 1)); got != MaxPath {
		t.Errorf("first leaf of the largest log: %d hashes", got)
	}
}
