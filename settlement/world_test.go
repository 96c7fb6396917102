package settlement

import (
	"bytes"
	"crypto/ed25519"
	"slices"
	"testing"

	"github.com/zeebo/blake3"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// world is a small ledger for tests: founders, and what they append. Everything in it
// follows from names, so a test is the same on every run.
type world struct {
	testing.TB
	*memory
	actors map[string]*actor
	hub    *actor
	now    uint64 // leader's clock, ms
	ids    uint64 // drawn so far
}

// actor is a party with one key per use.
type actor struct {
	name string
	role codec.Role
	id   codec.ID
	keys map[codec.Use]ed25519.PrivateKey
}

const (
	worldOrigin = "test.example/settle/blake3"
	worldStart  = 1_790_000_000_000 // ms
	worldCycle  = 202609
)

// Programs of the test policy: two in class 5, one in class 1 without a rate.
var (
	testProgram  = codec.Program{Family: "aggregate", Version: 1, Profile: "group.v1"}
	otherProgram = codec.Program{Family: "search", Version: 1, Profile: "rank.v1"}
)

func seeded(name string) ed25519.PrivateKey {
	seed := blake3.Sum256([]byte("settle test key " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(k ed25519.PrivateKey) codec.Hash { return codec.Hash(k.Public().(ed25519.PublicKey)) }

func keyID(k ed25519.PrivateKey) codec.Hash { p := public(k); return codec.KeyID(p[:]) }

func someHash(name string) codec.Hash { return blake3.Sum256([]byte("settle test " + name)) }

func ptr[T any](v T) *T { return &v }

// newActor makes the keys of a party; the owner key is always there.
func newActor(name string, role codec.Role, uses ...codec.Use) *actor {
	a := &actor{name: name, role: role, keys: map[codec.Use]ed25519.PrivateKey{}}
	for _, use := range append(uses, codec.UseOwner) {
		a.keys[use] = seeded(name + string(rune('0'+use)))
	}
	a.id = codec.PartyID(role, public(a.owner()))
	return a
}

func (a *actor) owner() ed25519.PrivateKey { return a.keys[codec.UseOwner] }

// codecKeys describes keys as records do.
func codecKeys(keys map[codec.Use]ed25519.PrivateKey) []codec.Key {
	var out []codec.Key
	for use, k := range keys {
		out = append(out, codec.Key{ID: keyID(k), Alg: ptr(uint64(1)), Pub: ptr(public(k)), Use: ptr(use)})
	}
	sortKeys(out)
	return out
}

func sortKeys(keys []codec.Key) {
	slices.SortFunc(keys, func(a, b codec.Key) int { return bytes.Compare(a.ID[:], b.ID[:]) })
}

// newID returns an id never drawn before.
func (w *world) newID() codec.ID {
	w.ids++
	h := blake3.Sum256(codec.AppendUint([]byte("settle test id "), w.ids))
	return codec.ID(h[:16])
}

// registration is op 1 without proofs of possession.
func (w *world) registration(a *actor) *codec.Party {
	return &codec.Party{
		ID: w.newID(), At: w.now, Cycle: worldCycle, Author: a.id,
		Party: a.id, Op: codec.PartyRegister, Role: &a.role, Keys: codecKeys(a.keys),
	}
}

// prove adds the proofs of possession.
func prove(p *codec.Party, keys ...ed25519.PrivateKey) *codec.Party {
	p.Pop = nil
	digest := codec.PossessionDigest(worldOrigin, p)
	for _, k := range p.Keys {
		i := slices.IndexFunc(keys, func(x ed25519.PrivateKey) bool { return keyID(x) == k.ID })
		p.Pop = append(p.Pop, codec.Sig(ed25519.Sign(keys[i], digest[:])))
	}
	return p
}

func (a *actor) prove(p *codec.Party) *codec.Party {
	var keys []ed25519.PrivateKey
	for _, k := range a.keys {
		keys = append(keys, k)
	}
	return prove(p, keys...)
}

// sign returns a record of the body, signed by the keys.
func sign(kind codec.Kind, body []byte, keys ...ed25519.PrivateKey) []byte {
	digest := codec.RecordDigest(worldOrigin, kind, body)
	r := &codec.Record{Version: 1, Kind: kind, Body: body}
	for _, k := range keys {
		r.Signatures = append(r.Signatures, codec.Signature{
			Key: keyID(k), Alg: codec.AlgEd25519, Sig: codec.Sig(ed25519.Sign(k, digest[:])),
		})
	}
	slices.SortFunc(r.Signatures, func(a, b codec.Signature) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	return codec.EncodeRecord(r)
}

// bare returns a record that a batch's signature covers.
func bare(kind codec.Kind, body []byte) []byte {
	return codec.EncodeRecord(&codec.Record{Version: 1, Kind: kind, Body: body})
}

// testPolicy is policy 1 of every world.
func testPolicy(author codec.ID) *codec.Policy {
	group, search := codec.ProgramID(&testProgram), codec.ProgramID(&otherProgram)
	p := &codec.Policy{
		ID: codec.ID{1}, At: worldStart, Cycle: worldCycle, Author: author,
		Version: 1, EffectiveFrom: worldCycle, Scale: 6,
		Rates: []codec.Rate{
			{Program: search, Component: 1, Unit: 1, Num: 10, Den: 1},
			{Program: group, Component: 1, Unit: 1, Num: 1_000_003, Den: 2, MinCharge: 1_000},
			{Program: group, Component: 2, Unit: 1, Num: 7, Den: 3, MinCharge: 2_000},
			{Program: group, Component: 4, Unit: 9, Num: 50, Den: 1},
		},
		Shares: codec.Shares{Provider: 700_000, Adapter: 100_000}, AdapterShares: []codec.AdapterShare{},
		Weights: codec.Range{Min: 500_000, Max: 1_500_000},
		Audit: codec.AuditRules{
			ConfPPM: 950_000, FaultPPM: 10_000, MaxDraws: 1_000, TracingPPM: 250_000,
			MinAuditors: 1, Deadline: 3 * day,
		},
		DisputeWindow: 7 * day, Retention: 30 * day, Rounding: 1,
		Programs: []codec.Allowed{{Program: search, Class: 4, Code: []byte{}}, {Program: group, Class: 5, Code: []byte{}}},
		Limits: codec.ShardLimits{
			MaxShards: 64, MaxUnits: []uint64{100, 100, 100, 100, 1_000, 100}, MaxFuel: 1e12, MaxPages: 1_024, MaxInput: 1 << 30,
		},
		Penalties: codec.Penalties{ClawbackCycles: 1, StakeMin: 5},
		Windows:   codec.Windows{Near: 600_000, Older: 7 * day}, AckSLA: day, Grace: day, Receipts: million,
	}
	for class := range uint64(6) {
		p.Floors = append(p.Floors, codec.Floor{Class: class + 1, Mode: 1, SamplePPM: 500_000, Replicas: 1})
	}
	return p
}

// founders are the parties of every genesis; governance has two owner keys and needs
// both.
func founders() (list []*actor, second ed25519.PrivateKey) {
	return []*actor{
		newActor("hub", codec.RoleHub, codec.UseSubmit), newActor("governance", codec.RoleGovernance),
		newActor("platform", codec.RolePlatform), newActor("auditor", codec.RoleAuditor, codec.UseSubmit),
		newActor("arbiter 1", codec.RoleArbiter), newActor("arbiter 2", codec.RoleArbiter),
		newActor("operator", codec.RoleOperator, codec.UseCheckpoint, codec.UseNode),
		newActor("hub 2", codec.RoleHub, codec.UseSubmit),
	}, seeded("governance second")
}

// draftGenesis returns an unsigned genesis and the keys that have to sign it.
func (w *world) draftGenesis(edit func(*codec.Policy)) (*codec.Genesis, []ed25519.PrivateKey) {
	list, second := founders()
	g := &codec.Genesis{
		ID: w.newID(), At: worldStart, Cycle: worldCycle, OriginA: worldOrigin, OriginB: "test.example/settle",
		Name: "Test ledger", Scale: 6, Suites: []uint64{1, 2}, Cycles: codec.Cycles{First: worldCycle, Numbering: codec.CyclesMonths},
		Witnesses: []string{}, Created: worldStart, Software: "test",
	}
	var owners []ed25519.PrivateKey
	for _, a := range list {
		w.actors[a.name] = a
		p := w.registration(a)
		keys := []ed25519.PrivateKey{}
		for _, k := range a.keys {
			keys = append(keys, k)
		}
		owners = append(owners, a.owner())
		if a.role == codec.RoleGovernance {
			g.Author = a.id
			p.Keys = append(p.Keys, codec.Key{ID: keyID(second), Alg: ptr(uint64(1)), Pub: ptr(public(second)), Use: ptr(codec.UseOwner)})
			sortKeys(p.Keys)
			keys, owners, p.Threshold = append(keys, second), append(owners, second), ptr(uint64(2))
			a.id = codec.PartyID(a.role, *p.Keys[0].Pub)
			p.Author, p.Party, g.Author = a.id, a.id, a.id
		}
		g.Parties = append(g.Parties, codec.Encode(prove(p, keys...)))
	}
	w.hub = w.actors["hub"]
	policy := testPolicy(w.hub.id)
	edit(policy)
	g.Policy = codec.Encode(policy)
	return g, owners
}

// emptyWorld has no ledger yet.
func emptyWorld(t testing.TB) *world {
	return &world{TB: t, actors: map[string]*actor{}, now: worldStart}
}

// newWorld founds a ledger and registers three providers, a customer with a cap of
// 10 Credits, one without, and an adapter.
func newWorld(t testing.TB, edits ...func(*codec.Policy)) *world {
	w := emptyWorld(t)
	g, owners := w.draftGenesis(func(p *codec.Policy) {
		for _, edit := range edits {
			edit(p)
		}
	})
	w.memory = newMemory(t, sign(codec.KindGenesis, codec.Encode(g), owners...))
	cap, hash := codec.Seal(codec.ID{7}, uint64(10_000_000))
	var records [][]byte
	for _, a := range []*actor{
		newActor("provider 1", codec.RoleProvider, codec.UseAgent), newActor("provider 2", codec.RoleProvider, codec.UseAgent),
		newActor("provider 3", codec.RoleProvider, codec.UseAgent), newActor("capped", codec.RoleCustomer, codec.UseSubmit),
		newActor("customer", codec.RoleCustomer), newActor("adapter", codec.RoleAdapter),
	} {
		w.actors[a.name] = a
		p := w.registration(a)
		if a.role == codec.RoleProvider {
			p.Stake = ptr(uint64(5))
		}
		if a.name == "capped" {
			p.Cap = &hash
		}
		records = append(records, sign(codec.KindParty, codec.Encode(a.prove(p)), a.owner(), w.hub.owner()))
	}
	w.accepted([][]byte{cap}, records...)
	return w
}

// governance returns both owner keys of the governance party.
func (w *world) governance() []ed25519.PrivateKey {
	return []ed25519.PrivateKey{w.actors["governance"].owner(), seeded("governance second")}
}

// batch builds a batch of the submitter, now.
func (w *world) batch(by *actor, blobs [][]byte, records ...[]byte) *codec.Batch {
	b := &codec.Batch{
		Version: 1, Origin: worldOrigin, ID: w.newID(), Submitter: by.id, Key: keyID(by.keys[codec.UseSubmit]),
		Sent: w.now, Records: records, Attachments: slices.Clone(blobs),
	}
	slices.SortFunc(b.Attachments, func(x, y []byte) int {
		hx, hy := codec.BlobHash(x), codec.BlobHash(y)
		return bytes.Compare(hx[:], hy[:])
	})
	b.Attachments = slices.CompactFunc(b.Attachments, bytes.Equal)
	return b
}

// signed returns a batch's bytes, signed by the submitter.
func (by *actor) signed(b *codec.Batch) []byte {
	leaves := make([]codec.Hash, len(b.Records))
	for i, r := range b.Records {
		leaves[i] = proof.LeafA(r)
	}
	digest := codec.BatchDigest(b.Origin, b, len(leaves), proof.MTH(leaves))
	b.Signature = codec.Sig(ed25519.Sign(by.keys[codec.UseSubmit], digest[:]))
	return codec.EncodeBatch(b)
}

// submit applies a batch of the hub.
func (w *world) submit(blobs [][]byte, records ...[]byte) ([]Verdict, *codec.Refusal) {
	w.Helper()
	return w.apply(w, w.hub.signed(w.batch(w.hub, blobs, records...)), w.now)
}

// accepted applies a batch and requires that every record is appended.
func (w *world) accepted(blobs [][]byte, records ...[]byte) {
	w.Helper()
	verdicts, fault := w.submit(blobs, records...)
	if fault != nil {
		w.Fatal(fault)
	}
	for i, v := range verdicts {
		if v.Kind != codec.Appended {
			w.Fatalf("record %d: %v", i, v.Refusal)
		}
	}
}

// refused applies a batch of one record and requires a code, and that no byte of the
// state moves. The batch itself is kept, unless it is at fault as a whole: then even
// ledger time stands still.
func (w *world) refused(code codec.Code, blobs [][]byte, record []byte) {
	w.Helper()
	before, kept, at := w.fingerprint(), len(w.batches), w.moment.Time
	verdicts, fault := w.submit(blobs, record)
	switch {
	case fault != nil && (len(w.batches) != kept || w.moment.Time != at):
		w.Error("a batch at fault was kept")
	case fault == nil && (len(w.batches) != kept+1 || w.moment.Time != max(at, w.now)):
		w.Error("the refusal was not kept")
	}
	if fault == nil {
		fault = verdicts[0].Refusal
	}
	switch {
	case fault == nil:
		w.Errorf("accepted; want %s", code)
	case fault.Code != code:
		w.Errorf("refused with %v; want %s", fault, code)
	case w.fingerprint() != before:
		w.Error("a refusal moved the state")
	}
}
