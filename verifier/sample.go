package verifier

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
	"github.com/zeebo/blake3"
)

// Domain-separation bytes of sampling (docs/formats/records.md section 8).
const (
	domainSeed  = 0x40
	domainDraw  = 0x41
	domainTrace = 0x42
	domainUnit  = 0x43
)

// million is one in parts per million.
const million = 1_000_000

// SampleSize returns how many draws find, with a confidence of at least c ppm, a
// share of f ppm of bad value: the smallest n with
// (10^6-f)^n * 10^6 <= (10^6-c) * (10^6)^n (sampling.md section 1). Errors: c or f
// outside 1..999,999, and n over limit.
func SampleSize(confPPM, faultPPM, limit uint64) (uint64, error) {
	if confPPM == 0 || confPPM >= million || faultPPM == 0 || faultPPM >= million {
		return 0, fmt.Errorf("sample size: confidence %d ppm and fault %d ppm must be 1 to 999999", confPPM, faultPPM)
	}
	n := settlement.Draws(confPPM, faultPPM)
	if n > limit {
		return 0, fmt.Errorf("sample size: %d draws are needed for %d ppm at %d ppm, at most %d are allowed", n, confPPM, faultPPM, limit)
	}
	return n, nil
}

// SeedInputs is everything that a seed depends on. Unused parts are zero.
type SeedInputs struct {
	Origin     string     // of tree A
	Size       uint64     // of the tree that commits to the data
	Root       codec.Hash // of tree A at Size
	CloseIndex uint64     // of the cycle's close, 0 for a check over a range of the log
	Secret     [32]byte   // the auditor's
	Round      uint64     // of the beacon
	BeaconHash [32]byte   // SHA-256 of the round's signature
}

// A Seed determines all draws of one audit.
type Seed [32]byte

// Seed returns S of sampling.md section 2.
func (in *SeedInputs) Seed() Seed {
	b := binary.BigEndian.AppendUint16([]byte{domainSeed}, uint16(len(in.Origin)))
	b = append(b, in.Origin...)
	b = binary.BigEndian.AppendUint64(b, in.Size)
	b = append(b, in.Root[:]...)
	b = binary.BigEndian.AppendUint64(b, in.CloseIndex)
	b = append(b, in.Secret[:]...)
	b = binary.BigEndian.AppendUint64(b, in.Round)
	return blake3.Sum256(append(b, in.BeaconHash[:]...))
}

// Draw returns the micro-Credit of vouching draw i, below value, each with the same
// chance. Draws of one seed are numbered 0, 1, 2, ..., so that more of them continue
// the same list. Value must not be 0.
func (s Seed) Draw(i, value uint64) uint64 { return s.draw(domainDraw, i, value) }

// Trace returns the micro-Credit of tracing draw i, below the debit of the journal, like
// Draw.
func (s Seed) Trace(i, value uint64) uint64 { return s.draw(domainTrace, i, value) }

func (s Seed) draw(domain byte, i, value uint64) uint64 {
	limit := ^uint64(0) / value * value
	b := append(make([]byte, 0, 1+32+8+4), domain)
	b = binary.BigEndian.AppendUint64(append(b, s[:]...), i)
	for try := uint32(0); ; try++ {
		h := blake3.Sum256(binary.BigEndian.AppendUint32(b, try))
		if x := binary.BigEndian.Uint64(h[:8]); x < limit {
			return x % value
		}
	}
}

// Unit returns the work unit of draw i within a posting of amount micro-Credits for
// units work units, when residual is the offset of the drawn micro-Credit in it: a
// number below units. Every unit can be reached, even where there are more units
// than micro-Credits. Residual must be below amount, and units not 0.
func (s Seed) Unit(i, residual, amount, units uint64) uint64 {
	b := append(make([]byte, 0, 1+32+8), domainUnit)
	b = binary.BigEndian.AppendUint64(append(b, s[:]...), i)
	h := blake3.Sum256(b)
	hi, lo := bits.Mul64(residual, units)
	lo, carry := bits.Add64(lo, binary.BigEndian.Uint64(h[:8])%units, 0)
	unit, _ := bits.Div64(hi+carry, lo, amount)
	return unit
}
