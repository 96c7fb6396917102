package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
)

// cut ends cycle 1.
func (a *accounts) cut(ctx context.Context) error {
	draft := client.DraftCut(a.h.id, client.Now(), 1, codec.CyclesCounter, nil)
	if draft == nil {
		return errors.New("no cycle follows")
	}
	cut, err := a.submit(ctx, a.sign(draft, a.c.Founders.Hub))
	if err != nil {
		return err
	}
	a.r.say("the hub cuts cycle 1 at index %d; cycle 2 is open", cut.Index)
	return nil
}

// close states what the cycle came to; every replica computed the same.
func (a *accounts) close(ctx context.Context) error {
	x, err := a.h.client.Service().Closing(ctx)
	if err != nil {
		return err
	}
	lying := *x
	lying.Journal.Debit++
	_, err = a.submit(ctx, a.sign(client.DraftClose(a.h.id, client.Now(), &lying, nil), a.c.Founders.Hub))
	a.r.BadCloseRefused = err != nil
	if a.closed, err = a.submit(ctx, a.sign(client.DraftClose(a.h.id, client.Now(), x, nil), a.c.Founders.Hub)); err != nil {
		return err
	}
	a.r.Closed = x.Journal.Credit == x.Journal.Debit && x.Parties.Credit == x.Journal.Credit
	a.r.say("cycle 1 is closed: %d records with %d postings of %d parties, %d µC (millionths of a Credit) on both sides",
		x.Journal.N, x.Parties.Postings, x.Parties.N, x.Journal.Credit)
	return nil
}

// carry moves what the liar owes into cycle 2.
func (a *accounts) carry(ctx context.Context) error {
	liar := a.lie.entry.Provider
	draft, err := client.DraftAdjustment(codec.Adjustment{
		At: client.Now(), Cycle: 2, Author: a.h.id, Target: a.closed, Cause: codec.CauseCarryForward, ServiceCycle: 1,
	}, []codec.Posting{
		{Role: codec.RoleProvider, Party: liar, Side: codec.Debit, Amount: a.r.Owed},
		{Role: codec.RolePlatform, Party: a.h.platform, Side: codec.Credit, Amount: a.r.Owed},
	})
	if err != nil {
		return err
	}
	if _, err := a.submit(ctx, a.sign(draft, a.c.Founders.Hub)); err != nil {
		return err
	}
	s, err := a.h.client.Service().Statement(ctx, liar, 2, 0)
	if err != nil {
		return err
	}
	a.r.Carried = s.Owed && s.Net == a.r.Owed
	a.r.say("the liar begins cycle 2 with a debit of %d µC", s.Debit)
	return nil
}

// statements has the commands print and export the books, and checks the new prices.
func (a *accounts) statements(ctx context.Context) error {
	p, err := a.h.client.Policy(ctx, 2)
	if err != nil {
		return err
	}
	a.r.PricesChanged = p.Body.Version == 2 && p.Body.Rates[0].Num == 2*a.h.policy.Body.Rates[0].Num
	customer := a.lie.detail.Postings[0].Party.String()
	key := filepath.Join(a.t.dir, "hub.key")
	if err := client.SaveKey(key, a.h.submit); err != nil {
		return err
	}
	as := append([]string{"--trust", a.t.trust, "--as", key}, a.t.nodes...)
	for _, args := range [][]string{
		{"statement", a.lie.entry.Provider.String(), "--cycle", "1"}, {"usage", customer, "--cycle", "1", "--by", "class"},
	} {
		out, status, err := a.t.run(ctx, "settle", append(args, as...)...)
		if err != nil || status != 0 || len(bytes.TrimSpace(out)) == 0 {
			return fmt.Errorf("settle %s: status %d, %w", args[0], status, err)
		}
		fmt.Fprintf(os.Stderr, "%s", out)
		a.r.Printed++
	}
	file := filepath.Join(a.t.dir, "focus.parquet")
	args := append([]string{"export", "--format", "focus-parquet", "--out", file}, as...)
	if _, status, err := a.t.run(ctx, "settle", args...); err != nil || status != 0 {
		return fmt.Errorf("settle export: status %d, %w", status, err)
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	a.r.ExportBytes = info.Size()
	a.r.say("statement and usage printed, FOCUS rows exported to Parquet (%d bytes)", a.r.ExportBytes)
	return nil
}
