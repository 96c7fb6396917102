package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/contract"
	"github.com/forgepool/settle/proof"
)

// importBatch is a batch in the making.
type importBatch struct {
	jobs  []*joined
	items []client.Item
	ends  []int // of each job, in items
}

// sendAll reads the results again, builds the records of each job and sends them in
// batches of whole jobs.
func (m *importer) sendAll(ctx context.Context) error {
	if m.flags.out != "" {
		if err := os.Mkdir(m.flags.out, 0o755); err != nil {
			return usage("--out: %v", err)
		}
	}
	m.report.Sent = m.flags.out == ""
	bars := m.newProgress()
	defer bars.stop()
	b, done := new(importBatch), 0
	err := eachLine(m.names[resultsFile], contract.MaxResultLine, func(n int, line []byte) error {
		j, err := m.join(n, line)
		if err != nil || j == nil {
			return err
		}
		if j.WorkKey != j.line.workKey {
			return fmt.Errorf("%s:%d: the file changed while it was read", m.names[resultsFile], n)
		}
		done++
		bars.show("settling", uint64(done), uint64(m.report.Results))
		return m.add(ctx, b, j)
	})
	if err != nil {
		return err
	}
	return m.flush(ctx, b)
}

// add puts a job into the batch, which is sent first if the job does not fit.
func (m *importer) add(ctx context.Context, b *importBatch, j *joined) error {
	terms, err := m.ledger.terms(ctx, j)
	if err != nil {
		return err
	}
	records, err := j.Build(terms)
	if err != nil {
		return err
	}
	items := make([]client.Item, len(records))
	for i := range records {
		items[i] = client.Item{Record: records[i].Record, Attachments: records[i].Attachments}
	}
	if all := append(b.items, items...); client.Fill(all) < len(all) {
		if err := m.flush(ctx, b); err != nil {
			return err
		}
	}
	b.jobs, b.items = append(b.jobs, j), append(b.items, items...)
	b.ends = append(b.ends, len(b.items))
	return nil
}

// flush sends or writes the batch, after the artifacts that it names.
func (m *importer) flush(ctx context.Context, b *importBatch) error {
	if len(b.items) == 0 {
		return nil
	}
	defer func() { *b = importBatch{} }()
	m.report.Batches++
	if m.flags.out != "" {
		return m.write(ctx, b)
	}
	for _, j := range b.jobs {
		if err := m.store.upload(ctx, j); err != nil {
			return err
		}
	}
	batch, err := m.sign(ctx, b)
	if err != nil {
		return err
	}
	s, err := m.sdk.Submit(ctx, batch.Bytes)
	if err != nil {
		return err
	}
	return m.outcomes(b, s)
}

// sign makes the batch. Its id follows from its records; if the ledger has a batch of
// this id, it was sent before, and then it is sent as it was.
func (m *importer) sign(ctx context.Context, b *importBatch) (*client.Batch, error) {
	leaves := make([]codec.Hash, len(b.items))
	for i := range b.items {
		leaves[i] = proof.LeafA(b.items[i].Record)
	}
	o := client.BatchOptions{ID: m.hub.Batch(leaves)}
	known, err := m.sdk.Service().Batch(ctx, m.hub.ID, o.ID)
	switch {
	case err == nil:
		o.Sent = known.Sent
	case api.CodeOf(err) != codec.CodeNotFound:
		return nil, fmt.Errorf("looking for batch %s: %w", o.ID, err)
	}
	return client.NewBatch(m.hub.Origin, m.hub.ID, m.key, b.items, o)
}

// write stores the batch and its artifacts in files.
func (m *importer) write(ctx context.Context, b *importBatch) error {
	dir := filepath.Join(m.flags.out, "artifacts")
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	for _, j := range b.jobs {
		err := m.store.each(j, func(hash codec.Hash, data []byte) error {
			return writeFile(filepath.Join(dir, hash.String()), data, 0o644)
		})
		if err != nil {
			return err
		}
	}
	batch, err := m.sign(ctx, b)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(m.flags.out, fmt.Sprintf("batch-%06d.batch", m.report.Batches)), batch.Bytes, 0o644)
}

// importedJob is what became of one job.
type importedJob struct {
	Job      string      `json:"job"`
	Workload codec.ID    `json:"workload"`
	Outcome  string      `json:"outcome"` // appended, repeated, refused
	Index    *uint64     `json:"index,omitempty"`
	Leaf     *codec.Hash `json:"leaf,omitempty"`
	Code     codec.Code  `json:"code,omitempty"`
}

// outcomes prints what became of each job of a batch: of its settlement, or of the
// first record that was refused.
func (m *importer) outcomes(b *importBatch, s *api.Submission) error {
	from := 0
	for i, j := range b.jobs {
		x := &importedJob{Job: j.Contract.JobID, Workload: j.Workload}
		last := &s.Outcomes[b.ends[i]-1]
		for k := from; k < b.ends[i] && x.Code == ""; k++ {
			x.Code = s.Outcomes[k].Code
		}
		from = b.ends[i]
		switch {
		case x.Code != "":
			x.Outcome = "refused"
			m.report.Refused++
		case s.Known || last.Kind == codec.Repeated:
			x.Outcome, x.Index, x.Leaf = "repeated", &last.Index, &last.Leaf
			m.report.Repeated++
		default:
			x.Outcome, x.Index, x.Leaf = "appended", &last.Index, &last.Leaf
			m.report.Appended++
		}
		if err := m.printJob(x); err != nil {
			return err
		}
	}
	return nil
}

func (m *importer) printJob(x *importedJob) error {
	var err error
	switch {
	case m.json:
		err = m.printLine(x)
	case x.Code != "":
		_, err = fmt.Fprintf(m.stdout, "%s\trefused\t%s\t%s\n", x.Job, x.Code, meaning(x.Code))
	default:
		_, err = fmt.Fprintf(m.stdout, "%s\t%s\tindex %d\tworkload %s\n", x.Job, x.Outcome, *x.Index, x.Workload)
	}
	return err
}

// printLine prints a value as one line of JSON.
func (m *importer) printLine(v any) error { return json.NewEncoder(m.stdout).Encode(v) }
