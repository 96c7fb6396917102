package verifier

import (
	"context"
	"fmt"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// MaxDraws bounds one audit: more than any target of sampling.md section 1 asks for.
const MaxDraws = 1_000_000

// Options of an audit.
type Options struct {
	Policy  *proof.TrustPolicy // whose checkpoints are believed
	Auditor codec.ID           // who audits; part of the commitment
	Cycle   uint64             // the cycle meant; part of the commitment
	Secret  [32]byte           // drawn at random and committed to before the data existed

	State []byte // saved state of a Follower; nil: none
	Size  uint64 // of the checkpoint that ends the range; 0: the newest
	From  uint64 // first index of the range; 0 means 1, because the genesis pays nobody
	Draws uint64 // number of vouching draws, at most MaxDraws

	// Workers is how many shards are executed at once; 0 means 1. It changes nothing
	// in the report.
	Workers int
	// Machine is how shards are executed; the zero value knows built-in programs.
	Machine Machine
	// Progress is told what is being done, from several goroutines but never at once;
	// nil: nobody is told.
	Progress func(stage string, done, total uint64)
}

// stages of an audit, as Progress names them.
const (
	stageLog     = "reading the log"
	stageFrame   = "fetching postings"
	stageOpen    = "opening settlements"
	stageExecute = "executing shards"
)

// validate refuses nonsense with the field's name.
func (o *Options) validate() error {
	switch {
	case o.Policy == nil:
		return fmt.Errorf("audit options: Policy is missing")
	case o.Draws > MaxDraws:
		return fmt.Errorf("audit options: Draws is %d, at most %d", o.Draws, MaxDraws)
	case o.Workers < 0:
		return fmt.Errorf("audit options: Workers is negative")
	}
	return nil
}

// progress returns the progress function of one stage.
func (o *Options) progress(stage string) func(done, total uint64) {
	if o.Progress == nil {
		return nil
	}
	return func(done, total uint64) { o.Progress(stage, done, total) }
}

// Audit follows the log to a checkpoint, rebuilds it from the records, draws shards in
// proportion to what was paid for them and executes them again. The report is the
// same for the same log, secret and number of draws, on every machine. A mismatch is
// in the report and no error; errors are lies about the log itself, and ErrUnavailable
// when there was no way to draw.
func Audit(ctx context.Context, src Source, o Options) (*Report, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	follower, err := NewFollower(o.Policy, o.State)
	if err != nil {
		return nil, err
	}
	pair, err := follower.Follow(ctx, src, o.Size)
	if err != nil {
		return nil, err
	}
	log, err := ReadLog(ctx, src, pair, o.progress(stageLog))
	if err != nil {
		return nil, err
	}
	first := max(1, o.From)
	if first >= pair.Size() {
		return nil, fmt.Errorf("nothing to audit: the range begins at index %d, the published log ends before %d", first, pair.Size())
	}
	frame, err := BuildFrame(ctx, src, log, first, pair.Size()-1, o.Workers, o.progress(stageFrame))
	if err != nil {
		return nil, err
	}
	a := &audit{examiner: examiner{src: src, log: log, frame: frame, machine: o.Machine}, options: &o, dossiers: map[uint64]*dossier{}}
	report := a.newReport()
	report.State = follower.State()
	return report, a.run(ctx, report)
}

// audit is one audit under way.
type audit struct {
	examiner
	options  *Options
	seed     Seed
	drawn    []Drawn
	dossiers map[uint64]*dossier // by settlement; filled before it is read concurrently
	located  []shardRef          // per draw; entry -1: not located
	failures []error             // per draw: why it was not located
	shards   map[shardRef]*examination
}

// run draws, examines and fills the report.
func (a *audit) run(ctx context.Context, report *Report) error {
	if a.frame.Value == 0 {
		return nil // nothing was paid, nothing to draw
	}
	for i := range a.options.Draws {
		d, err := a.frame.Draw(a.seed, i)
		if err != nil {
			return err
		}
		a.drawn = append(a.drawn, d)
	}
	if err := a.open(ctx); err != nil {
		return err
	}
	a.locateAll()
	if err := a.examineAll(ctx); err != nil {
		return err
	}
	a.fill(ctx, report)
	return nil
}

// open makes the dossier of every settlement that was drawn.
func (a *audit) open(ctx context.Context) error {
	var indexes []uint64
	for i := range a.drawn {
		indexes = append(indexes, a.drawn[i].Settlement)
	}
	slices.Sort(indexes)
	indexes = slices.Compact(indexes)
	opened := make([]*dossier, len(indexes))
	err := parallel(ctx, a.options.Workers, len(indexes), a.options.progress(stageOpen), func(ctx context.Context, i int) error {
		opened[i] = a.openDossier(ctx, indexes[i])
		return ctx.Err()
	})
	for i, index := range indexes {
		a.dossiers[index] = opened[i]
	}
	return err
}

// locateAll finds the shard of every draw.
func (a *audit) locateAll() {
	a.located = make([]shardRef, len(a.drawn))
	a.failures = make([]error, len(a.drawn))
	for i := range a.drawn {
		d := &a.drawn[i]
		entry, err := a.locate(a.dossiers[d.Settlement], d)
		if err != nil {
			entry = -1
		}
		a.located[i], a.failures[i] = shardRef{d.Settlement, entry}, err
	}
}

// examineAll examines every distinct shard once.
func (a *audit) examineAll(ctx context.Context) error {
	var refs []shardRef
	a.shards = map[shardRef]*examination{}
	for _, ref := range a.located {
		if _, seen := a.shards[ref]; !seen && ref.entry >= 0 {
			a.shards[ref] = nil
			refs = append(refs, ref)
		}
	}
	done := make([]*examination, len(refs))
	err := parallel(ctx, a.options.Workers, len(refs), a.options.progress(stageExecute), func(ctx context.Context, i int) error {
		done[i] = a.examine(ctx, a.dossiers[refs[i].settlement], refs[i])
		return ctx.Err()
	})
	for i, ref := range refs {
		a.shards[ref] = done[i]
	}
	return err
}
