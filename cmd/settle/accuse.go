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
  settle accuse missing 57 HASH --as owner.key --out missing`,
	}
	group(c, "settle accuse")
	c.AddCommand(a.accusePosting(), a.accuseRecord(), a.accuseMissing())
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
	if e.Close, err = p.proved(ctx, at); err != nil {
		return err
	}
	if e.CloseKey, err = p.closeKey(ctx, e.Close); err != nil {
		return err
	}
	if e.CloseKey == nil {
		return errors.New("the record that registers the key which signed the close was not found")
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
