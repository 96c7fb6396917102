package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay/wasm"
	"github.com/forgepool/settle/verifier"
	"github.com/spf13/cobra"
)

// cycleAuditFlags say which cycle is audited by whom, and where the work is kept.
type cycleAuditFlags struct {
	auditor, key, secret, dir, state string
	chain, round                     string // files about the beacon
	cycle, escalate                  uint64
	workers                          int
	limit                            time.Duration
}

// maxBeacon is the largest answer about a beacon, in bytes.
const maxBeacon = 1 << 14

// shardLimit is the longest time for one shard unless another is given.
const shardLimit = time.Hour

func (a *app) auditRun() *cobra.Command {
	var f cycleAuditFlags
	c := &cobra.Command{
		Use:   "run",
		Short: "Audit a closed billing cycle",
		Long: `Run rebuilds the log and the trees of a cycle's close, draws by the seed that the auditor's
intent and the close fix, executes what was drawn again, and writes the report: report.cbor
to be published, report.html and report.json to be read, proofs and evidence beside them.

The work directory keeps what took long: after a crash, or when data was missing, the same
command goes on. Draws beyond the intent's are appended with --escalate until the bound on
bad value is tolerable.

Exit codes: 0 the opinion is a pass, 1 something does not match, 3 something could not be
told.`,
		Example: `  settle audit run --cycle 202611 --auditor AUDITOR_ID --key auditor.key --secret audit.secret --work audit-202611`,
		Args:    exactly(),
		RunE:    func(c *cobra.Command, _ []string) error { return a.runCycleAudit(c, &f) },
	}
	fl := c.Flags()
	fl.StringVar(&f.auditor, "auditor", "", "party id of the auditor")
	fl.StringVar(&f.key, "key", "", "owner key file of the auditor, that will sign the attestation")
	fl.StringVar(&f.secret, "secret", "", "file of the secret that the intent commits to")
	fl.Uint64Var(&f.cycle, "cycle", 0, "closed cycle to be audited")
	fl.StringVar(&f.dir, "work", "", "work directory, also of the report")
	fl.StringVar(&f.state, "state", "", "file that remembers the last checkpoint, so that no older or forked log is believed")
	fl.StringVar(&f.chain, "beacon-chain", "", "file of what a drand relay says of the cycle's beacon: RELAY/CHAIN/info")
	fl.StringVar(&f.round, "beacon-round", "", "file of what it says of the round that the cycle names: RELAY/CHAIN/public/ROUND")
	fl.Uint64Var(&f.escalate, "escalate", 0, "draw on until the bound is tolerable, at most to so many vouching draws")
	fl.IntVar(&f.workers, "workers", max(1, runtime.NumCPU()), "shards executed at once")
	fl.DurationVar(&f.limit, "shard-limit", shardLimit, "longest time for one shard, which is inconclusive after it")
	return c
}

// options reads what the flags name.
func (a *app) cycleOptions(f *cycleAuditFlags) (o verifier.CycleOptions, err error) {
	o = verifier.CycleOptions{Cycle: f.cycle, Dir: f.dir, Workers: f.workers, Escalate: f.escalate, Build: thisBuild(), Now: client.Now}
	if f.dir == "" {
		return o, hint(usage("an audit needs a work directory"), "name one with --work; the same one goes on with an audit")
	}
	if o.Auditor, err = codec.ParseID(f.auditor); err != nil {
		return o, usage("--auditor: %v", err)
	}
	keys, err := loadKeys([]string{f.key})
	if err != nil {
		return o, err
	}
	o.Key = keys[0].ID()
	if o.Secret, err = loadSecret(f.secret, false); err != nil {
		return o, err
	}
	if o.Beacon, err = loadBeacon(f.chain, f.round); err != nil {
		return o, err
	}
	if f.state != "" {
		if _, err := os.Stat(f.state); err == nil {
			if o.State, err = readFile(f.state, maxChecked); err != nil {
				return o, err
			}
		}
	}
	o.Policy, err = a.trustPolicy()
	return o, err
}

// loadBeacon reads the round of a beacon from the files of a relay's answers, nil if none
// are named.
func loadBeacon(chain, round string) (*verifier.BeaconOpened, error) {
	if chain == "" && round == "" {
		return nil, nil
	}
	if chain == "" || round == "" {
		return nil, usage("--beacon-chain and --beacon-round go together")
	}
	info, err := readFile(chain, maxBeacon)
	if err != nil {
		return nil, err
	}
	value, err := readFile(round, maxBeacon)
	if err != nil {
		return nil, err
	}
	return verifier.ParseBeacon(info, value)
}

// machine executes shards in processes of this very program: each of a user program in
// one of its own, those of built-in programs in some that stay until stop is called.
func (a *app) machine(limit time.Duration) (m verifier.Machine, stop func(), err error) {
	sandbox, err := a.sandbox(wasm.Compiler)
	if err != nil {
		return m, nil, err
	}
	sandbox.Timeout = limit
	builtins := wasm.NewBuiltins(sandbox)
	return verifier.Machine{Loader: wasm.Loader(sandbox), Builtin: builtins.Program}, builtins.Close, nil
}

// runCycleAudit audits, writes the report and ends with the opinion.
func (a *app) runCycleAudit(c *cobra.Command, f *cycleAuditFlags) error {
	o, err := a.cycleOptions(f)
	if err != nil {
		return err
	}
	s, err := a.service()
	if err != nil {
		return err
	}
	machine, end, err := a.machine(f.limit)
	if err != nil {
		return err
	}
	defer end()
	o.Machine = machine
	bars := a.newProgress()
	defer bars.stop()
	o.Progress = bars.show
	ctx, stop := a.unbounded(c)
	defer stop()
	audited, err := verifier.AuditCycle(ctx, source{s}, o)
	if err != nil {
		return a.keepFork(err)
	}
	bars.stop()
	if f.state != "" {
		if err := writeFile(f.state, audited.State, 0o644); err != nil {
			return err
		}
	}
	if err := writeCycleReport(f.dir, audited.Report); err != nil {
		return err
	}
	if err := a.printCycleReport(audited.Report); err != nil {
		return err
	}
	return reportVerdict(audited.Report, f.dir)
}

// writeCycleReport writes the report in its three forms.
func writeCycleReport(dir string, r *verifier.CycleReport) error {
	readable, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	page, err := r.Page()
	if err != nil {
		return err
	}
	for _, file := range []struct {
		name string
		data []byte
	}{{"report.cbor", r.Encode()}, {"report.json", append(readable, '\n')}, {"report.html", page}} {
		if err := writeFile(filepath.Join(dir, file.name), file.data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printCycleReport(r *verifier.CycleReport) error {
	if a.json {
		return a.printJSON(r)
	}
	return r.WriteTable(a.stdout)
}

// reportVerdict turns an opinion into an exit code.
func reportVerdict(r *verifier.CycleReport, dir string) error {
	switch {
	case r.Result.Failed > 0:
		return hint(refuse("%d items do not match", r.Result.Failed), "evidence is in %s: settle check %s/*.evidence repeats it; publish with settle audit publish %s", dir, dir, dir)
	case r.Opinion != codec.OpinionPass:
		return hint(fmt.Errorf("%w: %d items", verifier.ErrUnavailable, r.Result.Unavailable), "run it again until the policy's deadline; then settle audit publish %s", dir)
	}
	return nil
}

// thisBuild identifies this program.
func thisBuild() verifier.Build {
	b := verifier.Build{Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		b.Module = info.Main.Path + " " + info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				b.Revision = s.Value
			}
		}
	}
	if name, err := os.Executable(); err == nil {
		if data, err := os.ReadFile(name); err == nil {
			b.Binary = codec.BlobHash(data)
		}
	}
	return b
}
