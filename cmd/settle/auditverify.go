package main

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/forgepool/settle/verifier"
	"github.com/spf13/cobra"
)

// auditVerifyFlags say what of a report is done again.
type auditVerifyFlags struct {
	draws   string
	all     bool
	workers int
	limit   time.Duration
}

func (a *app) auditVerify() *cobra.Command {
	var f auditVerifyFlags
	c := &cobra.Command{
		Use:   "verify DIR",
		Short: "Check somebody else's report, and execute any of it again",
		Long: `Verify derives the sample of a report again from the trust policy, the report and the proofs
beside it: the checkpoint, the close and the intent, the seed, every draw down to its shard,
and that counts, bound and opinion follow. No node is needed. With --draws or --all it also
executes shards again and compares with what the report says.

Exit codes: 0 everything agrees, 1 the report is false, 3 something could not be told.`,
		Example: `  settle audit verify audit-202611 --trust ledger.trust
  settle audit verify audit-202611 --draws 0,3,17
  settle audit verify audit-202611 --all`,
		Args: exactly("DIR"),
		RunE: func(c *cobra.Command, args []string) error { return a.verifyReport(c, args[0], &f) },
	}
	c.Flags().StringVar(&f.draws, "draws", "", "positions of draws in the report whose shards are executed again")
	c.Flags().BoolVar(&f.all, "all", false, "execute every drawn shard again")
	c.Flags().IntVar(&f.workers, "workers", max(1, runtime.NumCPU()), "shards executed at once")
	c.Flags().DurationVar(&f.limit, "shard-limit", shardLimit, "longest time for one shard")
	return c
}

// positions reads the draws that are wanted; none means all.
func (f *auditVerifyFlags) positions() (draws []uint64, err error) {
	if f.all && f.draws != "" {
		return nil, usage("--draws and --all exclude each other")
	}
	for text := range strings.SplitSeq(f.draws, ",") {
		if f.all {
			break
		}
		n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 32)
		if err != nil {
			return nil, usage("--draws: %v", err)
		}
		draws = append(draws, n)
	}
	return draws, nil
}

// verifiedReport is what checking a report gave.
type verifiedReport struct {
	Report *verifier.CycleReport `json:"report"`
	Reruns []verifier.Rerun      `json:"reruns"`
}

// verifyReport checks the report, executes what is wanted, and prints.
func (a *app) verifyReport(c *cobra.Command, dir string, f *auditVerifyFlags) error {
	r, _, err := a.loadCycleReport(dir)
	if err != nil {
		return err
	}
	v := &verifiedReport{Report: r, Reruns: []verifier.Rerun{}}
	if f.all || f.draws != "" {
		if v.Reruns, err = a.rerun(c, r, dir, f); err != nil {
			return err
		}
	}
	if a.json {
		if err := a.printJSON(v); err != nil {
			return err
		}
	} else if err := a.verifiedTable(v); err != nil {
		return err
	}
	wrong, open := 0, 0
	for i := range v.Reruns {
		switch x := &v.Reruns[i]; {
		case x.Open:
			open++
		case !x.Agrees:
			wrong++
		}
	}
	switch {
	case wrong > 0:
		return refuse("%d shards give something else than the report says", wrong)
	case open > 0:
		return fmt.Errorf("%w: %d shards", verifier.ErrUnavailable, open)
	}
	return nil
}

// rerun executes shards of the report again.
func (a *app) rerun(c *cobra.Command, r *verifier.CycleReport, dir string, f *auditVerifyFlags) ([]verifier.Rerun, error) {
	draws, err := f.positions()
	if err != nil {
		return nil, err
	}
	s, err := a.service()
	if err != nil {
		return nil, err
	}
	m, end, err := a.machine(f.limit)
	if err != nil {
		return nil, err
	}
	defer end()
	bars := a.newProgress()
	defer bars.stop()
	ctx, stop := a.unbounded(c)
	defer stop()
	return r.Rerun(ctx, source{s}, proofsOf(dir), draws, f.workers, m, func(done, total uint64) { bars.show("executing shards", done, total) })
}

func (a *app) verifiedTable(v *verifiedReport) error {
	if err := v.Report.WriteTable(a.stdout); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, "verified: the sample and the conclusion follow from the log, the intent and the items")
	for i := range v.Reruns {
		if x := &v.Reruns[i]; !x.Agrees {
			fmt.Fprintf(a.stdout, "item %d, settlement %d, shard %d: %s\n", x.Item, x.Record, x.Shard, x.Reason)
		}
	}
	if len(v.Reruns) > 0 {
		fmt.Fprintf(a.stdout, "executed again: %d shards\n", len(v.Reruns))
	}
	return nil
}
