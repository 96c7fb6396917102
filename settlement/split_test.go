package settlement

import (
	"cmp"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/forgepool/settle/codec"
)

// The vectors of docs/formats/accounting.md section 1.
func TestSplitVectors(t *testing.T) {
	for _, c := range []struct {
		pool          uint64
		weights, want []uint64
	}{
		{1_000_003, []uint64{333, 333, 334, 1}, []uint64{332_668, 332_668, 333_668, 999}},
		{5, []uint64{3, 7}, []uint64{2, 3}},
		{2, []uint64{1, 1, 1, 1}, []uint64{1, 1, 0, 0}},
		{1<<63 - 1, []uint64{1 << 62, 1<<62 - 1, 7, 7}, []uint64{4611686018427387897, 4611686018427387896, 7, 7}},
		{0, []uint64{1, 2}, []uint64{0, 0}},
		{7, []uint64{9}, []uint64{7}},
		{7, []uint64{0, 9}, []uint64{0, 7}},
		{1<<63 - 1, []uint64{1<<64 - 1}, []uint64{1<<63 - 1}},
	} {
		if got := SplitPool(c.pool, c.weights); !slices.Equal(got, c.want) {
			t.Errorf("%d over %v: %v, want %v", c.pool, c.weights, got, c.want)
		}
	}
}

func TestSplitPanicsWithoutWeights(t *testing.T) {
	for name, weights := range map[string][]uint64{
		"none": {}, "all zero": {0, 0}, "sum 2^64": {1 << 63, 1 << 63},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			SplitPool(1, weights)
		}()
	}
}

// plainSplit is the split once more, as plainly as it can be said.
func plainSplit(pool uint64, weights []uint64) []uint64 {
	total := new(big.Int)
	for _, w := range weights {
		total.Add(total, new(big.Int).SetUint64(w))
	}
	type party struct {
		i    int
		rest *big.Int
	}
	parts, parties, left := make([]uint64, len(weights)), []party{}, pool
	for i, w := range weights {
		q, r := new(big.Int).QuoRem(new(big.Int).Mul(new(big.Int).SetUint64(pool), new(big.Int).SetUint64(w)), total, new(big.Int))
		parts[i] = q.Uint64()
		left -= parts[i]
		parties = append(parties, party{i, r})
	}
	slices.SortStableFunc(parties, func(a, b party) int { return b.rest.Cmp(a.rest) })
	for ; left > 0; left-- {
		parts[parties[0].i]++
		parties = parties[1:]
	}
	return parts
}

func TestSplitProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pool := rapid.Uint64Range(0, codec.MaxAmount).Draw(t, "pool")
		weights := rapid.SliceOfN(rapid.Uint64Range(1, 1<<58), 1, 40).Draw(t, "weights")
		got := SplitPool(pool, weights)
		if !slices.Equal(got, plainSplit(pool, weights)) {
			t.Fatalf("%v, plainly %v", got, plainSplit(pool, weights))
		}
		total, all := uint64(0), new(big.Int)
		for i := range got {
			total += got[i]
			all.Add(all, new(big.Int).SetUint64(weights[i]))
		}
		if total != pool {
			t.Fatalf("parts add up to %d of %d", total, pool)
		}
		for i, w := range weights { // within one of the quota, and monotone in the weight
			quota := new(big.Int).Mul(new(big.Int).SetUint64(pool), new(big.Int).SetUint64(w))
			quota.Quo(quota, all)
			if q := quota.Uint64(); got[i] != q && got[i] != q+1 {
				t.Fatalf("part %d is %d, quota %d", i, got[i], q)
			}
			for k := range weights {
				if w > weights[k] && got[i] < got[k] {
					t.Fatalf("more weight, less pay: %v of %v", got, weights)
				}
			}
		}
	})
}

func TestSplitCharge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		charge := rapid.Uint64Range(0, codec.MaxAmount).Draw(t, "charge")
		provider := rapid.Uint64Range(0, million).Draw(t, "provider")
		adapter := rapid.Uint64Range(0, million-provider).Draw(t, "adapter")
		s := SplitCharge(charge, provider, adapter)
		plain := func(ppm uint64) uint64 {
			x := new(big.Int).Mul(new(big.Int).SetUint64(charge), new(big.Int).SetUint64(ppm))
			return x.Quo(x, big.NewInt(million)).Uint64()
		}
		if s.Providers != plain(provider) || s.Adapter != plain(adapter) || s.Platform != charge-s.Providers-s.Adapter || s.Platform > charge {
			t.Fatalf("%d split into %+v", charge, s)
		}
	})
}

func TestCharge(t *testing.T) {
	amounts := func(list ...uint64) (out []codec.Component) {
		for _, a := range list {
			out = append(out, codec.Component{Amount: a})
		}
		return out
	}
	for _, c := range []struct {
		name                string
		components          []codec.Component
		minCharge, discount uint64
		want                uint64
		code                codec.Code
	}{
		{"plain", amounts(5, 6), 0, 0, 11, ""},
		{"discount rounds down", amounts(7), 0, 500_000, 4, ""},
		{"whole discount", amounts(7), 0, million, 0, ""},
		{"minimum after the discount", amounts(7), 5, 500_000, 5, ""},
		{"largest", amounts(codec.MaxAmount), 0, 0, codec.MaxAmount, ""},
		{"one beyond", amounts(codec.MaxAmount, 1), 0, 0, 0, codec.CodeOverflow},
		{"wrapping", amounts(codec.MaxAmount, codec.MaxAmount, 2), 0, 0, 0, codec.CodeOverflow},
		{"discount above the whole", amounts(1), 0, million + 1, 0, codec.CodeOutOfRange},
	} {
		got, r := Charge(c.components, c.minCharge, c.discount)
		if got != c.want && c.code == "" || (r != nil) != (c.code != "") || r != nil && r.Code != c.code {
			t.Errorf("%s: %d, %v", c.name, got, r)
		}
	}
}

func TestMulDiv(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Uint64().Draw(t, "a"), rapid.Uint64().Draw(t, "b")
		d := rapid.Uint64().Draw(t, "d")
		got, ok := mulDiv(a, b, d)
		if d == 0 {
			if ok {
				t.Fatal("division by zero")
			}
			return
		}
		want := new(big.Int).Mul(new(big.Int).SetUint64(a), new(big.Int).SetUint64(b))
		want.Quo(want, new(big.Int).SetUint64(d))
		if fits := want.Cmp(big.NewInt(codec.MaxAmount)) <= 0; ok != fits || ok && got != want.Uint64() {
			t.Fatalf("%d*%d/%d = %d, %v; want %v", a, b, d, got, ok, want)
		}
	})
}

func TestSum(t *testing.T) {
	for _, c := range []struct {
		a, b uint64
		ok   bool
	}{{codec.MaxAmount, 0, true}, {codec.MaxAmount, 1, false}, {1, codec.MaxAmount, false}, {1<<64 - 1, 1, false}, {2, 3, true}} {
		if s, ok := sum(c.a, c.b); ok != c.ok || ok && cmp.Compare(s, c.a+c.b) != 0 {
			t.Errorf("%d + %d: %d, %v", c.a, c.b, s, ok)
		}
	}
}
