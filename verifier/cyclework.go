package verifier

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// finding is what became of a draw: an item, shared with other draws of the same thing,
// and the paths that lead to it.
type finding struct {
	key     string // of the item
	item    CycleItem
	missing bool       // bytes could not be had
	proof   *DrawProof // without the paths in the cycle's trees; nil: the record could not be had
}

func (w *workdir) blobs() string { return filepath.Join(w.dir, blobsDir) }

// examineHits examines vouching draws, some settlements at a time, so that no more of
// them are held than there are workers.
func (a *cycleAudit) examineHits(ctx context.Context, hits []*hit) error {
	byRecord := map[uint64][]*hit{}
	var indexes []uint64
	for _, h := range hits {
		if byRecord[h.line.index] == nil {
			indexes = append(indexes, h.line.index)
		}
		byRecord[h.line.index] = append(byRecord[h.line.index], h)
	}
	slices.Sort(indexes)
	step := max(1, a.options.Workers)
	for i := 0; i < len(indexes); i += step {
		some := indexes[i:min(i+step, len(indexes))]
		if err := a.examineRecords(ctx, some, byRecord); err != nil {
			return err
		}
		if progress := a.options.progress(stageExecute); progress != nil {
			progress(uint64(i+len(some)), uint64(len(indexes)))
		}
	}
	return nil
}

// opened is a record that was drawn, while it is looked at.
type opened struct {
	entry   entry
	hits    []*hit
	dossier *dossier             // of a settlement
	shards  map[int]*examination // by entry of the manifest
	located map[*hit]int         // entry of the manifest, -1: none
	failed  map[*hit]error       // why
	work    *CycleWork           //
}

// examineRecords examines all draws of some records.
func (a *cycleAudit) examineRecords(ctx context.Context, indexes []uint64, byRecord map[uint64][]*hit) error {
	list := make([]*opened, len(indexes))
	wanted := map[workloadKey]bool{}
	for i, index := range indexes {
		e, err := a.frame.entryOf(index)
		if err != nil {
			return err
		}
		list[i] = &opened{entry: e, hits: byRecord[index], shards: map[int]*examination{}, located: map[*hit]int{}, failed: map[*hit]error{}}
	}
	err := parallel(ctx, a.options.Workers, len(list), nil, func(ctx context.Context, i int) error {
		if list[i].entry.kind == codec.KindSettlement {
			list[i].dossier = a.openDossier(ctx, list[i].entry.index)
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	for _, o := range list {
		if o.dossier != nil {
			wanted[workloadKey{o.dossier.body.Author, o.dossier.body.Workload}] = true
		}
	}
	if a.log.planned, err = a.frame.books.plannedOf(wanted); err != nil {
		return err
	}
	if err := a.examineShards(ctx, list); err != nil {
		return err
	}
	err = parallel(ctx, a.options.Workers, len(list), nil, func(ctx context.Context, i int) error {
		if list[i].dossier != nil {
			list[i].work = a.wholeOf(ctx, list[i])
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	for _, o := range list {
		if err := a.file(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// examineShards leads the draws to shards and examines each once.
func (a *cycleAudit) examineShards(ctx context.Context, list []*opened) error {
	type task struct {
		o     *opened
		entry int
	}
	var tasks []task
	for _, o := range list {
		for _, h := range o.hits {
			if o.dossier == nil {
				continue
			}
			d := Drawn{I: h.i, U: h.u, Party: h.line.party, Settlement: h.line.index, Line: h.line.line, Unit: h.unit}
			at, err := a.locate(o.dossier, &d)
			if err != nil {
				o.located[h], o.failed[h] = -1, err
				continue
			}
			o.located[h] = at
			if _, seen := o.shards[at]; !seen {
				o.shards[at] = nil
				tasks = append(tasks, task{o, at})
			}
		}
	}
	done := make([]*examination, len(tasks))
	err := parallel(ctx, a.options.Workers, len(tasks), nil, func(ctx context.Context, i int) error {
		t := tasks[i]
		done[i] = a.examine(ctx, t.o.dossier, shardRef{t.o.entry.index, t.entry})
		return ctx.Err()
	})
	for i, t := range tasks {
		t.o.shards[t.entry] = done[i]
	}
	return err
}

// file keeps what became of the draws of a record.
func (a *cycleAudit) file(ctx context.Context, o *opened) error {
	if o.dossier == nil {
		return a.fileDocument(ctx, o)
	}
	if o.work != nil {
		a.addWork(*o.work)
	}
	for _, at := range sortedKeys(o.shards) {
		x := o.shards[at]
		if x.evidence != nil {
			if err := a.keepEvidence(ctx, o.dossier, x); err != nil {
				x.reasons = append(x.reasons, "no evidence file: "+err.Error())
			}
		}
		if o.work != nil && o.work.Merge == Mismatch {
			x.reasons = append(x.reasons, o.work.Reason)
			x.verdict = Mismatch
		}
	}
	for _, h := range o.hits {
		f := &finding{proof: a.shardPaths(o, h)}
		if at := o.located[h]; at >= 0 {
			f.describeShard(o.dossier, o.shards[at])
		} else {
			f.describeLost(o, h)
		}
		a.found[h] = f
	}
	return nil
}

func sortedKeys[V any](m map[int]V) []int {
	keys := make([]int, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// addWork keeps what was seen of a settlement once.
func (a *cycleAudit) addWork(w CycleWork) {
	at, found := slices.BinarySearchFunc(a.works, w, func(x, y CycleWork) int { return cmp.Compare(x.Record, y.Record) })
	if !found {
		a.works = slices.Insert(a.works, at, w)
	}
}

// keepEvidence completes the evidence of a mismatch and writes its files.
func (a *cycleAudit) keepEvidence(ctx context.Context, d *dossier, x *examination) error {
	if err := a.complete(ctx, d, x, a.options.Policy); err != nil {
		return err
	}
	name := fmt.Sprintf("settlement-%d-shard-%d.%d", d.index, x.entry.Index, x.entry.Replica)
	if slices.ContainsFunc(a.evidence, func(e EvidenceName) bool { return e.Name == name }) {
		return nil
	}
	file := x.evidence.Encode()
	base := filepath.Join(a.work.dir, name)
	if err := errors.Join(writeWhole(base+".evidence", file), writeWhole(base+".bundle", x.bundle.Encode())); err != nil {
		return err
	}
	a.evidence = append(a.evidence, EvidenceName{Name: name, Fault: uint64(x.evidence.Fault), Hash: codec.BlobHash(file)})
	return nil
}

// describeShard is the item of a shard that was examined.
func (f *finding) describeShard(d *dossier, x *examination) {
	e := x.entry
	f.key = fmt.Sprintf("shard %d %d", d.index, x.ref.entry)
	f.item = CycleItem{
		Kind: ItemShard, Record: d.index, Recomputed: x.recomputed, Verdict: x.verdict, Fault: uint64(x.fault),
		Taint: taintOf(x.verdict, x.fault, len(x.reasons), e.Units, x.recomputed), Reasons: shortened(x.reasons),
		Shard: &ShardItem{Program: codec.ProgramID(&d.body.Program), Provider: e.Provider, Index: e.Index, Replica: e.Replica,
			Args: e.Args, Inputs: e.Inputs, Output: e.Output, Units: e.Units},
	}
	if f.item.Shard.Inputs == nil {
		f.item.Shard.Inputs = []codec.Blob{}
	}
	f.missing = x.verdict == Inconclusive
}

// describeLost is the item of a draw that led to no shard.
func (f *finding) describeLost(o *opened, h *hit) {
	verdict, reasons := unlocated(o.dossier, o.failed[h])
	f.key = fmt.Sprintf("lost %d %d %d", h.line.index, h.line.line, h.unit)
	f.item = CycleItem{Kind: ItemLost, Record: h.line.index, Line: h.line.line, Verdict: verdict,
		Taint: taintOf(verdict, 0, len(reasons), 0, nil), Reasons: shortened(reasons)}
	f.missing = verdict == Inconclusive
}

// shardPaths collects the paths of a draw that do not need the cycle's trees.
func (a *cycleAudit) shardPaths(o *opened, h *hit) *DrawProof {
	d := o.dossier
	if d.record.Bytes == nil || d.lines == nil || h.line.line >= uint64(len(d.detail.Postings)) {
		return nil
	}
	line, err := d.lines.Prove(int(h.line.line))
	if err != nil {
		return nil
	}
	p := &DrawProof{
		Record:  Proved{Index: d.index, Record: d.record.Bytes, Path: hashes(d.path)},
		Posting: codec.AppendPosting(nil, &d.detail.Postings[h.line.line]),
	}
	if p.Line, err = proof.EncodeSumProof(proof.SumPostings, line); err != nil {
		return nil
	}
	if at := o.located[h]; at >= 0 {
		if p.Shard, err = shardProof(d, o.shards[at]); err != nil {
			return nil
		}
	}
	return p
}
