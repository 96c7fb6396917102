package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/spf13/cobra"
)

func (a *app) draftPolicy() *cobra.Command {
	var t templated
	var author, origin string
	c := &cobra.Command{
		Use:   "policy",
		Short: "Draft the next policy",
		Long: `Policy drafts the next rate card and payout policy. Hub and governance sign it. The node
is asked for the policy in force: version, predecessor and first cycle follow from it
unless the file states them (then give --origin and no node is asked).`,
		Example: `  settle draft policy --template > policy-2.txt
  settle draft policy --from policy-2.txt --author HUB_ID --out policy-2.draft`,
		Args: exactly(),
		RunE: func(c *cobra.Command, _ []string) error {
			if t.template {
				policy, err := policyTemplate("")
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(a.stdout, "# A policy. Amounts are micro-Credits, times milliseconds, shares parts per million.\n"+
					"# version, effective_from and prev may be left out: the node knows them.\n%s\n", policy)
				return err
			}
			var f policyFile
			if err := t.read(&f); err != nil {
				return err
			}
			hub, err := codec.ParseID(author)
			if err != nil {
				return usage("--author: %v", err)
			}
			ctx, stop := a.bounded(c)
			defer stop()
			d, origin, err := a.nextPolicy(ctx, &f, hub, origin)
			if err != nil {
				return err
			}
			return a.write(d, origin, t.out)
		},
	}
	t.add(c)
	c.Flags().StringVar(&author, "author", "", "party id of the hub that proposes the policy")
	c.Flags().StringVar(&origin, "origin", "", "origin of tree A, if no node is to be asked")
	return c
}

// nextPolicy completes a policy from what the node has in force.
func (a *app) nextPolicy(ctx context.Context, f *policyFile, hub codec.ID, origin string) (*client.Draft, string, error) {
	p, err := f.body()
	if err != nil {
		return nil, "", usage("policy: %v", err)
	}
	p.ID, p.At, p.Author = client.NewID(), client.Now(), hub
	if origin == "" {
		if origin, err = a.followPolicy(ctx, &p); err != nil {
			return nil, "", err
		}
	} else if p.Version == 0 || p.EffectiveFrom == 0 || f.Prev == nil {
		return nil, "", usage("without a node the file must state version, effective_from and prev")
	}
	if p.Cycle == 0 {
		p.Cycle = p.EffectiveFrom - 1
	}
	var discounts []codec.Discount
	for _, x := range f.Discounts {
		discounts = append(discounts, codec.Discount{Customer: x.Customer, PPM: x.PPM})
	}
	slices.SortFunc(discounts, func(a, b codec.Discount) int { return bytes.Compare(a.Customer[:], b.Customer[:]) })
	return client.DraftPolicy(p, discounts), origin, nil
}

// followPolicy fills in what follows from the policy in force, and returns the origin.
func (a *app) followPolicy(ctx context.Context, p *codec.Policy) (string, error) {
	s, err := a.service()
	if err != nil {
		return "", err
	}
	status, err := s.Status(ctx)
	if err != nil {
		return "", err
	}
	now, err := s.Policy(ctx, 0)
	if err != nil {
		return "", err
	}
	before := new(codec.Policy)
	if err := codec.Decode(now.Body, before); err != nil {
		return "", refuse("the node's policy: %v", err)
	}
	p.Cycle = status.Cycle
	if p.Version == 0 {
		p.Version = before.Version + 1
	}
	if p.Prev == (codec.Hash{}) {
		p.Prev = codec.BlobHash(now.Body)
	}
	if p.EffectiveFrom == 0 {
		p.EffectiveFrom = nextCycle(status.Cycle)
	}
	return status.OriginA, nil
}

// nextCycle returns the cycle after one; numbers that look like months are months.
func nextCycle(cycle uint64) uint64 {
	if cycle > 100_000 && cycle%100 == 12 {
		return cycle + 89
	}
	return cycle + 1
}
