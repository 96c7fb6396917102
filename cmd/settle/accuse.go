package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/verifier"
	"github.com/spf13/cobra"
)

func (a *app) accuse() *cobra.Command {
	c := &cobra.Command{
		Use:   "accuse",
		Short: "Compare a record with the close of its cycle, or ask for lost bytes, and write evidence",
		Long: `Accuse writes evidence of what contradicts: NAME.evidence and NAME.bundle, which settle
check confirms offline with the trust policy alone, and a dispute can carry. Nothing is
written if nothing contradicts. Evidence of false work comes from settle audit.`,
		Example: `  settle accuse posting 202611.statement 57 --as owner.key --out omitted
  settle accuse record 57 --out omitted
  settle accuse close 202611 --out unbalanced
  settle accuse missing 57 HASH --as owner.key --out missing`,
	}
	group(c, "settle accuse")
	c.AddCommand(a.accusePosting(), a.accuseRecord(), a.accuseClose(), a.accuseMissing())
	return c
}

func (a *app) accusePosting() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use: "posting STATEMENT INDEX", Short: "Compare the own postings of a record with a statement",
		Example: "  settle accuse posting 202611.statement 57 --as owner.key --out omitted",
		Args:    exactly("STATEMENT", "INDEX"),
		RunE: func(c *cobra.Command, args []string) error {
			file, err := readFile(args[0], verifier.MaxStatement)
			if err != nil {
				return err
			}
			s, err := verifier.DecodeStatement(file)
			if err != nil {
				return err
			}
			index, err := number(args[1])
			if err != nil {
				return err
			}
			ctx, stop := a.bounded(c)
			defer stop()
			return a.comparePostings(ctx, s, index, out)
		},
	}
	c.Flags().StringVar(&out, "out", "omitted", "name of the files to write, without extension")
	return c
}

// comparePostings compares the asker's lines of a record with a statement.
func (a *app) comparePostings(ctx context.Context, s *verifier.Statement, index uint64, out string) error {
	p, _, err := a.proverOf(ctx, func(api.Service) (uint64, error) { return index, nil })
	if err != nil {
		return err
	}
	if p.at, err = p.policy.OpenCheckpoint(s.Checkpoint); err != nil { // everything stands under the statement's
		return err
	}
	record, err := p.proved(ctx, index)
	if err != nil {
		return err
	}
	share, err := p.sdk.Service().Share(ctx, index)
	if err != nil {
		return err
	}
	for i := range share.Postings {
		x := &share.Postings[i]
		file, err := s.Accuse(p.policy, &verifier.RecordLine{Index: index, Line: uint16(x.Posting.Line), Record: record, Path: x.Proof, Posting: &x.Posting})
		if err == nil || !errors.Is(err, verifier.ErrAgrees) {
			return a.accused(p.policy, out, file, err)
		}
	}
	return a.accused(p.policy, out, nil, verifier.ErrAgrees)
}

func (a *app) accuseRecord() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use: "record INDEX", Short: "Look for a record in the journal of its closed cycle",
		Example: "  settle accuse record 57 --out omitted",
		Args:    exactly("INDEX"),
		RunE: func(c *cobra.Command, args []string) error {
			index, err := number(args[0])
			if err != nil {
				return err
			}
			ctx, stop := a.bounded(c)
			defer stop()
			return a.compareJournal(ctx, index, out)
		},
	}
	c.Flags().StringVar(&out, "out", "omitted", "name of the files to write, without extension")
	return c
}

// compareJournal compares a record with the journal of its cycle.
func (a *app) compareJournal(ctx context.Context, index uint64, out string) error {
	p, at, err := a.proverOf(ctx, func(s api.Service) (uint64, error) {
		cycle, err := closed(ctx, s, 0, index)
		if err != nil {
			return 0, err
		}
		return cycle.Close.Index, nil
	})
	if err != nil {
		return err
	}
	e := &verifier.Evidence{Fault: verifier.FaultOmittedRecord, Checkpoint: p.at.Note()}
	record, err := p.proved(ctx, index)
	if err != nil {
		return err
	}
	e.Settlement = *record
	if e.Close, e.CloseKey, err = p.signedClose(ctx, at); err != nil {
		return err
	}
	path, err := p.sdk.Service().JournalPath(ctx, index)
	if err != nil {
		return err
	}
	if len(path.Path) > 0 {
		e.Journal = path.Path
	}
	file, err := verifier.AccuseClose(p.policy, e, &verifier.Bundle{})
	return a.accused(p.policy, out, file, err)
}

func (a *app) accuseClose() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use: "close CYCLE", Short: "Compare the totals of a close with each other",
		Long: `Close compares what the close of a cycle states of its journal, its parties and their roles
with each other. That the totals agree does not show that they are right: settle audit run
adds up the postings.`,
		Example: "  settle accuse close 202611 --out unbalanced",
		Args:    exactly("CYCLE"),
		RunE: func(c *cobra.Command, args []string) error {
			cycle, err := number(args[0])
			if err != nil || cycle == 0 {
				return usage("%q is no cycle", args[0])
			}
			ctx, stop := a.bounded(c)
			defer stop()
			return a.compareTotals(ctx, cycle, out)
		},
	}
	c.Flags().StringVar(&out, "out", "unbalanced", "name of the files to write, without extension")
	return c
}

// compareTotals compares the totals of a close with each other.
func (a *app) compareTotals(ctx context.Context, cycle uint64, out string) error {
	p, at, err := a.proverOf(ctx, func(s api.Service) (uint64, error) {
		c, err := closed(ctx, s, cycle, 0)
		if err != nil {
			return 0, err
		}
		return c.Close.Index, nil
	})
	if err != nil {
		return err
	}
	shut, key, err := p.signedClose(ctx, at)
	if err != nil {
		return err
	}
	file, err := verifier.AccuseUnbalanced(p.policy, p.at.Note(), shut, key)
	return a.accused(p.policy, out, file, err)
}

// signedClose fetches a close and the record that registers the key which signed it.
func (p *prover) signedClose(ctx context.Context, at uint64) (shut, key *verifier.Proved, err error) {
	if shut, err = p.proved(ctx, at); err != nil {
		return nil, nil, err
	}
	if key, err = p.closeKey(ctx, shut); err != nil {
		return nil, nil, err
	}
	if key == nil {
		return nil, nil, errors.New("the record that registers the key which signed the close was not found")
	}
	return shut, key, nil
}

// accused writes evidence and says what it shows, or that nothing contradicts.
func (a *app) accused(policy *proof.TrustPolicy, out string, file *verifier.EvidenceFile, err error) error {
	if errors.Is(err, verifier.ErrAgrees) {
		fmt.Fprintln(a.stderr, "nothing contradicts: no evidence was written")
		return nil
	}
	if err != nil {
		return err
	}
	name := strings.TrimSuffix(out, ".evidence")
	if err := a.output(name+".bundle", file.Bundle, "bundle"); err != nil {
		return err
	}
	if err := a.output(name+".evidence", file.File, "evidence"); err != nil {
		return err
	}
	e, err := verifier.DecodeEvidence(file.File)
	if err != nil {
		return err
	}
	c, err := e.Check(policy, file.Bundle)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.stderr, accusation(c))
	return nil
}
