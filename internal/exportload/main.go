package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"text/tabwriter"

	"github.com/forgepool/settle/export"
)

func main() {
	out := flag.String("out", "bench-out/export", "directory to work in, on a real disk")
	rows := flag.Int("rows", 1_000_000, "FOCUS rows")
	components := flag.Int("components", 3, "components of a charge, 1 to 64: rows of a settlement")
	formats := flag.String("formats", strings.Join([]string{export.FormatParquet, export.FormatCSV, export.FormatCloudEvents, export.FormatJSONLines}, ","), "what to measure")
	one := flag.String("measure", "", "measure this format alone, in this process, from an existing spool")
	profile := flag.String("cpuprofile", "", "with -measure: write a profile of the processor's time to this file")
	flag.Parse()
	err := run(*out, *rows, *components, strings.Split(*formats, ","), *one, *profile)
	if err != nil {
		fmt.Fprintln(os.Stderr, "exportload:", err)
		os.Exit(1)
	}
}

func run(out string, rows, components int, formats []string, one, profile string) error {
	spool := filepath.Join(out, "spool")
	if one != "" {
		return profiled(profile, func() error { return measure(one, spool, filepath.Join(out, one)) })
	}
	if rows < 1 || components < 1 || components > 64 {
		return fmt.Errorf("%d rows of %d components", rows, components)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "making settlements")
	if err := writeSpool(spool, rows, components); err != nil {
		return err
	}
	defer os.Remove(spool)
	fmt.Printf("%s %s/%s, %d cores; settlements of %d components, %d shards, %d labels, fsync at the end\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), components, shards, 2)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "format\trecords\trows\tseconds\trows/s\tcpu\tMB\tpeak MiB")
	for _, format := range formats {
		m, err := inProcess(out, format)
		if err != nil {
			return fmt.Errorf("%s: %w", format, err)
		}
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\t%d\t%s\t%d\t%d\n", m.Format, m.Records, m.Rows, m.Seconds, m.Rate, m.CPU, m.Bytes/1_000_000, m.PeakMiB)
	}
	return table.Flush()
}

// profiled does the work under a profile of the processor's time, unless its name is empty.
func profiled(name string, work func() error) error {
	if name == "" {
		return work()
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return errors.Join(err, file.Close())
	}
	err = work()
	pprof.StopCPUProfile()
	return errors.Join(err, file.Close())
}

// inProcess measures a format in a process of its own, so that its memory is its own.
func inProcess(out, format string) (*measured, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := exec.Command(self, "-out", out, "-measure", format)
	c.Stderr = os.Stderr
	data, err := c.Output()
	if err != nil {
		return nil, err
	}
	m := new(measured)
	return m, json.Unmarshal(data, m)
}
