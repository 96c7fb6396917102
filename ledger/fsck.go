package ledger

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/forgepool/settle/codec"
)

// FsckOptions tune Fsck.
type FsckOptions struct {
	// FS is the file system. Default: the operating system's.
	FS vfs.FS
	// Progress is told how much of the work is done, in records. Default: nobody.
	Progress func(done, total uint64)
	// Scratch is a directory for the state that is rebuilt beside the stored one; it
	// must not exist and is removed at the end. Default: the state is rebuilt in
	// memory, which takes about as much of it as the ledger has bytes.
	Scratch string
	// Findings is how many findings are listed at most. Default: 100.
	Findings int
}

// Finding is one thing in the store that is not what the records give.
type Finding struct {
	What   string // kind of thing: record, tile, balance, outcomes, ...
	Index  uint64 // record concerned, or NoIndex
	Key    []byte // in the store, or nil
	Detail string
}

// String says what is wrong, for a person.
func (f Finding) String() string {
	s := f.What
	if f.Index != NoIndex {
		s += fmt.Sprintf(" %d", f.Index)
	}
	if f.Key != nil {
		s += fmt.Sprintf(" (key %q %x)", f.Key[:1], f.Key[1:])
	}
	return s + ": " + f.Detail
}

// Report is the result of Fsck.
type Report struct {
	Applied     Applied
	Checkpoints int       // own and published ones compared
	Rebuilt     bool      // all batches were judged again and the state compared
	Pruned      []Pruned  // what was made of records whose attachments were pruned
	Findings    []Finding // empty: the store is sound
	More        int       // findings beyond the limit
}

// OK says that nothing was found.
func (r *Report) OK() bool { return len(r.Findings) == 0 }

// Fsck reads the ledger of a directory that no process uses and rebuilds everything
// from the records: leaf hashes, both trees, every tile, roots at every checkpoint;
// it judges every batch again under its stamp and compares the state that results,
// and the outcomes, with what is stored, entry by entry. The trees of every closed cycle
// are built once more from all their leaves. Records whose attachments were pruned are
// judged with what the state keeps of them instead, and the report says so. Nothing is written to the
// ledger. What it found is in the report. The error says why the check could not be
// made: an *IntegrityError if the store is too damaged to be read at all. If a record is
// damaged the state is not rebuilt.
func Fsck(dir string, o FsckOptions) (*Report, error) {
	options := Options{FS: o.FS, readOnly: true}.withDefaults()
	if o.Progress == nil {
		o.Progress = func(uint64, uint64) {}
	}
	if o.Findings == 0 {
		o.Findings = 100
	}
	name, err := readCurrent(options.FS, dir)
	if err != nil {
		return nil, err
	}
	l, err := openUsed(dir, name, options)
	if err != nil {
		return nil, err
	}
	defer func() { _ = guarded(l.discard) }() // Pebble loses count of its readers in a panic
	k := &checker{o: o, l: l, db: l.store.db, report: new(Report)}
	if err := k.run(); err != nil {
		return nil, err
	}
	return k.report, nil
}

// checker is one run of Fsck.
type checker struct {
	o      FsckOptions
	l      *Ledger
	db     *pebble.DB
	report *Report
	broken bool // some record is damaged or missing
	bare   bool // a leaf hash is unknown: roots cannot be compared
	twin   *Ledger
}

func (k *checker) found(what string, index uint64, key []byte, format string, args ...any) {
	if len(k.report.Findings) >= k.o.Findings {
		k.report.More++
		return
	}
	f := Finding{What: what, Index: index, Detail: fmt.Sprintf(format, args...)}
	if key != nil {
		f.Key = append([]byte{}, key...)
	}
	k.report.Findings = append(k.report.Findings, f)
}

func (k *checker) run() error {
	if err := checkFormat(k.db); err != nil {
		return err
	}
	data, err := fetch(k.db, keyApplied)
	if err != nil {
		return err
	}
	if k.l.applied, err = decodeApplied(data); err != nil {
		return err
	}
	k.report.Applied = k.l.applied
	if k.checkLog(); k.broken {
		return nil
	}
	err = guarded(func() error { k.sumStored(); return nil })
	if err == nil {
		err = guarded(func() error { k.checkCloses(); return nil })
	}
	if err == nil {
		err = guarded(k.rebuild)
	}
	return err
}

// sumStored compares the state sum with the stored state.
func (k *checker) sumStored() {
	total, err := stateSum(k.db)
	if err != nil {
		k.found("state", NoIndex, nil, "%v", err)
		return
	}
	if total.hash() != k.l.applied.StateSum {
		k.found("state sum", NoIndex, nil, "the stored state gives %s, the applied state says %s", total.hash(), k.l.applied.StateSum)
	}
}

// names of the spaces, for people.
var names = map[byte]string{
	spaceBlobRef: "attachment reference", spaceBalance: "balance", spaceBatchID: "batch id", spaceRecords: "records",
	spacePolicy: "policy", spaceTile: "tile", spaceRecordID: "record id", spaceKey: "key", spaceOpening: "opening",
	spaceParty: "party", spaceBatch: "outcomes", spaceBlobs: "attachments", spaceWorkload: "workload", spaceWorkUse: "work use",
	spaceAttestation: "attestation", spaceContest: "contest", spaceDispute: "dispute", spaceHold: "hold", spaceIntent: "intent",
	spaceCommit: "commitment", spacePosted: "postings", spaceRuling: "ruling", spaceUsage: "usage", spaceReversed: "reversal",
	spaceCycle: "cycle", spaceTally: "running values", spaceFrozen: "values as of a cut", spaceList: "list", spaceToken: "list of a token",
	spaceChunk: "chunk of a list", spaceMark: "mark",
	spaceEnd: "end of a cycle", spaceGuard: "guard of an attachment",
}

// rebuild judges everything again and compares.
func (k *checker) rebuild() error {
	fs, dir := vfs.FS(vfs.NewMem()), "twin"
	if k.o.Scratch != "" {
		fs, dir = k.l.o.FS, k.o.Scratch
		defer fs.RemoveAll(dir)
	}
	r := reader{db: k.db, a: frozen{size: k.l.applied.Size}}
	genesis, err := r.first()
	if err != nil {
		return err
	}
	k.twin, err = Create(dir, genesis, Options{FS: fs})
	if err != nil {
		k.found("record", 0, nil, "the genesis is refused: %v", err)
		return nil
	}
	defer k.twin.Close()
	k.twin.state.lost = map[codec.Hash]uint32{}
	marks, err := k.checkpoints()
	if err != nil {
		return err
	}
	if !k.replay(marks) {
		return nil
	}
	k.report.Rebuilt = true
	for size, roots := range marks {
		k.found("checkpoint", NoIndex, checkpointKey(ownRoots, size), "no state of this size has the roots and state sum %+v", roots)
	}
	k.compareApplied()
	for _, space := range append([]byte{spaceRecords, spaceTile, spaceBlobs}, summed...) {
		k.compare(space)
	}
	return nil
}

func (k *checker) compareApplied() {
	own, twin := k.l.applied, k.twin.applied
	twin.Index, twin.Term, twin.ConfigIndex, twin.Installed = own.Index, own.Term, own.ConfigIndex, own.Installed
	if own != twin {
		k.found("applied state", NoIndex, keyApplied, "the records give %+v, stored is %+v", twin, own)
	}
}

// checkpoints returns the roots recorded at each intent. Published checkpoints must
// agree with them.
func (k *checker) checkpoints() (map[uint64]Roots, error) {
	marks := map[uint64]Roots{}
	err := scan(k.db, []byte{spaceCheckpoint, ownRoots}, []byte{spaceCheckpoint, ownRoots + 1}, func(key, value []byte) (bool, error) {
		v := values{b: key[2:]}
		size := v.u64()
		roots, ok := decodeRoots(size, value)
		if !ok {
			k.found("checkpoint", NoIndex, key, "does not decode")
			return true, nil
		}
		marks[size] = roots
		k.report.Checkpoints++
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	err = scan(k.db, []byte{spaceCheckpoint, published}, []byte{spaceCheckpoint, published + 1}, func(key, value []byte) (bool, error) {
		v := values{b: key[2:]}
		size := v.u64()
		k.report.Checkpoints++
		c, err := decodeCheckpoint(size, value)
		if err != nil {
			k.found("checkpoint", NoIndex, key, "%v", err)
			return true, nil
		}
		if own := marks[size]; own != (Roots{size, c.RootA, c.RootB, c.StateSum, c.Time}) {
			k.found("checkpoint", NoIndex, key, "it has other roots than were recorded at its intent")
		}
		return true, nil
	})
	return marks, err
}

// compare compares one space with its twin, entry by entry.
func (k *checker) compare(space byte) {
	bounds := &pebble.IterOptions{LowerBound: []byte{space}, UpperBound: []byte{space + 1}}
	own, err := k.db.NewIter(bounds)
	if err != nil {
		k.found(names[space], NoIndex, nil, "%v", err)
		return
	}
	defer own.Close()
	twin, err := k.twin.store.db.NewIter(bounds)
	if err != nil {
		panic(err)
	}
	defer twin.Close()
	a, b := own.First(), twin.First()
	for a || b {
		order := 0
		switch {
		case !b:
			order = -1
		case !a:
			order = 1
		default:
			order = compareKeys(own.Key(), twin.Key())
		}
		switch {
		case order < 0:
			k.found(names[space], NoIndex, own.Key(), "stored, but does not follow from the records")
		case order > 0:
			k.found(names[space], NoIndex, twin.Key(), "missing")
		default:
			k.compareValues(space, own, twin)
		}
		if order <= 0 {
			a = own.Next()
		}
		if order >= 0 {
			b = twin.Next()
		}
	}
	if err := own.Error(); err != nil {
		k.found(names[space], NoIndex, nil, "%v", err)
	}
}

func compareKeys(a, b []byte) int { return pebble.DefaultComparer.Compare(a, b) }

func (k *checker) compareValues(space byte, own, twin *pebble.Iterator) {
	a, err := own.ValueAndErr()
	if err != nil {
		k.found(names[space], NoIndex, own.Key(), "%v", err)
		return
	}
	b, err := twin.ValueAndErr()
	if err != nil {
		panic(err)
	}
	if string(a) != string(b) {
		k.found(names[space], NoIndex, own.Key(), "differs from what the records give")
	}
}
