package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"text/tabwriter"
)

// options of a run.
type options struct {
	bin, out    string
	probe       int
	draws       uint64
	settlements int
	shape       int
	whole       int
}

func main() {
	var o options
	flag.StringVar(&o.bin, "bin", "bin", "directory of the programs")
	flag.StringVar(&o.out, "out", "bench-out/audit", "directory to work in, on a real disk; it is emptied first")
	flag.IntVar(&o.probe, "probe", 10, "how often each shape is executed again before the slowest is audited whole")
	flag.Uint64Var(&o.draws, "draws", 299, "draws of the whole audit: 299 are 95 % confidence and 1 %; 0 = only probe")
	flag.IntVar(&o.settlements, "settlements", 10_000, "settlements that the draws fall on")
	flag.IntVar(&o.whole, "whole", -1, "probe nothing and audit this shape whole")
	flag.IntVar(&o.shape, "shape", -1, "probe this shape alone, in this process")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := error(nil)
	if o.shape >= 0 {
		err = probe(o.shape, o.probe)
	} else {
		err = run(ctx, &o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "auditload:", err)
		os.Exit(1)
	}
}

// run probes all shapes and audits the slowest, or the one that is asked for.
func run(ctx context.Context, o *options) error {
	fmt.Printf("%s %s/%s, one worker on one core; shards at the limits of the default policy\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	chosen := o.whole
	if chosen < 0 {
		var err error
		if chosen, err = probeAll(ctx, o); err != nil {
			return err
		}
	}
	if o.draws == 0 {
		return nil
	}
	x := build(shapes[chosen])
	fmt.Printf("\nauditing a cycle of %d settlements: %s, %s\n", o.settlements, x.program, x.name)
	a, err := whole(ctx, o, x)
	if err != nil {
		return err
	}
	fmt.Printf("%d draws, %d shards executed again: %.1f minutes of one core, %.2f s a shard, peak memory %d MiB\n",
		a.Draws, a.Shards, a.CPU.Minutes(), a.CPU.Seconds()/float64(max(1, a.Shards)), a.PeakMiB)
	return nil
}

// probeAll measures every shape and returns the slowest.
func probeAll(ctx context.Context, o *options) (slowest int, err error) {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "program\tshape\tM units\tof\tinput MiB\ts/draw\t299 draws, min\tpeak MiB")
	most := 0.0
	for i := range shapes {
		p, err := inProcess(ctx, i, o.probe)
		if err != nil {
			return 0, err
		}
		fmt.Fprintf(table, "%s\t%s\t%.1f\t%.0f\t%d\t%.2f\t%.1f\t%d\n", p.Program, p.Shape, float64(p.Units)/1e6, float64(p.Limit)/1e6,
			p.Input>>20, p.Seconds, p.Seconds*299/60, p.PeakMiB)
		if p.Seconds > most {
			slowest, most = i, p.Seconds
		}
	}
	return slowest, table.Flush()
}
