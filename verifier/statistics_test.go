package verifier

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/zeebo/blake3"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// The statistics of sampling: audits are simulated on real trees with real seeds and
// draws; only the execution of a shard is replaced by a flag that says whether it was
// faked. Everything follows from counters, so a run is the same every time.

// population is a frame with the shards behind its postings.
type population struct {
	frame  *Frame
	shards map[uint64]*proof.SumTree // sum tree 5, by settlement
	all    []*fakeable
	at     map[uint64][]*fakeable // in manifest order
}

// fakeable is a shard that may have been faked.
type fakeable struct {
	settlement uint64
	provider   codec.ID
	units      uint64
	value      float64 // micro-Credits paid for it
	bad        bool
}

// number draws from a stream that depends on nothing but its name and place.
func number(name string, i uint64) uint64 {
	h := blake3.Sum256(binary.BigEndian.AppendUint64([]byte("settle statistics "+name), i))
	return binary.BigEndian.Uint64(h[:8])
}

// newPopulation makes settlements whose payouts differ by three orders of magnitude:
// each has up to four of twelve providers, each of those up to five shards.
func newPopulation(t *testing.T, settlements uint64) *population {
	t.Helper()
	p := &population{frame: &Frame{}, shards: map[uint64]*proof.SumTree{}, at: map[uint64][]*fakeable{}}
	var chosen []*settled
	var details []*codec.Detail
	for s := range settlements {
		index := 1 + s
		detail := p.settle(t, index, 1_000<<(number("size", s)%11))
		chosen, details = append(chosen, &settled{index: index}), append(details, detail)
	}
	if err := p.frame.buildParties(chosen, details); err != nil {
		t.Fatal(err)
	}
	return p
}

// settle makes one settlement that pays a price per unit.
func (p *population) settle(t *testing.T, index, price uint64) *codec.Detail {
	var leaves []proof.SumLeaf
	detail := &codec.Detail{}
	base := uint64(0)
	for k := range uint64(12) {
		if number("takes part", index*12+k)%3 > 0 && k != index%12 {
			continue
		}
		provider, units := codec.ID{byte(1 + k)}, uint64(0)
		for shard := range 1 + number("shards", index*12+k)%5 {
			n := 1 + number("units", index*60+k*5+shard)%900
			f := &fakeable{settlement: index, provider: provider, units: n, value: float64(n * price)}
			key := proof.ShardKey(provider, uint32(len(leaves)), 0)
			leaves = append(leaves, proof.SumLeaf{Key: key[:], Count: 1, Sums: [2]uint64{n}})
			p.all, p.at[index] = append(p.all, f), append(p.at[index], f)
			units += n
		}
		from := base
		detail.Postings = append(detail.Postings, codec.Posting{
			Line: uint64(len(detail.Postings)), Role: codec.RoleProvider, Party: provider, Side: codec.Credit,
			Amount: units * price, Units: &units, UnitBase: &from,
		})
		base += units
	}
	tree, err := proof.BuildSumTree(proof.SumShards, leaves)
	if err != nil {
		t.Fatal(err)
	}
	p.shards[index] = tree
	return detail
}

// plant fakes shards in a given order until a share of all value is bad, and returns
// the share of value and of shards.
func (p *population) plant(order []*fakeable, share float64) (value, count float64) {
	for _, f := range p.all {
		f.bad = false
	}
	bad := 0.0
	for i, f := range order {
		if bad/float64(p.frame.Value) >= share {
			count = float64(i) / float64(len(p.all))
			break
		}
		f.bad = true
		bad += f.value
	}
	return bad / float64(p.frame.Value), count
}

// audit draws n times in proportion to value and says whether a fake was hit.
func (p *population) audit(t *testing.T, seed Seed, n uint64) bool {
	for i := range n {
		d, err := p.frame.Draw(seed, i)
		if err != nil {
			t.Fatal(err)
		}
		shard, _, err := locate(proof.SumShards, p.shards[d.Settlement], d.Unit)
		if err != nil {
			t.Fatal(err)
		}
		f := p.at[d.Settlement][shard]
		if f.provider != d.Party {
			t.Fatalf("draw %d of settlement %d leads to a shard of another provider", i, d.Settlement)
		}
		if f.bad {
			return true
		}
	}
	return false
}

// count draws n shards with the same chance for each, whatever was paid for it.
func (p *population) count(seed Seed, n uint64) bool {
	for i := range n {
		if p.all[seed.Draw(i, uint64(len(p.all)))].bad {
			return true
		}
	}
	return false
}

const simulated = 2_000 // audits per fraction and shape

// rates runs the audits both ways.
func (p *population) rates(t *testing.T, name string, n uint64) (byValue, byCount float64) {
	for k := range uint64(simulated) {
		in := SeedInputs{Origin: name, Size: k}
		seed := in.Seed()
		if p.audit(t, seed, n) {
			byValue++
		}
		if p.count(seed, n) {
			byCount++
		}
	}
	return byValue / simulated, byCount / simulated
}

// within says whether a rate is at most three standard errors from what is expected.
func within(rate, expected float64) bool {
	return math.Abs(rate-expected) <= 3*math.Sqrt(expected*(1-expected)/simulated)
}

// TestDetectionRate plants fraud of several fractions and shapes. However it is spread,
// audits find it as often as docs/formats/sampling.md section 1 says.
func TestDetectionRate(t *testing.T) {
	p := newPopulation(t, 60)
	smallest := slices.SortedStableFunc(slices.Values(p.all), func(a, b *fakeable) int { return compareFloats(a.value, b.value) })
	largest := slices.Clone(smallest)
	slices.Reverse(largest)
	provider := slices.SortedStableFunc(slices.Values(p.all), func(a, b *fakeable) int { return int(a.provider[0]) - int(b.provider[0]) })
	spread := slices.Clone(p.all)
	slices.SortStableFunc(spread, func(a, b *fakeable) int { return compareFloats(order(a), order(b)) })
	for _, test := range []struct {
		name  string
		order []*fakeable
		share float64
		n     uint64
	}{
		{"many small shards", smallest, 0.02, 40},
		{"few large shards", largest, 0.02, 40},
		{"one provider", provider, 0.05, 30},
		{"spread over all", spread, 0.05, 30},
		{"spread thinly", spread, 0.01, 59},
		{"few large shards, much", largest, 0.10, 16},
	} {
		t.Run(test.name, func(t *testing.T) {
			share, items := p.plant(test.order, test.share)
			byValue, byCount := p.rates(t, test.name, test.n)
			expected := 1 - math.Pow(1-share, float64(test.n))
			t.Logf("%.2f %% of value in %.2f %% of shards, %d draws: found by %.2f %% of audits, formula %.2f %%; by count %.2f %%",
				100*share, 100*items, test.n, 100*byValue, 100*expected, 100*byCount)
			if !within(byValue, expected) {
				t.Errorf("found by %.4f of %d audits, the formula says %.4f", byValue, simulated, expected)
			}
			if plain := 1 - math.Pow(1-items, float64(test.n)); !within(byCount, plain) {
				t.Errorf("drawing by count finds %.4f, its formula says %.4f", byCount, plain)
			}
			if few := items < share/2; few && byValue < byCount+0.2 {
				t.Errorf("drawing by value finds %.4f of few large fakes, by count %.4f", byValue, byCount)
			}
		})
	}
}

func compareFloats(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// order is a shuffle that does not depend on value.
func order(f *fakeable) float64 { return float64(number("order", f.settlement*1000+f.units)) }
