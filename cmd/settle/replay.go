package main

import (
	"fmt"
	"runtime"
	"text/tabwriter"

	"github.com/forgepool/settle/verifier"
	"github.com/spf13/cobra"
)

// replayFlags say what is executed again.
type replayFlags struct {
	shard   uint64
	workers int
}

func (a *app) replay() *cobra.Command {
	var f replayFlags
	c := &cobra.Command{
		Use:   "replay INDEX | FILE.evidence",
		Short: "Execute the shards of one settlement again",
		Long: `Replay fetches a settlement from the log, checks it under the trust policy, executes its
shards again and compares outputs, work units and the merged result. Given evidence, it
executes the shard that it is about from the bundle beside it, offline.`,
		Example: `  settle replay 17 --trust ledger.trust
  settle replay 17 --shard 3
  settle replay settlement-17-shard-3.0.evidence`,
		Args: exactly("INDEX"),
		RunE: func(c *cobra.Command, args []string) error {
			index, err := number(args[0])
			if err != nil {
				return a.replayEvidence(args[0])
			}
			machine, end, err := a.machine(shardLimit)
			if err != nil {
				return err
			}
			defer end()
			o := verifier.ReplayOptions{Index: index, Workers: f.workers, Machine: machine}
			if c.Flags().Changed("shard") {
				o.Shard = &f.shard
			}
			return a.replaySettlement(c, o)
		},
	}
	c.Flags().Uint64Var(&f.shard, "shard", 0, "one shard number (default: all shards, and the result)")
	c.Flags().IntVar(&f.workers, "workers", max(1, runtime.NumCPU()), "shards executed at once")
	return c
}

// replayEvidence confirms an evidence file.
func (a *app) replayEvidence(name string) error {
	policy, err := a.trustPolicy()
	if err != nil {
		return err
	}
	v, err := checkFile(policy, name, typeEvidence)
	if err != nil {
		return err
	}
	return a.verdicts([]*verified{v})
}

// replaySettlement executes and prints.
func (a *app) replaySettlement(c *cobra.Command, o verifier.ReplayOptions) error {
	var err error
	if o.Policy, err = a.trustPolicy(); err != nil {
		return err
	}
	s, err := a.service()
	if err != nil {
		return err
	}
	ctx, stop := a.unbounded(c)
	defer stop()
	bars := a.newProgress()
	o.Progress = bars.show
	r, err := verifier.Replay(ctx, source{s}, o)
	bars.stop()
	if err != nil {
		return err
	}
	if a.json {
		err = a.printJSON(r)
	} else {
		err = a.replayTable(r)
	}
	if err != nil {
		return err
	}
	switch r.Verdict {
	case verifier.Mismatch:
		return refuse("settlement %d does not replay", r.Settlement)
	case verifier.Inconclusive:
		return fmt.Errorf("%w: settlement %d", verifier.ErrUnavailable, r.Settlement)
	}
	return nil
}

func (a *app) replayTable(r *verifier.ReplayReport) error {
	fmt.Fprintf(a.stdout, "settlement %d of %s, workload %s, %s\n", r.Settlement, r.Author, r.Workload, r.Program)
	t := tabwriter.NewWriter(a.stdout, 0, 4, 2, ' ', 0)
	fmt.Fprint(t, "shard\tprovider\tunits\toutput\tverdict\treason\n")
	for i := range r.Shards {
		s := &r.Shards[i]
		fmt.Fprintf(t, "%d.%d\t%s\t%d\t%.16s\t%s\t%s\n", s.Shard, s.Replica, s.Provider, s.Claimed.Units, s.Claimed.Output.Hash, s.Verdict, s.Reason)
	}
	if r.Result != nil {
		fmt.Fprintf(t, "result\t\t\t%.16s\t%s\t%s\n", r.Result.Claimed.Hash, r.Result.Verdict, r.Result.Reason)
	}
	if err := t.Flush(); err != nil || r.Result == nil || r.Result.Outcomes == nil {
		return err
	}
	return a.outcomesTable(r.Result.Outcomes)
}

// outcomesTable prints what the distribution of a result says.
func (a *app) outcomesTable(o *verifier.Outcomes) error {
	fmt.Fprintf(a.stdout, "\n%d outcomes from %s to %s, mean %s\n", o.Count, q16(o.Min), q16(o.Max), q16(o.Mean))
	t := tabwriter.NewWriter(a.stdout, 0, 4, 2, ' ', 0)
	fmt.Fprint(t, "level\tquantile, VaR\tTVaR\n")
	for _, l := range o.Levels {
		fmt.Fprintf(t, "P%d\t%s\t%s\n", l.Level/10_000, q16(l.Quantile), q16(l.TailMean))
	}
	return t.Flush()
}

// q16 writes a number with 16 fractional bits as a decimal.
func q16(x uint64) string { return fmt.Sprintf("%d.%03d", x>>16, x&0xFFFF*1000>>16) }
