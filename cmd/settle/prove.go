package main

import (
	"context"
	"fmt"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/verifier"
	"github.com/spf13/cobra"
)

func (a *app) prove() *cobra.Command {
	c := &cobra.Command{
		Use:   "prove",
		Short: "Fetch a proof, check it, and write it to a file",
		Long: `Prove writes receipts and consistency proofs: files that verify offline, for ever, with
settle check and the trust policy alone. Nothing is written that did not verify here.`,
		Example: `  settle prove receipt 5 --out 5.receipt
  settle prove settlement HUB_ID WORKLOAD_ID --out payout.receipt
  settle prove consistency 6 2048 --out 6-2048.consistency`,
	}
	group(c, "settle prove")
	c.AddCommand(a.proveReceipt(), a.proveSettlement(), a.proveConsistency())
	return c
}

func (a *app) proveReceipt() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use: "receipt INDEX", Short: "Write the receipt of a record",
		Example: "  settle prove receipt 5 --out 5.receipt",
		Args:    exactly("INDEX"),
		RunE: func(c *cobra.Command, args []string) error {
			index, err := number(args[0])
			if err != nil {
				return err
			}
			return a.writeReceipt(c, out, func(context.Context, api.Service) (uint64, error) { return index, nil })
		},
	}
	c.Flags().StringVar(&out, "out", "", "receipt file to write (default: standard output)")
	return c
}

func (a *app) proveSettlement() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use: "settlement AUTHOR WORKLOAD", Short: "Write the receipt of the settlement of a workload",
		Example: "  settle prove settlement HUB_ID WORKLOAD_ID --out payout.receipt",
		Args:    exactly("AUTHOR", "WORKLOAD"),
		RunE: func(c *cobra.Command, args []string) error {
			ids, err := ids(args)
			if err != nil {
				return err
			}
			return a.writeReceipt(c, out, func(ctx context.Context, s api.Service) (uint64, error) {
				r, err := s.Settlement(ctx, ids[0], ids[1])
				if err != nil {
					return 0, err
				}
				return r.Index, nil
			})
		},
	}
	c.Flags().StringVar(&out, "out", "", "receipt file to write (default: standard output)")
	return c
}

// writeReceipt waits for a checkpoint that covers the record, and writes the receipt.
func (a *app) writeReceipt(c *cobra.Command, out string, find func(context.Context, api.Service) (uint64, error)) error {
	if _, err := a.trustPolicy(); err != nil {
		return err
	}
	sdk, err := a.sdk()
	if err != nil {
		return err
	}
	ctx, stop := a.bounded(c)
	defer stop()
	index, err := find(ctx, sdk.Service())
	if err != nil {
		return err
	}
	if _, err := sdk.Service().Record(ctx, index); err != nil {
		return err // else we would wait for a checkpoint that covers it
	}
	receipt, err := sdk.FetchReceipt(ctx, index)
	if err != nil {
		return err
	}
	return a.output(out, receipt.Format(), fmt.Sprintf("receipt of record %d", index))
}

func (a *app) proveConsistency() *cobra.Command {
	var out, tree string
	c := &cobra.Command{
		Use: "consistency FROM TO", Short: "Write the proof that one published checkpoint continues another",
		Example: "  settle prove consistency 6 2048 --out 6-2048.consistency",
		Args:    exactly("FROM", "TO"),
		RunE: func(c *cobra.Command, args []string) error {
			from, err := number(args[0])
			if err != nil {
				return err
			}
			to, err := number(args[1])
			if err != nil {
				return err
			}
			if from == 0 || from > to {
				return usage("FROM and TO are sizes of published checkpoints, FROM not 0 and not larger than TO")
			}
			if tree != string(api.TreeA) && tree != string(api.TreeB) {
				return usage("--tree is %q: a or b", tree)
			}
			return a.writeConsistency(c, from, to, api.Tree(tree), out)
		},
	}
	c.Flags().StringVar(&out, "out", "", "consistency file to write (default: standard output)")
	c.Flags().StringVar(&tree, "tree", "a", "a (BLAKE3) or b (SHA-256)")
	return c
}

// writeConsistency fetches both checkpoints and the path, checks and writes them.
func (a *app) writeConsistency(c *cobra.Command, from, to uint64, tree api.Tree, out string) error {
	policy, err := a.trustPolicy()
	if err != nil {
		return err
	}
	s, err := a.service()
	if err != nil {
		return err
	}
	ctx, stop := a.bounded(c)
	defer stop()
	file := new(proof.ConsistencyFile)
	if file.Older, err = noteOf(ctx, s, from, tree); err != nil {
		return err
	}
	if file.Newer, err = noteOf(ctx, s, to, tree); err != nil {
		return err
	}
	if from < to {
		p, err := s.Consistency(ctx, tree, from, to)
		if err != nil {
			return err
		}
		file.Path = path(p)
	}
	if _, _, err := file.Verify(policy); err != nil {
		return a.keepFork(err)
	}
	return a.output(out, file.Format(), fmt.Sprintf("proof from %d to %d", from, to))
}

// noteOf fetches the note of one tree and size.
func noteOf(ctx context.Context, s api.Service, size uint64, tree api.Tree) ([]byte, error) {
	c, err := s.Checkpoint(ctx, size)
	if err != nil {
		return nil, err
	}
	if tree == api.TreeB {
		return c.NoteB, nil
	}
	return c.NoteA, nil
}

// keepFork writes the evidence of a fork beside whoever found it, and says so.
func (a *app) keepFork(err error) error {
	fork, ok := asFork(err)
	if !ok {
		return err
	}
	name := fmt.Sprintf("fork-%d.fork", fork.Size)
	if writeErr := a.output(name, verifier.FormatFork(fork), "evidence of the fork"); writeErr != nil {
		return writeErr
	}
	return hint(err, "publish %s: settle check %s confirms it with the trust policy alone", name, name)
}
