package ledger

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/zeebo/blake3"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// world makes genesis, batches and notes for tests. Everything follows from names and
// a counter, so that a test is the same on every run.
type world struct {
	t       testing.TB
	genesis []byte
	hub     actor
	all     map[string]actor
	policy  *settlement.Policy
	drawn   uint64
	now     uint64        // leader's clock, ms
	index   uint64        // raft
	cycle   uint64        // open
	labels  []codec.Label // of the settlements to come
	adapter *codec.ID     // of the workloads to come
	payer   actor         // of the workloads to come, if it is not the customer
	weight  func(provider codec.ID) uint64
}

// actor is a party with one key per use.
type actor struct {
	role codec.Role
	id   codec.ID
	keys map[codec.Use]ed25519.PrivateKey
}

const (
	testOrigin = "test.example/settle/blake3"
	testTwin   = "test.example/settle"
	testStart  = 1_790_000_000_000
	testCycle  = 202609
	testDay    = 24 * 3600 * 1000
)

var testProgram = codec.Program{Family: "aggregate", Version: 1, Profile: "group.v1"}

func newActor(name string, role codec.Role, uses ...codec.Use) actor {
	a := actor{role: role, keys: map[codec.Use]ed25519.PrivateKey{}}
	for _, use := range append(uses, codec.UseOwner) {
		seed := blake3.Sum256(fmt.Appendf(nil, "ledger test key %s %d", name, use))
		a.keys[use] = ed25519.NewKeyFromSeed(seed[:])
	}
	a.id = codec.PartyID(role, pub(a.keys[codec.UseOwner]))
	return a
}

func pub(k ed25519.PrivateKey) codec.Hash { return codec.Hash(k.Public().(ed25519.PublicKey)) }

func keyID(k ed25519.PrivateKey) codec.Hash { p := pub(k); return codec.KeyID(p[:]) }

func ref[T any](v T) *T { return &v }

func (w *world) draw() (id codec.ID) {
	w.drawn++
	h := blake3.Sum256(binary.BigEndian.AppendUint64([]byte("ledger test id"), w.drawn))
	copy(id[:], h[:])
	return id
}

func hashOf(name string) codec.Hash { return blake3.Sum256([]byte("ledger test " + name)) }

// register is the body of op 1 with proofs of possession.
func (w *world) register(a actor) []byte {
	p := &codec.Party{ID: w.draw(), At: w.now, Cycle: w.cycle, Author: a.id, Party: a.id, Op: codec.PartyRegister, Role: &a.role}
	byID := map[codec.Hash]ed25519.PrivateKey{}
	for use, k := range a.keys {
		byID[keyID(k)] = k
		p.Keys = append(p.Keys, codec.Key{ID: keyID(k), Alg: ref(uint64(1)), Pub: ref(pub(k)), Use: ref(use)})
	}
	slices.SortFunc(p.Keys, func(x, y codec.Key) int { return bytes.Compare(x.ID[:], y.ID[:]) })
	digest := codec.PossessionDigest(testOrigin, p)
	for _, k := range p.Keys {
		p.Pop = append(p.Pop, codec.Sig(ed25519.Sign(byID[k.ID], digest[:])))
	}
	return codec.Encode(p)
}

func signRecord(kind codec.Kind, body []byte, signers ...actor) []byte {
	digest := codec.RecordDigest(testOrigin, kind, body)
	r := &codec.Record{Version: 1, Kind: kind, Body: body}
	for _, a := range signers {
		k := a.keys[codec.UseOwner]
		r.Signatures = append(r.Signatures, codec.Signature{Key: keyID(k), Alg: 1, Sig: codec.Sig(ed25519.Sign(k, digest[:]))})
	}
	slices.SortFunc(r.Signatures, func(x, y codec.Signature) int { return bytes.Compare(x.Key[:], y.Key[:]) })
	return codec.EncodeRecord(r)
}

func bare(kind codec.Kind, body []byte) []byte {
	return codec.EncodeRecord(&codec.Record{Version: 1, Kind: kind, Body: body})
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, now: testStart, all: map[string]actor{}, cycle: testCycle}
	g := &codec.Genesis{
		ID: w.draw(), At: w.now, Cycle: w.cycle, OriginA: testOrigin, OriginB: testTwin, Name: "Test", Scale: 6,
		Suites: []uint64{1, 2}, Cycles: codec.Cycles{First: testCycle, Numbering: codec.CyclesMonths},
		Witnesses: []string{}, Created: w.now, Software: "test",
	}
	var founders []actor
	found := func(name string, role codec.Role, uses ...codec.Use) {
		a := newActor(name, role, uses...)
		w.all[name] = a
		founders = append(founders, a)
		g.Parties = append(g.Parties, w.register(a))
	}
	found("hub", codec.RoleHub, codec.UseSubmit)
	found("governance", codec.RoleGovernance)
	found("platform", codec.RolePlatform)
	found("auditor", codec.RoleAuditor)
	found("arbiter 1", codec.RoleArbiter)
	found("arbiter 2", codec.RoleArbiter)
	found("operator 1", codec.RoleOperator, codec.UseNode, codec.UseCheckpoint)
	found("operator 2", codec.RoleOperator, codec.UseNode)
	found("operator 3", codec.RoleOperator, codec.UseNode)
	w.hub = w.all["hub"]
	g.Author = w.all["governance"].id
	g.Policy = codec.Encode(testPolicy(w.hub.id))
	w.genesis = signRecord(codec.KindGenesis, codec.Encode(g), founders...)
	var err error
	if w.policy, err = settlement.NewPolicy(g.Policy, nil, 0); err != nil {
		t.Fatal(err)
	}
	return w
}

func testPolicy(author codec.ID) *codec.Policy {
	id := codec.ProgramID(&testProgram)
	p := &codec.Policy{
		ID: codec.ID{1}, At: testStart, Cycle: testCycle, Author: author, Version: 1, EffectiveFrom: testCycle, Scale: 6,
		Rates:  []codec.Rate{{Program: id, Component: 1, Unit: 1, Num: 1_000_003, Den: 2}},
		Shares: codec.Shares{Provider: 700_000, Adapter: 100_000}, AdapterShares: []codec.AdapterShare{},
		Weights: codec.Range{Min: 500_000, Max: 1_500_000},
		Audit: codec.AuditRules{ConfPPM: 950_000, FaultPPM: 10_000, MaxDraws: 1_000, TracingPPM: 250_000,
			MinAuditors: 1, Deadline: 3 * testDay},
		DisputeWindow: 7 * testDay, Retention: 30 * testDay, Rounding: 1,
		Programs: []codec.Allowed{{Program: id, Class: 5, Code: []byte{}}},
		Limits: codec.ShardLimits{MaxShards: 64, MaxUnits: []uint64{100, 100, 100, 100, 1_000, 100}, MaxFuel: 1e12,
			MaxPages: 1_024, MaxInput: 1 << 30},
		Penalties: codec.Penalties{ClawbackCycles: 1}, Windows: codec.Windows{Near: 600_000, Older: 7 * testDay},
		AckSLA: testDay, Grace: testDay,
	}
	for class := range uint64(6) {
		p.Floors = append(p.Floors, codec.Floor{Class: class + 1, Mode: 1, SamplePPM: 500_000, Replicas: 1})
	}
	return p
}

// batch returns a batch of the hub, signed.
func (w *world) batch(blobs [][]byte, records ...[]byte) []byte {
	return w.sign(w.draft(blobs, records...))
}

func (w *world) draft(blobs [][]byte, records ...[]byte) *codec.Batch {
	b := &codec.Batch{Version: 1, Origin: testOrigin, ID: w.draw(), Submitter: w.hub.id, Key: keyID(w.hub.keys[codec.UseSubmit]),
		Sent: w.now, Records: records, Attachments: slices.Clone(blobs)}
	slices.SortFunc(b.Attachments, func(x, y []byte) int {
		hx, hy := codec.BlobHash(x), codec.BlobHash(y)
		return bytes.Compare(hx[:], hy[:])
	})
	b.Attachments = slices.CompactFunc(b.Attachments, bytes.Equal)
	return b
}

func (w *world) sign(b *codec.Batch) []byte {
	leaves := make([]codec.Hash, len(b.Records))
	for i, r := range b.Records {
		leaves[i] = proof.LeafA(r)
	}
	digest := codec.BatchDigest(b.Origin, b, len(leaves), proof.MTH(leaves))
	b.Signature = codec.Sig(ed25519.Sign(w.hub.keys[codec.UseSubmit], digest[:]))
	return codec.EncodeBatch(b)
}

// entry returns the next raft entry with a command.
func (w *world) entry(c *codec.Command) Entry {
	w.index++
	c.Version, c.Stamp = 1, w.now
	return Entry{Index: w.index, Term: 1, Command: codec.EncodeCommand(c)}
}

func (w *world) batches(batches ...[]byte) Entry {
	return w.entry(&codec.Command{Kind: codec.CommandBatches, Batches: batches})
}

// parties is a batch that registers providers and a customer.
func (w *world) parties() []byte {
	var records [][]byte
	for _, name := range []string{"provider 1", "provider 2", "provider 3", "customer"} {
		role, uses := codec.RoleProvider, []codec.Use{codec.UseAgent}
		if name == "customer" {
			role, uses = codec.RoleCustomer, nil
		}
		a := newActor(name, role, uses...)
		w.all[name] = a
		records = append(records, signRecord(codec.KindParty, w.register(a), a, w.hub))
	}
	return w.batch(nil, records...)
}

// create makes a ledger in memory with all parties registered.
func (w *world) create(o Options) *Ledger {
	if o.FS == nil {
		o.FS = vfs.NewMem()
	}
	l, err := Create("db", w.genesis, o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.apply(l, w.parties())
	return l
}

// apply applies batches as one entry and requires that everything is appended.
func (w *world) apply(l *Ledger, batches ...[]byte) {
	w.t.Helper()
	for _, r := range l.Apply([]Entry{w.batches(batches...)})[0].Batches {
		if r.Fault != nil {
			w.t.Fatal(r.Fault)
		}
		for i, o := range r.Outcomes {
			if o.Kind == codec.Refused {
				w.t.Fatalf("record %d: %s", i, o.Code)
			}
		}
	}
}

// sealed is the blob with which some workload names the customer.
func (w *world) sealed(salt codec.ID) []byte {
	blob, _ := codec.Seal(salt, w.customer().id)
	return blob
}

func (w *world) customer() actor {
	if w.payer.keys == nil {
		return w.all["customer"]
	}
	return w.payer
}

func (w *world) event(id codec.ID, state codec.State, seq uint64, prev codec.Hash, sealed []byte) *codec.Event {
	e := &codec.Event{ID: w.draw(), At: w.now, Cycle: w.cycle, Author: w.hub.id, Workload: id, State: state, Seq: seq,
		Prev: prev, Customer: codec.BlobHash(sealed), Program: codec.ProgramID(&testProgram), Adapter: w.adapter}
	if state == codec.StatePlanned {
		e.Plan = &codec.Plan{Count: 1, Root: hashOf("plan"), Nonce: hashOf("nonce")}
	}
	return e
}

// planned are the first events of n new workloads under one sealed customer.
func (w *world) planned(n int) (records, blobs [][]byte) {
	sealed := w.sealed(codec.ID{1})
	for range n {
		e := w.event(w.draw(), codec.StatePlanned, 0, codec.Hash{}, sealed)
		records = append(records, bare(codec.KindEvent, codec.EncodeEvent(e)))
	}
	return records, [][]byte{sealed}
}

// workload are the events Planned and Aggregating and the settlement of a new
// workload with some shards, and their blobs.
func (w *world) workload(shards int) (id codec.ID, records, blobs [][]byte) {
	id = w.draw()
	sealed, seed := w.sealed(id), hashOf(id.String())
	entries := w.entries(id, seed, shards)
	plan, err := settlement.PlanRoot(entries)
	if err != nil {
		w.t.Fatal(err)
	}
	planned := w.event(id, codec.StatePlanned, 0, codec.Hash{}, sealed)
	planned.Plan = &codec.Plan{Count: uint64(shards), Root: plan, Nonce: hashOf("nonce")}
	first := bare(codec.KindEvent, codec.EncodeEvent(planned))
	second := bare(codec.KindEvent, codec.EncodeEvent(w.event(id, codec.StateAggregating, 1, proof.LeafA(first), sealed)))
	settled, more := w.settle(id, seed, entries, sealed, proof.LeafA(second))
	return id, [][]byte{first, second, settled}, append([][]byte{sealed}, more...)
}

func (w *world) entries(id codec.ID, seed codec.Hash, shards int) []codec.ShardEntry {
	list := make([]codec.ShardEntry, shards)
	for i := range list {
		a := w.all[fmt.Sprintf("provider %d", i%3+1)]
		list[i] = codec.ShardEntry{Index: uint64(i), Provider: a.id, Agent: keyID(a.keys[codec.UseAgent]), Args: hashOf("args"),
			Inputs: []codec.Blob{{Hash: hashOf(fmt.Sprint("input ", i)), Size: 100}},
			Output: codec.Blob{Hash: hashOf(fmt.Sprint("output ", i)), Size: 50}, Units: uint64(i) + 1, Started: w.now, Finished: w.now}
	}
	slices.SortFunc(list, func(a, b codec.ShardEntry) int {
		return cmpOr(bytes.Compare(a.Provider[:], b.Provider[:]), int(a.Index)-int(b.Index))
	})
	return list
}

func cmpOr(a, b int) int {
	if a != 0 {
		return a
	}
	return b
}

func (w *world) settle(id codec.ID, seed codec.Hash, entries []codec.ShardEntry, sealed []byte, last codec.Hash) (record []byte, blobs [][]byte) {
	m, err := settlement.NewManifest(entries)
	if err != nil {
		w.t.Fatal(err)
	}
	in := &settlement.Inputs{Program: codec.ProgramID(&testProgram), Customer: w.customer().id, Adapter: w.adapter, Providers: m.Shares,
		Components: []codec.Component{{Code: 1, Unit: 1, Qty: m.Units}}}
	for i := range in.Providers {
		if in.Providers[i].Weight = 1_000_000; w.weight != nil {
			in.Providers[i].Weight = w.weight(in.Providers[i].Provider)
		}
	}
	x, err := settlement.Compute(w.policy, in)
	if err != nil {
		w.t.Fatal(err)
	}
	detail := settlement.BuildDetail(w.all["platform"].id, in, x, hashOf("detail"), func(i int) codec.ID { return codec.ID{byte(i), 1} })
	root, _, _, err := settlement.PostingsRoot(detail.Postings)
	if err != nil {
		w.t.Fatal(err)
	}
	manifestBlob, detailBlob := codec.EncodeManifest(entries), codec.EncodeDetail(detail)
	n := uint64(len(entries))
	disclosures, labels, more := w.labelled()
	return bare(codec.KindSettlement, codec.EncodeSettlement(&codec.Settlement{
		ID: w.draw(), At: w.now, Cycle: w.cycle, Author: w.hub.id, Workload: id, Policy: w.policy.Hash,
		Customer: codec.BlobHash(sealed), Disclosures: disclosures, Labels: labels, Adapter: w.adapter, Program: testProgram, Class: 5, Seed: seed,
		Args:   codec.Blob{Hash: hashOf("args"), Size: 1},
		Shards: codec.ShardsRef{Count: n, Root: m.Root, Units: m.Units, Blob: codec.BlobHash(manifestBlob), Size: uint64(len(manifestBlob))},
		Result: codec.Blob{Hash: hashOf("result"), Size: 1},
		Verify: codec.Verification{Mode: 1, Checked: n, Matched: n, Evidence: hashOf("evidence")},
		Charge: x.Charge, Split: x.Split, Postings: codec.PostingsRef{N: uint64(len(detail.Postings)), Root: root},
		Detail: codec.BlobHash(detailBlob), Times: codec.Times{Requested: w.now, Planned: w.now, Started: w.now, Verified: w.now, Finalized: w.now},
		Event: last, RetainUntil: w.now + 30*testDay, Artifacts: []codec.Artifact{}, PlanProof: []codec.Hash{},
	})), append([][]byte{manifestBlob, detailBlob}, more...)
}

// labelled seals the labels; without any nothing is disclosed.
func (w *world) labelled() (disclosures []codec.Hash, sealed *codec.Hash, blobs [][]byte) {
	if len(w.labels) == 0 {
		return []codec.Hash{}, nil, nil
	}
	commitment := func(l codec.Label) codec.Hash {
		return codec.LabelCommitment(l.Salt, l.Label, codec.AppendText(nil, l.Value))
	}
	rows := slices.Clone(w.labels)
	slices.SortFunc(rows, func(a, b codec.Label) int {
		x, y := commitment(a), commitment(b)
		return bytes.Compare(x[:], y[:])
	})
	for _, l := range rows {
		disclosures = append(disclosures, commitment(l))
	}
	blob, hash := codec.Seal(w.draw(), rows)
	return disclosures, &hash, [][]byte{blob}
}
