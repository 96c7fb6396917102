package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/verifier"
	"github.com/spf13/cobra"
)

// auditFlags say what is audited and where the findings go.
type auditFlags struct {
	secret, auditor, out, state string
	commit                      bool
	cycle, from, size, draws    uint64
	confidence, fault           uint64
	workers                     int
}

// audit is the audit of a range of the log, with the commands that audit closed cycles
// below it.
func (a *app) audit() *cobra.Command {
	c := a.auditSpot()
	c.Use = "audit"
	c.Short = "Audit the log or a closed billing cycle"
	c.Long = `Audits of closed cycles have three steps: intent, run, publish; anybody repeats them with
verify. Without a subcommand it audits a range of the log, like settle audit spot.

` + c.Long
	c.Example = strings.ReplaceAll(c.Example, "audit spot", "audit")
	c.AddCommand(a.auditIntent(), a.auditRun(), a.auditPublish(), a.auditVerify(), a.auditSpot())
	return c
}

func (a *app) auditSpot() *cobra.Command {
	var f auditFlags
	c := &cobra.Command{
		Use:   "spot",
		Short: "Audit a range of the log: draw shards by their value, and execute them again",
		Long: `Spot reads the whole log and rebuilds it, draws micro-Credits of provider payout by a
seed that neither the hub nor the auditor could steer, and executes the shards that they
paid for again.

First, before the data exists: settle audit spot --commit. It makes the auditor's secret and
prints the commitment, to be published. Later: settle audit spot with the same secret. The
commitment is always printed first. Evidence of every mismatch is written to the output
directory; settle check confirms it with the trust policy alone.

Without --draws the sample is as large as confidence and fault ask for: 299 draws find
1 percent of false value with 95 percent confidence.

Exit codes: 0 all draws match, 1 a mismatch or a lie about the log, 3 a draw could not be
judged.`,
		Example: `  settle audit spot --commit --secret audit.secret --auditor AUDITOR_ID --cycle 202611
  settle audit spot --secret audit.secret --auditor AUDITOR_ID --cycle 202611 --draws 60 --out audit-out`,
		Args: exactly(),
		RunE: func(c *cobra.Command, _ []string) error { return a.runAudit(c, &f) },
	}
	fl := c.Flags()
	fl.StringVar(&f.secret, "secret", "", "file of the auditor's secret; made by --commit")
	fl.BoolVar(&f.commit, "commit", false, "make the secret if it is not there, print the commitment, and stop")
	fl.StringVar(&f.auditor, "auditor", strings.Repeat("0", 32), "party id of the auditor")
	fl.Uint64Var(&f.cycle, "cycle", 0, "billing cycle that is meant")
	fl.Uint64Var(&f.from, "from", 1, "first log index of the range")
	fl.Uint64Var(&f.size, "size", 0, "size of the checkpoint that ends the range, 0 = the newest")
	fl.Uint64Var(&f.draws, "draws", 0, "number of draws, 0 = as confidence and fault ask for")
	fl.Uint64Var(&f.confidence, "confidence", 950_000, "wanted confidence in ppm")
	fl.Uint64Var(&f.fault, "fault", 10_000, "share of false value to be found, in ppm")
	fl.IntVar(&f.workers, "workers", max(1, runtime.NumCPU()), "shards executed at once")
	fl.StringVar(&f.out, "out", "", "directory for report.json and evidence (default: nothing is written)")
	fl.StringVar(&f.state, "state", "", "file that remembers the last checkpoint, so that no older or forked log is believed")
	return c
}

// loadSecret reads the secret; with create it makes one that is not there.
func loadSecret(name string, create bool) (secret [32]byte, err error) {
	if name == "" {
		return secret, hint(usage("an audit needs the auditor's secret"), "make it before the data exists: settle audit --commit --secret FILE")
	}
	if _, statErr := os.Stat(name); create && os.IsNotExist(statErr) {
		_, _ = rand.Read(secret[:])
		return secret, writeFile(name, []byte(hex.EncodeToString(secret[:])+"\n"), 0o600)
	}
	file, err := readFile(name, 1<<8)
	if err != nil {
		return secret, err
	}
	hash, err := codec.ParseHash(strings.TrimSpace(string(file)))
	if err != nil {
		return secret, usage("%s: a secret is 64 hex digits: %v", name, err)
	}
	return hash, nil
}

// commitmentView is what an auditor publishes before the data exists.
type commitmentView struct {
	Auditor    codec.ID   `json:"auditor"`
	Cycle      uint64     `json:"cycle"`
	Commitment codec.Hash `json:"commitment"`
}

// runAudit prints the commitment and, unless that was all, audits.
func (a *app) runAudit(c *cobra.Command, f *auditFlags) error {
	auditor, err := codec.ParseID(f.auditor)
	if err != nil {
		return usage("--auditor: %v", err)
	}
	secret, err := loadSecret(f.secret, f.commit)
	if err != nil {
		return err
	}
	view := &commitmentView{Auditor: auditor, Cycle: f.cycle, Commitment: codec.AuditCommitment(auditor, f.cycle, secret)}
	if f.commit {
		return a.print(view)
	}
	if !a.json {
		fmt.Fprintf(a.stdout, "commitment to the auditor's secret: %s\n", view.Commitment)
	}
	o := verifier.Options{Auditor: auditor, Cycle: f.cycle, Secret: secret, Size: f.size, From: f.from, Draws: f.draws, Workers: f.workers}
	machine, end, err := a.machine(shardLimit)
	if err != nil {
		return err
	}
	defer end()
	o.Machine = machine
	if o.Draws == 0 {
		if o.Draws, err = verifier.SampleSize(f.confidence, f.fault, verifier.MaxDraws); err != nil {
			return usage("%v", err)
		}
	}
	if f.state != "" {
		if _, err := os.Stat(f.state); err == nil {
			if o.State, err = readFile(f.state, maxChecked); err != nil {
				return err
			}
		}
	}
	report, err := a.auditReport(c, o)
	if err != nil {
		return a.keepFork(err)
	}
	return a.finishAudit(report, f)
}

// auditReport runs the audit with its progress.
func (a *app) auditReport(c *cobra.Command, o verifier.Options) (*verifier.Report, error) {
	var err error
	if o.Policy, err = a.trustPolicy(); err != nil {
		return nil, err
	}
	s, err := a.service()
	if err != nil {
		return nil, err
	}
	bars := a.newProgress()
	defer bars.stop()
	o.Progress = bars.show
	ctx, stop := a.unbounded(c)
	defer stop()
	return verifier.Audit(ctx, source{s}, o)
}

// finishAudit writes report, evidence and state, prints, and ends with the verdict.
func (a *app) finishAudit(r *verifier.Report, f *auditFlags) error {
	if err := saveReport(r, f.out); err != nil {
		return err
	}
	if f.state != "" {
		if err := writeFile(f.state, r.State, 0o644); err != nil {
			return err
		}
	}
	if a.json {
		if err := a.printJSON(r); err != nil {
			return err
		}
	} else if err := r.WriteTable(a.stdout); err != nil {
		return err
	}
	switch {
	case r.Mismatches > 0 && f.out == "":
		return hint(refuse("%d draws do not match", r.Mismatches), "run again with --out DIR to keep the evidence")
	case r.Mismatches > 0:
		return hint(refuse("%d draws do not match", r.Mismatches), "evidence is in %s: settle check %s/*.evidence repeats it", f.out, f.out)
	case r.Inconclusive > 0:
		return fmt.Errorf("%w: %d draws", verifier.ErrUnavailable, r.Inconclusive)
	}
	return nil
}

// saveReport writes the report and all evidence into a directory.
func saveReport(r *verifier.Report, dir string) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return usage("%v", err)
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, "report.json"), append(data, '\n'), 0o644); err != nil {
		return err
	}
	for i := range r.Evidence {
		e := &r.Evidence[i]
		if err := writeFile(filepath.Join(dir, e.Name+".evidence"), e.File, 0o644); err != nil {
			return err
		}
		if err := writeFile(filepath.Join(dir, e.Name+".bundle"), e.Bundle, 0o644); err != nil {
			return err
		}
	}
	return nil
}
