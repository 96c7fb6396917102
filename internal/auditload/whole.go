package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/internal/devledger"
)

// audited is what an audit of a whole cycle took.
type audited struct {
	Draws   int           // vouching and tracing
	Shards  int           // executed again, each once
	CPU     time.Duration // of everything: log, trees, fetching, execution, paths
	PeakMiB int64
}

// whole audits a cycle whose settlements are all of the shard, with the program that
// everybody uses.
func whole(ctx context.Context, o *options, x *shard) (a *audited, err error) {
	if err := os.RemoveAll(o.out); err != nil {
		return nil, err
	}
	if err := x.run(); err != nil {
		return nil, err
	}
	l, err := found(ctx, o, x)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if err := errors.Join(l.store(ctx), l.settleAll(ctx, o.settlements)); err != nil {
		return nil, err
	}
	t, err := newTool(o, l)
	if err != nil {
		return nil, err
	}
	if _, err := t.run(ctx, "intent", "--party", l.Founders.Hub.Party().String(), "--submit-key", t.file("submit.key")); err != nil {
		return nil, err
	}
	if err := l.closeCycle(ctx); err != nil {
		return nil, err
	}
	used, err := t.run(ctx, "run", "--cycle", "1", "--work", t.file("work"), "--workers", "1")
	if err != nil {
		return nil, err
	}
	a = &audited{CPU: spent(used), PeakMiB: used.Maxrss >> 10}
	return a, a.count(t.file("work", "report.json"))
}

// count reads from the report how much was drawn and executed.
func (a *audited) count(name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var report struct {
		Draws []json.RawMessage `json:"draws"`
		Items []struct {
			Recomputed json.RawMessage `json:"recomputed"`
		} `json:"items"`
	}
	if err := json.Unmarshal(data, &report); err != nil {
		return err
	}
	a.Draws = len(report.Draws)
	for i := range report.Items {
		if report.Items[i].Recomputed != nil {
			a.Shards++
		}
	}
	return nil
}

// tool runs the audit commands as the auditor.
type tool struct {
	dir  string
	bin  string
	args []string
}

// newTool writes the auditor's files.
func newTool(o *options, l *ledger) (*tool, error) {
	t := &tool{dir: o.out, bin: filepath.Join(o.bin, "settle")}
	auditor := l.Founders.Auditors[0]
	t.args = []string{"--auditor", auditor.Party().String(), "--key", t.file("auditor.key"), "--secret", t.file("secret"),
		"--as", t.file("auditor.key"), "--trust", t.file("trust.txt"), "--node", l.Nodes[0].URL}
	return t, errors.Join(
		client.SaveKey(t.file("auditor.key"), devledger.Owner(auditor)[0]),
		client.SaveKey(t.file("submit.key"), l.Founders.Submit),
		os.WriteFile(t.file("trust.txt"), l.Trust.Format(), 0o644))
}

func (t *tool) file(names ...string) string {
	return filepath.Join(append([]string{t.dir}, names...)...)
}

// run runs one audit command on one core and returns what it used.
func (t *tool) run(ctx context.Context, command string, args ...string) (*syscall.Rusage, error) {
	c := exec.CommandContext(ctx, t.bin, append(append([]string{"audit", command}, args...), t.args...)...)
	c.Env = append(os.Environ(), "GOMAXPROCS=1")
	if out, err := c.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("settle audit %s: %w: %s", command, err, out)
	}
	return c.ProcessState.SysUsage().(*syscall.Rusage), nil
}
