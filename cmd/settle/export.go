package main

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/forgepool/settle/export"
	"github.com/forgepool/settle/verifier"
	"github.com/spf13/cobra"
)

// exportFlags say what is exported and where to.
type exportFlags struct {
	format, out string
	from, to    uint64
	fromGiven   bool
}

func (a *app) export() *cobra.Command {
	var f exportFlags
	c := &cobra.Command{
		Use:   "export",
		Short: "Export the ledger as JSON lines, CloudEvents or FOCUS rows",
		Long: `Export writes the records below the newest checkpoint in a form that other systems read:

  jsonl        every record, decoded, one JSON object a line
  cloudevents  every settlement as a CloudEvent 1.0 in JSON, one a line
  focus-csv    FOCUS cost and usage rows, one per component of a charge

No row is written before its record is proven against the checkpoint under the trust
policy. A file grows by whole rows only, and FILE.next beside it keeps the index of the
record that comes next: the same command again continues there, after an interruption or
when the log has grown. The columns are in docs/formats/exports.md; money is in Credits,
because policies do not state a price of the Credit yet.`,
		Example: `  settle export --format focus-csv --out usage.csv --trust ledger.trust
  settle export --format cloudevents --from 2048 --to 4096 --trust ledger.trust > events.jsonl`,
		Args: exactly(),
		RunE: func(c *cobra.Command, _ []string) error {
			f.fromGiven = c.Flags().Changed("from")
			return a.keepFork(a.runExport(c, &f))
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.format, "format", "", "jsonl, cloudevents or focus-csv")
	fl.Uint64Var(&f.from, "from", 0, "index of the first record (default: where FILE.next says, else 0)")
	fl.Uint64Var(&f.to, "to", 0, "end before this index, 0 = the size of the newest checkpoint")
	fl.StringVar(&f.out, "out", "", "file to write or to continue (default: standard output)")
	return c
}

// exportView is what an export says when it ends.
type exportView struct {
	Format  string `json:"format"`
	Origin  string `json:"origin"`
	Size    uint64 `json:"size"` // of the checkpoint
	From    uint64 `json:"from"`
	Next    uint64 `json:"next"`    // index to continue from
	Records uint64 `json:"records"` // of this call
	Bytes   uint64 `json:"bytes"`   // of the output
}

// runExport exports, and says how far it came even if it did not come to the end.
func (a *app) runExport(c *cobra.Command, f *exportFlags) error {
	policy, err := a.trustPolicy()
	if err != nil {
		return err
	}
	if _, err := export.NewFormat(f.format, &export.Ledger{}); err != nil {
		return usage("--format: %v", err)
	}
	s, err := a.service()
	if err != nil {
		return err
	}
	out, err := a.openExport(f, policy.Origin())
	if err != nil {
		return err
	}
	defer out.close()
	follower, err := verifier.NewFollower(policy, out.follower)
	if err != nil {
		return fmt.Errorf("%s: %w", out.stateName, err)
	}
	ctx, stop := a.unbounded(c)
	defer stop()
	bars := a.newProgress()
	e := &exporter{src: source{s}, out: out, show: func(done, total uint64) { bars.show("records", done, total) }}
	view, err := e.run(ctx, follower, f)
	bars.stop()
	if view == nil {
		return err
	}
	return errors.Join(err, a.exported(f, view))
}

// exported prints the summary where no rows are.
func (a *app) exported(f *exportFlags, view *exportView) error {
	if f.out != "" {
		return a.print(view)
	}
	quietly := *a
	quietly.stdout = a.stderr
	return quietly.print(view)
}

// exporter moves proven records into an output.
type exporter struct {
	src  verifier.Source
	out  *exportFile
	show func(done, total uint64)
}

// run follows the newest checkpoint and exports up to it.
func (e *exporter) run(ctx context.Context, follower *verifier.Follower, f *exportFlags) (*exportView, error) {
	pair, err := follower.Follow(ctx, e.src, 0)
	if err != nil {
		return nil, err
	}
	to := f.to
	if to == 0 {
		to = pair.Size()
	}
	if to > pair.Size() {
		return nil, hint(fmt.Errorf("%w: the newest checkpoint has size %d", verifier.ErrUnavailable, pair.Size()),
			"try again when there is a checkpoint of size %d, or leave --to out", to)
	}
	if e.out.next > to {
		return nil, usage("the first record would be %d, and the end is before %d", e.out.next, to)
	}
	ledger, err := provenLedger(ctx, e.src, pair)
	if err != nil {
		return nil, err
	}
	format, err := export.NewFormat(f.format, ledger)
	if err != nil {
		return nil, err
	}
	from := e.out.next
	err = e.copy(ctx, newStream(e.src, pair, from, to), format, follower.State())
	return &exportView{Format: f.format, Origin: ledger.Origin, Size: pair.Size(), From: from, Next: e.out.next,
		Records: e.out.next - from, Bytes: e.out.bytes}, err
}

// copy exports a stream, page after page.
func (e *exporter) copy(ctx context.Context, s *stream, format export.Format, state []byte) error {
	first := s.next
	if e.out.bytes == 0 {
		if err := e.out.append(format.Head(), s.next, state); err != nil {
			return err
		}
	}
	for {
		page, err := s.page(ctx)
		if err != nil || len(page) == 0 {
			return err
		}
		rows, err := eachRecord(page, func(r *export.Record) ([]byte, error) {
			return format.Append(nil, r, blobs(ctx, e.src))
		})
		var all []byte
		for _, r := range rows {
			all = append(all, r...)
		}
		if writeErr := e.out.append(all, page[0].Index+uint64(len(rows)), state); writeErr != nil {
			return writeErr
		}
		if errors.Is(err, verifier.ErrUnavailable) && ctx.Err() == nil {
			return hint(err, "ask a node that keeps the attachment with --node; attachments are pruned after their retention, then begin later with --from")
		}
		if err != nil {
			return err
		}
		e.show(s.next-first, s.to-first)
	}
}

// maxExport bounds the length of an output that can be continued.
const maxExport = math.MaxInt64
