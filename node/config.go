package node

import (
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/forgepool/settle/consensus"
	"github.com/forgepool/settle/ledger"
)

// Config describes a node. Fields without a default are required.
type Config struct {
	// Dir is the data directory.
	Dir string
	// Genesis is the record at index 0. It founds the ledger at the first start; later
	// it must be the one that the directory holds.
	Genesis []byte
	// Identity is the node's certificate for the cluster; it has the server id.
	Identity *consensus.Identity
	// Cluster is the listening address of the cluster port, host:port.
	Cluster string
	// Advertise is where peers reach the cluster port. Default: where it listens.
	Advertise string
	// Bootstrap lists the first voters, the same on each of them; empty to join a
	// cluster that runs.
	Bootstrap []consensus.Peer
	// API is the listening address of the HTTP contract, host:port.
	API string
	// AdvertiseAPI is where others reach the API. Default: where it listens.
	AdvertiseAPI string
	// APITLS serves the API over TLS. Default: plain HTTP, for a proxy or loopback.
	APITLS *tls.Config
	// Metrics is the listening address of Prometheus metrics. Default: none.
	Metrics string
	// Admin is the path of the unix socket for operators. Default: Dir/admin.sock.
	Admin string

	// NodeKey signs attestations: the operator's key of use node. Without it the node
	// attests nothing.
	NodeKey ed25519.PrivateKey
	// CheckpointKey signs checkpoints when this node leads. Without it the node
	// publishes nothing, and checkpoints wait for another leader.
	CheckpointKey ed25519.PrivateKey

	// CheckpointInterval and CheckpointRecords say when a checkpoint is due: after so
	// much time or so many new records. Defaults 1 s, 1,000.
	CheckpointInterval time.Duration
	CheckpointRecords  uint64
	// OpenReads serves everything to everybody, without signed requests: for ledgers to
	// play with. Default: only leaves, proofs, checkpoints and what follows from them.
	OpenReads bool
	// MaxSubmits bounds batches decided at a time. Default as in api.HandlerOptions.
	MaxSubmits int
	// MaxArtifact bounds one artifact in bytes. Default api.MaxArtifact, which is also
	// the most.
	MaxArtifact int64
	// ArtifactAge is how long an artifact is kept after its arrival; a settlement that names
	// it keeps it up to its retain_until at least. Default 90 days, at least an hour.
	ArtifactAge time.Duration
	// MinFree is the free disk space in bytes below which submissions and artifacts are
	// refused with storage_full; at half of it a leader gives the leadership away.
	// Default 1 GiB.
	MinFree uint64

	// Raft and Ledger tune what is below; only fields that have a default count.
	Raft   consensus.Options
	Ledger ledger.Options

	// Logger gets what a person should know. Default slog.Default.
	Logger *slog.Logger
	// Exit must end the process with this code. It is called at most once, from any
	// goroutine. Required.
	Exit func(code int)
}

func (c Config) withDefaults() (Config, error) {
	switch {
	case c.Dir == "" || len(c.Genesis) == 0 || c.Identity == nil || c.Cluster == "" || c.API == "" || c.Exit == nil:
		return c, errors.New("node: Dir, Genesis, Identity, Cluster, API and Exit are required")
	case c.NodeKey != nil && len(c.NodeKey) != ed25519.PrivateKeySize, c.CheckpointKey != nil && len(c.CheckpointKey) != ed25519.PrivateKeySize:
		return c, errors.New("node: NodeKey and CheckpointKey are Ed25519 private keys")
	case c.MaxArtifact < 0 || c.MaxArtifact > maxArtifact:
		return c, errors.New("node: MaxArtifact is out of range")
	case c.ArtifactAge != 0 && c.ArtifactAge < time.Hour:
		return c, errors.New("node: ArtifactAge is below an hour")
	}
	if c.Admin == "" {
		c.Admin = filepath.Join(c.Dir, "admin.sock")
	}
	if c.CheckpointInterval == 0 {
		c.CheckpointInterval = time.Second
	}
	if c.CheckpointRecords == 0 {
		c.CheckpointRecords = 1_000
	}
	if c.MaxArtifact == 0 {
		c.MaxArtifact = maxArtifact
	}
	if c.ArtifactAge == 0 {
		c.ArtifactAge = 90 * 24 * time.Hour
	}
	if c.MinFree == 0 {
		c.MinFree = 1 << 30
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c, nil
}
