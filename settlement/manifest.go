package settlement

import (
	"slices"
	"sync"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// Manifest is a shard manifest with everything that follows from its entries.
type Manifest struct {
	Entries []codec.ShardEntry // in the order of sum tree 5
	Root    codec.Hash         // of sum tree 5
	Units   uint64
	Count   uint64       // distinct shard numbers
	Shares  []Share      // per provider, ascending; weights are not known here
	Plan    []codec.Hash // plan leaf hashes, by shard number

	billable []*codec.ShardEntry // replica 0 by shard number
}

// NewManifest checks entries against every rule of docs/formats/records.md section
// 6.2 that needs no state, and rebuilds what a settlement states about them. Errors
// are *codec.Refusal: bad_manifest, bad_shard.
func NewManifest(entries []codec.ShardEntry) (*Manifest, error) {
	m := &Manifest{Entries: entries}
	if r := m.rebuild(); r != nil {
		return nil, r
	}
	return m, nil
}

// smallManifest is up to how many entries the root is rebuilt in room that is used again.
const smallManifest = 16

// manifestRoom is what the leaves of a manifest stand in. Leaves point into the keys beside
// them and nowhere else.
type manifestRoom struct {
	keys   [smallManifest][21]byte
	leaves [smallManifest]proof.SumLeaf
	hashes [smallManifest]codec.Hash
}

var manifestRooms = sync.Pool{New: func() any { return new(manifestRoom) }}

// ManifestRoot returns the root of sum tree 5 over entries in their order, and their
// work units. Errors: order, units of a shard, sums.
func ManifestRoot(entries []codec.ShardEntry) (root codec.Hash, units uint64, err error) {
	room := manifestRooms.Get().(*manifestRoom)
	defer manifestRooms.Put(room)
	keys, leaves, hashes := room.keys[:], room.leaves[:0], room.hashes[:min(len(entries), smallManifest)]
	if len(entries) > smallManifest {
		keys, leaves = make([][21]byte, len(entries)), make([]proof.SumLeaf, 0, len(entries))
		hashes = make([]codec.Hash, len(entries))
	}
	codec.ShardEntryHashes(hashes, entries)
	for i := range entries {
		e := &entries[i]
		keys[i] = proof.ShardKey(e.Provider, uint32(e.Index), uint8(e.Replica))
		leaves = append(leaves, proof.SumLeaf{
			Key: keys[i][:], Count: 1, Sums: [2]uint64{e.Units}, Payload: hashes[i],
		})
	}
	r, totals, err := proof.SumRoot(proof.SumShards, leaves)
	return r, totals.Sums[0], err
}

// PlanLeaves returns the plan leaf hashes of entries by shard number; of replicas
// only the billable one counts. A planner calls it before there are results, with
// index, arguments and inputs alone. Errors are *codec.Refusal: bad_manifest.
func PlanLeaves(entries []codec.ShardEntry) ([]codec.Hash, error) {
	m := &Manifest{Entries: entries}
	if r := m.order(); r != nil {
		return nil, r
	}
	m.hashPlan()
	return m.Plan, nil
}

// PlanRoot returns the root over PlanLeaves: what a Planned event pins.
func PlanRoot(entries []codec.ShardEntry) (codec.Hash, error) {
	leaves, err := PlanLeaves(entries)
	if err != nil {
		return codec.Hash{}, err
	}
	return proof.MTH(leaves), nil
}

// WorkKey identifies the work of the manifest, whoever ordered it.
func (m *Manifest) WorkKey(program, seed, args codec.Hash) codec.Hash {
	return codec.WorkKey(program, seed, args, m.billable)
}

// ReplayToken identifies the computation completely, the cut into shards included
// (docs/formats/replay.md section 2.4). planner may be nil.
func (m *Manifest) ReplayToken(program, seed, args codec.Hash, planner *codec.Hash) codec.Hash {
	return codec.ReplayToken(program, seed, args, m.billable, planner)
}

func badManifest(why string) *codec.Refusal { return codec.Refuse(codec.CodeBadManifest, why) }
func badShard(why string) *codec.Refusal    { return codec.Refuse(codec.CodeBadShard, why) }

func (m *Manifest) rebuild() *codec.Refusal {
	if r := m.order(); r != nil {
		return r
	}
	if r := m.checkEntries(); r != nil {
		return r
	}
	root, units, err := ManifestRoot(m.Entries)
	if err != nil {
		return badManifest(err.Error())
	}
	if units > codec.MaxUnits {
		return badManifest("more work units than a settlement may have")
	}
	m.Root, m.Units = root, units
	m.hashPlan()
	m.addUp()
	return nil
}

// order finds the billable entry of each shard number and counts them: the numbers
// must run from 0 without gaps, each (number, replica) once.
func (m *Manifest) order() *codec.Refusal {
	if len(m.Entries) == 0 || len(m.Entries) > codec.MaxShards {
		return badManifest("no entries, or more than a manifest may have")
	}
	m.billable = make([]*codec.ShardEntry, len(m.Entries))
	inputs := 0
	for i := range m.Entries {
		e := &m.Entries[i]
		inputs += len(e.Inputs)
		switch {
		case e.Index >= uint64(len(m.Entries)) || e.Replica > 255:
			return badManifest("shard or replica number out of range")
		case e.Replica > 0:
			continue
		case m.billable[e.Index] != nil:
			return badManifest("a shard number appears twice")
		}
		m.billable[e.Index] = e
		m.Count++
	}
	if inputs > codec.MaxManifestInputs {
		return badManifest("more inputs than a manifest may have")
	}
	m.billable = m.billable[:m.Count]
	if slices.Contains(m.billable, nil) {
		return badManifest("shard numbers have gaps")
	}
	return m.checkReplicas()
}

// checkReplicas checks the entries that repeat a shard: each once, and of the same
// arguments and inputs as the billable one.
func (m *Manifest) checkReplicas() *codec.Refusal {
	if int(m.Count) == len(m.Entries) {
		return nil
	}
	seen := make([]uint64, 0, len(m.Entries))
	for i := range m.Entries {
		e := &m.Entries[i]
		if e.Replica == 0 {
			continue
		}
		if e.Index >= m.Count {
			return badManifest("a replica of a shard that is not there")
		}
		first := m.billable[e.Index]
		if e.Args != first.Args || !slices.Equal(e.Inputs, first.Inputs) {
			return badShard("a replica has other arguments or inputs")
		}
		seen = append(seen, e.Index<<8|e.Replica)
	}
	slices.Sort(seen)
	if len(slices.Compact(seen)) < int(uint64(len(m.Entries))-m.Count) {
		return badManifest("a replica appears twice")
	}
	return nil
}

// checkEntries checks the rules of single entries.
func (m *Manifest) checkEntries() *codec.Refusal {
	for i := range m.Entries {
		e := &m.Entries[i]
		switch {
		case e.Units == 0 || e.Units > codec.MaxUnits:
			return badShard("work units out of range")
		case len(e.Inputs) > codec.MaxShardInputs:
			return badShard("too many inputs")
		case outOfRange(e.Started, e.Finished, e.Attempt, e.Output.Size):
			return badShard("a number out of range")
		}
		for k := range e.Inputs {
			if e.Inputs[k].Size > codec.MaxAmount {
				return badShard("an input's size out of range")
			}
		}
	}
	return nil
}

// outOfRange says whether any value is 2^63 or more.
func outOfRange(values ...uint64) bool {
	for _, v := range values {
		if v > codec.MaxAmount {
			return true
		}
	}
	return false
}

func (m *Manifest) hashPlan() {
	m.Plan = make([]codec.Hash, m.Count)
	proof.LeavesA(m.Plan, func(b []byte, i int) []byte { return codec.AppendPlanLeaf(b, m.billable[i]) })
}

// addUp makes the subtotals; entries of one provider stand together.
func (m *Manifest) addUp() {
	providers := 0
	for i := range m.Entries {
		if i == 0 || m.Entries[i].Provider != m.Entries[i-1].Provider {
			providers++
		}
	}
	m.Shares = make([]Share, 0, providers)
	for i := range m.Entries {
		e := &m.Entries[i]
		if i == 0 || e.Provider != m.Entries[i-1].Provider {
			m.Shares = append(m.Shares, Share{Provider: e.Provider})
		}
		s := &m.Shares[len(m.Shares)-1]
		s.Units += e.Units
		s.Shards++
	}
}
