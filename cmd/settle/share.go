package main

import (
	"context"
	"fmt"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/verifier"
	"github.com/spf13/cobra"
)

func (a *app) share() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "share INDEX",
		Short: "Fetch the own part of a record with its proofs, check it, and write it to a file",
		Long: `Share writes what a settlement or an adjustment posted to the party that asks, and which
shards it executed, each with its path to the root that the record states, and the record's
receipt. The file verifies offline, for ever, with settle check and the trust policy alone:
for a tax office, an insurer, or a court. Nothing is written that did not verify here.`,
		Example: `  settle share 57 --as owner.key --trust ledger.trust --out 57.share
  settle check 57.share --trust ledger.trust`,
		Args: exactly("INDEX"),
		RunE: func(c *cobra.Command, args []string) error {
			index, err := number(args[0])
			if err != nil {
				return err
			}
			return a.writeShare(c, index, out)
		},
	}
	c.Flags().StringVar(&out, "out", "", "share file to write (default: standard output)")
	return c
}

// writeShare fetches, checks and writes a share.
func (a *app) writeShare(c *cobra.Command, index uint64, out string) error {
	policy, err := a.trustPolicy()
	if err != nil {
		return err
	}
	sdk, err := a.sdk()
	if err != nil {
		return err
	}
	ctx, stop := a.bounded(c)
	defer stop()
	s, err := fetchShare(ctx, sdk.Service(), index)
	if err != nil {
		return err
	}
	if s.Receipt, err = sdk.FetchReceipt(ctx, index); err != nil {
		return err
	}
	shown, _, err := s.Verify(policy)
	if err != nil {
		return err
	}
	if err := a.output(out, s.Format(), fmt.Sprintf("share of record %d", index)); err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "%s\n", shareText(s, shown))
	return nil
}

// fetchShare fetches the asker's part of a record. It is not checked.
func fetchShare(ctx context.Context, service api.Service, index uint64) (*verifier.Share, error) {
	got, err := service.Share(ctx, index)
	if err != nil {
		return nil, err
	}
	s := new(verifier.Share)
	for i := range got.Postings {
		s.Party = got.Postings[i].Posting.Party
		s.Postings = append(s.Postings, verifier.SharedPosting(got.Postings[i]))
	}
	for i := range got.Shards {
		s.Party = got.Shards[i].Entry.Provider
		s.Shards = append(s.Shards, verifier.SharedShard(got.Shards[i]))
	}
	return s, nil
}

// shareText says what a share shows.
func shareText(s *verifier.Share, x *verifier.Shared) string {
	text := fmt.Sprintf("%s at index %d of cycle %d posted to %s: credit %s, debit %s Credits in %d lines", x.Kind, s.Receipt.Index, x.Cycle, s.Party,
		credits(x.Credit), credits(x.Debit), x.Postings)
	if x.Kind == codec.KindSettlement {
		text += fmt.Sprintf("; it executed %d shards of %d units", x.Shards, x.Units)
	}
	return text
}

// share checks a share file.
func (v *verified) share(policy *proof.TrustPolicy, file []byte) error {
	s, err := verifier.ParseShare(file)
	if err != nil {
		return err
	}
	shown, c, err := s.Verify(policy)
	if err != nil {
		return err
	}
	v.Index = &s.Receipt.Index
	v.under(c)
	v.Says = shareText(s, shown)
	return nil
}
