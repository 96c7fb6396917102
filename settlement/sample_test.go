package settlement

import (
	"testing"

	"pgregory.net/rapid"
)

// The table of docs/formats/sampling.md section 1.
func TestDrawsTable(t *testing.T) {
	confidence := []uint64{800_000, 900_000, 950_000, 990_000, 999_000}
	for fault, row := range map[uint64][5]uint64{
		100_000: {16, 22, 29, 44, 66},
		50_000:  {32, 45, 59, 90, 135},
		20_000:  {80, 114, 149, 228, 342},
		10_000:  {161, 230, 299, 459, 688},
		5_000:   {322, 460, 598, 919, 1379},
		1_000:   {1609, 2302, 2995, 4603, 6905},
	} {
		for i, want := range row {
			if got := Draws(confidence[i], fault); got != want {
				t.Errorf("c %d, f %d: %d draws, want %d", confidence[i], fault, got, want)
			}
			if EnoughDraws(want-1, confidence[i], fault) || !EnoughDraws(want, confidence[i], fault) {
				t.Errorf("c %d, f %d: %d is not the edge", confidence[i], fault, want)
			}
		}
	}
}

func TestDrawsEdges(t *testing.T) {
	for _, c := range []struct {
		n, conf, fault uint64
		want           bool
	}{
		{0, 1, 999_999, false},
		{1, 500_000, 500_000, true}, // equal: (1/2)^1 <= 1/2
		{1, 500_001, 500_000, false},
		{2, 750_000, 500_000, true}, // equal again
		{6, 984_375, 500_000, true}, // and for the last time
		{6, 984_376, 500_000, false},
		{1<<63 - 1, 999_999, 1, true},
		{13_815_503, 999_999, 1, false},
		{13_815_504, 999_999, 1, true},
	} {
		if got := EnoughDraws(c.n, c.conf, c.fault); got != c.want {
			t.Errorf("%d draws for c %d, f %d: %v", c.n, c.conf, c.fault, got)
		}
	}
}

// Bounds decide as the powers written out do.
func TestDrawsBoundsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		conf, fault := rapid.Uint64Range(1, 999_999).Draw(t, "c"), rapid.Uint64Range(1, 999_999).Draw(t, "f")
		n := rapid.Uint64Range(0, 300).Draw(t, "n")
		if got := EnoughDraws(n, conf, fault); got != enoughExact(n, conf, fault) {
			t.Fatalf("%d draws for c %d, f %d: %v", n, conf, fault, got)
		}
		least := Draws(conf, fault)
		if least > 3_000 {
			return
		}
		if !enoughExact(least, conf, fault) || least > 0 && enoughExact(least-1, conf, fault) {
			t.Fatalf("Draws(%d, %d) = %d", conf, fault, least)
		}
	})
}
