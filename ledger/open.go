package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// Open opens the ledger of a directory and checks it (see integrity.go): after an
// unclean stop everything, else the frame and the right edge. Errors: ErrNoLedger,
// ErrNewerFormat, ErrOlderFormat, *IntegrityError, and those of the file system.
func Open(dir string, o Options) (*Ledger, error) {
	o = o.withDefaults()
	name, err := readCurrent(o.FS, dir)
	if err != nil {
		return nil, err
	}
	if !o.readOnly {
		if err := removeOrphans(o.FS, dir, name); err != nil {
			return nil, err
		}
	}
	how := checkedAsClosed
	if o.SkipScrub {
		how = checkedEdge
	}
	return openAt(dir, name, o, how)
}

// How much Open checks.
type checking int

const (
	checkedAsClosed checking = iota // everything unless the stop was clean
	checkedEdge
	checkedFully
)

// openAt opens the store of this name in a ledger's directory.
func openAt(dir, name string, o Options, how checking) (*Ledger, error) {
	l, err := openUsed(dir, name, o)
	if err != nil {
		return nil, err
	}
	if err := l.load(how); err != nil {
		return nil, errors.Join(err, l.discard())
	}
	return l, nil
}

// openUsed opens a store that was in use. Whatever it lacks it has lost, so that is damage
// too, unlike a file system that fails.
func openUsed(dir, name string, o Options) (*Ledger, error) {
	l, err := newLedger(dir, name, o)
	if err != nil && isDamage(err) {
		err = damaged(NoIndex, err, "store %s does not open", name)
	}
	return l, err
}

// isDamage tells damage from other reasons why Pebble does not open a store. That a table
// has another size than it should have is an error without a type.
func isDamage(err error) bool {
	return pebble.IsCorruptionError(err) || isNotExist(err) || errors.Is(err, pebble.ErrDBDoesNotExist) ||
		errors.Is(err, pebble.ErrDBNotPristine) || // its marker of the format is lost
		strings.Contains(err.Error(), "object size mismatch")
}

// discard closes the store without marking it clean.
func (l *Ledger) discard() error {
	l.warm.cancel()
	err := l.w.batch.Close()
	s := l.store
	l.store = nil
	return errors.Join(err, s.release())
}

// load reads and checks the state of the store just adopted.
func (l *Ledger) load(how checking) error {
	if err := checkFormat(l.store.db); err != nil {
		return err
	}
	data, err := fetch(l.store.db, keyApplied)
	if err != nil {
		return damaged(NoIndex, err, "no applied state")
	}
	if l.applied, err = decodeApplied(data); err != nil {
		return err
	}
	edge := how == checkedEdge
	if mark, err := fetch(l.store.db, keyClean); err == nil && how == checkedAsClosed {
		edge = string(mark) == string(cleanMark(&l.applied))
	}
	l.w.state = sumFrom(l.applied.StateSum)
	if err := l.loadState(); err != nil {
		return err
	}
	if err := l.check(edge); err != nil {
		return err
	}
	l.state.settled(l.applied.Size)
	l.state.keep()
	l.view = &view{
		applied: l.applied, newest: l.newest, facts: l.state.facts, policies: l.state.policies,
		a: l.treeA.freeze(), b: l.treeB.freeze(), turnover: l.state.Turnover(), held: l.state.Held(),
	}
	if !l.o.readOnly {
		l.warmUp()
	}
	return nil
}

func checkFormat(db *pebble.DB) error {
	data, err := fetch(db, keyFormat)
	switch {
	case err != nil:
		return damaged(NoIndex, err, "no format version")
	case len(data) != 1:
		return damaged(NoIndex, nil, "format version %x", data)
	case data[0] > storeFormat:
		return fmt.Errorf("format %d, known up to %d: %w", data[0], storeFormat, ErrNewerFormat)
	case data[0] < storeFormat:
		return fmt.Errorf("format %d, at least %d is needed: %w", data[0], storeFormat, ErrOlderFormat)
	}
	return nil
}

// loadState reads what the writer keeps in memory: facts, policies, operators and the
// sizes of the last checkpoints.
func (l *Ledger) loadState() error {
	if err := l.loadFacts(); err != nil {
		return err
	}
	if err := l.loadPolicies(); err != nil {
		return err
	}
	err := scan(l.store.db, []byte{spaceParty}, []byte{spaceParty + 1}, func(key, value []byte) (bool, error) {
		if len(value) > 0 && len(key) == 17 && codec.Role(value[0]) == codec.RoleOperator {
			l.addOperator(codec.ID(key[1:]))
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	if err := l.state.loadTally(l.store.db); err != nil {
		return err
	}
	return l.loadCheckpoints()
}

// loadFacts judges the genesis again: the facts are what it says.
func (l *Ledger) loadFacts() error {
	r := reader{db: l.store.db, a: frozen{size: l.applied.Size}}
	genesis, err := r.first()
	if err != nil {
		return err
	}
	change, _, err := settlement.JudgeGenesis(genesis)
	if err != nil {
		return damaged(0, err, "the genesis is refused")
	}
	facts := *change.Facts
	l.state.facts = &facts
	return nil
}

func (l *Ledger) loadPolicies() error {
	err := scan(l.store.db, []byte{spacePolicy}, []byte{spacePolicy + 1}, func(key, value []byte) (bool, error) {
		p, err := l.loadPolicy(append([]byte{}, value...))
		if err != nil {
			return false, damaged(NoIndex, err, "policy %x", key[1:])
		}
		l.state.policies = append(l.state.policies, p)
		return true, nil
	})
	l.sealed = len(l.state.policies)
	return err
}

func (l *Ledger) loadPolicy(value []byte) (*settlement.Policy, error) {
	if len(value) < 8 {
		return nil, errors.New("cut off")
	}
	body := value[8:]
	var p codec.Policy
	if err := codec.Decode(body, &p); err != nil {
		return nil, err
	}
	var discounts []byte
	if p.Discounts != nil {
		discounts = l.state.Opening(*p.Discounts)
	}
	return settlement.NewPolicy(body, discounts, binary.BigEndian.Uint64(value))
}

// loadCheckpoints finds the last intent and the last published checkpoint.
func (l *Ledger) loadCheckpoints() error {
	it, err := l.store.db.NewIter(&pebble.IterOptions{
		LowerBound: []byte{spaceCheckpoint}, UpperBound: []byte{spaceCheckpoint + 1},
	})
	if err != nil {
		return damaged(NoIndex, err, "reading checkpoints")
	}
	defer it.Close()
	if it.Last() {
		v := values{b: slices.Clone(it.Key()[2:])}
		l.intent.Size = v.u64()
		data, ok := decodeRoots(l.intent.Size, it.Value())
		if !ok || it.Key()[1] != ownRoots {
			return damaged(NoIndex, nil, "roots of the last checkpoint intent")
		}
		l.intent = data
	}
	if it.SeekLT([]byte{spaceCheckpoint, published + 1}) {
		v := values{b: slices.Clone(it.Key()[2:])}
		l.newest = v.u64()
	}
	return it.Error()
}
