package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/spf13/cobra"
)

// credits shows micro-Credits as Credits.
func credits(micro uint64) string { return fmt.Sprintf("%d.%06d", micro/1_000_000, micro%1_000_000) }

// clock shows Unix milliseconds.
func clock(ms uint64) string {
	return time.UnixMilli(int64(ms)).UTC().Format("2006-01-02 15:04:05")
}

// table prints rows in columns below their heading.
func table(w io.Writer, heading string, rows func(t io.Writer)) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, heading)
	rows(t)
	return t.Flush()
}

// asking is a command that asks a node about the cycle of a flag and prints the answer:
// as JSON if that is wanted, else by show.
func (a *app) asking(c *cobra.Command, cycle *uint64, ask func(ctx context.Context, s api.Service, args []string) (any, func(io.Writer) error, error)) *cobra.Command {
	c.RunE = func(c *cobra.Command, args []string) error {
		s, err := a.service()
		if err != nil {
			return err
		}
		ctx, stop := a.bounded(c)
		defer stop()
		v, show, err := ask(ctx, s, args)
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(api.Readable(v))
		}
		return show(a.stdout)
	}
	if cycle != nil {
		c.Flags().Uint64Var(cycle, "cycle", 0, "billing cycle, 0 = the open one")
	}
	return c
}

// pages reads all parts of a list, of one size of the log, up to limit items (0: all).
// Next takes a part and returns how many items it has, its size and where to go on.
func pages(limit int, next func(p api.Page) (n int, size, from uint64, err error)) error {
	p := api.Page{}
	for left := limit; ; {
		if p.Limit = api.MaxItems; limit > 0 {
			p.Limit = min(left, api.MaxItems)
		}
		n, size, from, err := next(p)
		if err != nil || from == 0 || limit > 0 && n >= left {
			return err
		}
		left -= n
		p.Size, p.From = size, from
	}
}

// statementView is a statement with its lines.
type statementView struct {
	*api.Statement
	Lines []api.StatementRecord `json:"lines,omitempty"`
}

func (a *app) statement() *cobra.Command {
	var cycle uint64
	var lines, asCSV bool
	var limit int
	var prove string
	c := &cobra.Command{
		Use:   "statement PARTY",
		Short: "Show what a party got and owes in a billing cycle",
		Long: `Statement shows the account of a party in a cycle, in Credits: what was posted, what
disputes hold, and the net that is paid out or billed. With --lines it lists the records that
posted to it, the newest first, and with --csv those lines alone, as CSV. It is served to the party itself, hubs, auditors and
operators: --as names a key file. With --prove it writes a file that shows to anybody, with
settle check and the trust policy alone, that these are all postings of the party in a
closed cycle and what they sum to.`,
		Example: `  settle statement PROVIDER_ID --as owner.key
  settle statement PROVIDER_ID --cycle 202611 --prove 202611.statement --as owner.key
  settle statement CUSTOMER_ID --cycle 202611 --lines --as hub-owner.key`,
		Args: exactly("PARTY"),
	}
	c.Flags().BoolVar(&lines, "lines", false, "list the records that posted to the account")
	c.Flags().IntVar(&limit, "limit", 0, "list at most so many records, 0 = all")
	c.Flags().BoolVar(&asCSV, "csv", false, "with --lines: print the lines as CSV")
	c.Flags().StringVar(&prove, "prove", "", "statement file to write")
	c = a.asking(c, &cycle, func(ctx context.Context, s api.Service, args []string) (any, func(io.Writer) error, error) {
		id, err := ids(args)
		if err != nil {
			return nil, nil, err
		}
		if asCSV && (!lines || a.json) {
			return nil, nil, usage("--csv prints the lines: give --lines with it, and no --json")
		}
		v := new(statementView)
		if v.Statement, err = s.Statement(ctx, id[0], cycle, 0); err != nil || !lines {
			return v.Statement, v.show, err
		}
		err = pages(limit, func(p api.Page) (int, uint64, uint64, error) {
			if p.Size == 0 {
				p.Size = v.Size
			}
			part, err := s.StatementLines(ctx, id[0], v.Cycle, p)
			if err != nil {
				return 0, 0, 0, err
			}
			v.Lines = append(v.Lines, part.Records...)
			return len(part.Records), part.Size, part.Next, nil
		})
		if asCSV {
			return nil, v.csv, err
		}
		return &struct {
			Statement *api.Statement        `json:"statement"`
			Records   []api.StatementRecord `json:"records"`
		}{v.Statement, v.Lines}, v.show, err
	})
	show := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if prove == "" {
			return show(c, args)
		}
		id, err := ids(args)
		if err != nil {
			return err
		}
		return a.proveStatement(c, id[0], cycle, prove)
	}
	return c
}

// show prints a statement for people.
func (v *statementView) show(w io.Writer) error {
	net := credits(v.Net)
	if v.Owed {
		net = "-" + net
	}
	err := table(w, fmt.Sprintf("%s\t%s\tcycle %d\tsize %d", v.Role, v.Party, v.Cycle, v.Size), func(t io.Writer) {
		fmt.Fprintf(t, "credit\t%s\ndebit\t%s\nheld\t%s\nreleased\t%s\nnet\t%s\npostings\t%d\n",
			credits(v.Credit), credits(v.Debit), credits(v.Held), credits(v.Released), net, v.Postings)
	})
	if err != nil || len(v.Lines) == 0 {
		return err
	}
	return table(w, "\nINDEX\tLINE\tTIME\tKIND\tSIDE\tCREDITS\tUNITS\tHELD\tREVERSED", func(t io.Writer) {
		for i := range v.Lines {
			r := &v.Lines[i].Record
			for _, l := range v.Lines[i].Lines {
				fmt.Fprintf(t, "%d\t%d\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", r.Index, l.Line, clock(r.Time), r.Kind,
					sideName(l.Side), credits(l.Amount), l.Units, credits(l.Held), credits(l.Reversed))
			}
		}
	})
}

func sideName(side codec.Side) string {
	if side == codec.Debit {
		return "debit"
	}
	return "credit"
}

func (a *app) usage() *cobra.Command {
	var cycle uint64
	var by string
	c := &cobra.Command{
		Use:   "usage CUSTOMER",
		Short: "Show what a customer was charged for in a billing cycle",
		Long: `Usage sorts the charges of a customer by project, workspace, execution class, billing
scope or organization. Labels count where the hub disclosed them.`,
		Example: `  settle usage CUSTOMER_ID --by project --as customer.key
  settle usage CUSTOMER_ID --cycle 202611 --by all --json --as hub-owner.key`,
		Args: exactly("CUSTOMER"),
	}
	c.Flags().StringVar(&by, "by", "all", "project, workspace, class, scope, organization or all")
	return a.asking(c, &cycle, func(ctx context.Context, s api.Service, args []string) (any, func(io.Writer) error, error) {
		id, err := ids(args)
		if err != nil {
			return nil, nil, err
		}
		list := api.Dimensions
		if by != "all" {
			list = []string{by}
		}
		var all []api.UsagePage
		for _, by := range list {
			for from := ""; ; {
				u, err := s.Usages(ctx, id[0], cycle, by, from, api.MaxItems)
				if err != nil {
					return nil, nil, err
				}
				all = append(all, *u)
				if u.Next == nil {
					break
				}
				from = *u.Next
			}
		}
		return all, func(w io.Writer) error {
			return table(w, "BY\tVALUE\tCREDITS\tUNITS\tSETTLEMENTS", func(t io.Writer) {
				for i := range all {
					for _, u := range all[i].Usages {
						fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\n", all[i].By, u.Value, credits(u.Charged), u.Units, u.Settlements)
					}
				}
			})
		}, nil
	})
}

func (a *app) budget() *cobra.Command {
	var cycle uint64
	c := &cobra.Command{
		Use:   "budget CUSTOMER",
		Short: "Show the budgets of a customer and what is left of them",
		Long: `Budget shows the cap and the quotas of a customer: limit, used, left, and what exceeds
them. A hard one refuses what would exceed it, a soft one reports it.`,
		Example: `  settle budget CUSTOMER_ID --as customer.key`,
		Args:    exactly("CUSTOMER"),
	}
	return a.asking(c, &cycle, func(ctx context.Context, s api.Service, args []string) (any, func(io.Writer) error, error) {
		id, err := ids(args)
		if err != nil {
			return nil, nil, err
		}
		b, err := s.Budgets(ctx, id[0], cycle)
		return b, func(w io.Writer) error {
			return table(w, "BY\tVALUE\tMODE\tLIMIT\tUSED\tLEFT\tEXCESS", func(t io.Writer) {
				for _, x := range b.Budgets {
					mode := "soft"
					if x.Hard {
						mode = "hard"
					}
					fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", x.By, x.Value, mode, credits(x.Limit), credits(x.Used), credits(x.Left), credits(x.Excess))
				}
			})
		}, err
	})
}
