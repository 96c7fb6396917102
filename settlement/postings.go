package settlement

import (
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// postingLine is what one posting of a settlement has to say.
type postingLine struct {
	role   codec.Role
	party  codec.ID
	side   codec.Side
	amount uint64
	share  *Share // providers
	base   uint64 // providers: units of the providers before
}

// postingLines appends the lines of a settlement in their order: the customer's
// debit, the providers' credits, adapter, platform; adapter and platform only with
// an amount.
func postingLines(lines []postingLine, platform codec.ID, in *Inputs, x *Computation) []postingLine {
	lines = append(lines, postingLine{role: codec.RoleCustomer, party: in.Customer, side: codec.Debit, amount: x.Charge})
	base := uint64(0)
	for i := range in.Providers {
		s := &in.Providers[i]
		lines = append(lines, postingLine{codec.RoleProvider, s.Provider, codec.Credit, x.Payouts[i], s, base})
		base += s.Units
	}
	if x.Split.Adapter > 0 {
		lines = append(lines, postingLine{role: codec.RoleAdapter, party: *in.Adapter, side: codec.Credit, amount: x.Split.Adapter})
	}
	if x.Split.Platform > 0 {
		lines = append(lines, postingLine{role: codec.RolePlatform, party: platform, side: codec.Credit, amount: x.Split.Platform})
	}
	return lines
}

// BuildDetail returns the detail of a settlement: its priced components and its
// postings. lineSalt gives the salt of each line, salt is that of the whole.
func BuildDetail(platform codec.ID, in *Inputs, x *Computation, salt codec.Hash, lineSalt func(line int) codec.ID) *codec.Detail {
	lines := postingLines(nil, platform, in, x)
	d := &codec.Detail{Components: x.Components, Postings: make([]codec.Posting, len(lines)), Salt: salt}
	for i := range lines {
		d.Postings[i] = lines[i].posting(i, lineSalt(i))
	}
	return d
}

func (l *postingLine) posting(line int, salt codec.ID) codec.Posting {
	p := codec.Posting{Line: uint64(line), Role: l.role, Party: l.party, Side: l.side, Amount: l.amount, Salt: salt}
	if l.share != nil {
		units, base, shards, weight := l.share.Units, l.base, l.share.Shards, l.share.Weight
		p.Units, p.UnitBase, p.Shards, p.Weight = &units, &base, &shards, &weight
	}
	return p
}

// matches says whether a posting is this line, whatever its salt.
func (l *postingLine) matches(line int, p *codec.Posting) bool {
	if p.Line != uint64(line) || p.Role != l.role || p.Party != l.party || p.Side != l.side || p.Amount != l.amount {
		return false
	}
	if p.Reason != nil || p.RefIndex != nil || p.RefLine != nil {
		return false
	}
	if l.share == nil {
		return p.Units == nil && p.UnitBase == nil && p.Shards == nil && p.Weight == nil
	}
	return is(p.Units, l.share.Units) && is(p.UnitBase, l.base) && is(p.Shards, l.share.Shards) && is(p.Weight, l.share.Weight)
}

func is(p *uint64, v uint64) bool { return p != nil && *p == v }

// PostingsRoot returns the root of sum tree 3 over postings, and what they add up to
// on each side. Lines must run 0, 1, 2, ... Errors: order, sides, sums beyond 63 bits.
func PostingsRoot(postings []codec.Posting) (root codec.Hash, credit, debit uint64, err error) {
	return postingsRoot(postings, make([]codec.Hash, len(postings)))
}

// postingsRoot is PostingsRoot; hashes has one element for each posting and gets their
// hashes.
func postingsRoot(postings []codec.Posting, hashes []codec.Hash) (root codec.Hash, credit, debit uint64, err error) {
	if len(postings) > codec.MaxPostings {
		return root, 0, 0, fmt.Errorf("%d postings, at most %d", len(postings), codec.MaxPostings)
	}
	var smallKeys [16][2]byte
	var smallLeaves [16]proof.SumLeaf
	keys, leaves := smallKeys[:], smallLeaves[:0]
	if len(postings) > len(smallKeys) {
		keys, leaves = make([][2]byte, len(postings)), make([]proof.SumLeaf, 0, len(postings))
	}
	codec.PostingHashes(hashes, postings)
	for i := range postings {
		p := &postings[i]
		if p.Line != uint64(i) {
			return root, 0, 0, fmt.Errorf("posting %d has line %d", i, p.Line)
		}
		column := proof.Credit
		if p.Side == codec.Debit {
			column = proof.Debit
		} else if p.Side != codec.Credit {
			return root, 0, 0, fmt.Errorf("posting %d has side %d", i, p.Side)
		}
		keys[i] = proof.LineKey(uint16(i))
		leaf := proof.SumLeaf{Key: keys[i][:], Count: 1, Payload: hashes[i]}
		leaf.Sums[column] = p.Amount
		leaves = append(leaves, leaf)
	}
	r, totals, err := proof.SumRoot(proof.SumPostings, leaves)
	return r, totals.Sums[proof.Credit], totals.Sums[proof.Debit], err
}
