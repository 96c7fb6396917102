package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/verifier"
)

// evidence checks an evidence file with the bundle beside it.
func (v *verified) evidence(policy *proof.TrustPolicy, name string, file []byte) error {
	e, err := verifier.DecodeEvidence(file)
	if err != nil {
		return err
	}
	beside := strings.TrimSuffix(name, filepath.Ext(name)) + ".bundle"
	if _, err := os.Stat(beside); err != nil {
		return hint(usage("evidence needs its bundle: %v", err), "put NAME.bundle beside NAME.evidence")
	}
	bundle, err := readFile(beside, verifier.MaxBundle)
	if err != nil {
		return err
	}
	c, err := e.Check(policy, bundle)
	if err != nil {
		return err
	}
	v.Evidence, v.Size, v.Index = c, c.Size, &c.Settlement
	if c.Close != nil {
		v.Index = c.Close
	}
	v.Says = accusation(c)
	return nil
}

// accusation says what confirmed evidence shows, and by whose signatures.
func accusation(c *verifier.Confirmed) string {
	var text string
	switch {
	case c.Fault.OfClose():
		text = againstClose(c)
	case c.Fault == verifier.FaultMissing:
		text = fmt.Sprintf("%s: nodes of %s, %d of the %d in the trust policy, have not %s %s, which settlement %d of hub %s promised to keep until %s",
			c.Fault, list(c.Answered), len(c.Answered), c.Nodes, c.Recomputed.Field, c.Missing, c.Settlement, c.Hub, clock(c.Until))
	default:
		text = againstSettlement(c)
	}
	return fmt.Sprintf("%s; the checkpoint of size %d is attested by %s", text, c.Size, list(c.Attested))
}

// againstSettlement says what is wrong with a settlement.
func againstSettlement(c *verifier.Confirmed) string {
	text := fmt.Sprintf("%s in settlement %d of hub %s", c.Fault, c.Settlement, c.Hub)
	if c.Shard != nil {
		text += fmt.Sprintf(", shard %d of provider %s", *c.Shard, *c.Provider)
	}
	if c.Claimed != nil && c.Fault != verifier.FaultReceipt {
		text += fmt.Sprintf(": claimed output %s, %d units; recomputed %s", c.Claimed.Output.Hash, c.Claimed.Units, &c.Recomputed)
	}
	if c.Fault == verifier.FaultPayout {
		text += ": wrong " + c.Recomputed.Field
		if c.Provider != nil {
			text += fmt.Sprintf(" of provider %s, which was %d ppm in the cycle", c.Provider, c.Recomputed.Units)
		}
	}
	if c.Signed {
		text += "; the provider's agent signed the false result"
	}
	if c.Authorship {
		text += "; the hub signed the batch"
	}
	return text
}

// againstClose says what is wrong with a close.
func againstClose(c *verifier.Confirmed) string {
	text := fmt.Sprintf("%s (%s) in the close of cycle %d at index %d, which hub %s signed", c.Fault, c.Recomputed.Field, c.Cycle, *c.Close, c.Hub)
	switch {
	case c.Fault == verifier.FaultOmittedRecord:
		text += fmt.Sprintf(": its journal has not record %d as it stands in the log", c.Settlement)
	case c.Fault == verifier.FaultOmittedPosting:
		text += fmt.Sprintf(": line %d of record %d, %s, is not among the postings of %s %s", *c.Line, c.Settlement, amounts(c.Stated), c.Role, c.Party)
	case c.Fault == verifier.FaultAmount:
		text += fmt.Sprintf(": line %d of record %d is %s, and %s among the postings of %s %s", *c.Line, c.Settlement, amounts(c.Stated),
			amounts(c.Listed), c.Role, c.Party)
	case c.Fault == verifier.FaultTree && c.Party != nil:
		text += fmt.Sprintf(": the tree of the postings of %s %s does not add up", c.Role, c.Party)
	case c.Fault == verifier.FaultTree:
		text += fmt.Sprintf(": its sum tree of type %d does not add up", c.Tree)
	case c.Fault == verifier.FaultPhantomPosting:
		text += fmt.Sprintf(": the postings of %s %s have a line %d, %s, which no record of the cycle states so", c.Role, c.Party, *c.Line, amounts(c.Listed))
	}
	return text
}

// amounts shows a posting.
func amounts(a *verifier.Amounts) string {
	if a.Debit > 0 {
		return "debit " + credits(a.Debit)
	}
	return "credit " + credits(a.Credit)
}

// list shows parties.
func list(parties []codec.ID) string {
	names := make([]string, len(parties))
	for i := range parties {
		names[i] = parties[i].String()
	}
	return strings.Join(names, ", ")
}

// statement checks a statement file.
func (v *verified) statement(policy *proof.TrustPolicy, file []byte) error {
	s, err := verifier.DecodeStatement(file)
	if err != nil {
		return err
	}
	account, err := s.Check(policy)
	if err != nil {
		return err
	}
	v.Account, v.Index, v.Size = account, &account.Close, account.Size
	v.Says = accountText(account)
	return nil
}

// accountText says what a statement shows, and by whose signatures.
func accountText(a *verifier.Account) string {
	text := fmt.Sprintf("these are all %d postings to %s %s in cycle %d: credit %s, debit %s Credits; the close at index %d has them so",
		a.Postings, a.Role, a.Party, a.Cycle, credits(a.Credit), credits(a.Debit), a.Close)
	if a.Signed {
		text += fmt.Sprintf(", signed by hub %s", a.Hub)
	}
	return fmt.Sprintf("%s; the checkpoint of size %d is attested by %s", text, a.Size, list(a.Attested))
}
