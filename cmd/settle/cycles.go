package main

import (
	"context"
	"fmt"
	"io"

	"github.com/forgepool/settle/api"
	"github.com/spf13/cobra"
)

func (a *app) holds() *cobra.Command {
	var cycle uint64
	c := &cobra.Command{
		Use:     "holds PARTY",
		Short:   "Show what disputes hold of the postings to a party",
		Example: `  settle holds PROVIDER_ID --as owner.key`,
		Args:    exactly("PARTY"),
	}
	return a.asking(c, &cycle, func(ctx context.Context, s api.Service, args []string) (any, func(io.Writer) error, error) {
		id, err := ids(args)
		if err != nil {
			return nil, nil, err
		}
		all := []api.Held{}
		err = pages(0, func(p api.Page) (int, uint64, uint64, error) {
			part, err := s.Holds(ctx, id[0], cycle, p)
			if err != nil {
				return 0, 0, 0, err
			}
			all = append(all, part.Holds...)
			return len(part.Holds), part.Size, part.Next, nil
		})
		return all, func(w io.Writer) error {
			return table(w, "INDEX\tLINE\tHELD\tAT LAST CUT", func(t io.Writer) {
				for _, h := range all {
					fmt.Fprintf(t, "%d\t%d\t%s\t%s\n", h.Index, h.Line, credits(h.Now), credits(h.AtCut))
				}
			})
		}, err
	})
}

func (a *app) disputes() *cobra.Command {
	var target uint64
	c := &cobra.Command{
		Use:   "disputes",
		Short: "List the open disputes, or all on one record",
		Example: `  settle disputes
  settle disputes --target 57 --json`,
		Args: exactly(),
	}
	c.Flags().Uint64Var(&target, "target", 0, "index of a record: list all disputes on it")
	return a.asking(c, nil, func(ctx context.Context, s api.Service, _ []string) (any, func(io.Writer) error, error) {
		all := []api.Dispute{}
		err := pages(0, func(p api.Page) (int, uint64, uint64, error) {
			part, err := s.Disputes(ctx, target, p)
			if err != nil {
				return 0, 0, 0, err
			}
			all = append(all, part.Disputes...)
			return len(part.Disputes), part.Size, part.Next, nil
		})
		return all, func(w io.Writer) error {
			return table(w, "OPENED\tTARGET\tCLAIM\tAMOUNT\tSTATUS\tDEADLINE\tCLAIMANT", func(t io.Writer) {
				for i := range all {
					d := &all[i]
					fmt.Fprintf(t, "%d\t%d\t%s\t%s\t%s\t%s\t%s\n", d.Opened, d.Target.Index, claimName(d.Claim), credits(d.Amount), d.Status, clock(d.Deadline), d.Author)
				}
			})
		}, err
	})
}

func (a *app) cycles() *cobra.Command {
	c := &cobra.Command{
		Use:   "cycles",
		Short: "List the billing cycles with their cuts and closes",
		Example: `  settle cycles
  settle draft cut --author HUB_ID --out cut.draft`,
		Args: exactly(),
	}
	return a.asking(c, nil, func(ctx context.Context, s api.Service, _ []string) (any, func(io.Writer) error, error) {
		v, err := s.Cycles(ctx, api.Page{})
		if err != nil {
			return nil, nil, err
		}
		for next := v.Next; next != 0; {
			part, err := s.Cycles(ctx, api.Page{From: next})
			if err != nil {
				return nil, nil, err
			}
			v.Cycles, next = append(v.Cycles, part.Cycles...), part.Next
		}
		v.Next = 0
		return v, func(w io.Writer) error {
			return table(w, "CYCLE\tSTATE\tFIRST\tCUT\tCLOSE\tINTENTS", func(t io.Writer) {
				for i := range v.Cycles {
					x := &v.Cycles[i]
					fmt.Fprintf(t, "%d\t%s\t%d\t%s\t%s\t%d\n", x.Number, cycleState(x), x.First, indexOf(x.Cut), indexOf(x.Close), x.Intents)
				}
			})
		}, nil
	})
}

func cycleState(c *api.Cycle) string {
	switch {
	case c.Close != nil:
		return "closed"
	case c.Cut != nil:
		return "cut"
	case c.First != 0:
		return "open"
	}
	return "announced"
}

func indexOf(b *api.Boundary) string {
	if b == nil {
		return "-"
	}
	return fmt.Sprint(b.Index)
}
