package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/consensus"
	"github.com/forgepool/settle/ledger"
)

func (a *app) fsck() *cobra.Command {
	var scratch string
	c := &cobra.Command{
		Use:   "fsck",
		Short: "Check the ledger of a stopped node against its records",
		Long: `Fsck rebuilds everything from the stored records, both trees, the state and the outcomes of
all batches, and compares it with what is stored, entry by entry. It changes nothing. Each
difference is printed with the index of the record concerned.

Exit codes: 0 clean, 1 damage found, 2 usage, 3 could not tell.`,
		Example: `  settled fsck --dir n1
  settled fsck --dir n1 --json`,
		Args: a.takes(),
	}
	c.Flags().StringVar(&scratch, "scratch", "", "`directory` for the rebuilt state, made and removed; it needs as much space as the ledger (default fsck.tmp in the data directory)")
	c.RunE = func(*cobra.Command, []string) error {
		h := home(a.dir)
		if scratch == "" {
			scratch = h.in("fsck.tmp")
			if err := os.RemoveAll(scratch); err != nil { // left by one that was killed
				return &unknownError{err}
			}
		}
		if exists(scratch) {
			return usage("%s exists: --scratch names a directory to make", scratch)
		}
		result, err := a.checkLedger(h, scratch)
		if err != nil {
			return err
		}
		if err := a.print(result); err != nil {
			return err
		}
		if !result.OK {
			return errDamaged
		}
		return nil
	}
	return c
}

// checkLedger runs the check while no node does.
func (a *app) checkLedger(h home, scratch string) (*fsckResult, error) {
	if !exists(filepath.Join(h.ledger(), "CURRENT")) {
		return nil, hint(usage("%s holds no ledger", h), "is this the data directory of a node that has run?")
	}
	lock, err := consensus.LockDir(string(h))
	if err != nil {
		return nil, &unknownError{err}
	}
	bar := a.newProgress("checking records")
	report, err := check(h.ledger(), ledger.FsckOptions{Scratch: scratch, Progress: bar.show})
	bar.stop()
	err = errors.Join(err, lock.Unlock())
	if damage, ok := errors.AsType[*ledger.IntegrityError](err); ok {
		return &fsckResult{Dir: string(h), Pruned: []pruned{}, Findings: []finding{findingOf(damage)}}, nil
	}
	if err != nil {
		return nil, &unknownError{err}
	}
	return newFsckResult(h, report), nil
}

// check is ledger.Fsck, which panics when a store fails below it.
func check(dir string, o ledger.FsckOptions) (report *ledger.Report, err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case error:
			err = p
		default:
			err = fmt.Errorf("%v", p)
		}
	}()
	return ledger.Fsck(dir, o)
}

// finding is one difference.
type finding struct {
	What   string  `json:"what"`
	Index  *uint64 `json:"index,omitempty"` // of the record concerned
	Key    string  `json:"key,omitempty"`   // in the store, hex
	Detail string  `json:"detail"`
	text   string
}

func newFinding(f ledger.Finding) finding {
	out := finding{What: f.What, Detail: f.Detail, text: f.String()}
	if f.Index != ledger.NoIndex {
		out.Index = &f.Index
	}
	if f.Key != nil {
		out.Key = fmt.Sprintf("%x", f.Key)
	}
	return out
}

func findingOf(e *ledger.IntegrityError) finding {
	f := ledger.Finding{What: e.What, Index: e.Index, Detail: "the store contradicts itself"}
	if e.Err != nil {
		f.Detail = e.Err.Error()
	}
	return newFinding(f)
}

// pruned is a range of records whose attachments were pruned.
type pruned struct {
	Cycle   uint64 `json:"cycle"`
	First   uint64 `json:"first"`
	Last    uint64 `json:"last"`
	Records uint64 `json:"records"`
	What    string `json:"what"`
	Rebuilt bool   `json:"rebuilt"` // else taken from the store
	text    string
}

// fsckResult is what fsck prints.
type fsckResult struct {
	Dir         string     `json:"dir"`
	OK          bool       `json:"ok"`
	Size        uint64     `json:"size"` // records
	RootA       codec.Hash `json:"root_a"`
	RootB       codec.Hash `json:"root_b"`
	StateSum    codec.Hash `json:"state_sum"`
	Checkpoints int        `json:"checkpoints"` // compared
	Rebuilt     bool       `json:"rebuilt"`     // the state was rebuilt and compared
	Pruned      []pruned   `json:"pruned"`      // what was made of records whose attachments are gone
	Findings    []finding  `json:"findings"`
	More        int        `json:"more"` // findings not listed
}

func newFsckResult(h home, r *ledger.Report) *fsckResult {
	out := &fsckResult{
		Dir: string(h), OK: r.OK(), Size: r.Applied.Size, RootA: r.Applied.RootA, RootB: r.Applied.RootB,
		StateSum: r.Applied.StateSum, Checkpoints: r.Checkpoints, Rebuilt: r.Rebuilt, Pruned: []pruned{}, Findings: []finding{}, More: r.More,
	}
	for _, p := range r.Pruned {
		out.Pruned = append(out.Pruned, pruned{p.Cycle, p.First, p.Last, p.Records, p.What, p.Rebuilt, p.String()})
	}
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, newFinding(f))
	}
	return out
}

// String returns the result for a person.
func (r *fsckResult) String() string {
	var b bytes.Buffer
	for _, p := range r.Pruned {
		fmt.Fprintln(&b, "pruned:", p.text)
	}
	for _, f := range r.Findings {
		fmt.Fprintln(&b, f.text)
	}
	if r.More > 0 {
		fmt.Fprintf(&b, "and %d more\n", r.More)
	}
	state := "the state was rebuilt and compared"
	if !r.Rebuilt {
		state = "the state was not rebuilt, because records are damaged"
	}
	verdict := "clean"
	if !r.OK {
		verdict = fmt.Sprintf("damaged, %d differences", len(r.Findings)+r.More)
	}
	fmt.Fprintf(&b, "%s: %s: %d records, root %s, %d checkpoints compared; %s\n",
		r.Dir, verdict, r.Size, r.RootA, r.Checkpoints, state)
	return b.String()
}
