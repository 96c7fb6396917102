package main

import (
	"context"
	"strconv"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/spf13/cobra"
)

func (a *app) get() *cobra.Command {
	c := &cobra.Command{
		Use:   "get",
		Short: "Ask a node",
		Long: `Get shows what a node says: it is not checked, except for hashes. What must be relied on
is fetched with settle prove and checked with settle check.`,
		Example: `  settle get status
  settle get settlement HUB_ID WORKLOAD_ID --json
  settle get artifact HASH --out input.bin`,
	}
	group(c, "settle get")
	c.AddCommand(a.getStatus(), a.getRecord(), a.getSettlement(), a.getWorkload(), a.getParty(),
		a.getBalance(), a.getBatch(), a.getPolicy(), a.getCheckpoint(), a.getArtifact())
	return c
}

// question is a command that asks a node one thing and prints the answer.
func (a *app) question(use, short, example string, names []string, ask func(ctx context.Context, s api.Service, args []string) (any, error)) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Example: "  settle get " + example, Args: exactly(names...),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := a.service()
			if err != nil {
				return err
			}
			ctx, stop := a.bounded(c)
			defer stop()
			v, err := ask(ctx, s, args)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(api.Readable(v))
			}
			return a.print(v)
		},
	}
}

func (a *app) getStatus() *cobra.Command {
	return a.question("status", "Show the node, its log and the cluster", "status", nil,
		func(ctx context.Context, s api.Service, _ []string) (any, error) { return s.Status(ctx) })
}

func (a *app) getRecord() *cobra.Command {
	return a.question("record INDEX", "Show a record", "record 5 --json", []string{"INDEX"},
		func(ctx context.Context, s api.Service, args []string) (any, error) {
			index, err := number(args[0])
			if err != nil {
				return nil, err
			}
			r, err := s.Record(ctx, index)
			return shown(r, err)
		})
}

// shown decodes a record for people.
func shown(r *api.Record, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	v, err := viewRecord(r.Index, r.Bytes)
	if err != nil {
		return nil, err
	}
	v.Submitter, v.Batch, v.Position = &r.Submitter, &r.Batch, r.Position
	return v, nil
}

func (a *app) getSettlement() *cobra.Command {
	return a.question("settlement AUTHOR WORKLOAD", "Show the settlement of a workload", "settlement HUB_ID WORKLOAD_ID", []string{"AUTHOR", "WORKLOAD"},
		func(ctx context.Context, s api.Service, args []string) (any, error) {
			ids, err := ids(args)
			if err != nil {
				return nil, err
			}
			r, err := s.Settlement(ctx, ids[0], ids[1])
			return shown(r, err)
		})
}

// workloadView is the life of a workload for people.
type workloadView struct {
	Author   codec.ID      `json:"author"`
	Workload codec.ID      `json:"workload"`
	State    string        `json:"state"`
	Records  []*recordView `json:"records"`
}

func (a *app) getWorkload() *cobra.Command {
	return a.question("workload AUTHOR WORKLOAD", "Show the state and the records of a workload", "workload HUB_ID WORKLOAD_ID", []string{"AUTHOR", "WORKLOAD"},
		func(ctx context.Context, s api.Service, args []string) (any, error) {
			ids, err := ids(args)
			if err != nil {
				return nil, err
			}
			h, err := s.History(ctx, ids[0], ids[1])
			if err != nil {
				return nil, err
			}
			v := &workloadView{Author: h.Author, Workload: h.Workload, State: h.State.String()}
			for i := range h.Records {
				r, err := viewRecord(h.Records[i].Index, h.Records[i].Bytes)
				if err != nil {
					return nil, err
				}
				v.Records = append(v.Records, r)
			}
			return v, nil
		})
}

func (a *app) getParty() *cobra.Command {
	return a.question("party ID", "Show a party and its keys", "party 4caec906edc9f414ecfd300fcf5ab950", []string{"ID"},
		func(ctx context.Context, s api.Service, args []string) (any, error) {
			ids, err := ids(args)
			if err != nil {
				return nil, err
			}
			return s.Party(ctx, ids[0])
		})
}

func (a *app) getBalance() *cobra.Command {
	var cycle uint64
	c := a.question("balance PARTY", "Show what was posted to a party in a cycle", "balance PROVIDER_ID --cycle 202611", []string{"PARTY"},
		func(ctx context.Context, s api.Service, args []string) (any, error) {
			ids, err := ids(args)
			if err != nil {
				return nil, err
			}
			return s.Balance(ctx, ids[0], cycle)
		})
	c.Flags().Uint64Var(&cycle, "cycle", 0, "billing cycle, 0 = the open one")
	return c
}

func (a *app) getBatch() *cobra.Command {
	return a.question("batch SUBMITTER ID", "Show header and outcomes of a batch", "batch HUB_ID BATCH_ID", []string{"SUBMITTER", "ID"},
		func(ctx context.Context, s api.Service, args []string) (any, error) {
			ids, err := ids(args)
			if err != nil {
				return nil, err
			}
			return s.Batch(ctx, ids[0], ids[1])
		})
}

// policyView is a policy in force for people.
type policyView struct {
	Index  uint64      `json:"index"`
	Hash   codec.Hash  `json:"hash"`
	Policy *policyFile `json:"policy"`
}

func (a *app) getPolicy() *cobra.Command {
	var cycle uint64
	c := a.question("policy", "Show the policy in force in a cycle", "policy --json", nil,
		func(ctx context.Context, s api.Service, _ []string) (any, error) {
			p, err := s.Policy(ctx, cycle)
			if err != nil {
				return nil, err
			}
			body := new(codec.Policy)
			if err := codec.Decode(p.Body, body); err != nil || codec.BlobHash(p.Body) != p.Hash {
				return nil, refuse("the node's policy is not what its hash says")
			}
			return &policyView{Index: p.Index, Hash: p.Hash, Policy: viewPolicy(body)}, nil
		})
	c.Flags().Uint64Var(&cycle, "cycle", 0, "billing cycle, 0 = the open one")
	return c
}

func (a *app) getCheckpoint() *cobra.Command {
	var size uint64
	var tree, out string
	c := &cobra.Command{
		Use: "checkpoint", Short: "Write a published checkpoint",
		Long: `Checkpoint writes the signed note of one tree as it was published, so that other tools can
read it. With a trust policy it is opened first and refused if it is not signed as the
policy asks.`,
		Example: "  settle get checkpoint --size 2048 --out 2048.checkpoint",
		Args:    exactly(),
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := a.service()
			if err != nil {
				return err
			}
			ctx, stop := a.bounded(c)
			defer stop()
			notes, err := s.Checkpoint(ctx, size)
			if err != nil {
				return err
			}
			note := notes.NoteA
			if tree == string(api.TreeB) {
				note = notes.NoteB
			} else if tree != string(api.TreeA) {
				return usage("--tree is %q: a or b", tree)
			}
			return a.writeCheckpoint(note, out)
		},
	}
	c.Flags().Uint64Var(&size, "size", 0, "size of the log, 0 = the newest checkpoint")
	c.Flags().StringVar(&tree, "tree", "a", "a (BLAKE3) or b (SHA-256, for public tools)")
	c.Flags().StringVar(&out, "out", "", "file to write (default: standard output)")
	return c
}

// writeCheckpoint checks a note if there is a trust policy, and writes it.
func (a *app) writeCheckpoint(note []byte, out string) error {
	if a.trust != "" {
		policy, err := a.trustPolicy()
		if err != nil {
			return err
		}
		if _, err := policy.OpenCheckpoint(note); err != nil {
			return err
		}
	}
	return a.output(out, note, "checkpoint")
}

func (a *app) getArtifact() *cobra.Command {
	var out string
	var index uint64
	c := &cobra.Command{
		Use: "artifact HASH", Short: "Fetch the bytes with a BLAKE3 hash",
		Long: `Artifact fetches attachments and stored files. Auditors and operators are served all of
them; everybody else names the record that names the bytes, which must concern who asks.`,
		Example: "  settle get artifact HASH --as provider.key --index 57 --out input.bin",
		Args:    exactly("HASH"),
		RunE: func(c *cobra.Command, args []string) error {
			hash, err := codec.ParseHash(args[0])
			if err != nil {
				return usage("HASH: %v", err)
			}
			sdk, err := a.sdk()
			if err != nil {
				return err
			}
			ctx, stop := a.unbounded(c)
			defer stop()
			data, err := sdk.FetchNamed(ctx, hash, index)
			if err != nil {
				return err
			}
			return a.output(out, data, "artifact")
		},
	}
	c.Flags().StringVar(&out, "out", "", "file to write (default: standard output)")
	c.Flags().Uint64Var(&index, "index", 0, "index of a record that names the bytes, 0 = none")
	return c
}

// number reads an index or a size.
func number(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, usage("%q is no index", text)
	}
	return n, nil
}

// ids reads party, workload or batch ids.
func ids(args []string) ([]codec.ID, error) {
	out := make([]codec.ID, len(args))
	for i, text := range args {
		id, err := codec.ParseID(text)
		if err != nil {
			return nil, usage("id %q: %v", text, err)
		}
		out[i] = id
	}
	return out, nil
}
