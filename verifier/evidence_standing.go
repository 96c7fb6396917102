package verifier

import (
	"context"
	"fmt"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// What a payout may have wrong of a party rather than of the policy: the last fields of
// fault 5 (docs/formats/evidence.md section 2).
const (
	fieldPlatform = "platform" // the postings pay another platform than the genesis founds
	fieldWeight   = "weight"   // a provider's posting states another weight than its records give
)

// A weight is in force from the cycle after its record on. Each record of a party names
// the party's record before it by its hash. So one record of the cycle of a settlement, or
// of a later one, proves all the party's records before it and that nothing stands
// between them; no node needs to be believed.

// checkStanding confirms a posting to another platform, or with another weight, than the
// log's records of the party give. Chain is the party's records from the one that sets
// the weight to the one before key 22.
func (e *Evidence) checkStanding(policy *proof.TrustPolicy, c *Confirmed, p *payout, chain [][]byte) (Recomputed, error) {
	rec, _, err := e.open(e.Standing, policy)
	if err != nil {
		return Recomputed{}, fmt.Errorf("record of the party: %w", err)
	}
	if rec.Kind == codec.KindGenesis {
		return platformFound(rec, p, chain)
	}
	end, err := partyBody(rec)
	if err != nil {
		return Recomputed{}, err
	}
	if end.Cycle < c.body.Cycle {
		return Recomputed{}, lie(LieClaim, "record %d is of cycle %d: a later one may have set the weight in cycle %d", e.Standing.Index, end.Cycle, c.body.Cycle)
	}
	weight, err := weightBefore(end, c.body.Cycle, chain)
	if err != nil {
		return Recomputed{}, err
	}
	weight = p.policy.Weight(&settlement.Party{Weight: weight}, c.body.Cycle)
	for _, share := range p.shares() {
		if share.Provider != end.Party {
			continue
		}
		c.Provider = &end.Party
		if share.Weight == weight {
			return Recomputed{}, nil
		}
		return Recomputed{Units: weight, Field: fieldWeight}, nil
	}
	return Recomputed{}, lie(LieClaim, "%s is no provider of the settlement", end.Party)
}

// platformFound compares the platform of the postings with that of the genesis.
func platformFound(rec *codec.Record, p *payout, chain [][]byte) (Recomputed, error) {
	if len(chain) != 0 {
		return Recomputed{}, lie(LieBundle, "%d blobs too many", len(chain))
	}
	g := new(codec.Genesis)
	if err := codec.Decode(rec.Body, g); err != nil {
		return Recomputed{}, lie(LieRecord, "genesis: %v", err)
	}
	for _, body := range g.Parties {
		op := new(codec.Party)
		if err := codec.Decode(body, op); err != nil {
			return Recomputed{}, lie(LieRecord, "genesis: %v", err)
		}
		if op.Role != nil && *op.Role == codec.RolePlatform && op.Party != p.platform() && p.platform() != (codec.ID{}) {
			return Recomputed{Field: fieldPlatform}, nil
		}
	}
	return Recomputed{}, nil
}

// partyBody reads an operation on a party out of its record.
func partyBody(rec *codec.Record) (*codec.Party, error) {
	op := new(codec.Party)
	if rec.Kind != codec.KindParty {
		return nil, lie(LieRecord, "a %s instead of a record of the party", rec.Kind)
	}
	if err := codec.Decode(rec.Body, op); err != nil {
		return nil, lie(LieRecord, "record of the party: %v", err)
	}
	return op, nil
}

// weightBefore returns the weight that works in a cycle, before the policy's bounds, ppm.
// End is a record of the party of that cycle or a later one, and chain is what stands
// before it: the record that sets the weight or registers the party, then the others up
// to end, oldest first. Errors: LieBundle, LieRecord.
func weightBefore(end *codec.Party, cycle uint64, chain [][]byte) (uint64, error) {
	if end.Op == codec.PartyRegister {
		if len(chain) != 0 {
			return 0, lie(LieBundle, "records before the registration")
		}
		return million, nil
	}
	if len(chain) == 0 {
		return 0, lie(LieBundle, "no record of the party that sets a weight")
	}
	prev := end.Prev
	for i, data := range slices.Backward(chain) {
		if proof.LeafA(data) != prev {
			return 0, lie(LieBundle, "record %d of the party is not the one that the next names", i)
		}
		rec, err := codec.DecodeRecord(data)
		if err != nil {
			return 0, lie(LieRecord, "record %d of the party: %v", i, err)
		}
		if rec.Kind == codec.KindGenesis && i == 0 {
			return million, nil
		}
		op, err := partyBody(&rec)
		if err != nil {
			return 0, err
		}
		weight, sets := setsWeight(op, cycle)
		if op.Party != end.Party || sets != (i == 0) {
			return 0, lie(LieBundle, "record %d of the party does not belong there", i)
		}
		if sets {
			return weight, nil
		}
		prev = op.Prev
	}
	return 0, lie(LieBundle, "no record of the party that sets a weight")
}

// setsWeight says whether an operation sets the weight that works in a cycle, as far as
// no later one does, and which.
func setsWeight(op *codec.Party, cycle uint64) (weight uint64, sets bool) {
	switch {
	case op.Op == codec.PartyRegister:
		return million, true
	case op.Op == codec.PartyWeight && op.Weight != nil && op.Cycle < cycle:
		return *op.Weight, true
	}
	return 0, false
}

// trail is what the registry keeps of one record of a party.
type trail struct {
	index  uint64
	cycle  uint64
	weight uint64 // that it sets, ppm
	sets   bool
}

// weightIn returns the weight of a party in a cycle, before the policy's bounds, ppm.
func (r *registry) weightIn(party codec.ID, cycle uint64) uint64 {
	weight := uint64(million)
	for _, t := range r.trails[party] {
		if t.sets && t.cycle < cycle {
			weight = t.weight
		}
	}
	return weight
}

// standing returns the indexes of the party's records that show its weight in a cycle:
// chain and end of weightBefore. Errors: ErrUnavailable as long as the party has no
// record of the cycle or a later one.
func (r *registry) standing(party codec.ID, cycle uint64) (chain []uint64, end uint64, err error) {
	for i, t := range r.trails[party] {
		if t.cycle >= cycle {
			return chain, t.index, nil
		}
		if i == 0 || t.sets {
			chain = chain[:0]
		}
		chain = append(chain, t.index)
	}
	return nil, 0, fmt.Errorf("%w: %s has no record of cycle %d or later, which would show that no other weight came before it", ErrUnavailable, party, cycle)
}

// addStanding adds to evidence of a wrong weight or platform the records that show it.
func (x *examiner) addStanding(ctx context.Context, d *dossier, e *examination) error {
	var chain []uint64
	var end uint64 // the genesis for a platform
	var err error
	if d.wrong == fieldWeight {
		if chain, end, err = x.log.registry.standing(d.heavy, d.body.Cycle); err != nil {
			return err
		}
	}
	if e.evidence.Standing, err = x.proved(ctx, end); err != nil {
		return err
	}
	e.bundle = &Bundle{Blobs: slices.Clone(d.blobs)}
	for _, index := range chain {
		_, rec, err := fetchReceipt(ctx, x.src, x.log.Pair.A, index)
		if err != nil {
			return err
		}
		e.bundle.Blobs = append(e.bundle.Blobs, rec.Bytes)
	}
	e.evidence.Bundle = codec.BlobHash(e.bundle.Encode())
	return nil
}
