package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/verifier"
)

// probed is what executing one shape again took.
type probed struct {
	Shape   string  `json:"shape"`
	Program string  `json:"program"`
	Units   uint64  `json:"units"`
	Limit   uint64  `json:"limit"` // of the class
	Input   int     `json:"input_bytes"`
	Draws   int     `json:"draws"`
	Seconds float64 `json:"cpu_seconds_per_draw"`
	PeakMiB int64   `json:"peak_memory_mib"`
}

// probe executes the shard of a shape again, draws times, as an auditor does, and prints
// what it took as JSON. The process is the measure, so it does nothing else.
func probe(number, draws int) error {
	x := build(shapes[number])
	if err := x.run(); err != nil {
		return err
	}
	program := x.program.Program()
	e := &codec.ShardEntry{Args: codec.BlobHash(x.task.Args), Inputs: x.inputs, Output: blobOf(x.output), Units: x.units}
	work := &verifier.Work{Args: x.task.Args, Inputs: x.blobs()}
	before, _ := usage()
	for range draws {
		got, err := verifier.Execute(&program, x.task.Seed, e, work)
		if err != nil {
			return err
		}
		if got.Output != e.Output || got.Units != e.Units {
			return fmt.Errorf("%s: executing it again gives something else: %+v", x.name, got)
		}
	}
	after, peak := usage()
	return json.NewEncoder(os.Stdout).Encode(&probed{
		Shape: x.name, Program: x.program.String(), Units: x.units, Limit: x.limit, Input: len(x.task.Input),
		Draws: draws, Seconds: (after - before).Seconds() / float64(draws), PeakMiB: peak,
	})
}

// usage returns the processor time and the peak memory in MiB of this process.
func usage() (time.Duration, int64) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it has no other reason than a wrong argument
	}
	return spent(&u), u.Maxrss >> 10
}

// spent is processor time, of the program and of the kernel for it.
func spent(u *syscall.Rusage) time.Duration { return time.Duration(u.Utime.Nano() + u.Stime.Nano()) }

// inProcess probes a shape in a process of its own, so that its memory is its own.
func inProcess(ctx context.Context, number, draws int) (*probed, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := exec.CommandContext(ctx, self, "-shape", fmt.Sprint(number), "-probe", fmt.Sprint(draws))
	c.Env = append(os.Environ(), "GOMAXPROCS=1")
	c.Stderr = os.Stderr
	data, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shapes[number].name, err)
	}
	p := new(probed)
	return p, json.Unmarshal(data, p)
}
