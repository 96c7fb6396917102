package replay

import (
	_ "embed"
	"encoding/binary"
	"math/bits"
)

// icdfBytes is the table T of docs/formats/replay.md section 7.0: 1025 little-endian
// int32, T[32e+s] = round(2^24 z(p)) for p = 2^-(e+2) (1 + s/32), T[1024] = 0.
//
//go:embed icdf.bin
var icdfBytes []byte

// normalStep is a piece of the quantile function: it starts at a and runs to a+d.
type normalStep struct{ a, d int32 }

// normalSteps is the table in the order of the lookup. It is written once, here.
var normalSteps = makeNormalSteps()

func makeNormalSteps() (steps [1024]normalStep) {
	at := func(i int) int32 { return int32(binary.LittleEndian.Uint32(icdfBytes[4*i:])) }
	for i := range steps {
		next := i + 1
		if i%32 == 31 { // the next piece belongs to the binade that is nearer to p = 1/2
			next = i - 63
		}
		if next < 0 {
			next = 1024
		}
		steps[i] = normalStep{a: at(i), d: at(next) - at(i)}
	}
	return steps
}

// normal maps 64 uniform bits to a standard normal number in Q24. The lower 63
// bits are the tail probability times 2^64, bit 63 is the sign.
func normal(u uint64) int64 {
	v := u &^ (1 << 63)
	e := uint(bits.LeadingZeros64(v)) - 1
	var z int64
	if e > 31 {
		z = int64(normalSteps[992].a)
	} else {
		m := v << (e + 2)
		step := &normalSteps[(32*e+uint(m>>59))&1023]
		f := int64(m>>35) & (1<<24 - 1)
		z = int64(step.a) + (int64(step.d)*f)>>24
	}
	flip := int64(u>>63) - 1 // 0 keeps the sign, -1 turns it: a branch would be guessed wrong half of the time
	return (z ^ flip) - flip
}
