package verifier

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"fmt"
	"slices"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/replay"
	"github.com/forgepool/settle/settlement"
	"github.com/zeebo/blake3"
	"golang.org/x/mod/sumdb/note"
)

const (
	testOrigin = "ledger.test/settle/blake3"
	testTwin   = "ledger.test/settle"
	testCycle  = 202609
	testTime   = 1_790_000_000_000
)

// actor is a party with its keys. Everything is derived from its name.
type actor struct {
	id     codec.ID
	role   codec.Role
	owner  ed25519.PrivateKey
	other  ed25519.PrivateKey // submit, agent or node key
	third  ed25519.PrivateKey // checkpoint key
	ownerK codec.Key
}

func testKey(name string) ed25519.PrivateKey {
	seed := blake3.Sum256([]byte("verifier test key " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func testID(name string) (id codec.ID) {
	h := blake3.Sum256([]byte("verifier test id " + name))
	copy(id[:], h[:])
	return id
}

func testHash(name string) codec.Hash { return blake3.Sum256([]byte("verifier test " + name)) }

func registration(key ed25519.PrivateKey, use codec.Use) codec.Key {
	pub := codec.Hash(key.Public().(ed25519.PublicKey))
	alg := uint64(codec.AlgEd25519)
	return codec.Key{ID: codec.KeyID(pub[:]), Alg: &alg, Pub: &pub, Use: &use}
}

// world is a small ledger in memory. It admits everything, also lies, and is a Source.
type world struct {
	t       testing.TB
	actors  map[string]*actor
	records []Record
	blobs   map[codec.Hash][]byte
	batches map[codec.ID]*Batch
	applied []*Batch // in their order
	policy  []byte
	trust   *proof.TrustPolicy

	originA, originB string
	programs         []codec.Program // that the policy prices beside mcName

	// tamper may change what a node answers; nil: an honest node.
	tamper tamper
}

// tamper is the ways in which a node can lie. Fields that are nil change nothing.
type tamper struct {
	checkpoint  func(*Notes)
	consistency func([][32]byte) [][32]byte
	records     func([]Record) []Record
	inclusion   func([][32]byte) [][32]byte
	batch       func(*Batch)
	artifact    func(codec.Hash, []byte) ([]byte, error)
}

// newWorld returns a ledger with its founders, providers and one customer.
func newWorld(t testing.TB, providers int, programs ...codec.Program) *world {
	w := &world{t: t, actors: map[string]*actor{}, blobs: map[codec.Hash][]byte{}, batches: map[codec.ID]*Batch{},
		originA: testOrigin, originB: testTwin, programs: programs}
	w.genesis()
	var items [][]byte
	for i := range providers {
		items = append(items, w.register(fmt.Sprintf("provider %d", i), codec.RoleProvider))
	}
	items = append(items, w.register("customer", codec.RoleCustomer))
	w.append("register", items)
	return w
}

// newActor makes the keys of a party and the body that registers it.
func (w *world) newActor(name string, role codec.Role) (*actor, *codec.Party) {
	a := &actor{role: role, owner: testKey(name + " owner"), other: testKey(name + " other"), third: testKey(name + " third")}
	a.ownerK = registration(a.owner, codec.UseOwner)
	a.id = codec.PartyID(role, *a.ownerK.Pub)
	keys := []codec.Key{a.ownerK}
	switch role {
	case codec.RoleHub:
		keys = append(keys, registration(a.other, codec.UseSubmit))
	case codec.RoleProvider:
		keys = append(keys, registration(a.other, codec.UseAgent))
	case codec.RoleOperator:
		keys = append(keys, registration(a.other, codec.UseNode), registration(a.third, codec.UseCheckpoint))
	}
	slices.SortFunc(keys, func(x, y codec.Key) int { return bytes.Compare(x.ID[:], y.ID[:]) })
	w.actors[name] = a
	return a, &codec.Party{ID: testID("register " + name), At: testTime, Cycle: testCycle, Author: a.id,
		Party: a.id, Op: codec.PartyRegister, Role: &role, Keys: keys}
}

// signed wraps a body with the signatures of owners.
func (w *world) signed(kind codec.Kind, body []byte, owners ...*actor) []byte {
	rec := codec.Record{Version: 1, Kind: kind, Body: body}
	digest := codec.RecordDigest(testOrigin, kind, body)
	for _, a := range owners {
		rec.Signatures = append(rec.Signatures, codec.Signature{Key: a.ownerK.ID, Alg: codec.AlgEd25519,
			Sig: codec.Sig(ed25519.Sign(a.owner, digest[:]))})
	}
	slices.SortFunc(rec.Signatures, func(x, y codec.Signature) int { return bytes.Compare(x.Key[:], y.Key[:]) })
	return codec.EncodeRecord(&rec)
}

func (w *world) register(name string, role codec.Role) []byte {
	a, body := w.newActor(name, role)
	body.Pop = make([]codec.Sig, len(body.Keys)) // possession is the replicas' business
	return w.signed(codec.KindParty, codec.Encode(body), a, w.actors["hub"])
}

// genesis writes record 0 and the trust policy of its operator.
func (w *world) genesis() {
	g := &codec.Genesis{ID: testID("genesis"), At: testTime, Cycle: testCycle, OriginA: testOrigin, OriginB: testTwin,
		Name: "test", Scale: 6, Suites: []uint64{1, 2}, Cycles: codec.Cycles{First: testCycle, Numbering: codec.CyclesMonths},
		Created: testTime, Software: "test"}
	var owners []*actor
	for _, f := range []struct {
		name string
		role codec.Role
	}{{"hub", codec.RoleHub}, {"governance", codec.RoleGovernance}, {"platform", codec.RolePlatform},
		{"auditor", codec.RoleAuditor}, {"arbiter 1", codec.RoleArbiter}, {"arbiter 2", codec.RoleArbiter}, {"operator", codec.RoleOperator}} {
		a, body := w.newActor(f.name, f.role)
		body.Pop = make([]codec.Sig, len(body.Keys))
		g.Parties = append(g.Parties, codec.Encode(body))
		owners = append(owners, a)
	}
	g.Author = w.actors["governance"].id
	w.policy = codec.Encode(testPolicy(w.actors["hub"].id, w.programs...))
	g.Policy = w.policy
	w.records = []Record{{Bytes: w.signed(codec.KindGenesis, codec.Encode(g), owners...)}}
	w.trust = w.newTrust()
}

func (w *world) newTrust() *proof.TrustPolicy {
	op := w.actors["operator"]
	spec := proof.PolicySpec{Origin: w.originA, Twin: w.originB, Threshold: 1}
	for _, origin := range []string{w.originA, w.originB} {
		vkey, err := proof.FormatCheckpointKey(origin, op.third.Public().(ed25519.PublicKey))
		if err != nil {
			w.t.Fatal(err)
		}
		spec.Checkpoints = append(spec.Checkpoints, vkey)
	}
	vkey, err := proof.FormatNodeKey(proof.NodeName(w.originA, op.id), op.other.Public().(ed25519.PublicKey))
	if err != nil {
		w.t.Fatal(err)
	}
	spec.Nodes = []string{vkey}
	policy, err := proof.NewTrustPolicy(spec)
	if err != nil {
		w.t.Fatal(err)
	}
	return policy
}

// mcName is the program that the test workloads run.
var mcName = replay.ProgramName{Family: "mc", Version: 1, Profile: "path.v1"}

func testPolicy(hub codec.ID, programs ...codec.Program) *codec.Policy {
	p := &codec.Policy{ID: testID("policy"), At: testTime, Cycle: testCycle, Author: hub, Version: 1, EffectiveFrom: testCycle,
		Scale: 6, Rates: []codec.Rate{{Program: mcName.ID(), Component: 1, Unit: 1, Num: 1_000_003, Den: 2}},
		Shares: codec.Shares{Provider: 700_000, Adapter: 50_000}, Weights: codec.Range{Min: 500_000, Max: 1_500_000},
		Audit:         codec.AuditRules{ConfPPM: 950_000, FaultPPM: 10_000, MaxDraws: 299, TracingPPM: 250_000, MinAuditors: 1, Deadline: 1},
		DisputeWindow: 86_400_000, Retention: 90_000_000, Rounding: 1,
		Programs: []codec.Allowed{{Program: mcName.ID(), Class: 1}},
		Limits:   codec.ShardLimits{MaxShards: 4096, MaxUnits: []uint64{1 << 30, 1 << 30, 1 << 30, 1 << 30, 1 << 30, 1 << 30}},
		Windows:  codec.Windows{Near: 600_000, Older: 600_000}}
	for class := range uint64(6) {
		p.Floors = append(p.Floors, codec.Floor{Class: class + 1})
	}
	for i := range programs {
		id := codec.ProgramID(&programs[i])
		p.Rates = append(p.Rates, codec.Rate{Program: id, Component: 1, Unit: 1, Num: 1_000_003, Den: 2})
		p.Programs = append(p.Programs, codec.Allowed{Program: id, Class: 1, Code: programs[i].Code[:]})
	}
	slices.SortFunc(p.Rates, func(a, b codec.Rate) int { return bytes.Compare(a.Program[:], b.Program[:]) })
	slices.SortFunc(p.Programs, func(a, b codec.Allowed) int { return bytes.Compare(a.Program[:], b.Program[:]) })
	return p
}

// append submits records as one batch of the hub.
func (w *world) append(name string, items [][]byte) {
	hub := w.actors["hub"]
	b := &Batch{ID: testID("batch " + name), Submitter: hub.id, Key: registration(hub.other, codec.UseSubmit).ID, Sent: testTime,
		Number: uint64(len(w.applied) + 1), Stamp: testTime}
	for i, data := range items {
		w.records = append(w.records, Record{Index: uint64(len(w.records)), Bytes: data, Submitter: hub.id, Batch: b.ID, Position: uint64(i)})
		b.Leaves = append(b.Leaves, proof.LeafA(data))
		b.Outcomes = append(b.Outcomes, codec.Outcome{Index: w.records[len(w.records)-1].Index, Leaf: proof.LeafA(data)})
	}
	w.apply(b)
}

// apply signs a batch as the hub and gives it its place.
func (w *world) apply(b *Batch) {
	digest := codec.BatchDigest(testOrigin, &codec.Batch{ID: b.ID, Submitter: b.Submitter, Sent: b.Sent}, len(b.Leaves), proof.MTH(b.Leaves))
	b.Signature = codec.Sig(ed25519.Sign(w.actors["hub"].other, digest[:]))
	w.batches[b.ID], w.applied = b, append(w.applied, b)
}

func (w *world) put(data []byte) codec.Hash {
	h := codec.BlobHash(data)
	w.blobs[h] = data
	return h
}

// mcArgs are the arguments of a shard of n paths of 2 steps from path first on.
func mcArgs(n, first uint64) []byte {
	b := codec.AppendMap(nil, 9)
	for i, v := range []int64{int64(n), 2, 100 << 16, 0, 1 << 16, 0, 100 << 16, int64(first)} {
		b = codec.AppendInt(codec.AppendUint(b, uint64(i+1)), v)
	}
	b = codec.AppendArray(codec.AppendUint(b, 9), 3)
	return codec.AppendUint(codec.AppendUint(codec.AppendUint(b, 0), 1<<20), 4)
}

// job is a workload to settle, and how to lie about it.
type job struct {
	name   string
	shards []shardSpec
	// user is what the shards are executed by; nil: mcName
	user replay.Identified
	code codec.Program // its description
	// lies; nil: none
	entry  func(i int, e *codec.ShardEntry)       // before the agent signs
	signed func(i int, e *codec.ShardEntry)       // after the agent signed
	detail func(*codec.Settlement, *codec.Detail) // before hashes are taken
	body   func(*codec.Settlement)
}

type shardSpec struct {
	provider int
	paths    uint64
}

// program returns what a job runs, with its description.
func (j *job) program() (replay.Program, codec.Program) {
	if j.user != nil {
		return j.user, j.code
	}
	program, _ := replay.BuiltinNamed(mcName)
	return program, mcName.Program()
}

// settle executes a workload and appends its events and its settlement; it returns
// the index of the settlement.
func (w *world) settle(j job) uint64 {
	hub := w.actors["hub"]
	program, description := j.program()
	s := &codec.Settlement{ID: testID("settlement " + j.name), At: testTime, Cycle: testCycle, Author: hub.id,
		Workload: testID("workload " + j.name), Policy: codec.BlobHash(w.policy), Program: description, Class: 1,
		Seed: testHash("seed " + j.name), RetainUntil: testTime}
	entries, outputs := w.execute(s, j)
	blob := codec.EncodeManifest(entries)
	m, err := settlement.NewManifest(entries)
	if err != nil {
		w.t.Fatal(err)
	}
	s.Shards = codec.ShardsRef{Count: m.Count, Root: m.Root, Units: m.Units, Blob: w.put(blob), Size: uint64(len(blob))}
	result, err := replay.MergeResult(program, outputs)
	if err != nil {
		w.t.Fatal(err)
	}
	s.Result = codec.Blob{Hash: w.put(result), Size: uint64(len(result))}
	w.price(s, m, j)
	if j.body != nil {
		j.body(s)
	}
	items := w.events(s, m)
	items = append(items, codec.EncodeRecord(&codec.Record{Version: 1, Kind: codec.KindSettlement, Body: codec.EncodeSettlement(s)}))
	w.append(j.name, items)
	return uint64(len(w.records) - 1)
}

// execute runs the shards and has the agents sign them.
func (w *world) execute(s *codec.Settlement, j job) (entries []codec.ShardEntry, outputs []replay.ShardOutput) {
	program, _ := j.program()
	first := uint64(0)
	for i, spec := range j.shards {
		args := mcArgs(spec.paths, first)
		first += spec.paths
		r := program.Run(replay.Task{Seed: s.Seed, Args: args})
		if r.Status != replay.OK {
			w.t.Fatalf("shard %d: %s %s", i, r.Status, r.Field)
		}
		outputs = append(outputs, replay.ShardOutput{Args: args, Output: r.Output})
		agent := w.actors[fmt.Sprintf("provider %d", spec.provider)]
		e := codec.ShardEntry{Index: uint64(i), Provider: agent.id, Agent: registration(agent.other, codec.UseAgent).ID, Args: w.put(args),
			Output: codec.Blob{Hash: w.put(r.Output), Size: uint64(len(r.Output))}, Units: r.Units, Attempt: 1}
		if j.entry != nil {
			j.entry(i, &e)
		}
		digest := codec.ReceiptDigest(testOrigin, s.Author, s.Workload, codec.ProgramID(&s.Program), s.Seed, &e)
		e.Receipt = codec.Sig(ed25519.Sign(agent.other, digest[:]))
		if j.signed != nil {
			j.signed(i, &e)
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b codec.ShardEntry) int {
		return cmp.Or(bytes.Compare(a.Provider[:], b.Provider[:]), cmp.Compare(a.Index, b.Index))
	})
	return entries, outputs
}

// price computes charge and postings.
func (w *world) price(s *codec.Settlement, m *settlement.Manifest, j job) {
	policy, err := settlement.NewPolicy(w.policy, nil, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	in := &settlement.Inputs{Program: codec.ProgramID(&s.Program), Components: []codec.Component{{Code: 1, Unit: 1, Qty: m.Units}},
		Customer: w.actors["customer"].id, Providers: slices.Clone(m.Shares)}
	for i := range in.Providers {
		in.Providers[i].Weight = 1_000_000
	}
	x, err := settlement.Compute(policy, in)
	if err != nil {
		w.t.Fatal(err)
	}
	seal, hash := codec.Seal(testID("salt "+j.name), in.Customer)
	s.Customer = hash
	w.put(seal)
	s.Charge, s.Split = x.Charge, x.Split
	d := settlement.BuildDetail(w.actors["platform"].id, in, x, testHash("salt "+j.name),
		func(line int) codec.ID { return testID(fmt.Sprint("line ", j.name, line)) })
	if j.detail != nil {
		j.detail(s, d)
	}
	root, _, _, err := settlement.PostingsRoot(d.Postings)
	if err != nil {
		w.t.Fatal(err)
	}
	s.Postings = codec.PostingsRef{N: uint64(len(d.Postings)), Root: root}
	s.Detail = w.put(codec.EncodeDetail(d))
}

// events returns the Planned and the Aggregating event.
func (w *world) events(s *codec.Settlement, m *settlement.Manifest) [][]byte {
	e := codec.Event{ID: testID("planned " + s.Workload.String()), At: testTime, Cycle: testCycle, Author: s.Author, Workload: s.Workload,
		State: codec.StatePlanned, Customer: s.Customer, Program: codec.ProgramID(&s.Program), Plan: &codec.Plan{Count: m.Count, Root: proof.MTH(m.Plan)}}
	first := codec.EncodeRecord(&codec.Record{Version: 1, Kind: codec.KindEvent, Body: codec.EncodeEvent(&e)})
	e.ID, e.Seq, e.State, e.Plan, e.Prev = testID("aggregating "+s.Workload.String()), 1, codec.StateAggregating, nil, proof.LeafA(first)
	second := codec.EncodeRecord(&codec.Record{Version: 1, Kind: codec.KindEvent, Body: codec.EncodeEvent(&e)})
	s.Event = proof.LeafA(second)
	return [][]byte{first, second}
}

// leaves returns the leaf hashes of the first size records in a tree.
func (w *world) leaves(h proof.Hasher, size uint64) treeLeaves {
	l := treeLeaves{h: h}
	for i := range size {
		l.leaves = append(l.leaves, h.Leaf(w.records[i].Bytes))
	}
	return l
}

// notes signs the checkpoints of a size.
func (w *world) notes(size uint64) *Notes {
	op := w.actors["operator"]
	rootA, rootB := w.leaves(proof.TreeA, size).root(), w.leaves(proof.TreeB, size).root()
	att, err := proof.SignAttestation(proof.Attestation{Name: proof.NodeName(w.originA, op.id), Origin: w.originA, Size: size,
		RootA: rootA, RootB: rootB, Time: testTime + size}, op.other)
	if err != nil {
		w.t.Fatal(err)
	}
	sign := func(origin string, root [32]byte) []byte {
		signer, err := proof.NewCheckpointSigner(origin, op.third)
		if err != nil {
			w.t.Fatal(err)
		}
		signed, err := proof.SignCheckpoint(proof.FormatCheckpoint(origin, size, root), []note.Signer{signer}...)
		if err != nil {
			w.t.Fatal(err)
		}
		if signed, err = att.AppendLine(signed, op.other.Public().(ed25519.PublicKey)); err != nil {
			w.t.Fatal(err)
		}
		return signed
	}
	return &Notes{A: sign(w.originA, rootA), B: sign(w.originB, rootB)}
}

// Checkpoint implements Source.
func (w *world) Checkpoint(_ context.Context, size uint64) (*Notes, error) {
	if size == 0 {
		size = uint64(len(w.records))
	}
	n := w.notes(size)
	if w.tamper.checkpoint != nil {
		w.tamper.checkpoint(n)
	}
	return n, nil
}

// Consistency implements Source.
func (w *world) Consistency(_ context.Context, tree proof.Hasher, from, to uint64) ([][32]byte, error) {
	path, err := proof.ProveConsistency(w.leaves(tree, to), tree, from, to)
	if w.tamper.consistency != nil {
		path = w.tamper.consistency(path)
	}
	return path, err
}

// Records implements Source; a page is three records, so that pages are exercised.
func (w *world) Records(_ context.Context, from uint64, limit int) ([]Record, error) {
	end := min(from+uint64(min(limit, 3)), uint64(len(w.records)))
	var page []Record
	for i := from; i < end; i++ {
		r := w.records[i]
		r.Bytes = bytes.Clone(r.Bytes)
		page = append(page, r)
	}
	if w.tamper.records != nil {
		page = w.tamper.records(page)
	}
	return page, nil
}

// Inclusion implements Source.
func (w *world) Inclusion(_ context.Context, index, size uint64) ([][32]byte, error) {
	path, err := proof.ProveInclusion(w.leaves(proof.TreeA, size), proof.TreeA, index, size)
	if w.tamper.inclusion != nil {
		path = w.tamper.inclusion(path)
	}
	return path, err
}

// Batch implements Source.
func (w *world) Batch(_ context.Context, _, id codec.ID) (*Batch, error) {
	b, ok := w.batches[id]
	if !ok {
		return nil, fmt.Errorf("no batch %s", id)
	}
	clone := *b
	clone.Leaves = slices.Clone(b.Leaves)
	if w.tamper.batch != nil {
		w.tamper.batch(&clone)
	}
	return &clone, nil
}

// Batches implements Source; a page is two batches.
func (w *world) Batches(ctx context.Context, from uint64, limit int) ([]Batch, error) {
	var page []Batch
	for i := from - 1; i < min(from-1+uint64(min(limit, 2)), uint64(len(w.applied))); i++ {
		b, err := w.Batch(ctx, w.applied[i].Submitter, w.applied[i].ID)
		if err != nil {
			return nil, err
		}
		page = append(page, *b)
	}
	return page, nil
}

// Artifact implements Source.
func (w *world) Artifact(_ context.Context, hash codec.Hash, limit int64) ([]byte, error) {
	data, ok := w.blobs[hash]
	if !ok || int64(len(data)) > limit {
		return nil, fmt.Errorf("no artifact %s", hash)
	}
	if w.tamper.artifact != nil {
		return w.tamper.artifact(hash, bytes.Clone(data))
	}
	return data, nil
}
