package contract

import (
	"encoding/json"
	"math/big"
	"os"
	"testing"

	"pgregory.net/rapid"
)

func TestDecimalVectors(t *testing.T) {
	data, err := os.ReadFile("../replay/testdata/vectors/mc-profiles.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Decimals [][3]any `json:"decimals"`
		Refused  [][2]any `json:"decimals_refused"`
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	for _, d := range v.Decimals {
		if got, ok := fixedPoint(d[0].(string), uint(d[1].(float64))); !ok || float64(got) != d[2].(float64) {
			t.Errorf("%v is %d, %v", d, got, ok)
		}
	}
	for _, d := range v.Refused {
		if got, ok := fixedPoint(d[0].(string), uint(d[1].(float64))); ok {
			t.Errorf("%v is %d, want it refused", d, got)
		}
	}
	if len(v.Decimals) < 20 || len(v.Refused) < 8 {
		t.Error("vectors are missing")
	}
	for _, text := range []string{"", "-", ".", "+1", "--1", "1e", "0x1", "1_0", "1.2.3", "1e1e1", "1-1", "Inf"} {
		if got, ok := fixedPoint(text, 16); ok {
			t.Errorf("%q is %d, want it refused", text, got)
		}
	}
}

// TestDecimalTwin holds the rule against rational numbers.
func TestDecimalTwin(t *testing.T) {
	half := big.NewRat(1, 2)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "text")
		bits := rapid.SampledFrom([]uint{16, 24, 32}).Draw(t, "bits")
		x, _ := new(big.Rat).SetString(text)
		size := new(big.Rat).Abs(x)
		size.Mul(size, new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), bits)))
		size.Add(size, half)
		want := new(big.Int).Quo(size.Num(), size.Denom())
		got, ok := fixedPoint(text, bits)
		if ok != want.IsInt64() {
			t.Fatalf("%s: %v, but the result is %v", text, ok, want)
		}
		if x.Sign() < 0 {
			want.Neg(want)
		}
		if ok && got != want.Int64() {
			t.Fatalf("%s in Q%d is %d, want %v", text, bits, got, want)
		}
	})
}
