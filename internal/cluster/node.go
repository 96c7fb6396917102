package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/forgepool/settle/api"
)

// Node is one node: its directory and, while it runs, its process.
type Node struct {
	ID, Dir, URL string
	program      string
	process      *exec.Cmd // nil while it does not run
	log          *os.File
	peak         uint64 // bytes, of processes that have ended
}

func (n *Node) initialize(ctx context.Context, args ...string) error {
	return command(ctx, n.program, append([]string{"init", "--dir", n.Dir}, args...)...)
}

// Start starts the process and returns when its API listens. Log lines go to a file
// beside the node's directory.
func (n *Node) Start(ctx context.Context) error {
	var err error
	if n.log, err = os.OpenFile(n.Dir+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err != nil {
		return err
	}
	p := exec.Command(n.program, "run", "--dir", n.Dir)
	p.Stderr = n.log
	out, err := p.StdoutPipe()
	if err != nil {
		return err
	}
	if err := p.Start(); err != nil {
		return err
	}
	n.process = p
	ready := make(chan error, 1)
	go func() {
		line, err := bufio.NewReader(out).ReadString('\n')
		if err == nil && !strings.Contains(line, "ready") {
			err = errors.New(strings.TrimSpace(line))
		}
		ready <- err
	}()
	select {
	case err = <-ready:
	case <-time.After(patience):
		err = errors.New("not ready in time")
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("starting %s, see %s.log: %w", n.ID, n.Dir, err), n.Kill())
	}
	return nil
}

// Kill ends the process with SIGKILL, as a power failure of one machine would.
func (n *Node) Kill() error {
	if n.process == nil {
		return nil
	}
	n.peak = max(n.peak, n.PeakMemory())
	err := n.process.Process.Kill()
	_ = n.process.Wait() // reports the signal, which is what was asked for
	n.process = nil
	return errors.Join(err, n.log.Close())
}

func (n *Node) interrupt() error {
	if n.process == nil {
		return nil
	}
	n.peak = max(n.peak, n.PeakMemory())
	return n.process.Process.Signal(os.Interrupt)
}

// wait waits for the end of an interrupted process.
func (n *Node) wait() error {
	if n.process == nil {
		return nil
	}
	timer := time.AfterFunc(patience, func() { _ = n.process.Process.Kill() })
	defer timer.Stop()
	err := n.process.Wait()
	n.process = nil
	if err != nil {
		err = fmt.Errorf("%s: %w", n.ID, err)
	}
	return errors.Join(err, n.log.Close())
}

// Stop ends the process as an operator would and waits for it.
func (n *Node) Stop() error { return errors.Join(n.interrupt(), n.wait()) }

// Status asks this node, and no other, how it is.
func (n *Node) Status(ctx context.Context) (*api.Status, error) {
	c, err := api.NewClient(api.ClientOptions{URLs: []string{n.URL}})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.Status(ctx)
}

// PeakMemory returns the most memory that the node's processes have held, in bytes.
func (n *Node) PeakMemory() uint64 {
	if n.process == nil {
		return n.peak
	}
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.process.Process.Pid))
	if err != nil {
		return n.peak
	}
	for line := range strings.Lines(string(data)) {
		if text, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 10, 64)
			return max(n.peak, kib<<10)
		}
	}
	return n.peak
}

// cpu returns the processor time of the running process.
func (n *Node) cpu() time.Duration {
	if n.process == nil {
		return 0
	}
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", n.process.Process.Pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(data), ") ")
	f := strings.Fields(after)
	const user, system, tick = 11, 12, 10 * time.Millisecond
	if len(f) <= system {
		return 0
	}
	u, _ := strconv.ParseInt(f[user], 10, 64)
	s, _ := strconv.ParseInt(f[system], 10, 64)
	return time.Duration(u+s) * tick
}

// DiskBytes returns the size of everything in the node's directory.
func (n *Node) DiskBytes() (total int64, err error) {
	err = filepath.WalkDir(n.Dir, func(_ string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // compaction removes files at any time
		}
		if err != nil || d.IsDir() {
			return err
		}
		if info, err := d.Info(); err == nil {
			total += info.Size()
		}
		return nil
	})
	return total, err
}
