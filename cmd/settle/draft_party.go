package main

import (
	"bytes"
	"context"
	"slices"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/spf13/cobra"
)

// partyOps are the operations on a party that is registered, by name.
var partyOps = map[string]codec.PartyOp{
	"add-key": codec.PartyAddKey, "revoke-key": codec.PartyRevokeKey, "suspend": codec.PartySuspend,
	"reinstate": codec.PartyReinstate, "exit": codec.PartyExit, "weight": codec.PartyWeight, "cap": codec.PartyCap,
}

// partyFlags say what a party record does.
type partyFlags struct {
	op, party, author  string
	keys, revoke       []string
	weight, cap, stake uint64
	reason, threshold  uint64
	out                string
	changed            func(string) bool
}

func (a *app) draftParty() *cobra.Command {
	var f partyFlags
	c := &cobra.Command{
		Use:   "party",
		Short: "Draft a change of a party",
		Long: `Party drafts an operation on a registered party: add-key, revoke-key, suspend, reinstate,
exit, weight, cap. The node is asked for the party's last record. Who signs: an owner of
the party for keys and exit; the hub (for providers, adapters, customers) or governance for
suspension; hub and governance for weights; the hub for caps. New parties: settle party
register.

Op cap sets the cap and the quotas as a whole: without quotas, as here, it lifts those that
there are, and without --cap the cap too. settle draft quota sets both.`,
		Example: `  settle draft party --op revoke-key --party ID --revoke KEY_ID --reason 1 --out revoke.draft
  settle draft party --op cap --party CUSTOMER --author HUB --cap 5000000 --out cap.draft`,
		Args: exactly(),
		RunE: func(c *cobra.Command, _ []string) error {
			f.changed = c.Flags().Changed
			ctx, stop := a.bounded(c)
			defer stop()
			return a.writePartyOp(ctx, &f)
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.op, "op", "", "add-key, revoke-key, suspend, reinstate, exit, weight or cap")
	fl.StringVar(&f.party, "party", "", "party id")
	fl.StringVar(&f.author, "author", "", "party id of the author (default: the party itself)")
	fl.StringArrayVar(&f.keys, "key", nil, "key file to add, may be repeated")
	fl.StringArrayVar(&f.revoke, "revoke", nil, "key id to revoke, may be repeated")
	fl.Uint64Var(&f.weight, "weight", 0, "payout weight in ppm, for op weight")
	fl.Uint64Var(&f.cap, "cap", 0, "budget per cycle in micro-Credits, for op cap, which lifts all quotas")
	fl.Uint64Var(&f.stake, "stake", 0, "attested deposit in micro-Credits, for op weight")
	fl.Uint64Var(&f.reason, "reason", 0, "reason code, for revoke-key, suspend, reinstate, exit, weight")
	fl.Uint64Var(&f.threshold, "threshold", 0, "owner keys that must sign from now on, for add-key and revoke-key")
	fl.StringVar(&f.out, "out", "", "draft file to write (default: standard output)")
	return c
}

// writePartyOp writes the draft of one operation.
func (a *app) writePartyOp(ctx context.Context, f *partyFlags) error {
	op, ok := partyOps[f.op]
	if !ok {
		return usage("--op is %q: one of add-key, revoke-key, suspend, reinstate, exit, weight, cap", f.op)
	}
	id, err := codec.ParseID(f.party)
	if err != nil {
		return usage("--party: %v", err)
	}
	author := id
	if f.author != "" {
		if author, err = codec.ParseID(f.author); err != nil {
			return usage("--author: %v", err)
		}
	}
	s, err := a.service()
	if err != nil {
		return err
	}
	status, party, err := partyNow(ctx, s, id)
	if err != nil {
		return err
	}
	body := &codec.Party{ID: client.NewID(), At: client.Now(), Cycle: status.Cycle, Author: author, Party: id, Op: op, Prev: party.Prev}
	blobs, err := f.fill(body, status.OriginA)
	if err != nil {
		return err
	}
	return a.write(client.DraftParty(body, blobs...), status.OriginA, f.out)
}

// partyNow asks for the open cycle and a party.
func partyNow(ctx context.Context, s api.Service, id codec.ID) (*api.Status, *api.Party, error) {
	status, err := s.Status(ctx)
	if err != nil {
		return nil, nil, err
	}
	party, err := s.Party(ctx, id)
	return status, party, err
}

// fill sets the fields of the operation and returns the blobs that the body names.
func (f *partyFlags) fill(body *codec.Party, origin string) ([][]byte, error) {
	if f.changed("reason") {
		body.Reason = &f.reason
	}
	if f.changed("threshold") {
		body.Threshold = &f.threshold
	}
	if f.changed("stake") {
		body.Stake = &f.stake
	}
	switch body.Op {
	case codec.PartyAddKey:
		keys, err := loadKeys(f.keys)
		if err != nil || len(keys) == 0 {
			return nil, usage("add-key needs --key FILE (%v)", err)
		}
		client.Possess(origin, body, keys...)
	case codec.PartyRevokeKey:
		return nil, f.fillRevoked(body)
	case codec.PartyWeight:
		body.Weight = &f.weight
	case codec.PartyCap:
		if f.changed("cap") {
			blob, hash := codec.Seal(client.NewSalt(), f.cap)
			body.Cap = &hash
			return [][]byte{blob}, nil
		}
	}
	return nil, nil
}

func (f *partyFlags) fillRevoked(body *codec.Party) error {
	for _, text := range f.revoke {
		id, err := codec.ParseHash(text)
		if err != nil {
			return usage("--revoke: %v", err)
		}
		body.Keys = append(body.Keys, codec.Key{ID: id})
	}
	if len(body.Keys) == 0 {
		return usage("revoke-key needs --revoke KEY_ID")
	}
	slices.SortFunc(body.Keys, func(a, b codec.Key) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return nil
}
