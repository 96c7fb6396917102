package settlement

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/forgepool/settle/codec"
)

// Policy is a policy record ready for use. It is never changed.
type Policy struct {
	Body      *codec.Policy
	Bytes     []byte // canonical body, as it stands in the record
	Hash      codec.Hash
	Index     uint64 // of the record
	Discounts map[codec.ID]uint64

	programs map[codec.Hash]*program
}

// program is one allowed program with its prices.
type program struct {
	codec.Allowed
	rates []codec.Rate // ascending by component and unit
}

// NewPolicy prepares the policy whose body is given; discounts is the opened blob of
// key 16, nil if the policy has none. It decodes and indexes; the rules of admission
// are Judge's. Errors say what could not be decoded.
func NewPolicy(body, discounts []byte, index uint64) (*Policy, error) {
	p := &Policy{Body: new(codec.Policy), Bytes: body, Hash: codec.BlobHash(body), Index: index}
	if err := codec.Decode(body, p.Body); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	p.index()
	if p.Body.Discounts == nil {
		return p, nil
	}
	rows, err := codec.Unseal[[]codec.Discount](discounts)
	if err != nil {
		return nil, fmt.Errorf("discounts: %w", err)
	}
	p.setDiscounts(rows)
	return p, nil
}

// index makes programs and their rates findable by program id.
func (p *Policy) index() {
	p.programs = make(map[codec.Hash]*program, len(p.Body.Programs))
	for _, allowed := range p.Body.Programs {
		p.programs[allowed.Program] = &program{Allowed: allowed}
	}
	for start := 0; start < len(p.Body.Rates); {
		end, id := start+1, p.Body.Rates[start].Program
		for end < len(p.Body.Rates) && p.Body.Rates[end].Program == id {
			end++
		}
		if prog := p.programs[id]; prog != nil {
			prog.rates = p.Body.Rates[start:end]
		}
		start = end
	}
}

func (p *Policy) setDiscounts(rows []codec.Discount) {
	p.Discounts = make(map[codec.ID]uint64, len(rows))
	for _, row := range rows {
		p.Discounts[row.Customer] = row.PPM
	}
}

// Allows returns the class and code of an allowed program.
func (p *Policy) Allows(id codec.Hash) (codec.Allowed, bool) {
	if prog := p.programs[id]; prog != nil {
		return prog.Allowed, true
	}
	return codec.Allowed{}, false
}

// Rate returns the price of one unit of a component of a program, nil if the policy
// has none.
func (p *Policy) Rate(id codec.Hash, component, unit uint64) *codec.Rate {
	prog := p.programs[id]
	if prog == nil {
		return nil
	}
	for i := range prog.rates {
		if r := &prog.rates[i]; r.Component == component && r.Unit == unit {
			return r
		}
	}
	return nil
}

// AdapterPPM returns the share of an adapter; nil stands for no adapter and gets 0.
func (p *Policy) AdapterPPM(adapter *codec.ID) uint64 {
	if adapter == nil {
		return 0
	}
	rows := p.Body.AdapterShares
	i, found := slices.BinarySearchFunc(rows, *adapter, func(row codec.AdapterShare, id codec.ID) int {
		return bytes.Compare(row.Adapter[:], id[:])
	})
	if found {
		return rows[i].PPM
	}
	return p.Body.Shares.Adapter
}

// Weight returns the weight in ppm that a party's payouts get in a cycle: what was
// set for it by then, within the policy's range.
func (p *Policy) Weight(party *Party, cycle uint64) uint64 {
	return min(max(party.WeightIn(cycle), p.Body.Weights.Min), p.Body.Weights.Max)
}
