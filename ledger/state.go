package ledger

import (
	"bytes"

	"github.com/cockroachdb/pebble/v2"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// state is what the rules see while entries are applied: settlement.View over the
// stored state and everything that this Apply has accepted so far. It belongs to
// the goroutine that applies.
type state struct {
	db       pebble.Reader
	moment   settlement.Moment
	facts    *settlement.Facts
	policies []*settlement.Policy // ascending by version; replaced, never changed
	kept     int                  // how many of them the batches accepted so far made

	parties   table[codec.ID, *settlement.Party]
	keys      table[codec.Hash, *settlement.Key]
	workloads table[pair, workload]
	workUses  table[codec.Hash, *settlement.WorkUse]
	accounts  table[settlement.Account, account]
	openings  table[codec.Hash, []byte]
	recordIDs table[pair, uint64]
	batchIDs  table[pair, uint64]
	blobRefs  table[codec.Hash, place]

	known   *filter
	hashes  []uint64 // of touch, reused
	touched uint64   // keeps the reads of touch from being optimized away
	nodes   table[string, NodeInfo]
	books
	all []space // these tables

	recent []recent              // the records written since base
	base   uint64                // records that the store holds
	fixed  int                   // recent ones of batches accepted so far
	blobs  map[codec.Hash][]byte // attachments accepted but not stored
	// visited are the attachments of the batches that this run looked at for pruning.
	visited map[uint64][]attachment
	// lost are attachments of the batch at hand of which only the size is known. It is nil
	// but for the state that Fsck rebuilds.
	lost   map[codec.Hash]uint32
	stored func() *reader // the store as of the last commit

	now, past tally             // running values; past leaves out the batch at hand
	tallyTerm sum               // of those in the store in the state sum
	ended     *settlement.Cycle // that the batch at hand cut
	begun     uint64            // cycle that follows it
	closing   *settlement.Closing
	debts     []settlement.Debt
	debtsOf   uint64 // cycle
}

// recent is a record that the store does not hold yet.
type recent struct {
	leaf  codec.Hash // in tree A
	bytes []byte
	time  uint64 // ledger time of its batch, ms
}

// arrival is an accepted record with where it stands.
type arrival struct {
	index      uint64
	kind       codec.Kind
	leaf       codec.Hash // in tree A
	bytes      []byte
	author, id codec.ID
}

func arrivalOf(r *settlement.PreparedRecord, index uint64) arrival {
	return arrival{index, r.Kind, r.LeafA, r.Bytes, r.Author, r.Header.ID}
}

var _ settlement.View = (*state)(nil)

func newState(o Options) *state {
	f := newFilter(o.FilterBytes)
	n := o.StateEntries
	s := &state{
		parties:   newTable(parties, nil, n),
		keys:      newTable(keys, nil, n),
		workloads: newTable(workloads, f, n),
		workUses:  newTable(workUses, f, n),
		accounts:  newTable(accounts, nil, n),
		openings:  newTable(openings, f, n),
		recordIDs: newTable(recordIDs, f, 0),
		batchIDs:  newTable(batchIDs, f, 0),
		blobRefs:  newTable(blobRefs, f, 0),
		nodes:     newTable(nodes, nil, n),
		known:     f,
		books:     newBooks(n, f),
		blobs:     map[codec.Hash][]byte{},
		visited:   map[uint64][]attachment{},
	}
	s.nodes.aside = true
	s.blobRefs.gone = place.pruned
	s.accounts.ready = flushAccount
	s.now, s.past = newTally(), newTally()
	s.all = append([]space{
		&s.parties, &s.keys, &s.workloads, &s.workUses,
		&s.openings, &s.recordIDs, &s.batchIDs, &s.blobRefs, &s.nodes,
	}, s.books.spaces()...)
	s.all = append(s.all, &s.accounts) // the last one: see foldAside
	return s
}

// space is what all tables can do, whatever they hold.
type space interface {
	keep()
	revert()
	seal(w *writer)
	forget()
}

// keep accepts what the batch at hand did.
func (s *state) keep() {
	for _, t := range s.all {
		t.keep()
	}
	s.kept, s.fixed = len(s.policies), len(s.recent)
	s.past.copyFrom(&s.now)
	s.ended = nil
}

// revert takes back what the batch at hand did.
func (s *state) revert() {
	for _, t := range s.all {
		t.revert()
	}
	s.policies, s.recent = s.policies[:s.kept:s.kept], s.recent[:s.fixed]
	s.now.copyFrom(&s.past)
	s.ended = nil
}

// touch brings the lines of the filter that records will need into the processor's
// cache.
func (s *state) touch(records []settlement.PreparedRecord) {
	var room [33]byte
	hashes := s.hashes[:0]
	for i := range records {
		r := &records[i]
		hashes = append(hashes, locate(appendPair(room[:0], spaceRecordID, pair{r.Author, r.Header.ID})))
		if e := r.Event; e != nil {
			hashes = append(hashes, locate(appendPair(room[:0], spaceWorkload, pair{r.Author, e.Body.Workload})),
				locateHash(spaceOpening, &e.Body.Customer), locateHash(spaceBlobRef, &e.Body.Customer))
		}
		if x := r.Settlement; x != nil {
			hashes = append(hashes, locateHash(spaceWorkUse, &x.WorkKey), locateHash(spaceToken, &x.Token),
				locateHash(spaceBlobRef, &x.Body.Shards.Blob), locateHash(spaceBlobRef, &x.Body.Detail))
		}
	}
	s.touched ^= s.known.touch(hashes)
	s.hashes = hashes
}

// locateHash is locate of a key that is a space and a hash.
func locateHash(space byte, h *codec.Hash) uint64 {
	var room [33]byte
	room[0] = space
	copy(room[1:], h[:])
	return locate(room[:])
}

// settled tells the state that the store now holds everything accepted.
func (s *state) settled(size uint64) {
	clear(s.recent)
	s.base, s.recent, s.fixed = size, s.recent[:0], 0
	clear(s.blobs)
	clear(s.visited)
}

// Moment returns when the record at hand is judged.
func (s *state) Moment() settlement.Moment { return s.moment }

// Facts returns what the genesis fixed.
func (s *state) Facts() *settlement.Facts { return s.facts }

// Party returns a registered party or nil.
func (s *state) Party(id codec.ID) *settlement.Party {
	p, _ := s.parties.get(s.db, id)
	return p
}

// Key returns a registered key or nil.
func (s *state) Key(id codec.Hash) *settlement.Key {
	k, _ := s.keys.get(s.db, id)
	return k
}

// Record returns where the author's record with this id was appended.
func (s *state) Record(author, id codec.ID) (uint64, codec.Hash, bool) {
	index, ok := s.recordIDs.get(s.db, pair{author, id})
	if !ok {
		return 0, codec.Hash{}, false
	}
	return index, s.leaf(index), true
}

// leaf returns the leaf hash of a record, written or not.
func (s *state) leaf(index uint64) codec.Hash {
	if index >= s.base {
		return s.recent[index-s.base].leaf
	}
	r := s.stored()
	leaf, err := r.leaf(r.a, index)
	if err != nil {
		panic(err)
	}
	return leaf
}

// Workload returns a workload's state or nil.
func (s *state) Workload(author, id codec.ID) *settlement.Workload {
	w, ok := s.workloads.get(s.db, pair{author, id})
	if !ok {
		return nil
	}
	return w.Workload
}

// WorkUse returns the first settlement of a work key or nil.
func (s *state) WorkUse(workKey codec.Hash) *settlement.WorkUse {
	u, _ := s.workUses.get(s.db, workKey)
	return u
}

// Balance returns an account's balance, zero if nothing was posted to it.
func (s *state) Balance(a settlement.Account) *settlement.Balance {
	if x, ok := s.accounts.get(s.db, a); ok {
		return x.Balance
	}
	return &settlement.Balance{Account: a}
}

// PolicyFor returns the policy in force in a cycle or nil.
func (s *state) PolicyFor(cycle uint64) *settlement.Policy { return policyFor(s.policies, cycle) }

// LastPolicy returns the policy with the highest version or nil.
func (s *state) LastPolicy() *settlement.Policy { return lastPolicy(s.policies) }

// Opening returns a sealed value opened before or nil.
func (s *state) Opening(hash codec.Hash) []byte {
	blob, _ := s.openings.get(s.db, hash)
	return blob
}

func policyFor(policies []*settlement.Policy, cycle uint64) *settlement.Policy {
	for i := len(policies) - 1; i >= 0; i-- {
		if policies[i].Body.EffectiveFrom <= cycle {
			return policies[i]
		}
	}
	return nil
}

func lastPolicy(policies []*settlement.Policy) *settlement.Policy {
	if len(policies) == 0 {
		return nil
	}
	return policies[len(policies)-1]
}

// accept writes the effect of one accepted record, which must be the next one. For an
// event it returns the index of the event before it.
func (s *state) accept(a arrival, c *settlement.Change) (link uint64) {
	if a.index != s.base+uint64(len(s.recent)) {
		panic("ledger: records are appended out of order")
	}
	s.recent = append(s.recent, recent{a.leaf, a.bytes, s.moment.Time})
	s.recordIDs.create(pair{a.author, a.id}, a.index)
	for _, p := range c.Parties {
		s.parties.put(s.db, p.ID, p)
	}
	for _, k := range c.Keys {
		s.keys.put(s.db, k.ID, k)
	}
	if c.Policy != nil {
		s.policies = append(s.policies[:len(s.policies):len(s.policies)], c.Policy)
	}
	if c.WorkUse != nil {
		s.workUses.put(s.db, c.WorkKey, c.WorkUse)
	}
	for _, o := range c.Openings {
		if _, ok := s.openings.get(s.db, o.Hash); !ok {
			s.openings.create(o.Hash, bytes.Clone(o.Blob)) // the cache must not keep the whole batch
		}
	}
	s.acceptBooks(&a, c)
	if c.Workload == nil {
		return NoIndex
	}
	return s.acceptWorkload(a.index, c.Workload)
}

// acceptWorkload stores a workload's new state. A settlement leaves the last event
// as it is.
func (s *state) acceptWorkload(index uint64, now *settlement.Workload) (link uint64) {
	w := workload{Workload: now, lastAt: index}
	key := pair{now.Author, now.ID}
	before, ok := s.workloads.get(s.db, key)
	if link = NoIndex; ok {
		s.now.work(before.State, now.State)
	} else {
		s.now.work(0, now.State)
	}
	switch {
	case ok && before.Last == now.Last:
		w.lastAt = before.lastAt
	case ok:
		link = before.lastAt
	}
	s.workloads.put(s.db, key, w)
	return link
}
