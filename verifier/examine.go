package verifier

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// Verdict is what an auditor says about a draw.
type Verdict string

// The verdicts.
const (
	// Match: everything that was checked is as the settlement says.
	Match Verdict = "match"
	// Mismatch: the settlement is false, and a third party can see it too.
	Mismatch Verdict = "mismatch"
	// Inconclusive: this auditor could not tell, for the reason given.
	Inconclusive Verdict = "inconclusive"
)

// examiner examines draws against one log and one frame.
type examiner struct {
	src     Source
	log     *Log
	frame   *Frame // nil: details are fetched when they are needed
	machine Machine
	work    *workdir // nil: nothing is known from an earlier run
}

// shardRef names one entry of one manifest.
type shardRef struct {
	settlement uint64
	entry      int
}

// examination is what became of one shard.
type examination struct {
	ref        shardRef
	entry      *codec.ShardEntry
	verdict    Verdict
	reasons    []string
	fault      Fault
	recomputed *Recomputed // nil if the shard was not executed
	evidence   *Evidence   // nil but for a mismatch that a file can show
	bundle     *Bundle
	output     []byte // of the execution, if it was done now and gave one
}

// locate leads a draw to the entry of the manifest that holds its work unit, and
// checks the path of the posting and of the shard (sampling.md section 3 steps 4 and 6).
func (x *examiner) locate(d *dossier, drawn *Drawn) (int, error) {
	if d.shards == nil || d.lines == nil {
		return 0, ErrUnavailable
	}
	line, err := d.lines.Prove(int(drawn.Line))
	if err != nil {
		return 0, fmt.Errorf("posting %d of settlement %d: %w", drawn.Line, d.index, err)
	}
	key := proof.LineKey(uint16(drawn.Line))
	stated := proof.SumStatement{Type: proof.SumPostings, Root: d.body.Postings.Root,
		Sums: [2]uint64{d.body.Charge, d.body.Charge}, Leaves: d.body.Postings.N, Count: d.body.Postings.N}
	if _, err := proof.CheckMember(stated, key[:], line); err != nil {
		return 0, fmt.Errorf("posting %d of settlement %d: %w", drawn.Line, d.index, err)
	}
	i, err := d.shards.Locate(drawn.Unit, 0)
	if err != nil {
		return 0, lie(LieManifest, "settlement %d has no work unit %d", d.index, drawn.Unit)
	}
	shard, err := d.shards.Prove(i)
	if err != nil {
		return 0, err
	}
	if _, _, err := proof.CheckLocate(shardStatement(&d.body), drawn.Unit, 0, shard); err != nil {
		return 0, fmt.Errorf("work unit %d of settlement %d: %w", drawn.Unit, d.index, err)
	}
	if got := d.manifest.Entries[i].Provider; got != drawn.Party {
		return 0, lie(LieManifest, "settlement %d pays %s for the work of %s", d.index, drawn.Party, got)
	}
	return i, nil
}

// examine examines one shard: agent, receipt, execution (sampling.md section 3 step 5),
// on top of what the dossier of its settlement says.
func (x *examiner) examine(ctx context.Context, d *dossier, ref shardRef) *examination {
	e := &examination{ref: ref, entry: &d.manifest.Entries[ref.entry]}
	findings, open := append([]error(nil), d.findings...), append([]error(nil), d.open...)
	note := func(err error) {
		if errors.Is(err, ErrUnavailable) {
			open = append(open, err)
		} else if err != nil {
			findings = append(findings, err)
		}
	}
	note(x.checkAgent(d, e))
	work, err := x.execute(ctx, d, e)
	note(err)
	switch {
	case len(findings) > 0:
		e.verdict, e.reasons = Mismatch, texts(findings)
		x.prove(d, e, work, findings)
	case len(open) > 0:
		e.verdict, e.reasons = Inconclusive, texts(open)
	default:
		e.verdict = Match
	}
	return e
}

func texts(errs []error) []string {
	out := make([]string, len(errs))
	for i, err := range errs {
		out[i] = strings.ReplaceAll(err.Error(), "\n", " ")
	}
	return out
}

// Findings about one shard that an evidence file can show, by fault.
var errFault = map[Fault]error{
	FaultOutput:  errors.New(FaultOutput.String()),
	FaultUnits:   errors.New(FaultUnits.String()),
	FaultInvalid: errors.New(FaultInvalid.String()),
	FaultReceipt: errors.New(FaultReceipt.String()),
}

// checkAgent checks the entry's agent key and receipt (records.md section 6.2).
func (x *examiner) checkAgent(d *dossier, e *examination) error {
	key := x.log.registry.keys[e.entry.Agent]
	planned, ok := x.log.planned[workloadKey{d.body.Author, d.body.Workload}]
	switch {
	case !ok:
		return lie(LieRecord, "settlement %d has no Planned event", d.index)
	case key == nil:
		return lie(LieKey, "agent key %s is registered nowhere", e.entry.Agent)
	case !receiptValid(x.log.Pair.A.Origin(), &d.body, key, e.entry):
		return fmt.Errorf("%w: shard %d of settlement %d", errFault[FaultReceipt], e.entry.Index, d.index)
	case key.ValidFrom > d.index || key.RevokedAt < planned:
		return lie(LieKey, "agent key %s is not valid for settlement %d", e.entry.Agent, d.index)
	}
	return nil
}

// keptOutput is the largest output that is held until a result is merged, in bytes;
// larger ones are fetched again.
const keptOutput = 1 << 20

// execute fetches the shard's bytes and executes it again, unless that gave what the
// entry claims in an earlier run.
func (x *examiner) execute(ctx context.Context, d *dossier, e *examination) (*Work, error) {
	key := codec.Hash{}
	if x.work != nil {
		key = shardKey(&d.body, e.entry)
		if got, ok := x.work.known(key); ok && judge(e.entry, &got) == 0 {
			e.recomputed = &got
			return nil, nil
		}
	}
	work, err := fetchWork(ctx, x.src, e.entry)
	if err != nil {
		return nil, err
	}
	if d.program == nil {
		return work, d.unknown
	}
	got, output, err := executeShard(ctx, d.program, d.body.Seed, e.entry, work)
	if err != nil {
		return work, err
	}
	if e.recomputed = &got; len(output) <= keptOutput {
		e.output = output
	}
	if x.work != nil {
		if err := x.work.note(workNote{Shard: &key, Result: &got}); err != nil {
			return work, unavailable(err, "notes")
		}
	}
	if e.fault = judge(e.entry, &got); e.fault != 0 {
		return work, fmt.Errorf("%w: shard %d of settlement %d: %s", errFault[e.fault], e.entry.Index, d.index, &got)
	}
	return work, nil
}
