package proof

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/zeebo/blake3"
)

func TestKeysOfTreeA(t *testing.T) {
	// The published keys, used with the library directly.
	record := []byte("record 0")
	for context, hash := range map[string][32]byte{
		"bf267dd50637ab5b8ba391919ee30989defc716160df51fde864d240ffe69e7c": LeafA(record),
		"b93e423d2d053cc39affdea138ddd2a806ded87d56ef723aba2859b89d396675": NodeA([32]byte{1}, [32]byte{2}),
	} {
		key := fromHex(t, context)
		h := must2(blake3.NewKeyed(key[:]))(t)
		if strings.HasPrefix(context, "bf") {
			h.Write(record)
		} else {
			left, right := [32]byte{1}, [32]byte{2}
			h.Write(left[:])
			h.Write(right[:])
		}
		if !bytes.Equal(h.Sum(nil), hash[:]) {
			t.Errorf("key %s", context)
		}
	}
}

func TestLongRecords(t *testing.T) {
	// Around the block, chunk and buffer sizes of BLAKE3, after longer and shorter ones.
	key := blake3.Sum256([]byte("settle/v1 record leaf"))
	for _, size := range []int{0, 1, MaxRecord, 63, 64, 65, 1023, 1024, 1025, 8191, 8192, 8193, 0} {
		record := bytes.Repeat([]byte{0x5a}, size)
		h := must2(blake3.NewKeyed(key[:]))(t)
		h.Write(record)
		if got := LeafA(record); !bytes.Equal(got[:], h.Sum(nil)) {
			t.Errorf("record of %d bytes", size)
		}
	}
}

func TestTreeBIsTheStandardHasher(t *testing.T) {
	ref := rfc6962.DefaultHasher
	for _, record := range [][]byte{nil, {0}, []byte("record"), make([]byte, 1000)} {
		if !bytes.Equal(TreeB.HashLeaf(record), ref.HashLeaf(record)) {
			t.Errorf("leaf of %d bytes", len(record))
		}
	}
	left, right := ref.HashLeaf([]byte("l")), ref.HashLeaf([]byte("r"))
	if !bytes.Equal(TreeB.HashChildren(left, right), ref.HashChildren(left, right)) {
		t.Error("node")
	}
	if !bytes.Equal(TreeB.EmptyRoot(), ref.EmptyRoot()) || TreeB.Size() != ref.Size() {
		t.Error("empty root or size")
	}
}

func TestCompactRangesGiveTheSameRoots(t *testing.T) {
	records := testRecords(exhaustive)
	for name, h := range hashers {
		factory := &compact.RangeFactory{Hash: h.HashChildren}
		r := factory.NewEmptyRange(0)
		for i, record := range records {
			if err := r.Append(h.HashLeaf(record), nil); err != nil {
				t.Fatal(err)
			}
			root := must2(r.GetRootHash(nil))(t)
			if want := definition(h, records[:i+1]); !bytes.Equal(root, want[:]) {
				t.Fatalf("tree %s size %d", name, i+1)
			}
		}
	}
}

func TestHashersAreSafeForConcurrentUse(t *testing.T) {
	var wg sync.WaitGroup
	for i := range byte(4) {
		wg.Go(func() {
			record := bytes.Repeat([]byte{i}, 200)
			leafA, leafB, node := LeafA(record), LeafB(record), NodeA([32]byte{i}, [32]byte{})
			for range 500 {
				if LeafA(record) != leafA || LeafB(record) != leafB || NodeA([32]byte{i}, [32]byte{}) != node {
					t.Error("two uses mixed")
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestSumKeysOrderAsTheirParts(t *testing.T) {
	party := func(role, id byte) []byte { k := PartyKey(role, [16]byte{id}); return k[:] }
	posting := func(index uint64, line uint16) []byte { k := PostingKey(index, line); return k[:] }
	shard := func(id byte, idx uint32, replica uint8) []byte {
		k := ShardKey([16]byte{id}, idx, replica)
		return k[:]
	}
	for name, keys := range map[string][][]byte{
		"parties":  {party(1, 0), party(1, 255), party(2, 0)},
		"postings": {posting(1, 0), posting(1, 256), posting(2, 0), posting(256, 0)},
		"shards":   {shard(1, 0, 0), shard(1, 0, 1), shard(1, 256, 0), shard(2, 0, 0)},
	} {
		for i := 1; i < len(keys); i++ {
			if bytes.Compare(keys[i-1], keys[i]) >= 0 {
				t.Errorf("%s: key %d", name, i)
			}
		}
	}
	if want := "\x02" + strings.Repeat("\x00", 16); string(party(2, 0)) != want {
		t.Error("border of a role")
	}
}

func TestErrorsSayWhatTheyMean(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{reject(ErrIndex, "index %d", 7), "proof: index_out_of_range: index 7"},
		{&ForkError{Origin: "o", Size: 3}, "proof: fork: o has two roots at size 3"},
		{&DivergenceError{First: "a", Second: "b"}, "proof: divergence: a and b attest different states"},
	} {
		if c.err.Error() != c.want {
			t.Errorf("%q", c.err)
		}
	}
	if code, ok := errors.AsType[Rejection](reject(ErrIndex, "x")); !ok || code != ErrIndex {
		t.Error("the code cannot be taken out")
	}
}
