package settlement

import (
	"maps"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// memory is the plainest View there is: maps, and a log that is a list.
type memory struct {
	moment    Moment
	facts     *Facts
	parties   map[codec.ID]*Party
	keys      map[codec.Hash]*Key
	records   map[[2]codec.ID]located
	workloads map[[2]codec.ID]*Workload
	uses      map[codec.Hash]*WorkUse
	balances  map[Account]*Balance
	policies  []*Policy
	openings  map[codec.Hash][]byte
	blobs     map[codec.Hash][]byte
	log       [][]byte
	logged    []*Logged
	posted    map[uint64]*Posted
	reversed  map[LineRef]uint64
	holds     map[LineRef]*Hold
	usages    map[Scope]*Usage
	disputes  map[uint64]*Dispute
	rulings   map[uint64]uint64
	contests  map[uint64]*Contest
	cycles    map[uint64]*Cycle
	intents   map[auditOf]*Intent
	commits   map[codec.Hash]bool
	attested  map[uint64]*Attestation
	batches   []codec.Hash       // commitments since the last cut's batch
	closing   *Closing           // as of the last cut
	heldAtCut map[LineRef]uint64 // holds at the last cut
}

type auditOf struct {
	auditor codec.ID
	cycle   uint64
}

type located struct {
	index uint64
	leaf  codec.Hash
}

func newMemory(t testing.TB, genesis []byte) *memory {
	t.Helper()
	change, body, err := JudgeGenesis(genesis)
	if err != nil {
		t.Fatal(err)
	}
	m := &memory{
		parties: map[codec.ID]*Party{}, keys: map[codec.Hash]*Key{}, records: map[[2]codec.ID]located{},
		workloads: map[[2]codec.ID]*Workload{}, uses: map[codec.Hash]*WorkUse{}, balances: map[Account]*Balance{},
		openings: map[codec.Hash][]byte{}, blobs: map[codec.Hash][]byte{},
		posted: map[uint64]*Posted{}, reversed: map[LineRef]uint64{}, holds: map[LineRef]*Hold{}, usages: map[Scope]*Usage{},
		disputes: map[uint64]*Dispute{}, rulings: map[uint64]uint64{}, contests: map[uint64]*Contest{},
		cycles: map[uint64]*Cycle{}, intents: map[auditOf]*Intent{}, commits: map[codec.Hash]bool{},
		attested: map[uint64]*Attestation{}, heldAtCut: map[LineRef]uint64{},
	}
	m.moment = Moment{Time: body.Created, Stamp: body.Created, Cycle: body.Cycle}
	m.append(body.Author, body.ID, genesis, change)
	return m
}

func (m *memory) Moment() Moment                  { return m.moment }
func (m *memory) Facts() *Facts                   { return m.facts }
func (m *memory) Party(id codec.ID) *Party        { return m.parties[id] }
func (m *memory) Key(id codec.Hash) *Key          { return m.keys[id] }
func (m *memory) WorkUse(key codec.Hash) *WorkUse { return m.uses[key] }
func (m *memory) Opening(hash codec.Hash) []byte  { return m.openings[hash] }
func (m *memory) Blob(hash codec.Hash) []byte     { return m.blobs[hash] }
func (m *memory) LastPolicy() *Policy             { return m.policies[len(m.policies)-1] }

func (m *memory) Record(author, id codec.ID) (uint64, codec.Hash, bool) {
	at, ok := m.records[[2]codec.ID{author, id}]
	return at.index, at.leaf, ok
}

func (m *memory) Workload(author, id codec.ID) *Workload {
	return m.workloads[[2]codec.ID{author, id}]
}

func (m *memory) Balance(a Account) *Balance {
	if b := m.balances[a]; b != nil {
		return b
	}
	return &Balance{Account: a}
}

func (m *memory) PolicyFor(cycle uint64) *Policy {
	var in *Policy
	for _, p := range m.policies {
		if p.Body.EffectiveFrom <= cycle {
			in = p
		}
	}
	return in
}

// append takes in an accepted record.
func (m *memory) append(author, id codec.ID, record []byte, c *Change) {
	if c.Facts != nil {
		m.facts = c.Facts
	}
	for _, p := range c.Parties {
		m.parties[p.ID] = p
	}
	for _, k := range c.Keys {
		m.keys[k.ID] = k
	}
	if c.Policy != nil {
		m.policies = append(m.policies, c.Policy)
	}
	if w := c.Workload; w != nil {
		m.workloads[[2]codec.ID{w.Author, w.ID}] = w
	}
	if c.WorkUse != nil {
		m.uses[c.WorkKey] = c.WorkUse
	}
	for _, b := range c.Balances {
		m.balances[b.Account] = b
	}
	for _, o := range c.Openings {
		m.openings[o.Hash] = o.Blob
	}
	m.takeAccounts(c)
	m.takeProcedures(c)
	leaf := proof.LeafA(record)
	m.logged = append(m.logged, &Logged{Index: uint64(len(m.log)), Bytes: record, Leaf: leaf, Time: m.moment.Time})
	m.records[[2]codec.ID{author, id}] = located{uint64(len(m.log)), leaf}
	m.log = append(m.log, record)
	m.moment.Index = uint64(len(m.log))
}

// clone returns a copy that can go its own way; values are shared, as they never
// change in place.
func (m *memory) clone() *memory {
	n := *m
	n.parties, n.keys, n.records = maps.Clone(m.parties), maps.Clone(m.keys), maps.Clone(m.records)
	n.workloads, n.uses, n.balances = maps.Clone(m.workloads), maps.Clone(m.uses), maps.Clone(m.balances)
	n.openings, n.blobs = maps.Clone(m.openings), maps.Clone(m.blobs)
	n.posted, n.reversed, n.holds, n.usages = maps.Clone(m.posted), maps.Clone(m.reversed), maps.Clone(m.holds), maps.Clone(m.usages)
	n.disputes, n.rulings, n.contests, n.cycles = maps.Clone(m.disputes), maps.Clone(m.rulings), maps.Clone(m.contests), maps.Clone(m.cycles)
	n.intents, n.commits, n.attested = maps.Clone(m.intents), maps.Clone(m.commits), maps.Clone(m.attested)
	n.heldAtCut = maps.Clone(m.heldAtCut)
	n.logged = m.logged[:len(m.logged):len(m.logged)]
	n.policies, n.log = m.policies[:len(m.policies):len(m.policies)], m.log[:len(m.log):len(m.log)]
	return &n
}

// apply judges a batch and takes in what is accepted. Attachments are kept if something
// of the batch was appended.
func (m *memory) apply(t testing.TB, data []byte, stamp uint64) ([]Verdict, *codec.Refusal) {
	t.Helper()
	p := Prepare(data)
	m.moment.Stamp = stamp
	if fault := CheckBatch(m, p, stamp); fault != nil {
		return nil, fault
	}
	work := m.clone()
	work.moment.Time = max(work.moment.Time, stamp)
	verdicts := make([]Verdict, len(p.Records))
	for i := range p.Records {
		var c Change
		v := Judge(work, p, i, &c)
		if v.BatchFault {
			requireZero(t, &c)
			return nil, v.Refusal
		}
		if verdicts[i] = v; v.Kind != codec.Appended {
			requireZero(t, &c)
			continue
		}
		requirePruned(t, work, p, i, &c)
		work.append(p.Records[i].Author, p.Records[i].ID, p.Records[i].Bytes, &c)
	}
	if work.moment.Index > m.moment.Index {
		for _, a := range p.Attachments {
			work.blobs[a.Hash] = a.Data
		}
	}
	work.endBatch(t, p, verdicts)
	*m = *work
	return verdicts, nil
}

// requireZero checks that a refusal left no trace in the change.
func requireZero(t testing.TB, c *Change) {
	t.Helper()
	if c.Facts != nil || c.Parties != nil || c.Keys != nil || c.Policy != nil || c.Workload != nil ||
		c.Posted != nil || c.Settled != nil || c.Usages != nil || c.Reversed != nil || c.Holds != nil ||
		c.Dispute != nil || c.Ruling != nil || c.Contest != nil || c.Cycles != nil || c.Intent != nil || c.Attestation != nil ||
		c.WorkUse != nil || c.Balances != nil || c.Openings != nil || c.WorkKey != (codec.Hash{}) {
		t.Fatalf("a refused record changes the state: %+v", c)
	}
}
