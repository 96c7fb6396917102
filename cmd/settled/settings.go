package main

import (
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/consensus"
)

// settings are what settled.conf holds. The same names are flags of init, run and dev,
// which override the file.
type settings struct {
	clusterAddr, advertiseCluster string
	apiAddr, advertiseAPI         string
	apiCert, apiKey               string
	metrics, adminSocket          string
	peers                         []string
	checkpointInterval            time.Duration
	checkpointRecords             uint64
	maxSubmits                    int
	maxArtifact                   int64
	artifactAge                   time.Duration
	minFree                       uint64
	memoryLimit                   int64
	openReads                     bool
	logLevel                      string
}

// flags sets every default and returns the settings as flags, in the order of the file.
// Their help is the file's comments.
func (s *settings) flags() *pflag.FlagSet {
	f := pflag.NewFlagSet("settings", pflag.ContinueOnError)
	f.SortFlags = false
	f.StringVar(&s.clusterAddr, "cluster-addr", "127.0.0.1:7200", "`host:port` on which this node listens for its peers")
	f.StringVar(&s.advertiseCluster, "advertise-cluster", "", "`host:port` under which peers reach it, if another one")
	f.StringVar(&s.apiAddr, "api-addr", "127.0.0.1:7100", "`host:port` on which this node serves the API")
	f.StringVar(&s.advertiseAPI, "advertise-api", "", "`host:port` under which clients reach it, if another one")
	f.StringVar(&s.apiCert, "api-cert", "", "PEM `file` with the API's certificate chain; without one the API is plain HTTP")
	f.StringVar(&s.apiKey, "api-key", "", "PEM `file` with the certificate's key")
	f.StringVar(&s.metrics, "metrics", "", "`host:port` for Prometheus metrics; none if empty")
	f.StringVar(&s.adminSocket, "admin-socket", "", "`path` of the socket of settled member (default admin.sock in the data directory)")
	f.StringArrayVar(&s.peers, "peer", nil, "`id=host:port` of a first voter of a new cluster, this node included, the same on all; repeat it. Without any the node waits to be added to a running cluster")
	f.DurationVar(&s.checkpointInterval, "checkpoint-interval", time.Second, "longest time between checkpoints while records arrive")
	f.Uint64Var(&s.checkpointRecords, "checkpoint-records", 1_000, "new records that make a checkpoint due earlier")
	f.IntVar(&s.maxSubmits, "max-submits", 16, "batches decided at a time; more are told to wait")
	f.Int64Var(&s.maxArtifact, "max-artifact", api.MaxArtifact, "largest artifact in bytes")
	f.DurationVar(&s.artifactAge, "artifact-age", 90*24*time.Hour, "how long artifacts are kept after they came; what a settlement names stays up to its retain_until at least")
	f.Uint64Var(&s.minFree, "min-free", 1<<30, "free bytes on the disk below which submissions are refused")
	f.Int64Var(&s.memoryLimit, "memory-limit", 260<<20, "soft limit in bytes of the memory that the process manages; GOMEMLIMIT in the environment wins")
	f.BoolVar(&s.openReads, "open-reads", false, "serve details, labels, artifacts and statements to everybody, unsigned: only for a ledger to play with")
	f.StringVar(&s.logLevel, "log-level", "info", "least `level` of log lines: debug, info, warn, error")
	return f
}

// override sets what a command's flags say otherwise.
func override(file, command *pflag.FlagSet) error {
	var failed error
	command.Visit(func(given *pflag.Flag) {
		own := file.Lookup(given.Name)
		if own == nil || failed != nil {
			return
		}
		if list, ok := own.Value.(pflag.SliceValue); ok {
			failed = list.Replace(given.Value.(pflag.SliceValue).GetSlice())
			return
		}
		failed = own.Value.Set(given.Value.String())
	})
	return failed
}

// check refuses what cannot work, by the setting's name.
func (s *settings) check() error {
	for name, address := range map[string]string{
		"cluster-addr": s.clusterAddr, "advertise-cluster": s.advertiseCluster,
		"api-addr": s.apiAddr, "advertise-api": s.advertiseAPI, "metrics": s.metrics,
	} {
		required := name == "cluster-addr" || name == "api-addr"
		if address == "" && !required {
			continue
		}
		if _, _, err := net.SplitHostPort(address); err != nil {
			return usage("%s is %q: host:port expected", name, address)
		}
	}
	host, _, _ := net.SplitHostPort(s.clusterAddr)
	if ip := net.ParseIP(host); s.advertiseCluster == "" && (host == "" || ip != nil && ip.IsUnspecified()) {
		return usage("cluster-addr %s names no address that peers could use: set advertise-cluster", s.clusterAddr)
	}
	if (s.apiCert == "") != (s.apiKey == "") {
		return usage("api-cert and api-key go together")
	}
	if s.checkpointInterval < 10*time.Millisecond || s.checkpointRecords == 0 {
		return usage("checkpoint-interval is at least 10ms and checkpoint-records at least 1")
	}
	if s.maxSubmits < 1 || s.maxArtifact < 1 || s.maxArtifact > api.MaxArtifact || s.minFree == 0 {
		return usage("max-submits and min-free are at least 1, max-artifact 1 to %d", api.MaxArtifact)
	}
	if s.artifactAge < time.Hour {
		return usage("artifact-age is at least 1h")
	}
	if s.memoryLimit < 128<<20 {
		return usage("memory-limit is at least %d: the store alone needs that", 128<<20)
	}
	if _, err := s.level(); err != nil {
		return err
	}
	_, err := s.bootstrap()
	return err
}

func (s *settings) level() (l slog.Level, err error) {
	if err := l.UnmarshalText([]byte(s.logLevel)); err != nil {
		return l, usage("log-level is %q: debug, info, warn or error", s.logLevel)
	}
	return l, nil
}

// bootstrap returns the first voters.
func (s *settings) bootstrap() ([]consensus.Peer, error) {
	var peers []consensus.Peer
	seen := map[string]bool{}
	for _, text := range s.peers {
		id, address, ok := strings.Cut(text, "=")
		_, _, err := net.SplitHostPort(address)
		if !ok || id == "" || err != nil {
			return nil, usage("peer %q: id=host:port expected", text)
		}
		if seen[id] || seen[address] {
			return nil, usage("peer %q: id or address stands twice", text)
		}
		seen[id], seen[address] = true, true
		peers = append(peers, consensus.Peer{ID: id, Address: address, Voter: true})
	}
	return peers, nil
}

// reached returns the address under which peers reach this node.
func (s *settings) reached() string {
	if s.advertiseCluster != "" {
		return s.advertiseCluster
	}
	return s.clusterAddr
}

// checkSelf refuses first voters of which this node is none.
func (s *settings) checkSelf(id string) error {
	peers, err := s.bootstrap()
	if err != nil || len(peers) == 0 {
		return err
	}
	for _, p := range peers {
		if p.ID == id {
			return nil
		}
	}
	return hint(usage("the peers do not list this node, %s", id), "add --peer %s", id+"="+s.reached())
}
