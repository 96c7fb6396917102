package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"text/tabwriter"
)

// options of a run.
type options struct {
	bin, out   string
	workloads  int
	events     int
	senders    int
	batchBytes int
	only       string
}

func main() {
	var o options
	flag.StringVar(&o.bin, "bin", "bin", "directory of the programs")
	flag.StringVar(&o.out, "out", "bench-out", "directory to work in, on a real disk; it is emptied first")
	flag.IntVar(&o.workloads, "workloads", 60_000, "whole workloads to send")
	flag.IntVar(&o.events, "events", 1_000_000, "single events to send")
	flag.IntVar(&o.senders, "senders", 8, "batches on their way at a time")
	flag.IntVar(&o.batchBytes, "batch", 1<<20, "bytes of a batch, about")
	flag.StringVar(&o.only, "only", "", "run the scenario with this name alone")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func scenarios(o options) []scenario {
	var all []scenario
	for _, voters := range []int{1, 3} {
		all = append(all,
			scenario{Name: "workloads", Voters: voters, Units: o.workloads},
			scenario{Name: "workloads-receipts", Voters: voters, Units: o.workloads / 6, Receipts: 1_000_000},
			scenario{Name: "events", Voters: voters, Units: o.events, events: true})
	}
	return all
}

func run(ctx context.Context, o options) error {
	if err := os.RemoveAll(o.out); err != nil {
		return err
	}
	fmt.Printf("%s %s/%s, %d cores; %d senders over HTTP, batches of about %d KiB, fsync on\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), o.senders, o.batchBytes>>10)
	var results []*measured
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "scenario\tvoters\tunits\tunits/s\trecords/s\tp50\tp99\tsent B/unit\trecord B/unit\tdisk B/unit\tpeak MiB\tcpu-s/M")
	for _, s := range scenarios(o) {
		if o.only != "" && o.only != s.Name {
			continue
		}
		fmt.Fprintf(os.Stderr, "running %s, %d voters\n", s.Name, s.Voters)
		m, err := measure(ctx, s, o)
		if err != nil {
			return fmt.Errorf("%s, %d voters: %w", s.Name, s.Voters, err)
		}
		results = append(results, m)
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%s\t%s\t%d\t%d\t%d\t%v\t%s\n", m.Name, m.Voters, m.Units, m.Rate, m.Records,
			m.P50, m.P99, m.WireBytes, m.RecordBytes, m.DiskBytes, m.PeakMiB, m.CPU)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	data, err := json.MarshalIndent(results, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(o.out, "results.json"), append(data, '\n'), 0o644)
}
