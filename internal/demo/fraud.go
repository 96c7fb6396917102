package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// fraudDraws are enough to miss a tenth of the value once in 10^9 audits.
const fraudDraws = 200

// fraudRun settles a few jobs on one node. One provider lies about so many of its
// shards that a tenth of what is paid out is paid for lies; an audit catches it, and the
// evidence convinces a third party.
func fraudRun(ctx context.Context, s settings, r *report, jobs []job) (err error) {
	c, err := launch(ctx, s, r, "fraud", 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	tools, err := newTools(s, c, "fraud")
	if err != nil {
		return err
	}
	auditor := c.Founders.Auditors[1].Party()
	commitment, err := tools.commit(ctx, auditor)
	if err != nil {
		return err
	}
	r.say("fraud drill: one provider lies about a tenth of what is paid out; an auditor commits to a secret first: %s", commitment)
	h, err := newHub(ctx, c)
	if err != nil {
		return err
	}
	h.liar = newLiar(h.parties.agents[0])
	if err := h.settleAll(ctx, r, jobs, func(int) {}); err != nil {
		return err
	}
	if err := h.count(ctx, new(report)); err != nil {
		return err
	}
	r.FraudPPM = h.liar.share()
	receipts, err := writeReceipts(ctx, c, h, tools)
	if err != nil {
		return err
	}
	audit, err := tools.audit(ctx, auditor, fraudDraws)
	if err != nil {
		return err
	}
	r.FraudDraws, r.FraudCaught = len(audit.Draws), caught(audit, h)
	r.say("the auditor draws %d micro-Credits and executes their shards again: %d match, %d hit the liar", r.FraudDraws, audit.Matches, r.FraudCaught)
	files, err := filepath.Glob(filepath.Join(tools.evidence(), "*.evidence"))
	if err != nil {
		return err
	}
	if err := confirm(ctx, tools, r, files); err != nil {
		return err
	}
	if err := playAccounts(ctx, c, h, r, tools, jobs); err != nil {
		return fmt.Errorf("accounts: %w", err)
	}
	if err := c.Close(); err != nil {
		return err
	}
	return tamper(ctx, c, tools, r, receipts[0], files)
}

// caught counts the draws that do not match, all of which must be the liar's.
func caught(audit *audited, h *hub) int {
	n := 0
	for i := range audit.Draws {
		d := &audit.Draws[i]
		if d.Verdict == "mismatch" && d.Party == h.liar.agent.provider {
			n++
		}
	}
	return n
}

// confirm repeats the evidence in a fresh process.
func confirm(ctx context.Context, t *tools, r *report, files []string) error {
	if len(files) == 0 {
		return errors.New("the audit wrote no evidence")
	}
	results, err := t.check(ctx, files...)
	if err != nil {
		return err
	}
	for _, x := range results {
		if x.Verified {
			r.EvidenceVerified++
		}
	}
	r.say("%d of %d evidence files confirmed with the trust policy alone", r.EvidenceVerified, len(files))
	return nil
}
