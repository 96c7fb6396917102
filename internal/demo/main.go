package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// settings of a run.
type settings struct {
	bin, out, goroot string
}

// patience is when a run gives up; what counts is the time that the report prints.
const patience = 5 * time.Minute

func main() {
	var s settings
	flag.StringVar(&s.bin, "bin", "bin", "directory of the programs settled and settle")
	flag.StringVar(&s.out, "out", "demo-out", "directory to work in; it is emptied first")
	flag.StringVar(&s.goroot, "goroot", "", "Go distribution to work on (default: go env GOROOT)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run does everything and prints the outcome, also of a run that fell short.
func run(ctx context.Context, s settings) error {
	if s.goroot == "" {
		out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
		if err != nil {
			return fmt.Errorf("go env GOROOT: %w", err)
		}
		s.goroot = strings.TrimSpace(string(out))
	}
	if err := os.RemoveAll(s.out); err != nil {
		return err
	}
	if err := os.MkdirAll(s.out, 0o755); err != nil {
		return err
	}
	r := newReport()
	err := act(ctx, s, r)
	r.print(os.Stdout)
	if err != nil {
		return err
	}
	return r.short()
}

// act plays both runs.
func act(ctx context.Context, s settings, r *report) error {
	r.say("reading the Go distribution in %s", s.goroot)
	jobs, err := allJobs(s.goroot, counts{options: 100, searches: 90, ranks: 60, groups: 90})
	if err != nil {
		return err
	}
	if err := honestRun(ctx, s, r, jobs); err != nil {
		return fmt.Errorf("first run: %w", err)
	}
	few, err := allJobs(s.goroot, counts{options: 20, searches: 10, ranks: 10, groups: 10})
	if err != nil {
		return err
	}
	if err := fraudRun(ctx, s, r, few); err != nil {
		return fmt.Errorf("fraud drill: %w", err)
	}
	return nil
}
