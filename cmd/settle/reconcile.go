package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/export"
	"github.com/forgepool/settle/verifier"
	"github.com/spf13/cobra"
)

// reconcileFlags say what a list is compared with.
type reconcileFlags struct {
	hub               string
	from, size, cycle uint64
	show              int
}

func (a *app) reconcile() *cobra.Command {
	var f reconcileFlags
	c := &cobra.Command{
		Use:   "reconcile FILE",
		Short: "Compare a hub's own list of settlements with the ledger",
		Long: `Reconcile reads what a hub believes it settled and compares it with the settlements of
that hub in the log, every record of which is proven against a checkpoint under the
trust policy. It reports what is missing in the ledger, what the list does not have, what
differs, and what the list has twice, with lines and log indexes.

FILE (- for standard input) is CSV with a header, or JSON lines. Columns: workload; charge
(micro-Credits) or credits (Credits); and if it has them record, customer, finalized (Unix
milliseconds) and cycle. Other columns are ignored and named. See docs/formats/exports.md.

Exit codes: 0 equal, 1 differences, 2 usage or an unreadable list, 3 could not tell.`,
		Example: `  settle reconcile settled.csv --hub HUB_ID --cycle 202611 --trust ledger.trust
  settle reconcile settled.jsonl --hub HUB_ID --size 2048 --json --trust ledger.trust`,
		Args: exactly("FILE"),
		RunE: func(c *cobra.Command, args []string) error { return a.keepFork(a.runReconcile(c, &f, args[0])) },
	}
	fl := c.Flags()
	fl.StringVar(&f.hub, "hub", "", "party id of the hub whose list it is")
	fl.Uint64Var(&f.cycle, "cycle", 0, "the list is of this billing cycle, 0 = of all")
	fl.Uint64Var(&f.from, "from", 0, "first log index of the range")
	fl.Uint64Var(&f.size, "size", 0, "size of the checkpoint that ends the range, 0 = the newest")
	fl.IntVar(&f.show, "show", 1_000, "differences to list; all are counted")
	return c
}

// reconciliation is the result.
type reconciliation struct {
	Origin        string     `json:"origin"`
	Size          uint64     `json:"size"` // of the checkpoint
	Root          codec.Hash `json:"root"` // of tree A
	From          uint64     `json:"from"`
	Cycle         uint64     `json:"cycle,omitempty"`
	Hub           codec.ID   `json:"hub"`
	Listed        uint64     `json:"listed"`                // items of the list
	Settled       uint64     `json:"settled"`               // settlements of the hub in range and cycle
	ListedCharge  uint64     `json:"listed_charge,string"`  // micro-Credits
	SettledCharge uint64     `json:"settled_charge,string"` // micro-Credits
	Equal         uint64     `json:"equal"`
	Missing       uint64     `json:"missing"`
	Extra         uint64     `json:"extra"`
	Differing     uint64     `json:"differing"`
	Repeated      uint64     `json:"repeated"`
	Ignored       []string   `json:"ignored,omitempty"` // columns of the list
	Findings      []finding  `json:"findings"`
	NotShown      uint64     `json:"not_shown"`
}

func (r *reconciliation) differences() uint64 {
	return r.Missing + r.Extra + r.Differing + r.Repeated
}

// runReconcile compares and prints.
func (a *app) runReconcile(c *cobra.Command, f *reconcileFlags, name string) error {
	hub, err := codec.ParseID(f.hub)
	if err != nil {
		return hint(usage("--hub: %v", err), "name the hub whose list it is: settle get workload and settle get settlement take the same id")
	}
	if f.show < 0 {
		return usage("--show is negative")
	}
	dir, err := os.MkdirTemp("", "settle-reconcile-")
	if err != nil {
		return fmt.Errorf("room for the comparison: %w", err)
	}
	defer os.RemoveAll(dir)
	bars := a.newProgress()
	defer bars.stop()
	ctx, stop := a.unbounded(c)
	defer stop()
	m := &matcher{hub: hub, cycle: f.cycle, show: f.show, bars: bars}
	if err := m.open(dir); err != nil {
		return err
	}
	defer m.close()
	if err := a.readList(m, name); err != nil {
		return err
	}
	pair, err := a.readSettled(ctx, m, f)
	if err != nil {
		return err
	}
	if err := m.match(); err != nil {
		return err
	}
	m.result.Origin, m.result.Size, m.result.Root = pair.A.Origin(), pair.Size(), pair.A.Root()
	m.result.From, m.result.Cycle, m.result.Hub = f.from, f.cycle, hub
	bars.stop()
	return a.reconciled(&m.result)
}

// readList takes in the hub's list.
func (a *app) readList(m *matcher, name string) error {
	in := a.stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return usage("%v", err)
		}
		defer file.Close()
		in = file
	}
	list, err := export.NewList(in)
	for err == nil {
		var it *export.Item
		if it, err = list.Next(); err == nil {
			err = m.list(it)
		}
	}
	if _, ok := errors.AsType[*export.ListError](err); ok {
		return usage("%s: %v", name, err)
	}
	if err != io.EOF {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	m.result.Ignored = list.Ignored()
	return nil
}

// readSettled takes in the settlements of the hub, proven.
func (a *app) readSettled(ctx context.Context, m *matcher, f *reconcileFlags) (*verifier.Pair, error) {
	policy, err := a.trustPolicy()
	if err != nil {
		return nil, err
	}
	s, err := a.service()
	if err != nil {
		return nil, err
	}
	src := source{s}
	follower, err := verifier.NewFollower(policy, nil)
	if err != nil {
		return nil, err
	}
	pair, err := follower.Follow(ctx, src, f.size)
	if err != nil {
		return nil, err
	}
	if f.from > pair.Size() {
		return nil, usage("--from %d is beyond the checkpoint of size %d", f.from, pair.Size())
	}
	if _, err := provenLedger(ctx, src, pair); err != nil {
		return nil, err
	}
	return pair, m.settlements(newStream(src, pair, f.from, pair.Size()), &attachments{ctx: ctx, api: s})
}

// reconciled prints the result; the exit code says whether there are differences.
func (a *app) reconciled(r *reconciliation) error {
	if a.json {
		if err := a.printJSON(r); err != nil {
			return err
		}
	} else if err := r.writeTable(a.stdout); err != nil {
		return err
	}
	if n := r.differences(); n > 0 {
		return hint(refuse("%d differences between the list and the ledger", n),
			"settle get record INDEX shows a settlement, settle prove receipt INDEX proves it; what the ledger has is what is billed")
	}
	return nil
}

// writeTable prints findings and totals for people.
func (r *reconciliation) writeTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for i := range r.Findings {
		r.Findings[i].write(t)
	}
	if r.NotShown > 0 {
		fmt.Fprintf(t, "and %d more: raise --show\n", r.NotShown)
	}
	for _, column := range r.Ignored {
		fmt.Fprintf(t, "column %q is ignored\n", column)
	}
	fmt.Fprintf(t, "ledger\t%s\tsize %d\n", r.Origin, r.Size)
	fmt.Fprintf(t, "root\t%s\n", r.Root)
	fmt.Fprintf(t, "listed\t%d\t%s Credits\n", r.Listed, export.FormatCredits(r.ListedCharge))
	fmt.Fprintf(t, "settled\t%d\t%s Credits\n", r.Settled, export.FormatCredits(r.SettledCharge))
	for _, row := range []struct {
		name  string
		count uint64
	}{{"equal", r.Equal}, {"missing", r.Missing}, {"extra", r.Extra}, {"differing", r.Differing}, {"repeated", r.Repeated}} {
		fmt.Fprintf(t, "%s\t%d\n", row.name, row.count)
	}
	return t.Flush()
}
