package settlement

import (
	"crypto/ed25519"
	"fmt"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// job is one workload of the hub on its way through the ledger.
type job struct {
	*world
	by       *actor
	id       codec.ID
	customer *actor
	adapter  *codec.ID
	sealed   []byte // blob of the customer
	program  codec.Program
	class    uint64
	seed     codec.Hash
	entries  []codec.ShardEntry // planned, in idx order
	seq      uint64
	last     codec.Hash
}

// newJob plans a workload of n shards; shard i goes to provider i mod 3.
func (w *world) newJob(n int) *job {
	j := &job{world: w, by: w.hub, id: w.newID(), customer: w.actors["customer"], program: testProgram, class: 5}
	id := w.newID()
	j.seed = someHash("seed " + id.String())
	j.sealed, _ = codec.Seal(id, j.customer.id)
	for i := range n {
		a := w.actors[fmt.Sprintf("provider %d", i%3+1)]
		j.entries = append(j.entries, codec.ShardEntry{
			Index: uint64(i), Provider: a.id, Agent: keyID(a.keys[codec.UseAgent]), Args: someHash("args"),
			Inputs: []codec.Blob{{Hash: someHash(fmt.Sprint("input ", i)), Size: 100}},
			Output: codec.Blob{Hash: someHash(fmt.Sprint("output ", i)), Size: 50}, Units: uint64(i) + 1,
			Started: w.now, Finished: w.now,
		})
	}
	return j
}

func (j *job) customerHash() codec.Hash { return codec.BlobHash(j.sealed) }

func (j *job) of(customer *actor) *job {
	j.customer = customer
	j.sealed, _ = codec.Seal(codec.ID(j.seed[:16]), customer.id)
	return j
}

// event drafts the next event.
func (j *job) event(state codec.State) *codec.Event {
	e := &codec.Event{
		ID: j.newID(), At: j.now, Cycle: j.moment.Cycle, Author: j.by.id, Workload: j.id, Seq: j.seq, State: state,
		Prev: j.last, Customer: j.customerHash(), Program: codec.ProgramID(&j.program), Adapter: j.adapter,
	}
	switch state {
	case codec.StatePlanned:
		root, err := PlanRoot(j.entries)
		if err != nil {
			j.Fatal(err)
		}
		e.Plan = &codec.Plan{Count: uint64(len(j.entries)), Root: root, Nonce: someHash("nonce")}
	case codec.StateFailed:
		e.Reason = ptr(uint64(1))
	}
	return e
}

// record encodes an event without taking it as the last.
func (j *job) record(e *codec.Event) []byte { return bare(codec.KindEvent, codec.EncodeEvent(e)) }

// next encodes an event and goes on from it.
func (j *job) next(e *codec.Event) []byte {
	r := j.record(e)
	j.seq, j.last = e.Seq+1, proof.LeafA(r)
	return r
}

// run appends Planned and Aggregating.
func (j *job) run() *job {
	j.Helper()
	j.accepted([][]byte{j.sealed}, j.next(j.event(codec.StatePlanned)), j.next(j.event(codec.StateAggregating)))
	return j
}

// lie changes a settlement while it is made. A nil step is honest.
type lie struct {
	entries func([]codec.ShardEntry) []codec.ShardEntry
	inputs  func(*Inputs)
	detail  func(*codec.Detail)
	body    func(*codec.Settlement)
	blobs   func(manifest, detail []byte) ([]byte, []byte)
	labels  []codec.Label
}

// settle drafts the settlement as a hub does, but for the lie, and returns the record
// and its blobs.
func (j *job) settle(l lie) (record []byte, blobs [][]byte) {
	entries := slices.Clone(j.entries)
	if l.entries != nil {
		entries = l.entries(entries)
	}
	j.order(entries)
	shares, shards := j.describe(entries)
	in := &Inputs{
		Program: codec.ProgramID(&j.program), Customer: j.customer.id, Adapter: j.adapter, Providers: shares,
		Components: []codec.Component{{Code: 1, Unit: 1, Qty: shards.Units}},
	}
	if l.inputs != nil {
		l.inputs(in)
	}
	x := j.compute(in)
	detail := BuildDetail(j.actors["platform"].id, in, x, someHash("detail"), func(i int) codec.ID { return codec.ID{byte(i), 1} })
	if l.detail != nil {
		l.detail(detail)
	}
	body := j.body(x, detail, shards)
	manifestBlob, detailBlob := codec.EncodeManifest(entries), codec.EncodeDetail(detail)
	if l.blobs != nil {
		manifestBlob, detailBlob = l.blobs(manifestBlob, detailBlob)
	}
	body.Shards.Blob, body.Shards.Size = codec.BlobHash(manifestBlob), uint64(len(manifestBlob))
	body.Detail = codec.BlobHash(detailBlob)
	blobs = [][]byte{manifestBlob, detailBlob}
	if l.labels != nil {
		blob, hash := codec.Seal(codec.ID{9}, l.labels)
		body.Labels, blobs = &hash, append(blobs, blob)
	}
	if l.body != nil {
		l.body(body)
	}
	return bare(codec.KindSettlement, codec.EncodeSettlement(body)), blobs
}

// order sorts entries as a manifest wants them and signs their receipts.
func (j *job) order(entries []codec.ShardEntry) {
	slices.SortFunc(entries, func(a, b codec.ShardEntry) int {
		x, y := proof.ShardKey(a.Provider, uint32(a.Index), uint8(a.Replica)), proof.ShardKey(b.Provider, uint32(b.Index), uint8(b.Replica))
		return slices.Compare(x[:], y[:])
	})
	for i := range entries {
		digest := codec.ReceiptDigest(worldOrigin, j.by.id, j.id, codec.ProgramID(&j.program), j.seed, &entries[i])
		for _, a := range j.actors {
			if k := a.keys[codec.UseAgent]; k != nil && keyID(k) == entries[i].Agent {
				entries[i].Receipt = codec.Sig(ed25519.Sign(k, digest[:]))
			}
		}
	}
}

// describe adds entries up without judging them.
func (j *job) describe(entries []codec.ShardEntry) ([]Share, codec.ShardsRef) {
	m := &Manifest{Entries: entries}
	m.addUp()
	for i := range m.Shares {
		m.Shares[i].Weight = startWeight
		if p := j.Party(m.Shares[i].Provider); p != nil {
			m.Shares[i].Weight = j.PolicyFor(j.moment.Cycle).Weight(p, j.moment.Cycle)
		}
	}
	indexes := map[uint64]bool{}
	for i := range entries {
		indexes[entries[i].Index] = true
	}
	root, units, err := ManifestRoot(entries)
	if err != nil { // a lie about units or order: any root will do
		root, units = someHash("no root"), 1
	}
	return m.Shares, codec.ShardsRef{Count: uint64(len(indexes)), Root: root, Units: units}
}

// compute is Compute, or something of the right shape if the inputs are a lie.
func (j *job) compute(in *Inputs) *Computation {
	x, err := Compute(j.PolicyFor(j.moment.Cycle), in)
	if err != nil {
		x = &Computation{Components: in.Components, Payouts: make([]uint64, len(in.Providers))}
	}
	return x
}

func (j *job) body(x *Computation, d *codec.Detail, shards codec.ShardsRef) *codec.Settlement {
	root, _, _, err := PostingsRoot(d.Postings)
	if err != nil {
		root = someHash("no root")
	}
	return &codec.Settlement{
		ID: j.newID(), At: j.now, Cycle: j.moment.Cycle, Author: j.by.id, Workload: j.id, Policy: j.PolicyFor(j.moment.Cycle).Hash,
		Customer: j.customerHash(), Disclosures: []codec.Hash{}, Adapter: j.adapter, Program: j.program, Class: j.class,
		Seed: j.seed, Args: codec.Blob{Hash: someHash("args"), Size: 1}, Shards: shards,
		Result: codec.Blob{Hash: someHash("result"), Size: 1},
		Verify: codec.Verification{Mode: 1, Checked: shards.Count, Matched: shards.Count, Evidence: someHash("evidence")},
		Charge: x.Charge, Split: x.Split, Postings: codec.PostingsRef{N: uint64(len(d.Postings)), Root: root},
		Times: codec.Times{Requested: j.now, Planned: j.now, Started: j.now, Verified: j.now, Finalized: j.now},
		Event: j.last, RetainUntil: j.now + 30*day, Artifacts: []codec.Artifact{}, PlanProof: []codec.Hash{},
	}
}

// settleOver settles honestly over the manifest given, whatever its receipts are.
func (j *job) settleOver(manifest []byte) (record []byte, blobs [][]byte) {
	entries, err := codec.DecodeManifest(manifest)
	if err != nil {
		j.Fatal(err)
	}
	root, _, err := ManifestRoot(entries)
	if err != nil {
		j.Fatal(err)
	}
	return j.settle(lie{
		blobs: func(_, detail []byte) ([]byte, []byte) { return manifest, detail },
		body:  func(s *codec.Settlement) { s.Shards.Root = root },
	})
}
