package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/internal/devledger"
	"github.com/forgepool/settle/node"
)

const (
	devDir    = "settle-dev" // data directory of settled dev if none is named
	devServer = "n1"
	devOrigin = "localhost/settle"
	receipts  = 1_000_000 // ppm of agents' receipts that the node verifies: all
)

func (h home) keys() string    { return h.in("keys") }
func (h home) trust() string   { return h.in("trust.txt") }
func (h home) parties() string { return h.in("parties.txt") }

func (a *app) dev() *cobra.Command {
	c := &cobra.Command{
		Use:   "dev",
		Short: "Found a ledger to play with, and run its only node",
		Long: `Dev makes a cluster of one node, the keys of all founders (keys/ in the data directory,
with their party ids in parties.txt), a genesis with the built-in programs and usual
prices, and a trust policy (trust.txt), and runs the node. Started again, it goes on with what is there. Whoever can read the directory
can sign for everybody: it is no way to found a ledger for real use.`,
		Example: `  settled dev
  settled dev --dir play --api-addr 127.0.0.1:7500 --cluster-addr 127.0.0.1:7600`,
		Args: func(c *cobra.Command, args []string) error {
			if a.dir == "" {
				a.dir = devDir
			}
			return a.takes()(c, args)
		},
	}
	c.Flags().SortFlags = false
	c.Flags().AddFlagSet(new(settings).flags())
	c.RunE = func(c *cobra.Command, _ []string) error {
		h := home(a.dir)
		if !exists(h.conf()) {
			if err := h.found(c, time.Now()); err != nil {
				return hint(err, "if an earlier start did not finish in %s, remove it and begin again", h)
			}
		}
		s, _, err := h.loadSettings(c.Flags())
		if err != nil {
			return err
		}
		if !exists(h.trust()) {
			return hint(fmt.Errorf("%s was not made by settled dev", h), "run it with: settled run --dir %s", h)
		}
		config, err := h.nodeConfig(s)
		if err != nil {
			return err
		}
		return a.serve(c.Context(), s, config, func(n *node.Node) error {
			if n.Ready(c.Context()) != nil { // interrupted before it led
				return nil
			}
			return a.welcome(h, apiURL(s, n))
		})
	}
	return c
}

// welcome says what a newcomer can try.
func (a *app) welcome(h home, url string) error {
	_, err := fmt.Fprintf(a.stdout, `a ledger with one node; trust policy in %s, founders in %s, their keys in %s
try, in another terminal:
  export SETTLE_NODE=%s SETTLE_TRUST=%s
  settle get status
  settle prove receipt 0 --out genesis.receipt
  settle check genesis.receipt
`, h.trust(), h.parties(), h.keys(), url, h.trust())
	return err
}

// found makes the node, the founders and the genesis.
func (h home) found(c *cobra.Command, now time.Time) error {
	s := new(settings)
	file := s.flags()
	if err := override(file, c.Flags()); err != nil {
		return usage("%v", err)
	}
	if len(s.peers) == 0 {
		s.peers = []string{devServer + "=" + s.clusterAddr}
	}
	if err := errors.Join(s.check(), s.checkSelf(devServer)); err != nil {
		return err
	}
	m := &making{home: h, nodeKey: client.GenerateKey(codec.UseNode), conf: formatSettings(file)}
	if err := m.gather(&initFlags{id: devServer, newCluster: "dev"}, now); err != nil {
		return err
	}
	f, err := devledger.Found(devOrigin, uint64(now.UnixMilli()), devledger.Policy(devledger.Prices, receipts),
		[]*client.Key{m.nodeKey}, m.checkpoint)
	if err != nil {
		return err
	}
	m.record = f.Record
	policy, err := client.TrustGenesis(f.Record)
	if err != nil {
		return err
	}
	if err := h.saveFounders(f); err != nil {
		return err
	}
	if err := writeFile(h.trust(), policy.Format(), 0o644); err != nil {
		return err
	}
	return m.write()
}

// saveFounders writes the founders' own keys, the node's are elsewhere, and a list of
// the founders: role, party id, and the files of their keys.
func (h home) saveFounders(f *devledger.Founders) error {
	if err := os.MkdirAll(h.keys(), 0o700); err != nil {
		return err
	}
	var list bytes.Buffer
	save := func(name string, r *client.Registration) error {
		fmt.Fprintf(&list, "%-10s %s", r.Role, r.Party())
		count := map[codec.Use]int{}
		for _, k := range r.Keys {
			if k.Use() == codec.UseNode || k.Use() == codec.UseCheckpoint {
				continue
			}
			count[k.Use()]++
			file := name + "-" + client.UseName(k.Use())
			if n := count[k.Use()]; n > 1 {
				file = fmt.Sprintf("%s-%d", file, n)
			}
			fmt.Fprintf(&list, " keys/%s.key", file)
			if err := client.SaveKey(filepath.Join(h.keys(), file+".key"), k); err != nil {
				return err
			}
		}
		list.WriteByte('\n')
		return nil
	}
	err := errors.Join(save("hub", f.Hub), save("governance", f.Governance), save("platform", f.Platform))
	for i := range f.Arbiters {
		err = errors.Join(err, save(fmt.Sprintf("arbiter%d", i+1), f.Arbiters[i]))
	}
	for i := range f.Auditors {
		err = errors.Join(err, save(fmt.Sprintf("auditor%d", i+1), f.Auditors[i]))
	}
	if err = errors.Join(err, save("operator", f.Operators[0])); err != nil {
		return err
	}
	return writeFile(h.parties(), list.Bytes(), 0o644)
}
