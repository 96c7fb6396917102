package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/verifier"
	"github.com/spf13/cobra"
)

// sendFlags say how a signed record gets on the ledger.
type sendFlags struct {
	key, party, submit, out string
}

func (f *sendFlags) add(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&f.key, "key", "", "owner key file of the auditor")
	fl.StringVar(&f.party, "party", "", "party id of who submits it")
	fl.StringVar(&f.submit, "submit-key", "", "submit key file of that party; without one the signed draft is written to --out")
	fl.StringVar(&f.out, "out", "", "signed draft file to write instead of submitting (default: standard output)")
}

// deliver signs a draft as the auditor, and submits it or writes it.
func (a *app) deliver(c *cobra.Command, f *sendFlags, d *client.Draft, origin string) error {
	keys, err := loadKeys([]string{f.key})
	if err != nil {
		return err
	}
	d.Sign(origin, keys[0])
	if f.submit == "" {
		return a.write(d, origin, f.out)
	}
	batch, err := a.signBatch(c, &submitFlags{party: f.party, key: f.submit}, origin, []client.Item{d.Item()})
	if err != nil {
		return err
	}
	return a.send(c, batch, "")
}

func (a *app) auditIntent() *cobra.Command {
	var f sendFlags
	var auditor, secret string
	var cycle uint64
	c := &cobra.Command{
		Use:   "intent",
		Short: "Promise to audit a billing cycle, before it is cut",
		Long: `Intent draws the auditor's secret, keeps it in a file that nobody else can read, and puts a
commitment to it on the ledger, with the sample that the policy in force asks for. The
secret is opened by the attestation. There is one intent per auditor and cycle; one that
is never opened stays visible.`,
		Example: `  settle audit intent --cycle 202611 --auditor AUDITOR_ID --key auditor.key --secret audit.secret --party HUB_ID --submit-key submit.key`,
		Args:    exactly(),
		RunE: func(c *cobra.Command, _ []string) error {
			d, origin, err := a.intentDraft(c, auditor, secret, cycle)
			if err != nil {
				return err
			}
			return a.deliver(c, &f, d, origin)
		},
	}
	f.add(c)
	c.Flags().StringVar(&auditor, "auditor", "", "party id of the auditor")
	c.Flags().Uint64Var(&cycle, "cycle", 0, "cycle to be audited, 0 = the open one")
	c.Flags().StringVar(&secret, "secret", "", "file of the auditor's secret; it is made if it is not there")
	return c
}

// intentDraft drafts the intent with the policy's sample.
func (a *app) intentDraft(c *cobra.Command, auditor, secret string, cycle uint64) (*client.Draft, string, error) {
	id, err := codec.ParseID(auditor)
	if err != nil {
		return nil, "", usage("--auditor: %v", err)
	}
	sdk, err := a.sdk()
	if err != nil {
		return nil, "", err
	}
	ctx, stop := a.bounded(c)
	defer stop()
	status, err := sdk.Service().Status(ctx)
	if err != nil {
		return nil, "", err
	}
	if cycle == 0 {
		cycle = status.Cycle
	}
	policy, err := sdk.Policy(ctx, status.Cycle)
	if err != nil {
		return nil, "", err
	}
	rules := &policy.Body.Audit
	draws, err := verifier.SampleSize(rules.ConfPPM, rules.FaultPPM, rules.MaxDraws)
	if err != nil {
		return nil, "", refuse("%v", err)
	}
	s, err := loadSecret(secret, true)
	if err != nil {
		return nil, "", err
	}
	target := codec.AuditTarget{ConfPPM: rules.ConfPPM, FaultPPM: rules.FaultPPM, Draws: draws, TracingPPM: rules.TracingPPM}
	return client.DraftIntent(id, client.Now(), status.Cycle, cycle, s, target), status.OriginA, nil
}

func (a *app) auditPublish() *cobra.Command {
	var f sendFlags
	var findings []uint
	var early bool
	c := &cobra.Command{
		Use:   "publish DIR",
		Short: "Publish the report of an audit with its attestation",
		Long: `Publish checks the report in a work directory once more, stores the proofs and the evidence
that it names on the nodes, as the auditor, signs the attestation that opens the intent, and
submits it with the report. Without a submit key nothing is stored or submitted. Items whose
data was missing are published only after the policy's deadline, because they may still be
answered, unless --early is given. After a failure the same command may be repeated.`,
		Example: `  settle audit publish audit-202611 --key auditor.key --party HUB_ID --submit-key submit.key --finding 812`,
		Args:    exactly("DIR"),
		RunE: func(c *cobra.Command, args []string) error {
			list := make([]uint64, len(findings))
			for i := range findings {
				list[i] = uint64(findings[i])
			}
			r, data, err := a.loadCycleReport(args[0])
			if err != nil {
				return err
			}
			d, origin, err := a.attestationDraft(c, r, data, list, early)
			if err != nil {
				return err
			}
			if f.submit != "" {
				if err := a.storeReport(c, args[0], r, f.key); err != nil {
					return err
				}
			}
			return a.deliver(c, &f, d, origin)
		},
	}
	f.add(c)
	c.Flags().UintSliceVar(&findings, "finding", nil, "index of a dispute that the audit opened, ascending, may be repeated")
	c.Flags().BoolVar(&early, "early", false, "publish although missing data may still be answered")
	return c
}

// storeReport stores what a report names on the nodes: proofs, and evidence with the
// bundles that repeat it. The report itself travels with the attestation.
func (a *app) storeReport(c *cobra.Command, dir string, r *verifier.CycleReport, key string) error {
	names, err := filesOf(dir, r)
	if err != nil {
		return err
	}
	keys, err := loadKeys([]string{key})
	if err != nil {
		return err
	}
	ctx, stop := a.unbounded(c)
	defer stop()
	u, err := a.uploader(ctx, r.Auditor, keys[0])
	if err != nil {
		return err
	}
	bars := a.newProgress()
	defer bars.stop()
	size := uint64(0)
	for i, name := range names {
		file, err := u.put(ctx, name)
		if err != nil {
			return hint(err, "nothing was attested; publish again")
		}
		size += file.Size
		bars.show("storing proofs and evidence", uint64(i+1), uint64(len(names)))
	}
	bars.stop()
	fmt.Fprintf(a.stderr, "%d artifacts stored, %d bytes\n", len(names), size)
	return nil
}

// filesOf lists the files that a report names, each once. Proofs were compared with their
// hashes when the report was checked.
func filesOf(dir string, r *verifier.CycleReport) ([]string, error) {
	names := []string{proofFile(dir, r.Context)}
	seen := map[codec.Hash]bool{r.Context: true, {}: true}
	for i := range r.Draws {
		if hash := r.Draws[i].Proof; !seen[hash] {
			seen[hash] = true
			names = append(names, proofFile(dir, hash))
		}
	}
	for i := range r.Evidence {
		e := &r.Evidence[i]
		if e.Name != filepath.Base(e.Name) || !filepath.IsLocal(e.Name) {
			return nil, refuse("the report names evidence %q, which is no name of a file beside it", e.Name)
		}
		name := filepath.Join(dir, e.Name)
		data, err := readFile(name+".evidence", maxChecked)
		if err != nil {
			return nil, err
		}
		if codec.BlobHash(data) != e.Hash {
			return nil, refuse("%s.evidence is not what the report names", name)
		}
		names = append(names, name+".evidence", name+".bundle")
	}
	return names, nil
}

// attestationDraft drafts the attestation of a report.
func (a *app) attestationDraft(c *cobra.Command, r *verifier.CycleReport, data []byte, findings []uint64, early bool) (*client.Draft, string, error) {
	sdk, err := a.sdk()
	if err != nil {
		return nil, "", err
	}
	ctx, stop := a.bounded(c)
	defer stop()
	status, err := sdk.Service().Status(ctx)
	if err != nil {
		return nil, "", err
	}
	policy, err := sdk.Policy(ctx, r.Cycle)
	if err != nil {
		return nil, "", err
	}
	for i := range r.Items {
		if asked := r.Items[i].Asked; !early && asked > 0 && client.Now() < asked+policy.Body.Audit.Deadline {
			return nil, "", hint(refuse("data of settlement %d may still be answered until %d", r.Items[i].Record, asked+policy.Body.Audit.Deadline),
				"run the audit again later, or publish with --early")
		}
	}
	trust, err := a.trustPolicy()
	if err != nil {
		return nil, "", err
	}
	at, err := trust.OpenCheckpoint(r.Checkpoint)
	if err != nil {
		return nil, "", err
	}
	return client.DraftAttestation(r.Attestation(at, client.Now(), status.Cycle, findings), data, r.Checkpoint), status.OriginA, nil
}

// loadCycleReport reads the report in a directory and checks it with the proofs there.
func (a *app) loadCycleReport(dir string) (*verifier.CycleReport, []byte, error) {
	data, err := readFile(filepath.Join(dir, "report.cbor"), verifier.MaxReport)
	if err != nil {
		return nil, nil, err
	}
	r, err := verifier.DecodeCycleReport(data)
	if err != nil {
		return nil, nil, err
	}
	trust, err := a.trustPolicy()
	if err != nil {
		return nil, nil, err
	}
	return r, data, r.Check(trust, proofsOf(dir))
}

// proofsOf reads the proofs beside a report.
func proofsOf(dir string) verifier.Blobs {
	return func(hash codec.Hash) ([]byte, error) { return os.ReadFile(proofFile(dir, hash)) }
}

func proofFile(dir string, hash codec.Hash) string {
	return filepath.Join(dir, "proofs", hash.String())
}
