package api

import (
	"context"
	"net/url"

	"github.com/forgepool/settle/codec"
)

// PartyPath asks for the path of a party in sum tree 1 of a cycle that was cut.
func (c *Client) PartyPath(ctx context.Context, party codec.ID, cycle uint64) (*SumPath, error) {
	a := asking{url.Values{"cycle": {decimal(cycle)}}}
	return getPrivate[SumPath](ctx, c, a.of(path("proofs", "party", party.String())))
}

// JournalPath asks for the path of a record in sum tree 4 of its cycle.
func (c *Client) JournalPath(ctx context.Context, index uint64) (*SumPath, error) {
	a := asking{url.Values{"index": {decimal(index)}}}
	return get[SumPath](ctx, c, a.of(path("proofs", "journal")))
}

// Absence asks for a node's signed word that bytes are not there.
func (c *Client) Absence(ctx context.Context, hash codec.Hash, index uint64) (*Absence, error) {
	a := asking{url.Values{"index": {decimal(index)}}}
	return getPrivate[Absence](ctx, c, a.of(path("absences", hash.String())))
}
