package verifier

import (
	"context"
	"errors"
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// CycleOptions of an audit of a closed cycle.
type CycleOptions struct {
	Policy  *proof.TrustPolicy // whose checkpoints are believed
	Auditor codec.ID
	Key     codec.Hash // owner key that is to sign the attestation
	Cycle   uint64
	Secret  [32]byte      // that the intent commits to
	Beacon  *BeaconOpened // round of the cycle, if it has a beacon
	State   []byte        // saved state of a Follower; nil: none

	// Dir is the work directory. An audit that was interrupted goes on in it.
	Dir     string
	Workers int // shards executed at once; 0 means 1
	Machine Machine
	// Escalate draws on until the bound on bad value is tolerable, at most to this many
	// vouching draws; 0: no further than a sample without errors needs.
	Escalate uint64
	Build    Build
	Now      func() uint64 // Unix ms; only for the span and when something was missing
	Progress func(stage string, done, total uint64)
}

// stageMerge is when results are merged and paths are collected.
const stageMerge = "merging results"

func (o *CycleOptions) validate() error {
	switch {
	case o.Policy == nil:
		return errors.New("audit options: Policy is missing")
	case o.Dir == "":
		return errors.New("audit options: Dir is missing")
	case o.Now == nil:
		return errors.New("audit options: Now is missing")
	case o.Workers < 0:
		return errors.New("audit options: Workers is negative")
	case o.Escalate > MaxDraws:
		return fmt.Errorf("audit options: Escalate is %d, at most %d", o.Escalate, MaxDraws)
	}
	return nil
}

func (o *CycleOptions) progress(stage string) func(done, total uint64) {
	if o.Progress == nil {
		return nil
	}
	return func(done, total uint64) { o.Progress(stage, done, total) }
}

// CycleAudited is a finished audit of a cycle.
type CycleAudited struct {
	Report *CycleReport
	State  []byte // of the follower, to be saved
}

// AuditCycle audits a closed cycle (docs/formats/sampling.md): it rebuilds the log and
// the trees of the close, draws by the seed that intent and close fix, executes what was
// drawn, and concludes. Proofs and evidence are in the work directory. A mismatch is in
// the report and no error; errors are ErrNotReady, lies about the log itself, LieClose
// among them, and ErrUnavailable when there was no way to draw. Of a close that contradicts
// itself evidence is written, which the error names.
func AuditCycle(ctx context.Context, src Source, o CycleOptions) (audited *CycleAudited, err error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	w, err := openWorkdir(o.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	follower, err := NewFollower(o.Policy, o.State)
	if err != nil {
		return nil, err
	}
	pair, err := follower.Follow(ctx, src, w.start.Size)
	if err != nil {
		return nil, err
	}
	b, err := openBooks(o.Dir, o.Cycle, o.Auditor)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.closeFiles()) }()
	log, err := readBooks(ctx, src, pair, b, o.progress(stageLog))
	if err == nil {
		err = b.ready(o.Secret)
	}
	if err != nil {
		return nil, err
	}
	if err := w.begin(workStart{Origin: pair.A.Origin(), Auditor: o.Auditor, Cycle: o.Cycle,
		Size: pair.Size(), Root: pair.A.Root(), Start: o.Now()}); err != nil {
		return nil, err
	}
	report, err := auditBooks(ctx, src, &o, w, log, b)
	return &CycleAudited{Report: report, State: follower.State()}, accuseClosed(ctx, src, &o, log, b, err)
}

// cycleAudit is one audit of a cycle under way.
type cycleAudit struct {
	examiner
	options *CycleOptions
	frame   *cycleFrame
	policy  *codec.Policy
	raw     Source // does not keep what it fetches
	seed    Seed

	hits     []*hit // in the order of the report
	found    map[*hit]*finding
	items    []CycleItem
	works    []CycleWork
	evidence []EvidenceName
}

// auditBooks audits a cycle whose log was read.
func auditBooks(ctx context.Context, src Source, o *CycleOptions, w *workdir, log *Log, b *books) (report *CycleReport, err error) {
	inForce := log.registry.inForce(o.Cycle, b.close.Index)
	if err := b.compare(inForce); err != nil {
		return nil, err
	}
	if err := b.checkBatches(ctx, src, log); err != nil {
		return nil, err
	}
	policy := new(codec.Policy)
	if err := codec.Decode(inForce.body, policy); err != nil {
		return nil, lie(LieRecord, "policy in record %d: %v", inForce.index, err)
	}
	frame, err := buildCycleFrame(ctx, src, b, o.Dir, o.Workers, o.progress(stageFrame))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, frame.closeFiles()) }()
	a := &cycleAudit{
		examiner: examiner{src: &caching{src, w.blobs()}, log: log, machine: o.Machine, work: w},
		options:  o, frame: frame, policy: policy, raw: src, found: map[*hit]*finding{},
	}
	taken := newReversals(&a.examiner, src, b, o.Dir, o.Workers)
	report = a.newReport(w)
	if report.Deviations, err = taken.check(ctx); err != nil {
		return nil, err
	}
	if err := a.openBeacon(report); err != nil {
		return nil, err
	}
	in := report.seedInputs(b.close.root)
	a.seed = in.Seed()
	report.Seed = codec.Hash(a.seed)
	if report.Context, err = a.context(ctx); err != nil {
		return nil, err
	}
	if err := a.sample(ctx, report); err != nil {
		return nil, err
	}
	report.Span.End = o.Now()
	if data := report.Encode(); len(data) > MaxReport {
		return nil, fmt.Errorf("the report of %d draws has %d bytes, more than %d", len(report.Draws), len(data), MaxReport)
	}
	return report, nil
}

// newReport states what is known before anything is drawn.
func (a *cycleAudit) newReport(w *workdir) *CycleReport {
	b, f, o := a.frame.books, a.frame, a.options
	return &CycleReport{
		Version: 1, Origin: a.log.Pair.A.Origin(), Auditor: o.Auditor, Key: o.Key, Cycle: o.Cycle,
		Close: b.close.RecordRef, Checkpoint: a.log.Pair.A.Note(), Intent: b.intentAt.Index, Secret: o.Secret,
		Frame:  CycleFrame{Value: f.value, Journal: f.journal, Parties: f.totals, Subtotals: f.subtotals, Basis: 1},
		Target: *b.intent.Target, Draws: []CycleDraw{}, Items: []CycleItem{}, Works: []CycleWork{},
		Span: codec.Span{Start: w.start.Start}, Build: o.Build, Evidence: []EvidenceName{},
		Deviations: []string{},
	}
}

// context proves close, cut and intent, and joins the close to the checkpoint.
func (a *cycleAudit) context(ctx context.Context) (codec.Hash, error) {
	b := a.frame.books
	c := CycleContext{Root: b.close.root}
	for _, p := range []struct {
		index uint64
		to    *Proved
	}{{b.close.Index, &c.Close}, {b.intentAt.Index, &c.Intent}, {b.cut.Index, &c.Cut}} {
		proved, err := a.proved(ctx, p.index)
		if err != nil {
			return codec.Hash{}, err
		}
		*p.to = *proved
	}
	if from, to := b.close.Index+1, a.log.Pair.Size(); from < to {
		path, err := a.src.Consistency(ctx, proof.TreeA, from, to)
		if err != nil {
			return codec.Hash{}, unavailable(err, "consistency proof from %d to %d", from, to)
		}
		c.Consistency = hashes(path)
	}
	return a.work.putProof(codec.Encode(&c))
}

// sample draws, examines and concludes, and goes on if it is told to escalate. Draws are
// appended; the seed stays.
func (a *cycleAudit) sample(ctx context.Context, r *CycleReport) error {
	t, value := &r.Target, a.frame.value
	if value == 0 {
		a.conclude(r, nil)
		return nil
	}
	n := drawsFor(value, t.Draws, t.ConfPPM, t.FaultPPM, MaxDraws)
	vouching, err := a.frame.drawVouching(a.seed, 0, n)
	if err != nil {
		return err
	}
	tracing, err := a.frame.drawTracing(a.seed, 0, tracingDraws(t.Draws, t.TracingPPM))
	if err != nil {
		return err
	}
	if err := a.examineHits(ctx, vouching); err != nil {
		return err
	}
	if err := a.trace(ctx, tracing); err != nil {
		return err
	}
	for {
		a.hits = append(append([]*hit(nil), vouching...), tracing...)
		if err := a.number(); err != nil {
			return err
		}
		a.conclude(r, vouching)
		more := a.next(r, uint64(len(vouching)))
		if more == 0 {
			break
		}
		hits, err := a.frame.drawVouching(a.seed, uint64(len(vouching)), uint64(len(vouching))+more)
		if err != nil {
			return err
		}
		if err := a.examineHits(ctx, hits); err != nil {
			return err
		}
		vouching = append(vouching, hits...)
	}
	return a.describe(r)
}

// next returns how many more draws would make the bound tolerable if they found nothing
// new, 0 when it is, or when no more are wanted.
func (a *cycleAudit) next(r *CycleReport, n uint64) uint64 {
	if n >= a.options.Escalate || tolerable(r.Bounds.Upper, a.frame.value, r.Target.FaultPPM) {
		return 0
	}
	low, high := n, a.options.Escalate
	taints := a.taints(a.hits[:n])
	for low+1 < high {
		middle := low + (high-low)/2
		if tolerable(upperBound(a.frame.value, middle, r.Target.ConfPPM, taints), a.frame.value, r.Target.FaultPPM) {
			high = middle
		} else {
			low = middle
		}
	}
	return high - n
}
