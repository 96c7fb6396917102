package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/internal/devledger"
	"github.com/forgepool/settle/proof"
)

// Options say what to launch.
type Options struct {
	Bin    string // directory of the program settled
	Dir    string // where the nodes' directories go; must be empty or absent
	Nodes  int
	Origin string // of tree B; tree A's has "/blake3" behind it
	Policy codec.Policy
}

// Cluster is a ledger and its running nodes.
type Cluster struct {
	Origin   string // of tree A
	Founders *devledger.Founders
	Trust    *proof.TrustPolicy
	Client   *client.Client
	Nodes    []*Node
}

// Launch founds a ledger, starts its nodes, and returns when one of them leads.
func Launch(ctx context.Context, o Options) (*Cluster, error) {
	c := &Cluster{Origin: o.Origin + "/blake3"}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, err
	}
	if err := c.prepare(ctx, o); err != nil {
		return nil, fmt.Errorf("preparing nodes: %w", err)
	}
	urls := make([]string, len(c.Nodes))
	for i, n := range c.Nodes {
		urls[i] = n.URL
	}
	var err error
	if c.Client, err = client.DialAs(c.Trust, c.Founders.Submit, urls...); err != nil {
		return nil, err
	}
	for _, n := range c.Nodes {
		if err := n.Start(ctx); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	if _, err := c.Leader(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// prepare makes the nodes' directories, the founders and the genesis.
func (c *Cluster) prepare(ctx context.Context, o Options) error {
	addresses, err := freeAddresses(2 * o.Nodes)
	if err != nil {
		return err
	}
	first := filepath.Join(o.Dir, "n1")
	var peers []string
	var keys []*client.Key
	for i := range o.Nodes {
		n := &Node{
			ID: fmt.Sprintf("n%d", i+1), Dir: filepath.Join(o.Dir, fmt.Sprintf("n%d", i+1)),
			URL: "http://" + addresses[2*i], program: filepath.Join(o.Bin, "settled"),
		}
		args := []string{"--id", n.ID, "--api-addr", addresses[2*i], "--cluster-addr", addresses[2*i+1]}
		if i == 0 {
			args = append(args, "--new-cluster", "development")
		} else {
			args = append(args, "--authority", filepath.Join(first, "authority"), "--checkpoint-key", filepath.Join(first, "checkpoint.key"))
		}
		if err := n.initialize(ctx, args...); err != nil {
			return err
		}
		key, err := client.LoadKey(filepath.Join(n.Dir, "node.key"))
		if err != nil {
			return err
		}
		keys = append(keys, key)
		peers = append(peers, "--peer", n.ID+"="+addresses[2*i+1])
		c.Nodes = append(c.Nodes, n)
	}
	checkpoint, err := client.LoadKey(filepath.Join(first, "checkpoint.key"))
	if err != nil {
		return err
	}
	return c.found(ctx, o, keys, checkpoint, peers)
}

// found makes the genesis and installs it on every node.
func (c *Cluster) found(ctx context.Context, o Options, keys []*client.Key, checkpoint *client.Key, peers []string) error {
	var err error
	if c.Founders, err = devledger.Found(o.Origin, client.Now(), o.Policy, keys, checkpoint); err != nil {
		return err
	}
	if c.Trust, err = client.TrustGenesis(c.Founders.Record); err != nil {
		return err
	}
	genesis := filepath.Join(o.Dir, "genesis.record")
	if err := os.WriteFile(genesis, c.Founders.Record, 0o644); err != nil {
		return err
	}
	for _, n := range c.Nodes {
		if err := n.initialize(ctx, append([]string{"--genesis", genesis}, peers...)...); err != nil {
			return err
		}
	}
	return nil
}

// freeAddresses returns loopback addresses that nobody listens on at the moment.
func freeAddresses(n int) ([]string, error) {
	var addresses []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		addresses = append(addresses, l.Addr().String())
	}
	return addresses, nil
}

// patience bounds how long a cluster may take to elect a leader or a node to start.
const patience = 30 * time.Second

// Leader returns the node that leads, waiting for an election if there is none.
func (c *Cluster) Leader(ctx context.Context) (*Node, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		for _, n := range c.Nodes {
			if s, err := n.Status(ctx); err == nil && s.Ready && s.Role == "leader" {
				return n, nil
			}
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("no node leads: %w", ctx.Err())
		}
	}
}

// CPU returns the processor time that the running nodes have used.
func (c *Cluster) CPU() (total time.Duration) {
	for _, n := range c.Nodes {
		total += n.cpu()
	}
	return total
}

// Close stops all nodes and waits for them to end.
func (c *Cluster) Close() error {
	var errs []error
	for _, n := range c.Nodes {
		errs = append(errs, n.interrupt())
	}
	for _, n := range c.Nodes {
		errs = append(errs, n.wait())
	}
	if c.Client != nil {
		c.Client.Close()
	}
	return errors.Join(errs...)
}

// command runs a program to its end and returns its output in the error if it fails.
func command(ctx context.Context, program string, args ...string) error {
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %v: %w\n%s", filepath.Base(program), args, err, out)
	}
	return nil
}
