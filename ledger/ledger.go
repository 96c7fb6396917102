package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// Ledger is the ledger of one replica. See the package comment for who may call
// what.
type Ledger struct {
	dir string
	o   Options

	// Owned by the goroutine that applies.
	state     *state
	treeA     *tree
	treeB     *tree
	applied   Applied
	w         writer
	sealed    int                 // policies written out
	operators []codec.ID          // parties of the role, in order of id
	intent    Roots               // the last checkpoint intent
	newest    uint64              // size of the last published checkpoint
	batches   []*StoredBatch      // accepted, not written out
	warm      *warming            // nil once the filter is complete
	changed   bool                // something was applied since the last commit
	fresh     []attachment        // of the batch at hand, reused
	records   []record            // of the batch at hand, reused
	namings   []settlement.Naming // by these records, reused
	change    settlement.Change   // of the record at hand, reused

	mu    sync.RWMutex // guards store and view, which readers take together
	store *store
	view  *view // replaced by commit, never changed
}

// view is the state as of the last commit, for readers.
type view struct {
	applied  Applied
	newest   uint64
	facts    *settlement.Facts
	policies []*settlement.Policy
	a, b     frozen
	turnover uint64
	held     uint64
}

// Create makes a ledger that begins with a genesis record, judged by the rules. The
// directory is made if needed. Errors: ErrExists, the refusal of the genesis (a
// *codec.Refusal), and those of the file system.
func Create(dir string, genesis []byte, o Options) (*Ledger, error) {
	o = o.withDefaults()
	change, body, err := settlement.JudgeGenesis(genesis)
	if err != nil {
		return nil, err
	}
	if _, err := readCurrent(o.FS, dir); !errors.Is(err, ErrNoLedger) {
		return nil, errors.Join(ErrExists, err)
	}
	if err := o.FS.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := syncDir(o.FS, o.FS.PathDir(dir)); err != nil {
		return nil, err
	}
	name := storePrefix + "0"
	if err := removeOrphans(o.FS, dir, ""); err != nil {
		return nil, err
	}
	l, err := newLedger(dir, name, o)
	if err != nil {
		return nil, err
	}
	l.begin(genesis, change, body)
	if err := l.Flush(); err != nil {
		return nil, errors.Join(err, l.store.release())
	}
	if err := writeCurrent(o.FS, dir, name); err != nil {
		return nil, errors.Join(err, l.store.release())
	}
	return l, nil
}

// newLedger opens a store without looking at its content.
func newLedger(dir, name string, o Options) (*Ledger, error) {
	s, err := openStore(o, o.FS.PathJoin(dir, name))
	if err != nil {
		return nil, err
	}
	l := &Ledger{dir: dir, o: o, state: newState(o)}
	l.adopt(s)
	return l, nil
}

// adopt makes s the live store and forgets everything known of another one.
func (l *Ledger) adopt(s *store) {
	l.mu.Lock()
	l.store = s
	l.mu.Unlock()
	l.state = newState(l.o)
	l.state.db = s.db
	l.treeA, l.treeB = newTree(treeA), newTree(treeB)
	l.bind()
	l.applied, l.sealed, l.operators = Applied{}, 0, nil
	l.intent, l.newest, l.batches, l.warm = Roots{}, 0, nil, nil
	l.w = writer{batch: s.db.NewBatch(pebble.WithMaxRetainedSizeBytes(retainBytes))}
}

// bind points the state and the trees to this ledger.
func (l *Ledger) bind() {
	l.state.stored = func() *reader { return &reader{db: l.store.db, a: l.view.a, b: l.view.b} }
	l.treeA.closed, l.treeB.closed = l.closeTile(treeA), l.closeTile(treeB)
}

func (l *Ledger) closeTile(id byte) func(uint, uint64, *tile) {
	return func(level uint, n uint64, t *tile) {
		l.w.value = t.bytes(l.w.value[:0])
		l.w.set(tileKey(id, level, n), l.w.value)
	}
}

// begin writes the genesis as record 0.
func (l *Ledger) begin(genesis []byte, c *settlement.Change, body *codec.Genesis) {
	l.state.known.complete = true
	l.w.set(keyFormat, []byte{storeFormat})
	l.applied.Time, l.applied.Cycle = body.Created, body.Cycle
	r := record{bytes: genesis, link: NoIndex, leafA: proof.LeafA(genesis), leafB: proof.LeafB(genesis)}
	facts := *c.Facts
	facts.Leaf = r.leafA
	l.state.facts = &facts
	l.state.moment.Time = body.Created
	l.state.accept(arrival{leaf: r.leafA, bytes: genesis, author: body.Author, id: body.ID}, c)
	l.state.keep()
	l.writeRecords(BatchRef{Time: body.Created}, []record{r})
	l.changed = true
	l.commit()
}

// Applied returns where the ledger stands. Any goroutine may call it.
func (l *Ledger) Applied() Applied {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.view.applied
}

// Facts returns what the genesis fixed. Any goroutine may call it.
func (l *Ledger) Facts() *settlement.Facts {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.view.facts
}

// live returns the store with one more user, who must release it, or ErrClosed.
func (l *Ledger) live() (*store, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.store == nil {
		return nil, ErrClosed
	}
	l.store.acquire()
	return l.store, nil
}

// Configuration returns the raft index and the bytes of the last membership entry
// applied; index 0 and nil if there was none. Any goroutine may call it.
func (l *Ledger) Configuration() (index uint64, data []byte, err error) {
	s, err := l.live()
	if err != nil {
		return 0, nil, err
	}
	defer s.release()
	return configuration(s.db)
}

func configuration(r pebble.Reader) (index uint64, data []byte, err error) {
	data, err = fetch(r, keyConfig)
	if isNotFound(err) {
		return 0, nil, nil
	}
	if err != nil {
		return 0, nil, err
	}
	if len(data) < 8 {
		return 0, nil, damaged(NoIndex, nil, "stored configuration is cut off")
	}
	return binary.BigEndian.Uint64(data), data[8:], nil
}

// Flush makes everything applied before the call durable. The caller may truncate its
// raft log up to the applied index of that moment only after Flush has returned nil.
// Any goroutine may call it.
func (l *Ledger) Flush() error {
	s, err := l.live()
	if err != nil {
		return err
	}
	if err = s.db.Flush(); err != nil {
		err = fmt.Errorf("flushing the ledger: %w", err)
	}
	return errors.Join(err, s.release())
}

// Close marks the store clean, flushes and closes it. Snapshots that are still open
// keep the files until they are closed too.
func (l *Ledger) Close() error {
	if l.store == nil {
		return ErrClosed
	}
	l.warm.cancel()
	err := l.store.db.Set(keyClean, cleanMark(&l.applied), pebble.NoSync)
	if err == nil {
		err = l.Flush()
	}
	err = errors.Join(err, l.w.batch.Close())
	l.mu.Lock()
	s := l.store
	l.store = nil
	l.mu.Unlock()
	return errors.Join(err, s.release())
}

// cleanMark is stored by Close. It is believed only if it names the applied state
// found beside it, so that no write is needed to withdraw it.
func cleanMark(a *Applied) []byte { return a.encode(nil) }

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }
