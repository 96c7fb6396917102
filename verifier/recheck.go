package verifier

import (
	"bytes"
	"reflect"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	merkle "github.com/transparency-dev/merkle/proof"
)

// Blobs hands out the blobs that a report names; they are checked against their hash.
type Blobs func(hash codec.Hash) ([]byte, error)

// recheck is the work on somebody else's report.
type recheck struct {
	r     *CycleReport
	blobs Blobs
	at    *proof.Checkpoint
	close codec.Cycle
	seed  Seed
}

// Check checks a report with the trust policy and the blobs that it names, and nothing
// else: the checkpoint, the close and the intent under it, the seed, every draw with all
// its paths, and that counts, bound and opinion follow from the items. What it cannot
// see is whether the executions were done; Rerun does them again. Errors: LieReport,
// those of proof.TrustPolicy.OpenCheckpoint, ErrUnavailable for a blob that is not there.
func (r *CycleReport) Check(policy *proof.TrustPolicy, blobs Blobs) error {
	c := &recheck{r: r, blobs: blobs}
	for _, step := range []func() error{
		func() error { return c.open(policy) }, c.context, c.numbers, c.draws, c.items, c.works, c.conclusion,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// open opens the checkpoint.
func (c *recheck) open(policy *proof.TrustPolicy) (err error) {
	if c.at, err = policy.OpenCheckpoint(c.r.Checkpoint); err != nil {
		return err
	}
	if c.at.Hasher() != proof.TreeA || c.at.Origin() != c.r.Origin {
		return lie(LieReport, "the checkpoint is of %s", c.at.Origin())
	}
	return nil
}

// blob fetches and decodes a blob.
func (c *recheck) blob(hash codec.Hash, what string, v any) error {
	data, err := c.blobs(hash)
	if err != nil {
		return unavailable(err, "%s %s", what, hash)
	}
	if codec.BlobHash(data) != hash {
		return unavailable(lie(LieBlob, "%d bytes", len(data)), "%s %s", what, hash)
	}
	if err := codec.Decode(data, v); err != nil {
		return lie(LieReport, "%s: %v", what, err)
	}
	return nil
}

// under checks that a record stands under the checkpoint, and decodes its envelope.
func (c *recheck) under(p *Proved) (*codec.Record, error) {
	if err := c.at.CheckInclusion(p.Index, p.Record, arrays(p.Path)); err != nil {
		return nil, lie(LieReport, "record %d: %v", p.Index, err)
	}
	rec, err := codec.DecodeRecord(p.Record)
	if err != nil {
		return nil, lie(LieReport, "record %d: %v", p.Index, err)
	}
	return &rec, nil
}

// context checks close, cut and intent, and the seed that follows from them.
func (c *recheck) context() error {
	var x CycleContext
	if err := c.blob(c.r.Context, "context", &x); err != nil {
		return err
	}
	var cut codec.Cycle
	for _, b := range []struct {
		p    *Proved
		body *codec.Cycle
		op   codec.CycleOp
	}{{&x.Close, &c.close, codec.CycleClose}, {&x.Cut, &cut, codec.CycleCut}} {
		rec, err := c.under(b.p)
		if err != nil {
			return err
		}
		if rec.Kind != codec.KindCycle || readCycle(rec.Body, b.p.Index, b.body) != nil || b.body.Op != b.op || b.body.Cycle != c.r.Cycle {
			return lie(LieReport, "record %d does not end cycle %d", b.p.Index, c.r.Cycle)
		}
	}
	if c.r.Close != (codec.RecordRef{Index: x.Close.Index, Leaf: proof.LeafA(x.Close.Record)}) ||
		*c.close.Cut != (codec.RecordRef{Index: x.Cut.Index, Leaf: proof.LeafA(x.Cut.Record)}) {
		return lie(LieReport, "another close")
	}
	if err := c.intent(&x.Intent); err != nil {
		return err
	}
	if err := c.beacon(&cut); err != nil {
		return err
	}
	if err := joined(&x, c.r.Close.Index+1, c.at); err != nil {
		return err
	}
	c.seed = c.r.seedInputs(x.Root).Seed()
	if codec.Hash(c.seed) != c.r.Seed {
		return lie(LieReport, "another seed")
	}
	return nil
}

// joined checks that the tree that the seed comes from is a prefix of the checkpoint's.
func joined(x *CycleContext, size uint64, at *proof.Checkpoint) error {
	root := at.Root()
	if size == at.Size() {
		if x.Root != codec.Hash(root) {
			return lie(LieReport, "root at the close")
		}
		return nil
	}
	path := make([][]byte, len(x.Consistency))
	for i := range path {
		path[i] = x.Consistency[i][:]
	}
	if err := merkle.VerifyConsistency(proof.TreeA, size, at.Size(), path, x.Root[:], root[:]); err != nil {
		return lie(LieReport, "the tree at the close is not joined to the checkpoint: %v", err)
	}
	return nil
}

// intent checks that the secret opens the intent and that its target is the report's.
func (c *recheck) intent(p *Proved) error {
	rec, err := c.under(p)
	if err != nil {
		return err
	}
	var a codec.Audit
	if rec.Kind != codec.KindAudit || readAudit(rec.Body, p.Index, &a) != nil || a.Op != codec.AuditIntent {
		return lie(LieReport, "record %d is no intent", p.Index)
	}
	if p.Index != c.r.Intent || p.Index >= c.close.Cut.Index || a.Auditor != c.r.Auditor || *a.Audited != c.r.Cycle || *a.Target != c.r.Target {
		return lie(LieReport, "another intent")
	}
	if codec.AuditCommitment(a.Auditor, c.r.Cycle, c.r.Secret) != *a.Commit {
		return lie(LieReport, "the secret does not open the intent")
	}
	return nil
}

// beacon checks that the report opens the round that counts.
func (c *recheck) beacon(cut *codec.Cycle) error {
	named := c.close.Beacon
	if named == nil {
		named = cut.Beacon
	}
	if (named == nil) != (c.r.Beacon == nil) {
		return lie(LieReport, "another beacon round")
	}
	if named != nil {
		if err := c.r.Beacon.Check(named); err != nil {
			return lie(LieReport, "%v", err)
		}
	}
	return nil
}

// numbers checks the frame against the close and that there are enough draws.
func (c *recheck) numbers() error {
	f, r := &c.r.Frame, c.r
	value := uint64(0)
	for _, s := range *c.close.Subtotals {
		if s.Role == codec.RoleProvider {
			value = s.Credit
		}
	}
	if f.Value != value || f.Journal != *c.close.Journal || f.Parties != *c.close.Parties || !reflect.DeepEqual(f.Subtotals, *c.close.Subtotals) {
		return lie(LieReport, "the frame is not the close's")
	}
	// Nothing below is defined for these, whoever signed the close and the intent.
	if value > 0 && f.Journal.Debit == 0 {
		return lie(LieReport, "the close pays %d and charges nothing", value)
	}
	if t := &r.Target; t.ConfPPM == 0 || t.ConfPPM >= million || t.FaultPPM == 0 || t.FaultPPM >= million {
		return lie(LieReport, "confidence %d, fault %d ppm", t.ConfPPM, t.FaultPPM)
	}
	vouching := uint64(0)
	for vouching < uint64(len(r.Draws)) && r.Draws[vouching].Kind == Vouching {
		vouching++
	}
	tracing := uint64(len(r.Draws)) - vouching
	enough := vouching >= r.Target.Draws && tracing >= tracingDraws(r.Target.Draws, r.Target.TracingPPM)
	if value == 0 && len(r.Draws) > 0 || value > 0 && !enough {
		return lie(LieReport, "%d vouching and %d tracing draws", vouching, tracing)
	}
	return nil
}

// draws checks every draw: its number, its micro-Credit, and where it leads.
func (c *recheck) draws() error {
	next := map[DrawKind]uint64{}
	items := uint64(0)
	for i := range c.r.Draws {
		d := &c.r.Draws[i]
		if d.Kind != Vouching && (d.Kind != Tracing || next[Tracing] == 0 && i == 0) {
			return lie(LieReport, "draw %d is of no kind", i)
		}
		u := uint64(0)
		if d.Kind == Vouching {
			u = c.seed.Draw(d.I, c.r.Frame.Value)
		} else {
			u = c.seed.Trace(d.I, c.r.Frame.Journal.Debit)
		}
		if d.I != next[d.Kind] || d.U != u || d.Kind == Vouching && next[Tracing] > 0 {
			return lie(LieReport, "%s draw %d", d.Kind, d.I)
		}
		next[d.Kind]++
		if d.Item > items || d.Item >= uint64(len(c.r.Items)) {
			return lie(LieReport, "%s draw %d: item %d", d.Kind, d.I, d.Item)
		}
		items = max(items, d.Item+1)
		item := &c.r.Items[d.Item]
		if d.Proof == (codec.Hash{}) {
			if item.Verdict == Match {
				return lie(LieReport, "%s draw %d passes without a proof", d.Kind, d.I)
			}
			continue
		}
		if err := c.draw(d, item); err != nil {
			return err
		}
	}
	if items != uint64(len(c.r.Items)) {
		return lie(LieReport, "%d items were drawn, %d are listed", items, len(c.r.Items))
	}
	return nil
}

// items checks what each item says of itself.
func (c *recheck) items() error {
	for i := range c.r.Items {
		item := &c.r.Items[i]
		wrong := lie(LieReport, "item %d", i)
		units := uint64(0)
		if (item.Shard != nil) != (item.Kind == ItemShard) || item.Verdict != Match && item.Verdict != Mismatch && item.Verdict != Inconclusive {
			return wrong
		}
		if item.Shard != nil {
			units = item.Shard.Units
			e := &codec.ShardEntry{Output: item.Shard.Output, Units: units}
			fault := Fault(0)
			if item.Recomputed != nil {
				fault = judge(e, item.Recomputed)
			}
			if item.Verdict == Match && (item.Recomputed == nil || fault != 0) || fault != 0 && item.Fault != uint64(fault) {
				return wrong
			}
		}
		if item.Taint != taintOf(item.Verdict, Fault(item.Fault), len(item.Reasons), units, item.Recomputed) {
			return wrong
		}
	}
	return nil
}

// works checks that what is said of whole settlements is about drawn ones, once each.
func (c *recheck) works() error {
	drawn := map[uint64]bool{}
	for i := range c.r.Draws {
		drawn[c.r.Draws[i].Record] = true
	}
	for i := range c.r.Works {
		w := &c.r.Works[i]
		if !drawn[w.Record] || i > 0 && w.Record <= c.r.Works[i-1].Record ||
			w.Merge != Match && w.Merge != Mismatch && w.Merge != Inconclusive {
			return lie(LieReport, "verdict on settlement %d", w.Record)
		}
	}
	return nil
}

// conclusion derives counts, bound and opinion again.
func (c *recheck) conclusion() error {
	r := c.r
	var taints []uint64
	vouching := uint64(0)
	for i := range r.Draws {
		if d := &r.Draws[i]; d.Kind == Vouching {
			vouching++
			if t := r.Items[d.Item].Taint; t > 0 {
				taints = append(taints, t)
			}
		}
	}
	result := countItems(r.Items)
	bounds := boundsOf(r.Frame.Value, vouching, r.Target.ConfPPM, taints)
	switch {
	case result != r.Result:
		return lie(LieReport, "counts")
	case bounds != r.Bounds:
		return lie(LieReport, "bound")
	case opinionOf(r.Frame.Value, r.Target.FaultPPM, &result, bounds.Upper) != r.Opinion:
		return lie(LieReport, "opinion")
	}
	return nil
}

// Attestation returns the body of the record that publishes the report: all but what
// client.DraftAttestation fills in. Open is the open cycle, findings are the indexes of
// disputes that were opened.
func (r *CycleReport) Attestation(at *proof.Checkpoint, ms, open uint64, findings []uint64) codec.Audit {
	draws := codec.Draws{}
	for i := range r.Draws {
		if r.Draws[i].Kind == Vouching {
			draws.Vouching++
		} else {
			draws.Tracing++
		}
	}
	if findings == nil {
		findings = []uint64{}
	}
	a := codec.Audit{
		At: ms, Cycle: open, Author: r.Auditor, Auditor: r.Auditor, Op: codec.AuditAttestation, Intent: &r.Intent, Close: &r.Close,
		Checkpoint: &codec.CheckpointRef{Size: at.Size(), Root: at.Root(), Blob: codec.BlobHash(r.Checkpoint)}, Secret: &r.Secret,
		Frame: &codec.Frame{Value: r.Frame.Value, Parties: r.Frame.Parties.N, Postings: r.Frame.Parties.Postings, Basis: r.Frame.Basis},
		Draws: &draws, Result: &r.Result, Bounds: &r.Bounds, Env: &codec.AuditEnv{Build: r.Build.Binary, Platform: r.Build.Platform},
		Span: &r.Span, Opinion: &r.Opinion, Findings: &findings,
	}
	if r.Beacon != nil {
		a.Beacon = &codec.BeaconValue{Round: r.Beacon.Round, Hash: beaconHash(r.Beacon.Signature)}
	}
	return a
}

// sameShard says whether an item is about an entry of a settlement's manifest.
func sameShard(item *ShardItem, program codec.Hash, e *codec.ShardEntry) bool {
	if item == nil || item.Program != program || item.Provider != e.Provider || item.Index != e.Index || item.Replica != e.Replica ||
		item.Args != e.Args || item.Output != e.Output || item.Units != e.Units || len(item.Inputs) != len(e.Inputs) {
		return false
	}
	for i := range e.Inputs {
		if item.Inputs[i] != e.Inputs[i] {
			return false
		}
	}
	return true
}

// isKey compares a key of a leaf.
func isKey(leaf *proof.SumLeaf, key []byte) bool { return bytes.Equal(leaf.Key, key) }
