package main

import (
	"fmt"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/spf13/cobra"
)

// adjustmentFile is a correction as people write it.
type adjustmentFile struct {
	Origin       string           `json:"origin"`
	Author       codec.ID         `json:"author"`
	Cycle        uint64           `json:"cycle"`
	ServiceCycle uint64           `json:"service_cycle"`
	Target       targetFile       `json:"target"`
	Cause        uint64           `json:"cause"`
	CauseRef     *uint64          `json:"cause_ref,omitempty"`
	Postings     []correctionFile `json:"postings"`
}

type targetFile struct {
	Index uint64     `json:"index"`
	Leaf  codec.Hash `json:"leaf"`
}

type correctionFile struct {
	Role     string   `json:"role"`
	Party    codec.ID `json:"party"`
	Side     string   `json:"side"`
	Amount   uint64   `json:"amount"`
	Reason   *uint64  `json:"reason,omitempty"`
	RefIndex *uint64  `json:"ref_index,omitempty"`
	RefLine  *uint64  `json:"ref_line,omitempty"`
}

const adjustmentTemplate = `# A correction of earlier postings. Lines that begin with # are comments.
{
  "origin": "ledger.example/settle/blake3",
  # Party id of the author, the open cycle, and the cycle that the correction concerns.
  "author": "00000000000000000000000000000000",
  "cycle": 1,
  "service_cycle": 1,
  # The corrected record: index and leaf hash (settle get record INDEX).
  "target": {"index": 5, "leaf": "0000000000000000000000000000000000000000000000000000000000000000"},
  # 1 dispute, 2 audit finding, 3 billing error, 4 goodwill, 5 carry-forward, 6 penalty.
  # Causes 1, 2 and 6 need "cause_ref": the index of the ruling or attestation.
  "cause": 3,
  # Credits and debits must be equal. A reversal names the posting it reverses
  # (ref_index, ref_line), the same party, and the opposite side.
  "postings": [
    {"role": "customer", "party": "00000000000000000000000000000000", "side": "credit",
     "amount": 1000, "ref_index": 5, "ref_line": 0},
    {"role": "platform", "party": "00000000000000000000000000000000", "side": "debit",
     "amount": 1000, "ref_index": 5, "ref_line": 2}
  ]
}
`

func (a *app) draftAdjustment() *cobra.Command {
	return drafted(a, &cobra.Command{
		Use:   "adjustment",
		Short: "Draft a correction of earlier postings",
		Long: `Adjustment drafts postings that correct earlier ones; nothing is ever edited. Who must
sign depends on the cause: see docs/formats/records.md.`,
		Example: `  settle draft adjustment --template > refund.txt
  settle draft adjustment --from refund.txt --out refund.draft`,
	}, adjustmentTemplate, func(f *adjustmentFile) (*client.Draft, string, error) {
		d, err := f.draft()
		return d, f.Origin, err
	})
}

// draft returns the adjustment with its correction blob.
func (f *adjustmentFile) draft() (*client.Draft, error) {
	postings := make([]codec.Posting, len(f.Postings))
	for i := range f.Postings {
		p, err := f.Postings[i].posting()
		if err != nil {
			return nil, usage("posting %d: %v", i, err)
		}
		postings[i] = p
	}
	d, err := client.DraftAdjustment(codec.Adjustment{
		At: client.Now(), Cycle: f.Cycle, Author: f.Author, Target: codec.RecordRef{Index: f.Target.Index, Leaf: f.Target.Leaf},
		Cause: codec.Cause(f.Cause), CauseRef: f.CauseRef, ServiceCycle: f.ServiceCycle,
	}, postings)
	if err != nil {
		return nil, usage("postings: %v", err)
	}
	return d, nil
}

func (c *correctionFile) posting() (codec.Posting, error) {
	role, err := codec.ParseRole(c.Role)
	if err != nil {
		return codec.Posting{}, err
	}
	p := codec.Posting{Role: role, Party: c.Party, Amount: c.Amount, Reason: c.Reason,
		RefIndex: c.RefIndex, RefLine: c.RefLine}
	switch c.Side {
	case "credit":
		p.Side = codec.Credit
	case "debit":
		p.Side = codec.Debit
	default:
		return p, fmt.Errorf(`side is %q: "credit" or "debit"`, c.Side)
	}
	return p, nil
}
