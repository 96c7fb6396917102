package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/consensus"
	"github.com/forgepool/settle/node"
)

func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{a.init(), a.runNode(), a.dev(), a.fsck(), a.member(), a.reseed()}
}

func (a *app) runNode() *cobra.Command {
	c := &cobra.Command{
		Use:   "run",
		Short: "Run the node",
		Long: `Run runs the node of a data directory until it is interrupted; then it gives the leadership
away, finishes what is under way and stops. When the API listens it prints one line on
standard output: "settled: ready api=http://HOST:PORT". It logs on standard error.

A node that must not go on ends with one of these exit codes. After 70, 75 and 76 it may
be started again. After the others the directory keeps a marker and run refuses to start
until settled reseed has replaced the node: its data must not vote again.

  70  the disk or the log failed, or returned other bytes than were written
  71  the raft log was compacted past the state
  72  the end of the raft log is lost
  73  state and log contradict each other
  74  the directory is older than what the cluster knows of this node: it was restored
  75  the same snapshot was installed again and again
  76  a disk write hung
  77  this node's state is not the majority's; both sides are in evidence-*.cbor`,
		Example: `  settled run --dir n1
  settled run --dir n1 --api-addr 0.0.0.0:7100 --metrics 127.0.0.1:7300 --json 2> n1.log`,
		Args: a.takes(),
	}
	c.Flags().SortFlags = false
	c.Flags().AddFlagSet(new(settings).flags())
	c.RunE = func(c *cobra.Command, _ []string) error {
		h := home(a.dir)
		s, _, err := h.loadSettings(c.Flags())
		if err != nil {
			return err
		}
		config, err := h.nodeConfig(s)
		if err != nil {
			return err
		}
		return a.serve(c.Context(), s, config, func(*node.Node) error { return nil })
	}
	return c
}

// serve runs a node until the context ends. Started is called when the API listens,
// before the line that says so.
func (a *app) serve(ctx context.Context, s *settings, config node.Config, started func(*node.Node) error) error {
	logger, err := a.logger(s)
	if err != nil {
		return err
	}
	limitMemory(s.memoryLimit)
	config.Logger, config.Exit = logger, a.exit
	n, err := node.Start(config)
	if err != nil {
		return err
	}
	if err := started(n); err != nil {
		return errors.Join(err, n.Stop())
	}
	fmt.Fprintf(a.stdout, "settled: ready api=%s\n", apiURL(s, n))
	<-ctx.Done()
	a.release()
	logger.Info("stopping; a second signal ends the process at once")
	return n.Stop()
}

// garbage is how much of it may pile up before a collection, in percent of what is in
// use. Most of that is memtables, caches and the filter: without pointers, so a
// collection is cheap, and memory that is used again costs no page faults. At the usual
// 100 a loaded node stands at its memory limit, gives pages back and faults them in
// again, for a tenth of its CPU.
const garbage = 25

// limitMemory tells the collector how much to use, if the environment does not.
func limitMemory(limit int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
}

func apiURL(s *settings, n *node.Node) string {
	scheme := "http"
	if s.apiCert != "" {
		scheme = "https"
	}
	return scheme + "://" + n.Address("api")
}

func (a *app) logger(s *settings) (*slog.Logger, error) {
	level, err := s.level()
	o := &slog.HandlerOptions{Level: level}
	if a.json {
		return slog.New(slog.NewJSONHandler(a.stderr, o)), err
	}
	return slog.New(slog.NewTextHandler(a.stderr, o)), err
}

// nodeConfig reads what a node needs from its directory.
func (h home) nodeConfig(s *settings) (node.Config, error) {
	c := node.Config{
		Dir: string(h), Cluster: s.clusterAddr, Advertise: s.advertiseCluster, API: s.apiAddr, AdvertiseAPI: s.advertiseAPI,
		Metrics: s.metrics, Admin: h.path(s.adminSocket), CheckpointInterval: s.checkpointInterval,
		CheckpointRecords: s.checkpointRecords, MaxSubmits: s.maxSubmits, MaxArtifact: s.maxArtifact, MinFree: s.minFree,
		ArtifactAge: s.artifactAge, OpenReads: s.openReads,
	}
	var err error
	if c.Identity, err = consensus.LoadIdentity(h.identity(), nil); err != nil {
		return c, hint(err, "the files of %s come from settled init and belong together", h.identity())
	}
	if c.Genesis, err = readFile(h.genesis(), codec.MaxRecord); errors.Is(err, fs.ErrNotExist) {
		return c, hint(fmt.Errorf("%s has no genesis yet", h), "settled init --dir %s --genesis FILE", h)
	} else if err != nil {
		return c, err
	}
	if err := s.checkSelf(c.Identity.Server); err != nil {
		return c, err
	}
	if c.Bootstrap, err = s.bootstrap(); err != nil {
		return c, err
	}
	if err := h.loadKeys(&c); err != nil {
		return c, err
	}
	if s.apiCert != "" {
		cert, err := tls.LoadX509KeyPair(h.path(s.apiCert), h.path(s.apiKey))
		if err != nil {
			return c, usage("api-cert, api-key: %v", err)
		}
		c.APITLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}
	}
	return c, nil
}

// loadKeys reads the keys that the node signs with; it may have no checkpoint key.
func (h home) loadKeys(c *node.Config) error {
	key, err := loadKey(h.nodeKey(), codec.UseNode)
	if err != nil {
		return err
	}
	c.NodeKey = key.Private()
	if !exists(h.checkpointKey()) {
		return nil
	}
	if key, err = loadKey(h.checkpointKey(), codec.UseCheckpoint); err != nil {
		return err
	}
	c.CheckpointKey = key.Private()
	return nil
}

// loadKey reads a key file of this use.
func loadKey(path string, use codec.Use) (*client.Key, error) {
	key, err := client.LoadKey(path)
	if err != nil {
		return nil, usage("%v", err)
	}
	if key.Use() != use {
		return nil, usage("%s has the use %s, not %s", path, client.UseName(key.Use()), client.UseName(use))
	}
	return key, nil
}
