package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/internal/cluster"
	"github.com/forgepool/settle/internal/devledger"
)

// tools runs the program settle as somebody else would: a process of its own that has
// the trust policy and, for an audit, the addresses of the nodes and an auditor's key.
type tools struct {
	bin, dir, trust, secret, key string
	nodes                        []string
}

func newTools(s settings, c *cluster.Cluster, name string) (*tools, error) {
	t := &tools{bin: s.bin, dir: filepath.Join(s.out, name)}
	t.trust, t.secret = filepath.Join(t.dir, "trust.txt"), filepath.Join(t.dir, "audit.secret")
	for _, n := range c.Nodes {
		t.nodes = append(t.nodes, "--node", n.URL)
	}
	t.key = filepath.Join(t.dir, "auditor.key")
	err := client.SaveKey(t.key, devledger.Owner(c.Founders.Auditors[0])[0])
	return t, errors.Join(err, os.WriteFile(t.trust, c.Trust.Format(), 0o644))
}

// run runs a program and returns its standard output and exit status.
func (t *tools) run(ctx context.Context, program string, args ...string) ([]byte, int, error) {
	c := exec.CommandContext(ctx, filepath.Join(t.bin, program), args...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, 0, err
	}
	if status := c.ProcessState.ExitCode(); status > 1 {
		return nil, status, fmt.Errorf("%s %s: exit status %d: %s", program, strings.Join(args, " "), status, stderr.String())
	}
	return stdout.Bytes(), c.ProcessState.ExitCode(), nil
}

// commit makes the auditor's secret and returns the commitment to it.
func (t *tools) commit(ctx context.Context, auditor codec.ID) (codec.Hash, error) {
	out, _, err := t.run(ctx, "settle", "audit", "--commit", "--secret", t.secret, "--auditor", auditor.String(), "--cycle", "1", "--json")
	if err != nil {
		return codec.Hash{}, err
	}
	var view struct {
		Commitment codec.Hash `json:"commitment"`
	}
	err = json.Unmarshal(out, &view)
	return view.Commitment, err
}

// audited is what the demo needs of an audit's report.
type audited struct {
	Draws []struct {
		Party   codec.ID `json:"party"`
		Verdict string   `json:"verdict"`
	} `json:"draws"`
	Matches      int `json:"matches"`
	Mismatches   int `json:"mismatches"`
	Inconclusive int `json:"inconclusive"`
}

// audit draws, re-executes and writes report and evidence.
func (t *tools) audit(ctx context.Context, auditor codec.ID, draws int) (*audited, error) {
	args := append([]string{"audit", "--secret", t.secret, "--auditor", auditor.String(), "--cycle", "1", "--json",
		"--draws", fmt.Sprint(draws), "--trust", t.trust, "--as", t.key, "--out", t.evidence()}, t.nodes...)
	out, _, err := t.run(ctx, "settle", args...)
	if err != nil {
		return nil, err
	}
	r := new(audited)
	return r, json.Unmarshal(out, r)
}

func (t *tools) evidence() string { return filepath.Join(t.dir, "audit") }

// checked is what settle check says of one file.
type checked struct {
	File     string  `json:"file"`
	Verified bool    `json:"verified"`
	Error    string  `json:"error"`
	Index    *uint64 `json:"index"`
}

// check verifies files in one fresh process that has nothing but the trust policy.
func (t *tools) check(ctx context.Context, files ...string) ([]checked, error) {
	out, _, err := t.run(ctx, "settle", append([]string{"check", "--trust", t.trust, "--json"}, files...)...)
	if err != nil {
		return nil, err
	}
	var results []checked
	return results, json.Unmarshal(out, &results)
}
