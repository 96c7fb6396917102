package verifier

import (
	"strings"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// Confirmed is what evidence shows, confirmed by whoever checked it.
type Confirmed struct {
	Fault      Fault             `json:"fault"`
	Origin     string            `json:"origin"`
	Settlement uint64            `json:"settlement"` // index in the log; faults 7-12: of the record compared with the close
	Size       uint64            `json:"size"`       // of the checkpoint
	Attested   []codec.ID        `json:"attested"`   // operators that attested the checkpoint
	Hub        codec.ID          `json:"hub"`        // author of the settlement, or of the close
	Workload   codec.ID          `json:"workload"`   // zero for faults 7-12
	Provider   *codec.ID         `json:"provider,omitempty"`
	Shard      *uint64           `json:"shard,omitempty"`
	Authorship bool              `json:"authorship"` // the hub's signature over the batch was shown too
	Signed     bool              `json:"signed"`     // the agent signed the false result; faults 1-3
	Claimed    *Claimed          `json:"claimed,omitempty"`
	Recomputed Recomputed        `json:"recomputed"`
	Missing    *codec.Hash       `json:"missing,omitempty"`  // fault 6
	Answered   []codec.ID        `json:"answered,omitempty"` // fault 6: operators that signed that they have it not
	Nodes      int               `json:"nodes,omitempty"`    // fault 6: how many nodes the trust policy has
	Until      uint64            `json:"until,omitempty"`    // fault 6: when the settlement's promise to keep it ends, ms
	Close      *uint64           `json:"close,omitempty"`    // faults 7-12: index in the log
	Cycle      uint64            `json:"cycle,omitempty"`    // faults 7-12
	Role       codec.Role        `json:"role,omitempty"`     // faults 8-10, 12: whose postings
	Party      *codec.ID         `json:"party,omitempty"`    // faults 8-10, 12
	Line       *uint64           `json:"line,omitempty"`     // faults 8-10: of the posting
	Tree       proof.SumType     `json:"tree,omitempty"`     // fault 12: type of the tree that is broken
	Listed     *Amounts          `json:"listed,omitempty"`   // faults 9, 10: credit and debit in the party's postings
	Stated     *Amounts          `json:"stated,omitempty"`   // faults 8, 10: credit and debit in the record
	entry      *codec.ShardEntry // faults 1-4
	body       *codec.Settlement //
	agent      *settlement.Key   // faults 1-4
}

// Amounts are both columns of a posting, micro-Credits.
type Amounts struct {
	Credit uint64 `json:"credit,string"`
	Debit  uint64 `json:"debit,string"`
}

// Claimed is what a manifest entry says of a shard's result.
type Claimed struct {
	Output BlobName `json:"output"`
	Units  uint64   `json:"units"`
}

// BlobName shows a blob to people.
type BlobName struct {
	Hash codec.Hash `json:"hash"`
	Size uint64     `json:"size"`
}

// claimed returns what an entry says of its result.
func claimed(e *codec.ShardEntry) *Claimed {
	return &Claimed{Output: BlobName{e.Output.Hash, e.Output.Size}, Units: e.Units}
}

// attested returns the operators whose nodes attested a checkpoint, in the note's order.
func attested(c *proof.Checkpoint) []codec.ID {
	list := c.Attestations()
	out := make([]codec.ID, len(list))
	for i := range list {
		out[i], _ = codec.ParseID(list[i].Name[strings.LastIndexByte(list[i].Name, '/')+1:]) // proof checked the name
	}
	return out
}
