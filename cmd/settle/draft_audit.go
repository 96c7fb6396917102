package main

import (
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/verifier"
	"github.com/spf13/cobra"
)

func (a *app) draftIntent() *cobra.Command {
	var auditor, secret, out string
	var cycle uint64
	c := &cobra.Command{
		Use:   "intent",
		Short: "Draft an auditor's promise to audit a billing cycle",
		Long: `Intent drafts the commitment to an auditor's secret, with the sample that the policy in force
asks for. The secret is made if it is not there; the attestation opens it. It must be on the
ledger before the cycle is cut. The auditor signs.`,
		Example: `  settle draft intent --auditor AUDITOR_ID --cycle 202611 --secret audit.secret --out intent.draft`,
		Args:    exactly(),
		RunE: func(c *cobra.Command, _ []string) error {
			id, err := codec.ParseID(auditor)
			if err != nil {
				return usage("--auditor: %v", err)
			}
			sdk, err := a.sdk()
			if err != nil {
				return err
			}
			ctx, stop := a.bounded(c)
			defer stop()
			status, err := sdk.Service().Status(ctx)
			if err != nil {
				return err
			}
			if cycle == 0 {
				cycle = status.Cycle
			}
			p, err := sdk.Service().Policy(ctx, status.Cycle)
			if err != nil {
				return err
			}
			body := new(codec.Policy)
			if err := codec.Decode(p.Body, body); err != nil || codec.BlobHash(p.Body) != p.Hash {
				return refuse("the node's policy is not what its hash says")
			}
			rules := &body.Audit
			draws, err := verifier.SampleSize(rules.ConfPPM, rules.FaultPPM, rules.MaxDraws)
			if err != nil {
				return refuse("%v", err)
			}
			s, err := loadSecret(secret, true)
			if err != nil {
				return err
			}
			target := codec.AuditTarget{ConfPPM: rules.ConfPPM, FaultPPM: rules.FaultPPM, Draws: draws, TracingPPM: rules.TracingPPM}
			return a.write(client.DraftIntent(id, client.Now(), status.Cycle, cycle, s, target), status.OriginA, out)
		},
	}
	c.Flags().StringVar(&auditor, "auditor", "", "party id of the auditor")
	c.Flags().Uint64Var(&cycle, "cycle", 0, "cycle to be audited, 0 = the open one")
	c.Flags().StringVar(&secret, "secret", "", "file of the auditor's secret; it is made if it is not there")
	c.Flags().StringVar(&out, "out", "", "draft file to write (default: standard output)")
	return c
}

// attestationFile is the result of an audit as people write it.
type attestationFile struct {
	Origin   string            `json:"origin"`
	Auditor  codec.ID          `json:"auditor"`
	Cycle    uint64            `json:"cycle"`
	Intent   uint64            `json:"intent"`
	Close    targetFile        `json:"close"`
	Size     uint64            `json:"checkpoint_size"`
	Root     codec.Hash        `json:"checkpoint_root"`
	Note     string            `json:"checkpoint_file"`
	Secret   string            `json:"secret_file"`
	Beacon   *beaconValueFile  `json:"beacon,omitempty"`
	Frame    codec.Frame       `json:"frame"`
	Draws    codec.Draws       `json:"draws"`
	Result   codec.AuditResult `json:"result"`
	Bounds   codec.Bounds      `json:"bounds"`
	Report   string            `json:"report_file"`
	Build    codec.Hash        `json:"build"`
	Platform string            `json:"platform"`
	Start    uint64            `json:"start"`
	End      uint64            `json:"end"`
	Opinion  uint64            `json:"opinion"`
	Findings []uint64          `json:"findings"`
}

type beaconValueFile struct {
	Round uint64     `json:"round"`
	Hash  codec.Hash `json:"hash"`
}

const attestationTemplate = `# The result of an audit. Lines that begin with # are comments.
{
  "origin": "ledger.example/settle/blake3",
  # Party id of the auditor, the open cycle, and the index of the intent that is opened.
  "auditor": "00000000000000000000000000000000",
  "cycle": 2,
  "intent": 10,
  # The close that was audited, and the checkpoint that it was audited under.
  "close": {"index": 60, "leaf": "0000000000000000000000000000000000000000000000000000000000000000"},
  "checkpoint_size": 61,
  "checkpoint_root": "0000000000000000000000000000000000000000000000000000000000000000",
  "checkpoint_file": "61.checkpoint",
  "secret_file": "audit.secret",
  # Value in micro-Credits; basis 1 is a full rebuild, 2 proofs.
  "frame": {"Value": 0, "Parties": 0, "Postings": 0, "Basis": 1},
  "draws": {"Vouching": 0, "Tracing": 0},
  "result": {"Distinct": 0, "Passed": 0, "Failed": 0, "Unavailable": 0, "Documentary": 0},
  "bounds": {"K": 0, "TaintPPM": 0, "Upper": 0},
  "report_file": "report.cbor",
  # Who ran it and when: hash of the program, os/arch, Unix milliseconds.
  "build": "0000000000000000000000000000000000000000000000000000000000000000",
  "platform": "linux/amd64",
  "start": 1800000000000,
  "end": 1800000000000,
  # 1 pass, 2 pass with findings, 3 fail, 4 incomplete; findings are indexes of disputes.
  "opinion": 1,
  "findings": []
}
`

func (a *app) draftAttestation() *cobra.Command {
	return drafted(a, &cobra.Command{
		Use:   "attestation",
		Short: "Draft the result of an audit",
		Long:  `Attestation drafts the opened result of an audit with its report and checkpoint. The auditor signs.`,
		Example: `  settle draft attestation --template > attestation.txt
  settle draft attestation --from attestation.txt --out attestation.draft`,
	}, attestationTemplate, func(f *attestationFile) (*client.Draft, string, error) {
		d, err := f.draft()
		return d, f.Origin, err
	})
}

// draft returns the attestation with its report.
func (f *attestationFile) draft() (*client.Draft, error) {
	report, err := readFile(f.Report, codec.MaxAttachment)
	if err != nil {
		return nil, err
	}
	note, err := readFile(f.Note, codec.MaxAttachment)
	if err != nil {
		return nil, err
	}
	secret, err := loadSecret(f.Secret, false)
	if err != nil {
		return nil, err
	}
	opened, opinion := codec.Hash(secret), codec.Opinion(f.Opinion)
	if f.Findings == nil {
		f.Findings = []uint64{}
	}
	body := codec.Audit{
		At: client.Now(), Cycle: f.Cycle, Author: f.Auditor, Intent: &f.Intent, Close: &codec.RecordRef{Index: f.Close.Index, Leaf: f.Close.Leaf},
		Checkpoint: &codec.CheckpointRef{Size: f.Size, Root: f.Root}, Secret: &opened, Frame: &f.Frame, Draws: &f.Draws, Result: &f.Result,
		Bounds: &f.Bounds, Env: &codec.AuditEnv{Build: f.Build, Platform: f.Platform}, Span: &codec.Span{Start: f.Start, End: f.End},
		Opinion: &opinion, Findings: &f.Findings,
	}
	if f.Beacon != nil {
		body.Beacon = &codec.BeaconValue{Round: f.Beacon.Round, Hash: f.Beacon.Hash}
	}
	return client.DraftAttestation(body, report, note), nil
}
