package replay

import (
	"encoding/json"
	"fmt"
	"strconv"
	"testing"
)

func words(x ...uint32) (s string) {
	for i, w := range x {
		if i > 0 {
			s += " "
		}
		s += fmt.Sprintf("%08x", w)
	}
	return s
}

func scanWords(t *testing.T, s string, n int) []uint32 {
	t.Helper()
	x := make([]uint32, n)
	for i := range x {
		if _, err := fmt.Sscanf(s[9*i:], "%08x", &x[i]); err != nil {
			t.Fatal(err)
		}
	}
	return x
}

func TestPhiloxVectors(t *testing.T) {
	v := loadVectors(t)
	for _, c := range v.Philox {
		ctr, key := scanWords(t, c.Counter, 4), scanWords(t, c.Key, 2)
		if got := words(philox4(ctr, key)); got != c.Output {
			t.Errorf("philox(%s, %s) = %s, want %s", c.Counter, c.Key, got, c.Output)
		}
	}
	k0, k1 := workloadKey(v.Seed)
	if got := words(k0, k1); got != v.WKey[0]+" "+v.WKey[1] {
		t.Errorf("workload key %s, want %s", got, v.WKey)
	}
	if got := words(philox(0, 0, 0, mcStream, k0, k1)); got != v.MCBlock {
		t.Errorf("first block of path 0 is %s, want %s", got, v.MCBlock)
	}
	if got := rnd(1, 16); string(got) != string(v.Rnd) {
		t.Errorf("rnd(1, 16) = %x, want %x", got, v.Rnd)
	}
}

func philox4(ctr, key []uint32) (x0, x1, x2, x3 uint32) {
	return philox(ctr[0], ctr[1], ctr[2], ctr[3], key[0], key[1])
}

func TestNormalVectors(t *testing.T) {
	v := loadVectors(t)
	if len(v.Normal) != 13 {
		t.Fatalf("%d values, want 13", len(v.Normal))
	}
	for _, c := range v.Normal {
		u, err := strconv.ParseUint(c[0].(string), 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		want, err := c[1].(json.Number).Int64()
		if err != nil {
			t.Fatal(err)
		}
		if got := normal(u); got != want {
			t.Errorf("normal(%016x) = %d, want %d", u, got, want)
		}
	}
}

// TestNormalShape checks what the quantile function must be: odd in the sign bit, never
// rising in the tail probability, within 6.34 standard deviations.
func TestNormalShape(t *testing.T) {
	last := int64(1 << 62)
	for e := 62; e >= 0; e-- { // tails from small to large
		for s := range uint64(64) {
			v := uint64(1)<<(62-e) + s<<max(0, 56-e)&(1<<(62-e)-1)
			up, down := normal(v|1<<63), normal(v)
			if up != -down {
				t.Fatalf("normal(%016x) is not odd: %d, %d", v, up, down)
			}
			if up < 0 || up > 106_333_286 {
				t.Fatalf("normal(%016x) = %d out of range", v, up)
			}
			if e < 57 && up > last {
				t.Fatalf("normal(%016x) = %d rises from %d", v, up, last)
			}
			last = up
		}
	}
}
