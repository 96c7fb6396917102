package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/internal/devledger"
)

// auditing is one auditor's way through a cycle, with the command that everybody uses.
type auditing struct {
	party, key, secret, work string
}

// audits prepares both auditors; each has a secret of its own.
func (a *accounts) audits() ([]auditing, error) {
	var list []auditing
	for i, r := range a.c.Founders.Auditors {
		x := auditing{party: r.Party().String(), key: filepath.Join(a.t.dir, fmt.Sprintf("auditor-%d.key", i+1))}
		x.secret = filepath.Join(a.t.dir, fmt.Sprintf("auditor-%d.secret", i+1))
		x.work = filepath.Join(a.t.dir, fmt.Sprintf("audit-%d", i+1))
		if err := client.SaveKey(x.key, devledger.Owner(r)[0]); err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	submit := filepath.Join(a.t.dir, "submit.key")
	return list, client.SaveKey(submit, a.h.submit)
}

// settle runs the program for somebody who signs what is not public with a key.
func (a *accounts) settle(ctx context.Context, as string, args ...string) ([]byte, int, error) {
	args = append(args, "--trust", a.t.trust, "--as", as)
	return a.t.run(ctx, "settle", append(args, a.t.nodes...)...)
}

func (a *accounts) submitter() []string {
	return []string{"--party", a.h.id.String(), "--submit-key", filepath.Join(a.t.dir, "submit.key")}
}

// announce lets both auditors promise to audit the cycle before it ends. Without their
// promises the cut would be refused.
func (a *accounts) announce(ctx context.Context) (err error) {
	if a.auditors, err = a.audits(); err != nil {
		return err
	}
	for _, x := range a.auditors {
		args := append([]string{"audit", "intent", "--auditor", x.party, "--key", x.key, "--secret", x.secret}, a.submitter()...)
		if out, status, err := a.settle(ctx, x.key, args...); err != nil || status != 0 {
			return fmt.Errorf("status %d: %s %w", status, out, err)
		}
	}
	a.r.say("two auditors promise on the ledger to audit cycle 1, each committed to a secret of its own")
	return nil
}

// audit has both auditors audit the closed cycle, each by its own sample, and publish.
// Both find the liar, so both opinions are failures (exit status 1).
func (a *accounts) audit(ctx context.Context) error {
	// An auditor believes what a checkpoint covers, and there is one every second.
	if _, err := a.h.client.AwaitCheckpoint(ctx, a.closed.Index+1); err != nil {
		return err
	}
	for _, x := range a.auditors {
		out, status, err := a.settle(ctx, x.key, "audit", "run", "--cycle", "1", "--auditor", x.party, "--key", x.key,
			"--secret", x.secret, "--work", x.work)
		if err != nil {
			return fmt.Errorf("run: %s %w", out, err)
		}
		if status == 1 {
			a.r.AuditsFailed++
		}
		args := append([]string{"audit", "publish", x.work, "--key", x.key}, a.submitter()...)
		if out, status, err = a.settle(ctx, x.key, args...); err != nil || status != 0 {
			return fmt.Errorf("publish: status %d: %s %w", status, out, err)
		}
	}
	attested, err := a.h.client.Service().Audits(ctx, 1)
	if err != nil {
		return err
	}
	a.r.Attestations = len(attested.Attestations)
	a.r.say("both auditors audited the closed cycle, each by the sample that its secret gives; both fail it for the lies, and published %d attestations; to be read: %s", a.r.Attestations, filepath.Join(a.auditors[0].work, "report.html"))
	return nil
}

// repeat lets a third party, an operator, derive both samples again and execute them.
func (a *accounts) repeat(ctx context.Context) error {
	key := filepath.Join(a.t.dir, "third.key")
	if err := client.SaveKey(key, devledger.Owner(a.c.Founders.Operators[0])[0]); err != nil {
		return err
	}
	for _, x := range a.auditors {
		out, status, err := a.settle(ctx, key, "audit", "verify", x.work, "--all")
		if err != nil || status != 0 {
			return fmt.Errorf("status %d: %s %w", status, out, err)
		}
		a.r.AuditsRepeated++
	}
	a.r.say("a third party derived both samples from the log, executed every drawn shard again, and agrees with %d of 2 reports", a.r.AuditsRepeated)
	return nil
}
