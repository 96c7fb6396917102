package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/forgepool/settle/contract"
)

// The files of an import, as indexes of importer.names.
const (
	contractsFile = 0
	resultsFile   = 1
)

// errManyFaults ends reading when enough is wrong.
var errManyFaults = errors.New("more lines may be wrong: the rest was not read")

// eachLine calls f with every line of a file, numbered from 1, and stops at an error.
// Who named a file that cannot be read made a wrong call.
func eachLine(name string, limit int, f func(n int, line []byte) error) error {
	file, err := os.Open(name)
	if err != nil {
		return usage("%v", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, 0, 64<<10), limit+2)
	n := 0
	for lines.Scan() {
		if n++; n > contract.MaxLines {
			return usage("%s: more than %d lines: split it", name, contract.MaxLines)
		}
		if err := f(n, lines.Bytes()); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return usage("%s:%d: %s: %v, at most %d bytes", name, n+1, contract.CodeTooLarge, err, limit)
	}
	return nil
}

// checkAll reads both files and reports every wrong line.
func (m *importer) checkAll(ctx context.Context) error {
	bars := m.newProgress()
	defer bars.stop()
	err := eachLine(m.names[contractsFile], contract.MaxContractLine, m.readContract)
	if err == nil {
		err = m.checkResults(ctx, bars)
	}
	if err != nil && !errors.Is(err, errManyFaults) {
		return err
	}
	if len(m.faults) == 0 {
		m.report.Unfinished = m.report.Contracts - m.report.Test - m.report.Results
		return nil
	}
	for _, text := range m.faults {
		fmt.Fprintln(m.stderr, text)
	}
	if err != nil {
		fmt.Fprintln(m.stderr, err)
	}
	return hint(usage("wrong lines: %d; nothing was sent", len(m.faults)), "correct them; settle import --check tries again without sending")
}

func (m *importer) readContract(n int, line []byte) error {
	m.report.Contracts++
	c, err := contract.ParseContract(line)
	if err != nil {
		return m.fault(contractsFile, n, err)
	}
	if first := m.contracts[c.JobID]; first != nil {
		return m.fault(contractsFile, n, &contract.Error{Code: contract.CodeDoubledJob, Field: "ctx.job_id",
			Why: fmt.Sprintf("%q is that of line %d", c.JobID, first.line)})
	}
	m.contracts[c.JobID] = &importLine{contract: c, line: n}
	if c.Test {
		m.report.Test++
	}
	return nil
}

// lookAhead is how many jobs are looked up in the ledger at once.
const lookAhead = 16

// checkResults joins and checks all results; those of a few lines at a time are
// looked up together.
func (m *importer) checkResults(ctx context.Context, bars *progress) error {
	var group []*joined
	flush := func() error {
		defer func() { group = group[:0] }()
		return m.checkGroup(ctx, group)
	}
	err := eachLine(m.names[resultsFile], contract.MaxResultLine, func(n int, line []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		bars.show("checking", uint64(n), uint64(max(n, m.report.Contracts-m.report.Test)))
		j, err := m.join(n, line)
		if err != nil {
			return m.fault(resultsFile, n, err)
		}
		if j != nil {
			group = append(group, j)
		}
		if len(group) < lookAhead {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

// joined is a job and its line.
type joined struct {
	*contract.Job
	line *importLine
	n    int
}

// join reads a result and finds its contract. The job of a test contract is nil.
func (m *importer) join(n int, text []byte) (*joined, error) {
	r, err := contract.ParseResult(text)
	if err != nil {
		return nil, err
	}
	line := m.contracts[r.JobID]
	switch {
	case line == nil && len(m.faults) > 0:
		return nil, nil // its contract may be the wrong line
	case line == nil:
		return nil, &contract.Error{Code: contract.CodeNoContract, Field: "job_id", Why: fmt.Sprintf("%q is in no contract", r.JobID)}
	case line.result != 0 && line.result != n:
		return nil, &contract.Error{Code: contract.CodeDoubledJob, Field: "job_id", Why: fmt.Sprintf("%q is that of line %d", r.JobID, line.result)}
	}
	line.result = n
	if line.contract.Test {
		return nil, nil
	}
	job, err := m.hub.Join(line.contract, r)
	if err != nil {
		return nil, err
	}
	return &joined{job, line, n}, nil
}

// checkGroup checks what needs other lines, the ledger, or artifacts.
func (m *importer) checkGroup(ctx context.Context, group []*joined) error {
	if m.ledger != nil {
		if err := m.lookUp(ctx, group); err != nil {
			return err
		}
	}
	for _, j := range group {
		m.report.Results++
		err := m.checkWork(ctx, j)
		if err == nil {
			err = m.store.check(ctx, j)
		}
		if err == nil && m.ledger != nil {
			err = m.checkTerms(ctx, j)
		}
		var wrong *contract.Error
		switch {
		case errors.As(err, &wrong):
			if err := m.fault(resultsFile, j.n, wrong); err != nil {
				return err
			}
		case err != nil:
			return err
		}
	}
	return nil
}

// checkWork requires that work stands once, or says what it repeats.
func (m *importer) checkWork(ctx context.Context, j *joined) error {
	j.line.workKey = j.WorkKey
	first, of := m.work[j.WorkKey], j.Result.ReplayOf
	if of == "" && first != "" {
		return &contract.Error{Code: contract.CodeRepeatedWork, Field: "replay_of",
			Why: fmt.Sprintf("program, seed, arguments and inputs are those of job %q in line %d", first, m.contracts[first].result)}
	}
	if first == "" {
		m.work[j.WorkKey] = j.Contract.JobID
	}
	if of == "" {
		return nil
	}
	return m.checkReplay(ctx, j, of)
}

// checkReplay requires that the job which another repeats stands earlier in the file
// with the same work, or is settled.
func (m *importer) checkReplay(ctx context.Context, j *joined, of string) error {
	wrong := &contract.Error{Code: contract.CodeBadReplay, Field: "replay_of",
		Why: fmt.Sprintf("job %q is neither an earlier line with the same work nor settled", of)}
	if of == j.Contract.JobID {
		return wrong
	}
	if original := m.contracts[of]; original != nil && original.result != 0 {
		if original.workKey != j.WorkKey {
			return wrong
		}
		return nil
	}
	if m.ledger == nil {
		return nil
	}
	prior, err := m.ledger.history(ctx, m.hub.ID, m.hub.Workload(of))
	if err != nil {
		return err
	}
	if prior.settled == nil {
		return wrong
	}
	return nil
}

// checkTerms builds the records and forgets them.
func (m *importer) checkTerms(ctx context.Context, j *joined) error {
	terms, err := m.ledger.terms(ctx, j)
	if err != nil {
		return err
	}
	_, err = j.Build(terms)
	return err
}
