package main

import (
	"context"
	"fmt"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/contract"
	"github.com/spf13/cobra"
)

// importFlags say who imports and what is done.
type importFlags struct {
	party, key, secret, artifacts, out, origin string
	check                                      bool
}

func (a *app) importCommand() *cobra.Command {
	var f importFlags
	c := &cobra.Command{
		Use:   "import CONTRACTS RESULTS",
		Short: "Settle a hub's jobs from its execution contracts and results",
		Long: `Import reads execution contracts and results (JSON, one object a line; the format is
docs/formats/import.md) and settles every finished billable job: its events and its
settlement, in batches. Every line is checked before anything is sent, and if one is wrong
nothing is. Ids follow from hub and job id, so the same files may be imported again: what
is in the ledger stays as it is. Salts follow from the secret, which is made if its file
is not there: keep it as long as the files may be imported again.

Jobs in test mode are counted and never reach the ledger; contracts without results are
jobs that are not finished yet.`,
		Example: `  settle import contracts.jsonl results.jsonl --party HUB_ID --check
  settle import contracts.jsonl results.jsonl --party HUB_ID --key hub-submit.key \
    --secret import.secret --artifacts blobs/`,
		Args: exactly("CONTRACTS", "RESULTS"),
		RunE: func(c *cobra.Command, args []string) error { return a.runImport(c, &f, args[0], args[1]) },
	}
	fl := c.Flags()
	fl.StringVar(&f.party, "party", "", "party id of the hub")
	fl.StringVar(&f.key, "key", "", "submit key file of the hub")
	fl.StringVar(&f.secret, "secret", "", "file of the secret from which salts follow; made if it is not there")
	fl.StringVar(&f.artifacts, "artifacts", "", "directory of inputs, outputs and other blobs, each named by its BLAKE3 in hex; checked and uploaded")
	fl.StringVar(&f.out, "out", "", "write the batches and the arguments to this new directory and send nothing")
	fl.StringVar(&f.origin, "origin", "", "with --check: origin of the ledger; no node is asked, and what needs one is not checked")
	fl.BoolVar(&f.check, "check", false, "only check the lines")
	return c
}

// importer is one import.
type importer struct {
	*app
	flags *importFlags
	names [2]string // of the files
	hub   contract.Hub
	key   *client.Key
	sdk   *client.Client // nil: offline

	ledger    *importLedger // what was asked of the node; nil: offline
	store     *blobStore
	contracts map[string]*importLine // by job id
	work      map[codec.Hash]string  // work key -> first job with it
	faults    []string
	report    importReport
}

// importLine is a contract and where it and its result stand.
type importLine struct {
	contract     *contract.Contract
	line, result int // from 1; 0 = none
	workKey      codec.Hash
	prior        *priorJob // nil: not looked up
}

// importReport is what an import says at its end.
type importReport struct {
	Contracts  int  `json:"contracts"`
	Results    int  `json:"results"`
	Test       int  `json:"test_skipped"` // contracts in test mode
	Unfinished int  `json:"unfinished"`   // billable contracts without a result
	Appended   int  `json:"appended"`     // settlements
	Repeated   int  `json:"repeated"`     // settlements that were in the ledger
	Refused    int  `json:"refused"`      // jobs
	Batches    int  `json:"batches"`
	Artifacts  int  `json:"artifacts"` // uploaded
	Sent       bool `json:"sent"`      // false: only checked, or written to files
}

// runImport checks everything, then sends it.
func (a *app) runImport(c *cobra.Command, f *importFlags, contracts, results string) error {
	ctx, stop := a.unbounded(c)
	defer stop()
	m := &importer{app: a, flags: f, names: [2]string{contracts, results},
		contracts: map[string]*importLine{}, work: map[codec.Hash]string{}}
	if err := m.open(ctx); err != nil {
		return err
	}
	m.store = newBlobStore(m, f.artifacts)
	if err := m.checkAll(ctx); err != nil {
		return err
	}
	if f.check {
		return m.finish()
	}
	if err := m.sendAll(ctx); err != nil {
		return hint(err, "run the same import again: what took effect is found in the ledger and does not take effect twice")
	}
	return m.finish()
}

// open reads the flags and asks the node who and what it is.
func (m *importer) open(ctx context.Context) (err error) {
	f := m.flags
	if m.hub.ID, err = codec.ParseID(f.party); err != nil {
		return hint(usage("--party: %v", err), "the hub imports: give its party id with --party")
	}
	if f.origin != "" && !f.check || f.out != "" && f.check {
		return usage("--origin goes with --check, --out without it")
	}
	if m.hub.Origin = f.origin; f.origin != "" {
		return nil
	}
	if err := m.ask(); err != nil {
		return err
	}
	if m.sdk, err = m.app.sdk(); err != nil {
		return err
	}
	if m.ledger, err = askLedger(ctx, m.sdk); err != nil {
		return err
	}
	m.hub.Origin = m.ledger.status.OriginA
	if f.check {
		return nil
	}
	if f.secret == "" {
		return hint(usage("an import needs a secret"), "name its file with --secret; it is made if it is not there, and must be the same next time")
	}
	if m.hub.Secret, err = loadSecret(f.secret, true); err != nil {
		return err
	}
	if m.key == nil {
		return hint(usage("an import needs the hub's submit key"), "name its file with --key")
	}
	return nil
}

// ask reads the hub's key. It also signs the questions, unless another one is to.
func (m *importer) ask() error {
	if m.flags.key == "" {
		return nil
	}
	keys, err := loadKeys([]string{m.flags.key})
	if err != nil {
		return err
	}
	m.key = keys[0]
	if m.app.as == "" {
		m.app.key = m.key
	}
	return nil
}

// finish prints the summary.
func (m *importer) finish() error {
	r := &m.report
	if m.json {
		if err := m.printLine(r); err != nil {
			return err
		}
	} else if err := writeFields(m.stdout, r); err != nil {
		return err
	}
	if r.Refused > 0 {
		return hint(refuse("%d jobs refused", r.Refused),
			"correct what the codes say and import again; after id_conflict, the ledger has the job with other contents, or from another secret")
	}
	return nil
}

// fault notes what is wrong with a line.
func (m *importer) fault(file, line int, err error) error {
	m.faults = append(m.faults, fmt.Sprintf("%s:%d: %v", m.names[file], line, err))
	if len(m.faults) == maxFaults {
		return errManyFaults
	}
	return nil
}

// maxFaults is how many wrong lines are told before the rest is left alone.
const maxFaults = 20
