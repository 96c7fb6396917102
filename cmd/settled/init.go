package main

import (
	"bytes"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/consensus"
)

// initFlags are the flags of init that are not settings.
type initFlags struct {
	id, newCluster, authority, checkpointKey, genesis string
}

func (a *app) init() *cobra.Command {
	var f initFlags
	c := &cobra.Command{
		Use:   "init",
		Short: "Make a node's data directory, or install the genesis in it",
		Long: `Init makes a node: its certificate for the cluster, its keys and its settings. The first
node of a cluster makes the cluster's authority and the checkpoint key (--new-cluster);
the others are given both (--authority, --checkpoint-key). The authority's directory and
the key file are secrets: copy them over a safe channel, keep their mode 0600.

The founders then register the nodes' keys in a genesis (settle draft genesis), and init
installs it, with the same --peer list on every first voter. Without --peer the node waits
to be added to a cluster that runs (settled member add). Both steps may be one call.`,
		Example: `  settled init --dir n1 --id n1 --new-cluster example --cluster-addr 10.0.0.1:7200
  settled init --dir n2 --id n2 --authority n1/authority --checkpoint-key n1/checkpoint.key --cluster-addr 10.0.0.2:7200
  settled init --dir n1 --genesis genesis.record --peer n1=10.0.0.1:7200 --peer n2=10.0.0.2:7200`,
		Args: a.takes(),
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.id, "id", "", "`name` of the node: its raft server id, used once and never again")
	flags.StringVar(&f.newCluster, "new-cluster", "", "make the authority of a new cluster of this `name`")
	flags.StringVar(&f.authority, "authority", "", "`directory` of the cluster's authority, which another node's init made")
	flags.StringVar(&f.checkpointKey, "checkpoint-key", "", "checkpoint key `file` to copy; made if the cluster is new")
	flags.StringVar(&f.genesis, "genesis", "", "genesis record `file` to install")
	flags.AddFlagSet(new(settings).flags())
	c.RunE = func(c *cobra.Command, _ []string) error {
		h := home(a.dir)
		var result *initResult
		var err error
		if exists(h.conf()) {
			result, err = h.complete(&f, c)
		} else {
			result, err = h.make(&f, c)
		}
		if err != nil {
			return err
		}
		return a.print(result)
	}
	return c
}

// make makes a new node. Everything that can be wrong is found before anything is
// written; the settings come last, so that they say the directory is complete.
func (h home) make(f *initFlags, c *cobra.Command) (*initResult, error) {
	if f.id == "" || (f.newCluster == "") == (f.authority == "") {
		return nil, usage("a new node needs --id and one of --new-cluster and --authority: see settled init --help")
	}
	s := new(settings)
	file := s.flags()
	if err := override(file, c.Flags()); err != nil {
		return nil, usage("%v", err)
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := s.checkSelf(f.id); err != nil {
		return nil, err
	}
	m := &making{home: h, nodeKey: client.GenerateKey(codec.UseNode), conf: formatSettings(file)}
	if err := m.gather(f, time.Now()); err != nil {
		return nil, err
	}
	if err := m.write(); err != nil {
		return nil, hint(err, "if an earlier init did not finish in %s, remove it and begin again", h)
	}
	return h.describe(s)
}

// complete installs a genesis, and changed settings, in a directory made before.
func (h home) complete(f *initFlags, c *cobra.Command) (*initResult, error) {
	if f.id != "" || f.newCluster != "" || f.authority != "" || f.checkpointKey != "" || f.genesis == "" {
		return nil, hint(fmt.Errorf("%s holds a node already", h),
			"install the genesis with --genesis FILE and nothing but settings, or choose another directory; to replace a broken node: settled reseed --help")
	}
	s, file, err := h.loadSettings(c.Flags())
	if err != nil {
		return nil, err
	}
	id, err := consensus.LoadIdentity(h.identity(), nil)
	if err != nil {
		return nil, err
	}
	if err := s.checkSelf(id.Server); err != nil {
		return nil, err
	}
	record, err := readGenesis(f.genesis)
	if err != nil {
		return nil, err
	}
	if err := h.installGenesis(record); err != nil {
		return nil, err
	}
	if err := writeFile(h.conf(), formatSettings(file), 0o600); err != nil {
		return nil, err
	}
	return h.describe(s)
}

// keyInfo is what may be shown of a key.
type keyInfo struct {
	File   string     `json:"file"`
	Use    string     `json:"use"`
	ID     codec.Hash `json:"id"`
	Public codec.Hash `json:"public"`
}

// initResult is what init says of the directory.
type initResult struct {
	Dir     string    `json:"dir"`
	ID      string    `json:"id"`
	Cluster string    `json:"cluster"`
	Keys    []keyInfo `json:"keys"`
	Genesis bool      `json:"genesis"` // installed
	Origin  string    `json:"origin,omitempty"`
	Peers   []string  `json:"peers"` // first voters; empty: the node waits to be added
	Next    []string  `json:"next"`
}

// String returns the result for a person.
func (r *initResult) String() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "node %s of cluster %s in %s\n", r.ID, r.Cluster, r.Dir)
	t := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	for _, k := range r.Keys {
		fmt.Fprintf(t, "  %s key\t%s\t%s\n", k.Use, k.Public, k.File)
	}
	if r.Genesis {
		fmt.Fprintf(t, "  genesis\t%s\n", r.Origin)
	}
	if len(r.Peers) > 0 {
		fmt.Fprintf(t, "  first voters\t%s\n", strings.Join(r.Peers, " "))
	}
	_ = t.Flush() // into memory
	b.WriteString("next:\n")
	for _, step := range r.Next {
		fmt.Fprintf(&b, "  %s\n", step)
	}
	return b.String()
}

// describe returns what a directory holds and what its operator does next.
func (h home) describe(s *settings) (*initResult, error) {
	id, err := consensus.LoadIdentity(h.identity(), nil)
	if err != nil {
		return nil, err
	}
	r := &initResult{Dir: string(h), ID: id.Server, Cluster: id.Cluster, Peers: append([]string{}, s.peers...)}
	for _, path := range []string{h.nodeKey(), h.checkpointKey()} {
		if !exists(path) {
			continue
		}
		k, err := client.LoadKey(path)
		if err != nil {
			return nil, err
		}
		r.Keys = append(r.Keys, keyInfo{File: path, Use: client.UseName(k.Use()), ID: k.ID(), Public: k.Public()})
	}
	if !exists(h.genesis()) {
		r.Next = h.stepsToGenesis(r)
		return r, nil
	}
	record, err := readFile(h.genesis(), codec.MaxRecord)
	if err != nil {
		return nil, err
	}
	g, parties, err := client.Genesis(record)
	if err != nil {
		return nil, err
	}
	r.Genesis, r.Origin = true, g.OriginA
	r.Next = h.stepsToRun(s, r, parties)
	return r, nil
}
