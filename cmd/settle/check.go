package main

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/verifier"
	"github.com/spf13/cobra"
)

// Types of files that check knows, also their usual extensions.
const (
	typeReceipt     = "receipt"
	typeConsistency = "consistency"
	typeEvidence    = "evidence"
	typeFork        = "fork"
	typeShare       = "share"
	typeStatement   = "statement"
	typeCheckpoint  = "checkpoint"
)

// verified is the outcome of checking one file.
type verified struct {
	File     string              `json:"file"`
	Type     string              `json:"type"`
	Verified bool                `json:"verified"`
	Says     string              `json:"says,omitempty"`  // what is now known
	Error    string              `json:"error,omitempty"` // what exactly is wrong
	Code     int                 `json:"code"`
	Index    *uint64             `json:"index,omitempty"`
	Leaf     *codec.Hash         `json:"leaf,omitempty"`
	Size     uint64              `json:"size,omitempty"`
	Root     *codec.Hash         `json:"root,omitempty"`
	Evidence *verifier.Confirmed `json:"evidence,omitempty"`
	Account  *verifier.Account   `json:"account,omitempty"`
}

func (a *app) check() *cobra.Command {
	var as string
	c := &cobra.Command{
		Use:   "check FILE...",
		Short: "Check receipts, proofs, evidence and checkpoints, offline",
		Long: `Check verifies files with the trust policy alone: no node is asked. It knows receipts,
consistency proofs, evidence (with NAME.bundle beside NAME.evidence; a shard is executed
again), forks, shares (settle share), statements (settle statement --prove) and checkpoints,
by extension or by how they begin. It says what is shown and by whose signatures, and names
exactly what is wrong with a file that does not verify.

` + proof.ReceiptLimits,
		Example: `  settle check payout.receipt --trust ledger.trust
  settle check settlement-17-shard-3.0.evidence --trust ledger.trust
  settle check receipts/*.receipt --json`,
		Args: atLeast("FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			policy, err := a.trustPolicy()
			if err != nil {
				return err
			}
			results := make([]*verified, len(args))
			for i, name := range args {
				if results[i], err = checkFile(policy, name, as); err != nil {
					return err
				}
			}
			return a.verdicts(results)
		},
	}
	c.Flags().StringVar(&as, "type", "", "receipt, consistency, evidence, fork, share, statement or checkpoint, if neither name nor content tell")
	return c
}

// maxChecked bounds what is read of any file but a bundle or a statement.
const maxChecked = verifier.MaxShare

// checkFile checks one file. The error is one of the call, not of the file.
func checkFile(policy *proof.TrustPolicy, name, as string) (*verified, error) {
	limit := int64(maxChecked)
	if as == typeStatement || as == "" && filepath.Ext(name) == "."+typeStatement {
		limit = verifier.MaxStatement
	}
	file, err := readFile(name, limit)
	if err != nil {
		return nil, err
	}
	v := &verified{File: name, Type: as}
	if as == "" {
		v.Type = typeOf(name, file)
	}
	switch v.Type {
	case typeReceipt:
		err = v.receipt(policy, file)
	case typeConsistency:
		err = v.consistency(policy, file)
	case typeEvidence:
		err = v.evidence(policy, name, file)
	case typeFork:
		err = v.fork(policy, file)
	case typeShare:
		err = v.share(policy, file)
	case typeStatement:
		err = v.statement(policy, file)
	case typeCheckpoint:
		err = v.checkpoint(policy, file)
	default:
		return nil, usage("--type is %q: receipt, consistency, evidence, fork, share, statement or checkpoint", v.Type)
	}
	if _, ok := errors.AsType[*usageError](err); ok {
		return nil, err
	}
	v.Verified, v.Code = err == nil, exitCode(err)
	if err != nil {
		v.Says, v.Error = "", err.Error()
	}
	return v, nil
}

// typeOf tells a file's type by its extension, else by how it begins. Damage to the
// first line must not change the type, so the name comes first.
func typeOf(name string, file []byte) string {
	switch ext := strings.TrimPrefix(filepath.Ext(name), "."); ext {
	case typeReceipt, typeConsistency, typeEvidence, typeFork, typeShare, typeStatement, typeCheckpoint:
		return ext
	}
	first, _, _ := bytes.Cut(file, []byte("\n"))
	for _, t := range []string{typeReceipt, typeConsistency, typeFork, typeShare} {
		if string(first) == "settle "+t+" v1" {
			return t
		}
	}
	if len(file) > 0 && file[0]>>5 == codec.MajorMap {
		return typeEvidence
	}
	return typeCheckpoint
}

func (v *verified) receipt(policy *proof.TrustPolicy, file []byte) error {
	r, err := proof.ParseReceipt(file)
	if err != nil {
		return err
	}
	c, err := r.Verify(policy)
	if err != nil {
		return err
	}
	leaf := codec.Hash(proof.LeafA(r.Record))
	v.Index, v.Leaf = &r.Index, &leaf
	v.under(c)
	kind := "record"
	if rec, err := codec.DecodeRecord(r.Record); err == nil {
		kind = rec.Kind.String()
	}
	v.Says = fmt.Sprintf("%s at index %d of %s, leaf %s, under the checkpoint of size %d", kind, r.Index, c.Origin(), leaf, c.Size())
	return nil
}

// under notes the checkpoint.
func (v *verified) under(c *proof.Checkpoint) {
	root := codec.Hash(c.Root())
	v.Size, v.Root = c.Size(), &root
}

func (v *verified) consistency(policy *proof.TrustPolicy, file []byte) error {
	f, err := proof.ParseConsistency(file)
	if err != nil {
		return err
	}
	older, newer, err := f.Verify(policy)
	if err != nil {
		return err
	}
	v.under(newer)
	v.Says = fmt.Sprintf("%s: the checkpoint of size %d continues that of size %d", newer.Origin(), newer.Size(), older.Size())
	return nil
}

func (v *verified) checkpoint(policy *proof.TrustPolicy, file []byte) error {
	c, err := policy.OpenCheckpoint(file)
	if err != nil {
		return err
	}
	v.under(c)
	v.Says = fmt.Sprintf("%s: size %d, root %x, attested by %d replicas", c.Origin(), c.Size(), c.Root(), len(c.Attestations()))
	return nil
}

func (v *verified) fork(policy *proof.TrustPolicy, file []byte) error {
	f, err := verifier.CheckFork(policy, file)
	if err != nil {
		return err
	}
	v.Size = f.Size
	v.Says = fmt.Sprintf("%s has two roots at size %d: its history was forked", f.Origin, f.Size)
	return nil
}

// verdicts prints the outcomes and ends with the worst code.
func (a *app) verdicts(results []*verified) error {
	code, receipts := exitDone, false
	for _, v := range results {
		if v.Code == exitFalse || code == exitDone {
			code = v.Code
		}
		receipts = receipts || v.Verified && v.Type == typeReceipt
		if a.json {
			continue
		}
		if v.Verified {
			fmt.Fprintf(a.stdout, "%s: verified %s: %s\n", v.File, v.Type, v.Says)
		} else {
			fmt.Fprintf(a.stdout, "%s: %s %s: %s\n", v.File, map[bool]string{true: "FALSE", false: "could not tell"}[v.Code == exitFalse], v.Type, v.Error)
		}
	}
	if a.json {
		if err := a.printJSON(results); err != nil {
			return err
		}
	} else if receipts {
		fmt.Fprintln(a.stdout, proof.ReceiptLimits)
	}
	if code != exitDone {
		return quiet(code)
	}
	return nil
}

// asFork finds the evidence of a fork in an error.
func asFork(err error) (*proof.ForkError, bool) { return errors.AsType[*proof.ForkError](err) }
