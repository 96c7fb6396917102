package verifier

import (
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// payout is what a charge and its split are recomputed from: the blobs that a
// settlement names, opened.
type payout struct {
	manifest *settlement.Manifest
	detail   *codec.Detail
	customer codec.ID
	policy   *settlement.Policy
}

// openManifest reads a manifest and checks that it rebuilds what the settlement
// states: root, units and count. Errors: LieManifest.
func openManifest(s *codec.Settlement, blob []byte) (*settlement.Manifest, error) {
	if codec.BlobHash(blob) != s.Shards.Blob || uint64(len(blob)) != s.Shards.Size {
		return nil, lie(LieManifest, "%d bytes are not the manifest of %d bytes that is stated", len(blob), s.Shards.Size)
	}
	entries, err := codec.DecodeManifest(blob)
	if err != nil {
		return nil, lie(LieManifest, "%v", err)
	}
	m, err := settlement.NewManifest(entries)
	if err != nil {
		return nil, lie(LieManifest, "%v", err)
	}
	if m.Root != s.Shards.Root || m.Units != s.Shards.Units || m.Count != s.Shards.Count {
		return nil, lie(LieManifest, "root, units or count are not those stated")
	}
	return m, nil
}

// openPayout opens the blobs of a settlement: manifest, detail, customer, and the
// policy's discounts if it has any. Hashes are checked here.
func openPayout(s *codec.Settlement, policyBody []byte, blobs [][]byte) (*payout, error) {
	if len(blobs) < 3 || len(blobs) > 4 {
		return nil, lie(LieBundle, "%d blobs", len(blobs))
	}
	p := new(payout)
	var err error
	if p.manifest, err = openManifest(s, blobs[0]); err != nil {
		return nil, err
	}
	if codec.BlobHash(blobs[1]) != s.Detail {
		return nil, lie(LieBundle, "the detail is not %s", s.Detail)
	}
	if p.detail, err = codec.DecodeDetail(blobs[1]); err != nil {
		return nil, lie(LieDetail, "%v", err)
	}
	if codec.BlobHash(blobs[2]) != s.Customer {
		return nil, lie(LieBundle, "the customer is not %s", s.Customer)
	}
	if p.customer, err = codec.Unseal[codec.ID](blobs[2]); err != nil {
		return nil, lie(LieDetail, "customer: %v", err)
	}
	return p, p.openPolicy(s, policyBody, blobs[3:])
}

// openPolicy opens the policy, with the blob of its discounts if it has any.
func (p *payout) openPolicy(s *codec.Settlement, body []byte, discounts [][]byte) error {
	if codec.BlobHash(body) != s.Policy {
		return lie(LieRecord, "the policy is not %s", s.Policy)
	}
	var blob []byte
	if len(discounts) > 0 {
		blob = discounts[0]
	}
	policy, err := settlement.NewPolicy(body, blob, 0)
	if err != nil {
		return lie(LieRecord, "%v", err)
	}
	if seal := policy.Body.Discounts; (seal != nil) != (len(discounts) > 0) || seal != nil && codec.BlobHash(blob) != *seal {
		return lie(LieBundle, "the discounts are not those of the policy")
	}
	p.policy = policy
	return nil
}

// wrong recomputes charge, split and postings, with the weights and the platform that
// the postings state, and names the first part that is not as the policy says; "" if
// all are.
func (p *payout) wrong(s *codec.Settlement) string {
	in := &settlement.Inputs{
		Program: codec.ProgramID(&s.Program), Components: p.detail.Components,
		Customer: p.customer, Adapter: s.Adapter, Providers: p.shares(),
	}
	if in.Providers == nil {
		return "postings"
	}
	want, err := settlement.Compute(p.policy, in)
	switch {
	case err != nil:
		return "components"
	case want.Charge != s.Charge:
		return "charge"
	case want.Split != s.Split:
		return "split"
	case uint64(len(p.detail.Postings)) != s.Postings.N:
		return "postings"
	}
	for i := range want.Components {
		if want.Components[i] != p.detail.Components[i] {
			return "components"
		}
	}
	built := settlement.BuildDetail(p.platform(), in, want, p.detail.Salt, p.salt)
	root, _, _, err := settlement.PostingsRoot(built.Postings)
	if err != nil || root != s.Postings.Root || len(built.Postings) != len(p.detail.Postings) {
		return "postings"
	}
	return ""
}

// shares returns what each provider did by the manifest, with the weight that its
// posting states; nil if a provider has no posting of its own.
func (p *payout) shares() []settlement.Share {
	shares := append([]settlement.Share(nil), p.manifest.Shares...)
	for i := range shares {
		line := i + 1
		if line >= len(p.detail.Postings) {
			return nil
		}
		posting := &p.detail.Postings[line]
		if posting.Role != codec.RoleProvider || posting.Party != shares[i].Provider || posting.Weight == nil {
			return nil
		}
		shares[i].Weight = *posting.Weight
	}
	return shares
}

// platform returns the party that the postings name as the platform.
func (p *payout) platform() codec.ID {
	for i := range p.detail.Postings {
		if p.detail.Postings[i].Role == codec.RolePlatform {
			return p.detail.Postings[i].Party
		}
	}
	return codec.ID{}
}

// salt returns the salt of a line; a line that is not there has none, and its posting
// will differ.
func (p *payout) salt(line int) codec.ID {
	if line < len(p.detail.Postings) {
		return p.detail.Postings[line].Salt
	}
	return codec.ID{}
}

// checkPayout confirms a wrong charge, split or posting.
func (e *Evidence) checkPayout(policy *proof.TrustPolicy, c *Confirmed, bundle *Bundle) error {
	rec, _, err := e.open(e.Policy, policy)
	if err != nil {
		return err
	}
	body := rec.Body
	if rec.Kind == codec.KindGenesis {
		g := new(codec.Genesis)
		if err := codec.Decode(rec.Body, g); err != nil {
			return lie(LieRecord, "genesis: %v", err)
		}
		body = g.Policy
	}
	blobs, chain := bundle.Blobs, [][]byte(nil)
	if e.Standing != nil {
		if blobs, chain, err = splitBlobs(body, blobs); err != nil {
			return err
		}
	}
	p, err := openPayout(c.body, body, blobs)
	if err != nil {
		return err
	}
	got := Recomputed{Field: p.wrong(c.body)}
	if got.Field == "" && e.Standing != nil {
		if got, err = e.checkStanding(policy, c, p, chain); err != nil {
			return err
		}
	} else if e.Standing != nil {
		return lie(LieClaim, "wrong part %q, which needs no record of a party", got.Field)
	}
	if got != e.Recomputed || got.Field == "" {
		return lie(LieClaim, "wrong part %q (%d), the evidence says %q (%d)", got.Field, got.Units, e.Recomputed.Field, e.Recomputed.Units)
	}
	return nil
}

// splitBlobs parts the blobs of a payout from the records of a party behind them.
func splitBlobs(policy []byte, blobs [][]byte) (payout, chain [][]byte, err error) {
	p := new(codec.Policy)
	if err := codec.Decode(policy, p); err != nil {
		return nil, nil, lie(LieRecord, "policy: %v", err)
	}
	n := 3
	if p.Discounts != nil {
		n = 4
	}
	if len(blobs) < n {
		return nil, nil, lie(LieBundle, "%d blobs", len(blobs))
	}
	return blobs[:n], blobs[n:], nil
}
