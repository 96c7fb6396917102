package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/verifier"
	"github.com/spf13/cobra"
)

// prover collects what statements and evidence about a closed cycle are made of.
type prover struct {
	sdk    *client.Client
	policy *proof.TrustPolicy
	at     *proof.Checkpoint // under which everything is proved
}

// proverOf returns a prover under a checkpoint that covers index.
func (a *app) proverOf(ctx context.Context, index func(s api.Service) (uint64, error)) (*prover, uint64, error) {
	policy, err := a.trustPolicy()
	if err != nil {
		return nil, 0, err
	}
	sdk, err := a.sdk()
	if err != nil {
		return nil, 0, err
	}
	i, err := index(sdk.Service())
	if err != nil {
		return nil, 0, err
	}
	at, err := sdk.AwaitCheckpoint(ctx, i+1)
	return &prover{sdk, policy, at}, i, err
}

// proved fetches a record with its path.
func (p *prover) proved(ctx context.Context, index uint64) (*verifier.Proved, error) {
	r, err := p.sdk.FetchReceiptUnder(ctx, p.at, index)
	if err != nil {
		return nil, err
	}
	out := &verifier.Proved{Index: index, Record: r.Record, Path: make([]codec.Hash, len(r.Path))}
	for i := range r.Path {
		out.Path[i] = r.Path[i]
	}
	return out, nil
}

// closed returns the cycle of a number, or the one with a record in its range if number
// is 0. It must be closed.
func closed(ctx context.Context, s api.Service, number, index uint64) (*api.Cycle, error) {
	for p := (api.Page{}); ; {
		part, err := s.Cycles(ctx, p)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(part.Cycles, func(c api.Cycle) bool {
			return number != 0 && c.Number == number || number == 0 && c.First <= index && c.Cut != nil && index <= c.Cut.Index
		})
		if i >= 0 && part.Cycles[i].Close != nil {
			return &part.Cycles[i], nil
		}
		if p.From = part.Next; i >= 0 || part.Next == 0 {
			return nil, hint(errors.New("the cycle is not closed"), "settle cycles lists the closed ones")
		}
	}
}

// closeKey returns the record that registers the key which signed a close, nil if it is
// not where keys are usually registered.
func (p *prover) closeKey(ctx context.Context, shut *verifier.Proved) (*verifier.Proved, error) {
	rec, err := codec.DecodeRecord(shut.Record)
	if err != nil {
		return nil, err
	}
	body := new(codec.Cycle)
	if err := codec.DecodeCycle(rec.Body, body); err != nil {
		return nil, err
	}
	party, err := p.sdk.Service().Party(ctx, body.Author)
	if err != nil {
		return nil, err
	}
	for i := range party.Keys {
		k := &party.Keys[i]
		if !slices.ContainsFunc(rec.Signatures, func(s codec.Signature) bool { return s.Key == k.ID }) {
			continue
		}
		// A key is valid from the index after the record that registers it, but for one
		// that says another index and those of founders.
		for _, index := range []uint64{k.ValidFrom - min(k.ValidFrom, 1), party.Registered} {
			found, err := p.proved(ctx, index)
			if err != nil {
				return nil, err
			}
			if verifier.SignsClose(p.policy.Origin(), shut, found) == nil {
				return found, nil
			}
		}
	}
	return nil, nil
}

// statement collects the statement of a party in a closed cycle and checks it.
func (p *prover) statement(ctx context.Context, party codec.ID, cycle *api.Cycle) (*verifier.Statement, *verifier.Account, error) {
	shut, err := p.proved(ctx, cycle.Close.Index)
	if err != nil {
		return nil, nil, err
	}
	s := &verifier.Statement{Version: 1, Origin: p.policy.Origin(), Checkpoint: p.at.Note(), Close: *shut, Party: party}
	if s.CloseKey, err = p.closeKey(ctx, shut); err != nil {
		return nil, nil, err
	}
	path, err := p.sdk.Service().PartyPath(ctx, party, cycle.Number)
	if err != nil {
		return nil, nil, err
	}
	if len(path.Path) > 0 {
		s.Path = path.Path
	}
	who, err := p.sdk.Service().Party(ctx, party)
	if err != nil {
		return nil, nil, err
	}
	s.Role = who.Role
	if err := p.lines(ctx, s, cycle.Number); err != nil {
		return nil, nil, err
	}
	account, err := s.Check(p.policy)
	return s, account, err
}

// lines adds the postings of the party, the oldest first.
func (p *prover) lines(ctx context.Context, s *verifier.Statement, cycle uint64) error {
	for page := (api.Page{Oldest: true}); ; {
		part, err := p.sdk.Service().StatementLines(ctx, s.Party, cycle, page)
		if err != nil {
			return err
		}
		for i := range part.Records {
			for _, l := range part.Records[i].Lines {
				s.Add(&verifier.StatementPosting{Index: part.Records[i].Record.Index, Line: uint16(l.Line), Side: l.Side, Amount: l.Amount, Hash: l.Hash})
			}
		}
		if len(s.Rows) > verifier.MaxStatement-verifier.MaxEvidence {
			return refuse("more postings than a statement holds, %d bytes", verifier.MaxStatement)
		}
		if page.From, page.Size = part.Next, part.Size; part.Next == 0 {
			return nil
		}
	}
}

// proveStatement writes the statement of a party in a closed cycle.
func (a *app) proveStatement(c *cobra.Command, party codec.ID, number uint64, out string) error {
	if number == 0 {
		return hint(usage("--prove needs --cycle"), "only the postings of a closed cycle are proved")
	}
	ctx, stop := a.bounded(c)
	defer stop()
	var cycle *api.Cycle
	p, _, err := a.proverOf(ctx, func(s api.Service) (index uint64, err error) {
		if cycle, err = closed(ctx, s, number, 0); err != nil {
			return 0, err
		}
		return cycle.Close.Index, nil
	})
	if err != nil {
		return err
	}
	s, account, err := p.statement(ctx, party, cycle)
	if err != nil {
		return err
	}
	if err := a.output(out, s.Encode(), fmt.Sprintf("statement of %s in cycle %d", party, number)); err != nil {
		return err
	}
	fmt.Fprintln(a.stderr, accountText(account))
	return nil
}
