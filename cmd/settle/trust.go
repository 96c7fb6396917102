package main

import (
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
	"github.com/spf13/cobra"
)

func (a *app) trustCommand() *cobra.Command {
	var fromNode bool
	var out string
	c := &cobra.Command{
		Use:   "trust GENESIS",
		Short: "Make a trust policy from a genesis record",
		Long: `Trust writes the trust policy that a genesis record suggests: the checkpoint keys of its
operators, their node keys, and a majority of these as threshold. Who uses it trusts
whoever gave the genesis: get it from the founders, not from a node. With --from-node it
is taken from the node all the same, for development.`,
		Example: `  settle trust genesis.record --out ledger.trust
  settle trust --from-node --node http://127.0.0.1:7100 --out dev.trust`,
		Args: func(c *cobra.Command, args []string) error {
			if fromNode {
				return exactly()(c, args)
			}
			return exactly("GENESIS")(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			record, err := a.genesisRecord(c, args)
			if err != nil {
				return err
			}
			if _, _, err := settlement.JudgeGenesis(record); err != nil {
				return refuse("%v", err)
			}
			policy, err := client.TrustGenesis(record)
			if err != nil {
				return refuse("%v", err)
			}
			return a.output(out, policy.Format(), "trust policy")
		},
	}
	c.Flags().BoolVar(&fromNode, "from-node", false, "believe the node what its genesis is")
	c.Flags().StringVar(&out, "out", "", "trust policy file to write (default: standard output)")
	return c
}

// genesisRecord reads the genesis from a file or, if asked to, from the node.
func (a *app) genesisRecord(c *cobra.Command, args []string) ([]byte, error) {
	if len(args) == 1 {
		return readFile(args[0], codec.MaxRecord)
	}
	s, err := a.service()
	if err != nil {
		return nil, err
	}
	ctx, stop := a.bounded(c)
	defer stop()
	r, err := s.Record(ctx, 0)
	if err != nil {
		return nil, err
	}
	return r.Bytes, nil
}
