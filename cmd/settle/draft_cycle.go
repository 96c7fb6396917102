package main

import (
	"context"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/spf13/cobra"
)

// beaconAhead is how far after now a round is chosen, in ms: an hour must be left when
// the record is appended.
const beaconAhead = 2 * 3_600_000

// cycleFlags are those of cuts and closes.
type cycleFlags struct {
	author, out string
	round       uint64 // ms that the beacon's round must not precede, 0 = two hours from now
}

// cycleMaker makes a cycle record of a hub.
type cycleMaker func(f *cycleFlags, ctx context.Context, s api.Service, hub codec.ID) (*client.Draft, error)

// cycleDraft is a command that drafts a cycle record by a hub.
func (a *app) cycleDraft(c *cobra.Command, make cycleMaker) *cobra.Command {
	var f cycleFlags
	c.Args = exactly()
	c.RunE = func(c *cobra.Command, _ []string) error {
		hub, err := f.hub()
		if err != nil {
			return err
		}
		d, origin, err := a.makeCycle(c, &f, hub, make)
		if err != nil {
			return err
		}
		return a.write(d, origin, f.out)
	}
	f.add(c)
	c.Flags().StringVar(&f.out, "out", "", "draft file to write (default: standard output)")
	return c
}

// hub reads who ends the cycle.
func (f *cycleFlags) hub() (codec.ID, error) {
	hub, err := codec.ParseID(f.author)
	if err != nil {
		return hub, hint(usage("--author: %v", err), "cycles are ended by a hub: give its party id with --author")
	}
	return hub, nil
}

// makeCycle asks a node for what the record has to say and makes its draft; origin is
// that of the ledger.
func (a *app) makeCycle(c *cobra.Command, f *cycleFlags, hub codec.ID, make cycleMaker) (d *client.Draft, origin string, err error) {
	s, err := a.service()
	if err != nil {
		return nil, "", err
	}
	ctx, stop := a.bounded(c)
	defer stop()
	status, err := s.Status(ctx)
	if err != nil {
		return nil, "", err
	}
	d, err = make(f, ctx, s, hub)
	return d, status.OriginA, err
}

func (f *cycleFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.author, "author", "", "party id of the hub")
	c.Flags().Uint64Var(&f.round, "beacon-after", 0, "Unix milliseconds that the beacon's round must not precede (default: two hours from now)")
}

// beacon returns the round that a record names under the policy of a cycle.
func (f *cycleFlags) beacon(ctx context.Context, s api.Service, cycle uint64) (*codec.BeaconRound, error) {
	p, err := s.Policy(ctx, cycle)
	if err != nil {
		return nil, err
	}
	body := new(codec.Policy)
	if err := codec.Decode(p.Body, body); err != nil || codec.BlobHash(p.Body) != p.Hash {
		return nil, refuse("the node's policy is not what its hash says")
	}
	after := f.round
	if after == 0 {
		after = client.Now() + beaconAhead
	}
	return client.RoundAfter(&body.Audit.Beacon, after), nil
}

// cut makes the record that ends the open cycle.
func (f *cycleFlags) cut(ctx context.Context, s api.Service, hub codec.ID) (*client.Draft, error) {
	status, err := s.Status(ctx)
	if err != nil {
		return nil, err
	}
	r, err := s.Record(ctx, 0)
	if err != nil {
		return nil, err
	}
	genesis, _, err := client.Genesis(r.Bytes)
	if err != nil {
		return nil, refuse("%v", err)
	}
	beacon, err := f.beacon(ctx, s, status.Cycle)
	if err != nil {
		return nil, err
	}
	d := client.DraftCut(hub, client.Now(), status.Cycle, genesis.Cycles.Numbering, beacon)
	if d == nil {
		return nil, refuse("no cycle follows %d", status.Cycle)
	}
	return d, nil
}

// close makes the record that states what the cycle came to.
func (f *cycleFlags) close(ctx context.Context, s api.Service, hub codec.ID) (*client.Draft, error) {
	x, err := s.Closing(ctx)
	if err != nil {
		return nil, err
	}
	var beacon *codec.BeaconRound
	if now := client.Now(); x.Beacon != nil && x.Beacon.NotBefore < now+beaconAhead/2 {
		if beacon, err = f.beacon(ctx, s, x.Cycle); err != nil {
			return nil, err
		}
	}
	return client.DraftClose(hub, client.Now(), x, beacon), nil
}

func (a *app) draftCut() *cobra.Command {
	return a.cycleDraft(&cobra.Command{
		Use:   "cut",
		Short: "Draft the end of the open billing cycle",
		Long: `Cut drafts the record that ends the open cycle; settling goes on in the next one at once. The
hub signs it. Governance signs too if it should not wait for audit intents or for the end of
the month. Submit it alone, or as the last record of its batch. With all keys at hand, settle
cycle cut does everything at once.`,
		Example: `  settle draft cut --author HUB_ID --out cut.draft
  settle sign cut.draft --key hub-owner.key --out cut.sig`,
	}, (*cycleFlags).cut)
}

func (a *app) draftClose() *cobra.Command {
	return a.cycleDraft(&cobra.Command{
		Use:   "close",
		Short: "Draft the close of the billing cycle that was cut",
		Long: `Close drafts the record that states what the cycle came to: the node says what it must
state, and every replica compares. The hub signs it. With all keys at hand, settle cycle close
does everything at once.`,
		Example: `  settle draft close --author HUB_ID --out close.draft`,
	}, (*cycleFlags).close)
}
