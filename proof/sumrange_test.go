package proof

import (
	"bytes"
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"
)

var allSumTypes = []SumType{SumParties, SumPartyPostings, SumPostings, SumJournal, SumShards}

func TestSumRangeIsTheTreeOfItsLeaves(t *testing.T) {
	for _, kind := range allSumTypes {
		leaves := sumLeaves(kind, 300)
		r := must2(NewSumRange(kind))(t)
		for n := range len(leaves) + 1 {
			root, totals, err := SumRoot(kind, leaves[:n])
			if err != nil || r.Root() != root || r.Totals() != totals {
				t.Fatalf("type %d, %d leaves: %x %+v instead of %x %+v, %v", kind, n, r.Root(), r.Totals(), root, totals, err)
			}
			r = recoded(t, kind, r)
			if n < len(leaves) {
				must2(0, r.Append(&leaves[n]))(t)
			}
		}
	}
}

// recoded writes a tree and reads it again.
func recoded(t *testing.T, kind SumType, r *SumRange) *SumRange {
	t.Helper()
	data := AppendSumRange([]byte{7}, r)[1:]
	again := must2(DecodeSumRange(kind, data))(t)
	if !bytes.Equal(AppendSumRange(nil, again), data) {
		t.Fatal("encoding changed")
	}
	for n := range data {
		if _, err := DecodeSumRange(kind, data[:n]); err == nil {
			t.Fatalf("%d of %d bytes decode", n, len(data))
		}
	}
	if _, err := DecodeSumRange(kind, append(bytes.Clone(data), 0)); err == nil {
		t.Fatal("more bytes decode")
	}
	return again
}

func TestSumRangeRefuses(t *testing.T) {
	const largest = sumLimit - 1
	leaf := func(number int, count uint64, sums ...uint64) *SumLeaf {
		shape, _ := SumParties.shape()
		return &SumLeaf{Key: sumKey(shape, number), Count: count, Sums: [2]uint64{sums[0], sums[1]}}
	}
	r := must2(NewSumRange(SumParties))(t)
	for _, l := range []*SumLeaf{leaf(1, 1, 5, 6), leaf(3, largest-2, 1, largest-7)} {
		must2(0, r.Append(l))(t)
	}
	before := AppendSumRange(nil, r)
	short := leaf(4, 0, 0, 0)
	short.Key = short.Key[:16]
	for name, c := range map[string]struct {
		leaf *SumLeaf
		want Rejection
	}{
		"same key":      {leaf(3, 0, 0, 0), ErrSumOrder},
		"smaller key":   {leaf(2, 0, 0, 0), ErrSumOrder},
		"short key":     {short, ErrSumLeaf},
		"count of 2^63": {leaf(4, sumLimit, 0, 0), ErrSumRange},
		"sum of 2^63":   {leaf(4, 0, sumLimit, 0), ErrSumRange},
		"total count":   {leaf(4, 2, 0, 0), ErrSumRange},
		"total sum":     {leaf(4, 0, 0, 2), ErrSumRange},
		"first column":  {leaf(4, 0, largest-5, 0), ErrSumRange},
	} {
		wantRejection(t, name, r.Append(c.leaf), c.want)
		if !bytes.Equal(AppendSumRange(nil, r), before) {
			t.Errorf("%s: changed the tree", name)
		}
	}
	must2(0, r.Append(leaf(4, 1, largest-6, 1)))(t) // at each limit
	if got := r.Totals(); got != (SumTotals{3, largest, [2]uint64{largest, largest}}) {
		t.Errorf("totals %+v", got)
	}
	_, err := NewSumRange(0)
	wantRejection(t, "type 0", err, ErrSumType)
	_, err = DecodeSumRange(6, []byte{0})
	wantRejection(t, "type 6", err, ErrSumType)
}

func TestSumRangeRefusesEncodings(t *testing.T) {
	r := must2(NewSumRange(SumJournal))(t)
	for _, l := range sumLeaves(SumJournal, 3) {
		must2(0, r.Append(&l))(t)
	}
	good := AppendSumRange(nil, r)
	node := len(good) - (8 + 1 + 2 + 1 + 32) // the single leaf: key, count, two sums, hash
	huge := binary.AppendUvarint(nil, sumLimit)
	for name, c := range map[string]struct {
		data []byte
		want Rejection
	}{
		"long number":        {append([]byte{0x83, 0}, good[1:]...), ErrMalformed},
		"leaves of 2^63":     {huge, ErrSumRange},
		"last key lower":     {edited(good, 2, 5), ErrSumOrder},
		"last key higher":    {edited(good, 2, 7), ErrSumOrder},
		"nodes out of order": {edited(edited(good, node+1, 0), 2, 0), ErrSumOrder},
	} {
		_, err := DecodeSumRange(SumJournal, c.data)
		wantRejection(t, name, err, c.want)
	}
	sums := append(append([]byte{1, 0, 1, 0, 1}, huge...), 0)
	_, err := DecodeSumRange(SumPostings, append(sums, make([]byte, 32)...))
	wantRejection(t, "sum of 2^63", err, ErrSumRange)
}

// edited returns data with another byte at a place.
func edited(data []byte, at int, b byte) []byte {
	data = bytes.Clone(data)
	data[at] = b
	return data
}

func TestSumRangeCopyIsApart(t *testing.T) {
	leaves := sumLeaves(SumJournal, 12)
	r, c := must2(NewSumRange(SumJournal))(t), new(SumRange)
	for i := range leaves[:7] {
		must2(0, r.Append(&leaves[i]))(t)
	}
	c.CopyFrom(r)
	before := AppendSumRange(nil, c)
	for i := 7; i < len(leaves); i++ {
		must2(0, r.Append(&leaves[i]))(t)
	}
	if !bytes.Equal(AppendSumRange(nil, c), before) {
		t.Error("the copy changed with the original")
	}
}

// TestSumRangeProperty appends random leaves, good and bad, to a range and to a list.
func TestSumRangeProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(allSumTypes).Draw(t, "type")
		shape, _ := kind.shape()
		r, _ := NewSumRange(kind)
		var leaves []SumLeaf
		amount := rapid.OneOf(rapid.Uint64Range(0, 9), rapid.Uint64Range(1<<62, sumLimit))
		for range rapid.IntRange(0, 40).Draw(t, "leaves") {
			l := SumLeaf{Key: sumKey(shape, rapid.IntRange(len(leaves), len(leaves)+3).Draw(t, "key")), Count: 1}
			for column := range shape.columns {
				l.Sums[column] = amount.Draw(t, "sum")
			}
			if !shape.unitCount {
				l.Count = amount.Draw(t, "count")
			}
			_, _, want := SumRoot(kind, append(leaves, l))
			if got := r.Append(&l); (got == nil) != (want == nil) {
				t.Fatalf("range: %v, list: %v", got, want)
			}
			if want == nil {
				leaves = append(leaves, l)
			}
		}
		root, totals, err := SumRoot(kind, leaves)
		if err != nil || root != r.Root() || totals != r.Totals() {
			t.Fatalf("%v, %+v and %+v", err, totals, r.Totals())
		}
	})
}

func BenchmarkSumRangeAppendAll(b *testing.B) {
	r, _ := NewSumRange(SumPartyPostings)
	var keys [100][10]byte
	leaves := make([]SumLeaf, len(keys))
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		for i := range leaves {
			binary.BigEndian.PutUint64(keys[i][:], uint64(n*len(keys)+i+1))
			leaves[i] = SumLeaf{Key: keys[i][:], Count: 1, Sums: [2]uint64{1, 0}}
		}
		if err := r.AppendAll(leaves); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(leaves)), "ns/leaf")
}

func BenchmarkSumRangeAppend(b *testing.B) {
	r, _ := NewSumRange(SumPartyPostings)
	var key [10]byte
	leaf := SumLeaf{Key: key[:], Count: 1, Sums: [2]uint64{1, 0}}
	b.ReportAllocs()
	for i := range b.N {
		binary.BigEndian.PutUint64(key[:], uint64(i+1))
		if err := r.Append(&leaf); err != nil {
			b.Fatal(err)
		}
	}
}

// TestSumRangeAppendAll adds leaves in pieces of any size and compares with one at a time.
func TestSumRangeAppendAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(allSumTypes).Draw(t, "type")
		one, err := NewSumRange(kind)
		if err != nil {
			t.Fatal(err)
		}
		all, err := NewSumRange(kind)
		if err != nil {
			t.Fatal(err)
		}
		amount := rapid.OneOf(rapid.Uint64Range(0, 9), rapid.Uint64Range(1<<61, sumLimit))
		number := 0
		for range rapid.IntRange(0, 6).Draw(t, "pieces") {
			var piece []SumLeaf
			size := rapid.OneOf(rapid.IntRange(0, 9), rapid.IntRange(250, 600)).Draw(t, "piece")
			large := rapid.IntRange(-1, size-1).Draw(t, "large")
			for i := range size {
				number++
				leaf := SumLeaf{Key: sumKey(one.shape, number), Count: 1}
				if i == large {
					leaf.Sums[0] = amount.Draw(t, "amount")
				}
				piece = append(piece, leaf)
			}
			was := all.Root()
			failed := all.AppendAll(piece)
			var first error
			trial := new(SumRange)
			trial.CopyFrom(one)
			for i := range piece {
				if first = trial.Append(&piece[i]); first != nil {
					break
				}
			}
			if (failed == nil) != (first == nil) {
				t.Fatalf("together %v, one by one %v", failed, first)
			}
			if failed != nil {
				if all.Root() != was {
					t.Fatal("a refused piece changed the tree")
				}
				continue
			}
			one = trial
			if all.Root() != one.Root() || all.Totals() != one.Totals() {
				t.Fatalf("%d leaves: another root or other totals than one by one", number)
			}
		}
	})
}
