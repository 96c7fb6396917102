package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/internal/cluster"
	"github.com/forgepool/settle/internal/devledger"
)

// scenario is one measurement.
type scenario struct {
	Name     string `json:"name"`
	Voters   int    `json:"voters"`
	Units    int    `json:"units"` // whole workloads or single events
	Receipts uint64 `json:"receipts_verified_ppm"`
	events   bool
}

// measured is what came out of it.
type measured struct {
	scenario
	Rate        int      `json:"units_per_second"`
	Records     int      `json:"records_per_second"`
	Seconds     string   `json:"seconds"`
	WireBytes   int      `json:"wire_bytes_per_unit"`
	RecordBytes int      `json:"record_bytes_per_unit"`
	DiskBytes   int      `json:"disk_bytes_per_unit_and_node"`
	P50         string   `json:"batch_latency_p50"`
	P99         string   `json:"batch_latency_p99"`
	PeakMiB     []uint64 `json:"peak_memory_mib"`
	CPU         string   `json:"node_cpu_seconds_per_million_units"`
}

// input is what a scenario sends.
type input struct {
	batches     [][]byte
	records     int
	recordBytes int
	wireBytes   int
}

// measure founds a ledger, builds the input, and sends it.
func measure(ctx context.Context, s scenario, o options) (*measured, error) {
	dir := filepath.Join(o.out, fmt.Sprintf("%s-%d", s.Name, s.Voters))
	c, err := cluster.Launch(ctx, cluster.Options{Bin: o.bin, Dir: dir, Nodes: s.Voters, Origin: "bench.example/ledger", Policy: devledger.Policy(devledger.Prices, s.Receipts)})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	in, err := prepare(ctx, c, s, o)
	if err != nil {
		return nil, err
	}
	before := c.CPU()
	start := time.Now()
	latencies, err := send(ctx, c.Client, in.batches, o.senders)
	if err != nil {
		return nil, err
	}
	elapsed := time.Since(start)
	cpu := c.CPU() - before
	m := &measured{
		scenario: s, Seconds: elapsed.Round(time.Millisecond).String(),
		Rate:      int(int64(s.Units) * int64(time.Second) / int64(elapsed)),
		Records:   int(int64(in.records) * int64(time.Second) / int64(elapsed)),
		WireBytes: in.wireBytes / s.Units, RecordBytes: in.recordBytes / s.Units,
		P50: quantile(latencies, 50), P99: quantile(latencies, 99),
		CPU: (cpu * 1_000_000 / time.Duration(s.Units)).Round(10 * time.Millisecond).String(),
	}
	for _, n := range c.Nodes {
		m.PeakMiB = append(m.PeakMiB, n.PeakMemory()>>20)
	}
	disk, err := c.Nodes[0].DiskBytes()
	m.DiskBytes = int(disk) / s.Units
	return m, err
}

// prepare registers the parties and builds and signs all batches.
func prepare(ctx context.Context, c *cluster.Cluster, s scenario, o options) (*input, error) {
	p, err := newParties(c.Founders, c.Origin)
	if err != nil {
		return nil, err
	}
	if err := submitAll(ctx, c, p.items); err != nil {
		return nil, err
	}
	m := &maker{c: c, parties: p}
	if m.policy, err = c.Client.Policy(ctx, 0); err != nil {
		return nil, err
	}
	unit := m.workload
	if s.events {
		unit = m.event
	}
	units, err := build(s.Units, unit)
	if err != nil {
		return nil, err
	}
	return pack(c, units, o.batchBytes)
}

// pack signs the units as batches of about size bytes; a unit is never cut.
func pack(c *cluster.Cluster, units [][]client.Item, size int) (*input, error) {
	in := new(input)
	var items []client.Item
	bytes := 0
	flush := func() error {
		if len(items) == 0 {
			return nil
		}
		b, err := client.NewBatch(c.Origin, c.Founders.Hub.Party(), c.Founders.Submit, items, client.BatchOptions{})
		if err != nil {
			return err
		}
		in.batches = append(in.batches, b.Bytes)
		in.wireBytes += len(b.Bytes)
		items, bytes = nil, 0
		return nil
	}
	for _, unit := range units {
		if bytes > size || len(items)+len(unit) > codec.MaxBatchRecords {
			if err := flush(); err != nil {
				return nil, err
			}
		}
		for _, item := range unit {
			in.records++
			in.recordBytes += len(item.Record)
			bytes += len(item.Record)
			for _, blob := range item.Attachments {
				bytes += len(blob)
			}
		}
		items = append(items, unit...)
	}
	return in, flush()
}

func submitAll(ctx context.Context, c *cluster.Cluster, items []client.Item) error {
	b, err := client.NewBatch(c.Origin, c.Founders.Hub.Party(), c.Founders.Submit, items, client.BatchOptions{})
	if err != nil {
		return err
	}
	return submit(ctx, c.Client, b.Bytes)
}

// submit sends one batch and requires that everything was appended.
func submit(ctx context.Context, c *client.Client, batch []byte) error {
	s, err := c.Submit(ctx, batch)
	if err != nil {
		return err
	}
	for i, o := range s.Outcomes {
		if o.Kind != codec.Appended {
			return fmt.Errorf("record %d was refused: %s", i, o.Code)
		}
	}
	return nil
}

// send submits all batches from a number of senders and returns each one's latency.
func send(ctx context.Context, c *client.Client, batches [][]byte, senders int) ([]time.Duration, error) {
	next := make(chan []byte, len(batches))
	for _, b := range batches {
		next <- b
	}
	close(next)
	var mu sync.Mutex
	var latencies []time.Duration
	var failed error
	var wg sync.WaitGroup
	for range senders {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for b := range next {
				start := time.Now()
				err := submit(ctx, c, b)
				mu.Lock()
				latencies = append(latencies, time.Since(start))
				if err != nil && failed == nil {
					failed = err
				}
				stop := failed != nil
				mu.Unlock()
				if stop {
					return
				}
			}
		}()
	}
	wg.Wait()
	return latencies, failed
}

func quantile(latencies []time.Duration, percent int) string {
	slices.Sort(latencies)
	return latencies[(len(latencies)-1)*percent/100].Round(100 * time.Microsecond).String()
}
