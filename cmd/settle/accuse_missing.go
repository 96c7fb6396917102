package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/verifier"
	"github.com/spf13/cobra"
)

func (a *app) accuseMissing() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use: "missing INDEX HASH", Short: "Have nodes sign that they have not what a settlement names",
		Long: `Missing asks every node that --node names, each on its own, and keeps each signed answer: the
evidence says which operators answered. A node that cannot be reached is left out; if one
has the bytes after all, no evidence is written.`,
		Example: "  settle accuse missing 57 HASH --as owner.key --node URL1 --node URL2 --out missing",
		Args:    exactly("INDEX", "HASH"),
		RunE: func(c *cobra.Command, args []string) error {
			index, err := number(args[0])
			if err != nil {
				return err
			}
			hash, err := codec.ParseHash(args[1])
			if err != nil {
				return usage("HASH: %v", err)
			}
			ctx, stop := a.bounded(c)
			defer stop()
			return a.askMissing(ctx, index, hash, out)
		},
	}
	c.Flags().StringVar(&out, "out", "missing", "name of the files to write, without extension")
	return c
}

// askMissing has nodes sign that bytes are not there.
func (a *app) askMissing(ctx context.Context, index uint64, hash codec.Hash, out string) error {
	p, _, err := a.proverOf(ctx, func(api.Service) (uint64, error) { return index, nil })
	if err != nil {
		return err
	}
	record, err := p.proved(ctx, index)
	if err != nil {
		return err
	}
	e := &verifier.Evidence{Checkpoint: p.at.Note(), Settlement: *record, Missing: &hash}
	if e.Answers, err = a.answers(ctx, hash, index); err != nil {
		return err
	}
	file, err := verifier.AccuseMissing(p.policy, e)
	if err == nil || !errors.Is(err, verifier.LieClaim) {
		return a.accused(p.policy, out, file, err)
	}
	if e.Shard, err = p.shardNaming(ctx, record, hash); err != nil { // the settlement itself does not name the bytes
		return err
	}
	file, err = verifier.AccuseMissing(p.policy, e)
	return a.accused(p.policy, out, file, err)
}

// answers asks every node on its own and returns what was signed, one answer of each
// operator. Nodes that answer nothing are told of and left out; the last of their errors
// is returned when no node signed.
func (a *app) answers(ctx context.Context, hash codec.Hash, index uint64) ([]verifier.Answer, error) {
	nodes, err := a.service()
	if err != nil {
		return nil, err
	}
	defer nodes.Close()
	var out []verifier.Answer
	var last error
	for _, url := range nodes.URLs() {
		answer, err := a.answer(ctx, url, hash, index)
		if _, here := errors.AsType[*falseError](err); here {
			return nil, err
		}
		if err != nil {
			last = fmt.Errorf("%s: %w", url, err)
			fmt.Fprintf(a.stderr, "no answer of %v\n", last)
			continue
		}
		at, twice := slices.BinarySearchFunc(out, answer.Operator, func(x verifier.Answer, id codec.ID) int {
			return bytes.Compare(x.Operator[:], id[:])
		})
		if !twice {
			out = slices.Insert(out, at, verifier.Answer{Operator: answer.Operator, Time: answer.Time, Signature: answer.Signature})
		}
	}
	if len(out) > verifier.MaxAnswers {
		return nil, usage("%d nodes answered, evidence carries %d answers: name fewer with --node", len(out), verifier.MaxAnswers)
	}
	if len(out) == 0 {
		return nil, last
	}
	return out, nil
}

// answer asks one node. A node that claims to have the bytes must serve them: then the
// error is a falseError, and nothing is missing.
func (a *app) answer(ctx context.Context, url string, hash codec.Hash, index uint64) (*api.Absence, error) {
	o := api.ClientOptions{URLs: []string{url}}
	if a.key != nil {
		o.Signer = a.key
	}
	node, err := api.NewClient(o)
	if err != nil {
		return nil, err
	}
	defer node.Close()
	answer, err := node.Absence(ctx, hash, index)
	if api.CodeOf(err) != codec.CodeNotFound {
		return answer, err
	}
	if _, lost := client.New(node, nil, client.Options{}).FetchNamed(ctx, hash, index); lost != nil {
		return nil, errors.Join(err, lost)
	}
	return nil, refuse("nothing is missing: the node at %s has %s", url, hash)
}

// shardNaming returns the manifest entry of a settlement that names bytes.
func (p *prover) shardNaming(ctx context.Context, record *verifier.Proved, hash codec.Hash) (*verifier.ShardProof, error) {
	rec, err := codec.DecodeRecord(record.Record)
	if err != nil {
		return nil, err
	}
	s := new(codec.Settlement)
	if err := codec.DecodeSettlement(rec.Body, s); err != nil {
		return nil, err
	}
	blob, err := p.sdk.FetchNamed(ctx, s.Shards.Blob, record.Index)
	if err != nil {
		return nil, err
	}
	shard, err := verifier.ProveNamed(blob, hash)
	if err != nil {
		return nil, err
	}
	return shard, nil
}
