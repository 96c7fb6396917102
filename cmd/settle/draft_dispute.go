package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/spf13/cobra"
)

// Names of operations and claims of disputes, by number.
var (
	disputeOps = []string{"", "open", "evidence", "accept", "reject", "withdraw", "escalate"}
	claims     = []string{"", "wrong-output", "wrong-units", "missing-payout", "overcharge", "duplicate-work",
		"data-unavailable", "wrong-policy", "bad-close", "bad-receipt"}
)

func claimName(c codec.Claim) string {
	if int(c) < len(claims) && c > 0 {
		return claims[c]
	}
	return fmt.Sprintf("claim %d", c)
}

// disputeFile is an operation on a dispute as people write it.
type disputeFile struct {
	Origin   string         `json:"origin"`
	Author   codec.ID       `json:"author"`
	Cycle    uint64         `json:"cycle"`
	Op       string         `json:"op"`
	Target   *targetFile    `json:"target,omitempty"`
	Role     string         `json:"role,omitempty"`
	Claim    string         `json:"claim,omitempty"`
	Lines    []heldFile     `json:"lines,omitempty"`
	Amount   *uint64        `json:"amount,omitempty"`
	Evidence []evidenceFile `json:"evidence,omitempty"`
	Shard    *shardFile     `json:"shard,omitempty"`
	Verdict  *verdictFile   `json:"verdict,omitempty"`
	Opened   *uint64        `json:"opened,omitempty"`
	Deadline *uint64        `json:"deadline,omitempty"`
}

type heldFile struct {
	Line   uint64 `json:"line"`
	Amount uint64 `json:"amount"`
}

type evidenceFile struct {
	Kind uint64 `json:"kind"`
	File string `json:"file"`
}

type shardFile struct {
	Workload codec.ID `json:"workload"`
	Index    uint64   `json:"index"`
	Replica  uint64   `json:"replica"`
}

type verdictFile struct {
	Expected     codec.Hash `json:"expected"`
	Recomputed   codec.Hash `json:"recomputed"`
	Units        uint64     `json:"units"`
	Adjudicators []codec.ID `json:"adjudicators"`
}

const disputeTemplate = `# An operation on a dispute. Lines that begin with # are comments.
{
  "origin": "ledger.example/settle/blake3",
  # Party id of who signs, and the open cycle.
  "author": "00000000000000000000000000000000",
  "cycle": 1,
  # open, evidence, accept, reject, withdraw or escalate. All but open name the record that
  # opened the dispute: "opened": 60. Accept has "amount", what is accepted.
  "op": "open",
  # What follows is for open. The disputed record: settle get record INDEX.
  "target": {"index": 57, "leaf": "0000000000000000000000000000000000000000000000000000000000000000"},
  "role": "customer",
  # wrong-output, wrong-units, missing-payout, overcharge, duplicate-work, data-unavailable,
  # wrong-policy, bad-close or bad-receipt.
  "claim": "overcharge",
  # The contested postings, in micro-Credits; what is claimed is their sum.
  "lines": [{"line": 0, "amount": 1000}],
  "amount": 1000,
  # When a ruling is due, Unix milliseconds, within the policy's dispute window.
  "deadline": 1800000000000,
  # Files that are attached: "evidence": [{"kind": 1, "file": "shard.evidence"}]. The shard of
  # claims about one: "shard": {"workload": ID, "index": 0, "replica": 0}. A ruling on an output or
  # on units has "verdict": {"expected": HASH, "recomputed": HASH, "units": 1, "adjudicators": [ID, ID]}.
  "evidence": []
}
`

func (a *app) draftDispute() *cobra.Command {
	return drafted(a, &cobra.Command{
		Use:   "dispute",
		Short: "Draft an operation on a dispute",
		Long: `Dispute drafts the opening of a dispute, evidence, a ruling, a withdrawal or an escalation.
The claimant signs the opening, withdrawal and escalation; arbiters sign rulings: see
docs/formats/records.md.`,
		Example: `  settle draft dispute --template > dispute.txt
  settle draft dispute --from dispute.txt --out dispute.draft`,
	}, disputeTemplate, func(f *disputeFile) (*client.Draft, string, error) {
		d, err := f.draft()
		return d, f.Origin, err
	})
}

// draft returns the operation with its evidence.
func (f *disputeFile) draft() (*client.Draft, error) {
	op := slices.Index(disputeOps, f.Op)
	if op < 1 {
		return nil, usage("op is %q: one of %s", f.Op, strings.Join(disputeOps[1:], ", "))
	}
	body := codec.Dispute{At: client.Now(), Cycle: f.Cycle, Author: f.Author, Op: codec.DisputeOp(op),
		Amount: f.Amount, Opened: f.Opened, Deadline: f.Deadline}
	if body.Op == codec.DisputeOpen {
		if err := f.open(&body); err != nil {
			return nil, err
		}
	}
	if f.Shard != nil {
		body.Shard = &codec.ShardOf{Workload: f.Shard.Workload, Index: f.Shard.Index, Replica: f.Shard.Replica}
	}
	if v := f.Verdict; v != nil {
		body.Verdict = &codec.Verdict{Expected: v.Expected, Recomputed: v.Recomputed, Units: v.Units, Adjudicators: v.Adjudicators}
	}
	var kinds []uint64
	var blobs [][]byte
	for _, e := range f.Evidence {
		data, err := readFile(e.File, codec.MaxAttachment)
		if err != nil {
			return nil, err
		}
		kinds, blobs = append(kinds, e.Kind), append(blobs, data)
	}
	d, err := client.DraftDispute(body, kinds, blobs)
	if err != nil {
		return nil, usage("%v", err)
	}
	return d, nil
}

// open fills in what only an opening says.
func (f *disputeFile) open(body *codec.Dispute) error {
	claim := slices.Index(claims, f.Claim)
	if claim < 1 {
		return usage("claim is %q: one of %s", f.Claim, strings.Join(claims[1:], ", "))
	}
	role, err := codec.ParseRole(f.Role)
	if err != nil {
		return usage("role: %v", err)
	}
	if f.Target == nil || f.Amount == nil || f.Deadline == nil {
		return usage("an opening has target, amount and deadline")
	}
	body.Target = &codec.RecordRef{Index: f.Target.Index, Leaf: f.Target.Leaf}
	body.Claimant = &codec.Claimant{Role: role, Party: f.Author}
	number, lines := codec.Claim(claim), make([]codec.HeldLine, len(f.Lines))
	for i, l := range f.Lines {
		lines[i] = codec.HeldLine{Line: l.Line, Amount: l.Amount}
	}
	body.Claim, body.Lines = &number, &lines
	return nil
}
