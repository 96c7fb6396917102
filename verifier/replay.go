package verifier

import (
	"context"
	"errors"
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/replay"
)

// maxMerged bounds the outputs that are held at once to merge a result, in bytes.
const maxMerged = 512 << 20

// ReplayOptions says what to execute again.
type ReplayOptions struct {
	Policy   *proof.TrustPolicy
	Index    uint64  // of the settlement in the log
	Shard    *uint64 // one shard number, nil: all of them, and the merged result
	Workers  int     // shards executed at once; 0 means 1
	Machine  Machine // how; the zero value knows built-in programs
	Progress func(stage string, done, total uint64)
}

// ReplayReport is what executing a settlement again gave.
type ReplayReport struct {
	Origin     string        `json:"origin"`
	Size       uint64        `json:"size"` // of the checkpoint
	Settlement uint64        `json:"settlement"`
	Author     codec.ID      `json:"author"`
	Workload   codec.ID      `json:"workload"`
	Program    string        `json:"program"`
	Shards     []ShardReplay `json:"shards"` // in the order of the manifest
	Result     *ResultReplay `json:"result,omitempty"`
	Verdict    Verdict       `json:"verdict"`
}

// ShardReplay is one shard executed again.
type ShardReplay struct {
	Shard      uint64      `json:"shard"`
	Replica    uint64      `json:"replica"`
	Provider   codec.ID    `json:"provider"`
	Claimed    *Claimed    `json:"claimed"`
	Recomputed *Recomputed `json:"recomputed,omitempty"`
	Verdict    Verdict     `json:"verdict"`
	Fault      string      `json:"fault,omitempty"`
	Reason     string      `json:"reason,omitempty"`

	args, output []byte
}

// ResultReplay compares the merged result.
type ResultReplay struct {
	Claimed    BlobName  `json:"claimed"`
	Recomputed *BlobName `json:"recomputed,omitempty"`
	Verdict    Verdict   `json:"verdict"`
	Reason     string    `json:"reason,omitempty"`
	Outcomes   *Outcomes `json:"outcomes,omitempty"` // of the recomputed result, if it is a distribution
}

// Replay executes one shard or a whole settlement again, and compares outputs, work
// units and the merged result. A mismatch is in the report and no error. Errors:
// ErrUnavailable, LieRecord, LieManifest, those of Follower.Follow.
func Replay(ctx context.Context, src Source, o ReplayOptions) (*ReplayReport, error) {
	follower, err := NewFollower(o.Policy, nil)
	if err != nil {
		return nil, err
	}
	pair, err := follower.Follow(ctx, src, 0)
	if err != nil {
		return nil, err
	}
	receipt, err := FetchReceipt(ctx, src, pair.A, o.Index)
	if err != nil {
		return nil, err
	}
	body, err := settlementIn(receipt)
	if err != nil {
		return nil, err
	}
	blob, err := fetchBlob(ctx, src, "manifest", body.Shards.Blob, codec.MaxAttachment)
	if err != nil {
		return nil, err
	}
	manifest, err := openManifest(body, blob)
	if err != nil {
		return nil, err
	}
	r := &ReplayReport{
		Origin: pair.A.Origin(), Size: pair.Size(), Settlement: o.Index,
		Author: body.Author, Workload: body.Workload, Program: programName(&body.Program),
	}
	entries, err := chosen(manifest.Entries, o.Shard)
	if err != nil {
		return nil, err
	}
	program, unknown := o.Machine.program(ctx, src, &body.Program)
	if err := r.execute(ctx, src, body, entries, &o, program, unknown); err != nil {
		return nil, err
	}
	if o.Shard == nil {
		r.Result = r.merge(body, manifest.Count, program)
	}
	r.conclude()
	return r, nil
}

// settlementIn reads the settlement that a receipt is of.
func settlementIn(receipt *proof.Receipt) (*codec.Settlement, error) {
	rec, err := codec.DecodeRecord(receipt.Record)
	if err != nil {
		return nil, lie(LieRecord, "record %d: %v", receipt.Index, err)
	}
	if rec.Kind != codec.KindSettlement {
		return nil, lie(LieRecord, "record %d is a %s, not a settlement", receipt.Index, rec.Kind)
	}
	s := new(codec.Settlement)
	if err := codec.DecodeSettlement(rec.Body, s); err != nil {
		return nil, lie(LieRecord, "settlement %d: %v", receipt.Index, err)
	}
	return s, nil
}

// chosen returns the entries of one shard number, or all.
func chosen(entries []codec.ShardEntry, shard *uint64) ([]*codec.ShardEntry, error) {
	var out []*codec.ShardEntry
	for i := range entries {
		if shard == nil || entries[i].Index == *shard {
			out = append(out, &entries[i])
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the settlement has no shard %d", *shard)
	}
	return out, nil
}

// execute executes the entries. Without a program, unknown says why there is none.
func (r *ReplayReport) execute(ctx context.Context, src Source, body *codec.Settlement, entries []*codec.ShardEntry, o *ReplayOptions, program replay.Program, unknown error) error {
	r.Shards = make([]ShardReplay, len(entries))
	var progress func(done, total uint64)
	if o.Progress != nil {
		progress = func(done, total uint64) { o.Progress(stageExecute, done, total) }
	}
	return parallel(ctx, o.Workers, len(entries), progress, func(ctx context.Context, i int) error {
		s := &r.Shards[i]
		s.Shard, s.Replica, s.Provider = entries[i].Index, entries[i].Replica, entries[i].Provider
		s.Claimed = claimed(entries[i])
		if s.Verdict = Inconclusive; unknown != nil {
			s.Reason = unknown.Error()
		} else {
			s.execute(ctx, src, body, entries[i], program)
		}
		return ctx.Err()
	})
}

// execute executes one shard and keeps what a merge needs.
func (s *ShardReplay) execute(ctx context.Context, src Source, body *codec.Settlement, e *codec.ShardEntry, program replay.Program) {
	work, err := fetchWork(ctx, src, e)
	if err != nil {
		s.Reason = err.Error()
		return
	}
	got, output, err := executeShard(ctx, program, body.Seed, e, work)
	if err != nil {
		s.Reason = err.Error()
		return
	}
	s.Recomputed, s.Verdict = &got, Match
	s.args, s.output = work.Args, output
	if fault := judge(e, &got); fault != 0 {
		s.Verdict, s.Fault = Mismatch, fault.String()
		s.Reason = fmt.Sprintf("%s: %s", fault, &got)
	}
}

// merge merges the recomputed outputs of replica 0 and compares the result.
func (r *ReplayReport) merge(body *codec.Settlement, count uint64, program replay.Program) *ResultReplay {
	out := &ResultReplay{Claimed: BlobName{body.Result.Hash, body.Result.Size}, Verdict: Inconclusive}
	if program == nil {
		out.Reason = "the program is unknown here"
		return out
	}
	shards, err := r.outputs(count)
	if err != nil {
		out.Reason = err.Error()
		return out
	}
	result, err := replay.MergeResult(program, shards)
	if err != nil {
		out.Verdict, out.Reason = Mismatch, err.Error()
		return out
	}
	out.Recomputed, out.Verdict = &BlobName{codec.BlobHash(result), uint64(len(result))}, Match
	out.Outcomes = outcomesOf(result)
	if *out.Recomputed != out.Claimed {
		out.Verdict, out.Reason = Mismatch, "the outputs merge to another result"
	}
	return out
}

// outputs returns the outputs of replica 0 by shard number.
func (r *ReplayReport) outputs(count uint64) ([]replay.ShardOutput, error) {
	shards := make([]replay.ShardOutput, count)
	total := 0
	for i := range r.Shards {
		s := &r.Shards[i]
		if s.Replica > 0 {
			continue
		}
		if s.Recomputed == nil || s.Recomputed.Status != replay.OK {
			return nil, fmt.Errorf("shard %d has no output here", s.Shard)
		}
		if total += len(s.output); total > maxMerged {
			return nil, errors.New("the outputs are too large to merge here")
		}
		shards[s.Shard] = replay.ShardOutput{Args: s.args, Output: s.output}
	}
	return shards, nil
}

// conclude sums up: one mismatch is a mismatch, else one open question leaves it open.
func (r *ReplayReport) conclude() {
	r.Verdict = Match
	note := func(v Verdict) {
		if v == Mismatch || v == Inconclusive && r.Verdict == Match {
			r.Verdict = v
		}
	}
	for i := range r.Shards {
		note(r.Shards[i].Verdict)
	}
	if r.Result != nil {
		note(r.Result.Verdict)
	}
}
