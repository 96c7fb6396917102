package verifier

import (
	"encoding/hex"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// TestSeedVector checks the vector of sampling.md section 2.
func TestSeedVector(t *testing.T) {
	in := SeedInputs{Origin: "forge.example/ledger", Size: 1000, CloseIndex: 999, Round: 77}
	in.Root[0], in.Secret[0], in.BeaconHash[0] = 1, 2, 3
	seed := in.Seed()
	if got, want := hex.EncodeToString(seed[:]), "51ecb3ff212742fa4c37e7b30ba7152ddbe1b20434e9d29b09bbb45d64f5d014"; got != want {
		t.Fatalf("seed %s, want %s", got, want)
	}
	for i, want := range []uint64{348901938, 78748103} {
		if got := seed.Draw(uint64(i), 385001155); got != want {
			t.Errorf("draw %d is %d, want %d", i, got, want)
		}
	}
}

// TestSeedDependsOnEverything changes each input in turn.
func TestSeedDependsOnEverything(t *testing.T) {
	base := SeedInputs{Origin: "a", Size: 1}
	seen := map[Seed]string{base.Seed(): "base"}
	for name, change := range map[string]func(*SeedInputs){
		"origin": func(in *SeedInputs) { in.Origin = "b" },
		"size":   func(in *SeedInputs) { in.Size++ },
		"root":   func(in *SeedInputs) { in.Root[31] = 1 },
		"close":  func(in *SeedInputs) { in.CloseIndex++ },
		"secret": func(in *SeedInputs) { in.Secret[31] = 1 },
		"round":  func(in *SeedInputs) { in.Round++ },
		"beacon": func(in *SeedInputs) { in.BeaconHash[31] = 1 },
	} {
		in := base
		change(&in)
		if other, ok := seen[in.Seed()]; ok {
			t.Errorf("changing the %s gives the seed of %s", name, other)
		}
		seen[in.Seed()] = name
	}
}

// TestSampleSizeTable checks the table of sampling.md section 1.
func TestSampleSizeTable(t *testing.T) {
	confidences := []uint64{800_000, 900_000, 950_000, 990_000, 999_000}
	for fault, row := range map[uint64][]uint64{
		100_000: {16, 22, 29, 44, 66},
		50_000:  {32, 45, 59, 90, 135},
		20_000:  {80, 114, 149, 228, 342},
		10_000:  {161, 230, 299, 459, 688},
		5_000:   {322, 460, 598, 919, 1379},
		1_000:   {1609, 2302, 2995, 4603, 6905},
	} {
		for i, want := range row {
			got, err := SampleSize(confidences[i], fault, 10_000)
			if err != nil || got != want {
				t.Errorf("c=%d f=%d: %d (%v), want %d", confidences[i], fault, got, err, want)
			}
		}
	}
}

// TestSampleSizeLimits tests each limit at its edge and one beyond.
func TestSampleSizeLimits(t *testing.T) {
	if n, err := SampleSize(950_000, 10_000, 299); err != nil || n != 299 {
		t.Errorf("at the limit: %d, %v", n, err)
	}
	if n, err := SampleSize(950_000, 10_000, 298); err == nil {
		t.Errorf("one below the limit: %d", n)
	}
	for _, bad := range [][2]uint64{{0, 1}, {million, 1}, {1, 0}, {1, million}} {
		if n, err := SampleSize(bad[0], bad[1], 1<<20); err == nil {
			t.Errorf("c=%d f=%d gives %d", bad[0], bad[1], n)
		}
	}
	if n, err := SampleSize(1, 999_999, 10); err != nil || n != 1 {
		t.Errorf("least sample: %d, %v", n, err)
	}
}

// TestSampleSizeIsTheDefinition compares with the condition, written out.
func TestSampleSizeIsTheDefinition(t *testing.T) {
	enough := func(conf, fault, n uint64) bool {
		power := func(base uint64) *big.Int {
			return new(big.Int).Exp(new(big.Int).SetUint64(base), new(big.Int).SetUint64(n), nil)
		}
		missed := power(million - fault)
		allowed := power(million)
		return missed.Mul(missed, big.NewInt(million)).Cmp(allowed.Mul(allowed, new(big.Int).SetUint64(million-conf))) <= 0
	}
	rapid.Check(t, func(t *rapid.T) {
		conf, fault := rapid.Uint64Range(1, million-1).Draw(t, "c"), rapid.Uint64Range(20_000, million-1).Draw(t, "f")
		n, err := SampleSize(conf, fault, MaxDraws)
		if err != nil || !enough(conf, fault, n) || enough(conf, fault, n-1) {
			t.Fatalf("%d draws (%v)", n, err)
		}
	})
}

// TestUnitReachesAll draws one micro-Credit many times and must see every unit.
func TestUnitReachesAll(t *testing.T) {
	const units = 7
	seen := map[uint64]bool{}
	for i := range uint64(500) {
		seen[Seed{9}.Unit(i, 0, 1, units)] = true
	}
	if len(seen) != units {
		t.Errorf("%d of %d units reached", len(seen), units)
	}
}

// TestUnitFormula compares with whole numbers of any size, up to the largest amounts.
func TestUnitFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.Uint64Range(1, 1<<63-1).Draw(t, "amount")
		residual := rapid.Uint64Range(0, amount-1).Draw(t, "residual")
		units := rapid.Uint64Range(1, 1<<42).Draw(t, "units")
		unit := Seed{1}.Unit(3, residual, amount, units)
		low := new(big.Int).Mul(new(big.Int).SetUint64(residual), new(big.Int).SetUint64(units))
		high := new(big.Int).Add(low, new(big.Int).SetUint64(units-1))
		got := new(big.Int).SetUint64(unit)
		a := new(big.Int).SetUint64(amount)
		if got.Cmp(low.Div(low, a)) < 0 || got.Cmp(high.Div(high, a)) > 0 || unit >= units {
			t.Fatalf("unit %d is not between %v and %v", unit, low, high)
		}
	})
}

// TestDrawsAreFair draws below 3 and counts.
func TestDrawsAreFair(t *testing.T) {
	var count [3]int
	for i := range uint64(3000) {
		count[Seed{5}.Draw(i, 3)]++
	}
	for v, n := range count {
		if n < 900 || n > 1100 {
			t.Errorf("%d was drawn %d times of 3000", v, n)
		}
	}
	if got := (Seed{5}).Draw(0, 1); got != 0 {
		t.Errorf("draw below 1 is %d", got)
	}
}
