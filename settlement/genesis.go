package settlement

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// JudgeGenesis decides on the record at index 0 (docs/formats/records.md section 5)
// and returns what it founds: facts, parties, keys and the first policy. Everything
// that it registers is valid from index 0. Errors say which rule is broken; most are
// *codec.Refusal.
func JudgeGenesis(record []byte) (*Change, *codec.Genesis, error) {
	rec, err := codec.DecodeRecord(record)
	if err != nil {
		return nil, nil, fmt.Errorf("genesis: %w", err)
	}
	if rec.Kind != codec.KindGenesis {
		return nil, nil, fmt.Errorf("genesis: the record is a %v", rec.Kind)
	}
	f := founding{record: &rec, body: new(codec.Genesis), leaf: proof.LeafA(record), change: new(Change)}
	if err := codec.Decode(rec.Body, f.body); err != nil {
		return nil, nil, fmt.Errorf("genesis: %w", err)
	}
	if err := f.found(); err != nil {
		return nil, nil, fmt.Errorf("genesis: %w", err)
	}
	return f.change, f.body, nil
}

// founding is the work on a genesis.
type founding struct {
	record *codec.Record
	body   *codec.Genesis
	leaf   codec.Hash
	change *Change
	policy codec.Policy
	byRole [codec.RoleOperator + 1]int
}

func (f *founding) found() error {
	if err := f.checkFacts(); err != nil {
		return err
	}
	if err := codec.Decode(f.body.Policy, &f.policy); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	for i, body := range f.body.Parties {
		if err := f.addParty(body); err != nil {
			return fmt.Errorf("party %d: %w", i, err)
		}
	}
	if err := f.checkFounders(); err != nil {
		return err
	}
	if err := f.addPolicy(); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	if err := f.checkSignatures(); err != nil {
		return err
	}
	f.change.Cycles = []*Cycle{{Number: f.body.Cycle, First: 1}}
	f.change.Facts = &Facts{
		OriginA: f.body.OriginA, OriginB: f.body.OriginB, Leaf: f.leaf,
		Governance: f.body.Author, Platform: f.partyOf(codec.RolePlatform).ID,
		Cycles: f.body.Cycles, Created: f.body.Created,
	}
	return nil
}

// checkFacts checks the values of keys 1 to 15 and 19 that stand alone.
func (f *founding) checkFacts() error {
	g := f.body
	switch {
	case !validOrigin(g.OriginA) || !validOrigin(g.OriginB) || g.OriginA == g.OriginB:
		return errors.New("origins must be two names without spaces, controls and plus signs")
	case g.Name == "":
		return errors.New("name is missing")
	case g.Scale != scale:
		return errors.New("scale is not 6")
	case !slices.Equal(g.Suites, []uint64{1, 2}):
		return errors.New("suites are not [1, 2]")
	case !validCycle(g.Cycles) || g.Cycle != g.Cycles.First:
		return errors.New("cycle is not the first cycle of a known numbering")
	case g.At != g.Created || g.Created > codec.MaxAmount:
		return errors.New("created is not the record's time")
	}
	return nil
}

// validOrigin says whether an origin fits the first line of a checkpoint.
func validOrigin(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r == '+' || unicode.IsSpace(r) || unicode.IsControl(r)
	})
}

// validCycle says whether the first cycle is one of its numbering.
func validCycle(c codec.Cycles) bool {
	switch c.Numbering {
	case codec.CyclesCounter:
		return c.First <= codec.MaxAmount
	case codec.CyclesMonths:
		month := c.First % 100
		return c.First >= 1000_01 && c.First <= 9999_12 && month >= 1 && month <= 12
	}
	return false
}

// addParty checks and registers one founder.
func (f *founding) addParty(body []byte) error {
	p := new(PreparedParty)
	if err := codec.Decode(body, &p.Body); err != nil {
		return err
	}
	b := &p.Body
	if b.Op != codec.PartyRegister || b.Author != b.Party || b.Cycle != f.body.Cycle {
		return errors.New("not a registration by the party itself in the first cycle")
	}
	if b.Cap != nil || b.Quotas != nil {
		return errors.New("a founder cannot have a cap or quotas: a genesis has no attachments")
	}
	if err := refused(f.registered(p)); err != nil {
		return err
	}
	return nil
}

// registered runs the rules of a registration and takes the party in.
func (f *founding) registered(p *PreparedParty) *codec.Refusal {
	b := &p.Body
	if r := p.check(f.body.OriginA); r != nil {
		return r
	}
	if r := checkPartyID(b); r != nil {
		return r
	}
	for _, fault := range []*codec.Refusal{p.keysFault, p.popFault} {
		if fault != nil {
			return fault
		}
	}
	keys, r := newKeys(b.Party, *b.Role, b.Keys, 0)
	if r != nil {
		return r
	}
	if r := f.unused(b, keys); r != nil {
		return r
	}
	party, r := newParty(b, keys, budgetBlobs{}, &f.policy)
	if r != nil {
		return r
	}
	if b.Prev != (codec.Hash{}) {
		return codec.Refuse(codec.CodeWrongPrev, "a registration has no previous record")
	}
	if r := setThreshold(party, b.Threshold, keys, 0); r != nil {
		return r
	}
	party.Prev, party.History = f.leaf, []StatusChange{{Index: 0, Status: Active}}
	f.change.Parties = append(f.change.Parties, party)
	f.change.Keys = append(f.change.Keys, keys...)
	f.byRole[party.Role]++
	return nil
}

// unused checks that neither the party nor a key was registered before.
func (f *founding) unused(b *codec.Party, keys []*Key) *codec.Refusal {
	if f.party(b.Party) != nil {
		return codec.Refuse(codec.CodePartyExists, "party "+b.Party.String())
	}
	for _, k := range keys {
		if f.key(k.ID) != nil {
			return codec.Refuse(codec.CodeKeyExists, "key "+k.ID.String())
		}
	}
	return nil
}

func (f *founding) party(id codec.ID) *Party {
	for _, p := range f.change.Parties {
		if p.ID == id {
			return p
		}
	}
	return nil
}

func (f *founding) partyOf(role codec.Role) *Party {
	i := slices.IndexFunc(f.change.Parties, func(p *Party) bool { return p.Role == role })
	return f.change.Parties[i]
}

func (f *founding) key(id codec.Hash) *Key {
	for _, k := range f.change.Keys {
		if k.ID == id {
			return k
		}
	}
	return nil
}

// checkFounders checks who has to be there.
func (f *founding) checkFounders() error {
	switch {
	case f.byRole[codec.RoleGovernance] != 1 || f.byRole[codec.RolePlatform] != 1:
		return errors.New("exactly one governance and one platform party are needed")
	case f.byRole[codec.RoleHub] == 0:
		return errors.New("no hub")
	case f.byRole[codec.RoleArbiter] < 2:
		return errors.New("fewer than two arbiters")
	case uint64(f.byRole[codec.RoleAuditor]) < f.policy.Audit.MinAuditors:
		return errors.New("fewer auditors than the policy asks")
	case f.body.Author != f.partyOf(codec.RoleGovernance).ID:
		return errors.New("the author is not the governance party")
	}
	return nil
}

// addPolicy checks the first policy and puts it in force.
func (f *founding) addPolicy() error {
	b := &f.policy
	author := f.party(b.Author)
	switch {
	case b.Cycle != f.body.Cycle || b.EffectiveFrom != f.body.Cycle:
		return errors.New("not of the first cycle")
	case author == nil || author.Role != codec.RoleHub && author.Role != codec.RoleGovernance:
		return errors.New("the author is neither hub nor governance")
	case b.Discounts != nil:
		return errors.New("discounts: a genesis has no attachments")
	}
	for i := range b.Programs {
		if len(b.Programs[i].Code) > 0 {
			return errors.New("a program with code: a genesis has no attachments")
		}
	}
	if err := refused(checkPolicyForm(b)); err != nil {
		return err
	}
	rules := policyRules{version: 1, earliest: f.body.Cycle, party: f.party}
	if err := refused(rules.check(b)); err != nil {
		return err
	}
	policy, err := NewPolicy(f.body.Policy, nil, 0)
	f.change.Policy = policy
	return err
}

// checkSignatures checks that every owner key signed, and nobody else.
func (f *founding) checkSignatures() error {
	digest := codec.RecordDigest(f.body.OriginA, codec.KindGenesis, f.record.Body)
	owners := 0
	for _, k := range f.change.Keys {
		if k.Use == codec.UseOwner {
			owners++
		}
	}
	for i := range f.record.Signatures {
		s := &f.record.Signatures[i]
		k := f.key(s.Key)
		if s.Alg != codec.AlgEd25519 || k == nil || k.Use != codec.UseOwner {
			return codec.Refuse(codec.CodeWrongSigners, "not a founder's owner key: "+s.Key.String())
		}
		if !ed25519.Verify(k.Pub[:], digest[:], s.Sig[:]) {
			return codec.Refuse(codec.CodeBadSignature, "by key "+s.Key.String())
		}
	}
	if len(f.record.Signatures) != owners {
		return codec.Refuse(codec.CodeUnsigned, "not every owner key has signed")
	}
	return nil
}

// refused turns a refusal into an error that is nil without one.
func refused(r *codec.Refusal) error {
	if r == nil {
		return nil
	}
	return r
}
