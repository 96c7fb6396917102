package api

import (
	"context"

	"github.com/forgepool/settle/codec"
)

// Queries is the part of a Service about money, disputes, cycles and audits. Cycle 0 is
// the open one. Those of the first group are answered to whom they concern
// (docs/formats/http.md section 7).
type Queries interface {
	// Statement adds up a party's account as of a size of the log, 0 = now.
	Statement(ctx context.Context, party codec.ID, cycle, size uint64) (*Statement, error)
	// StatementLines returns the records that posted to the account.
	StatementLines(ctx context.Context, party codec.ID, cycle uint64, page Page) (*StatementPage, error)
	// Find searches records with postings.
	Find(ctx context.Context, f Filter, page Page) (*FoundPage, error)
	// Usages returns what was charged to a customer by the values of a dimension: one of
	// Dimensions. From is the value to begin with.
	Usages(ctx context.Context, customer codec.ID, cycle uint64, by, from string, limit int) (*UsagePage, error)
	// Budgets returns cap and quotas of a customer.
	Budgets(ctx context.Context, customer codec.ID, cycle uint64) (*Budgets, error)
	// Holds returns what disputes hold of the postings to a party's account.
	Holds(ctx context.Context, party codec.ID, cycle uint64, page Page) (*HoldPage, error)
	// Share returns the asker's own part of the record at index, with proofs.
	Share(ctx context.Context, index uint64) (*Share, error)

	// Disputes returns the open disputes, or all on the record at target if it is not 0.
	Disputes(ctx context.Context, target uint64, page Page) (*DisputePage, error)
	// Dispute returns the dispute that the record at index opened.
	Dispute(ctx context.Context, opened uint64) (*Dispute, error)
	// Cycles returns the cycles by number, without Page.Size.
	Cycles(ctx context.Context, page Page) (*CyclePage, error)
	// Closing returns what the close of the cycle that was cut must state; not_found if
	// none waits for its close.
	Closing(ctx context.Context) (*Closing, error)
	// Audits returns the intents and attestations of a cycle.
	Audits(ctx context.Context, cycle uint64) (*Audits, error)

	// PartyPath returns the path of a party in sum tree 1 of a cycle that was cut; it is
	// answered to whom the party's statements are.
	PartyPath(ctx context.Context, party codec.ID, cycle uint64) (*SumPath, error)
	// JournalPath returns the path of a record in sum tree 4 of its cycle, which was cut.
	JournalPath(ctx context.Context, index uint64) (*SumPath, error)
	// Absence returns the node's signed word that neither it nor another node has the bytes
	// that the record at index names; not_found if they are there. It is answered to whom
	// the bytes are.
	Absence(ctx context.Context, hash codec.Hash, index uint64) (*Absence, error)
}

// Dimensions are the names of the dimensions by which charges are counted, by number
// from 1 on (docs/formats/accounting.md).
var Dimensions = []string{"project", "workspace", "class", "scope", "organization"}
