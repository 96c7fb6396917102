package node

import (
	"context"
	"crypto/ed25519"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/consensus"
	"github.com/forgepool/settle/proof"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	originA = "ledger.example/test/blake3"
	originB = "ledger.example/test"
	cycle   = 202609
	patient = 30 * time.Second
)

var program = codec.Program{Family: "aggregate", Version: 1, Profile: "group.v1"}

// party makes a registration with an owner key and further keys.
func party(role codec.Role, keys ...*client.Key) *client.Registration {
	return &client.Registration{Role: role, Keys: append([]*client.Key{client.GenerateKey(codec.UseOwner)}, keys...)}
}

// founders are the parties of a small ledger, with their keys.
type founders struct {
	genesis                   []byte
	hub, governance, platform *client.Registration
	submit, checkpoint        *client.Key
	nodes                     []*client.Key
}

func found(t *testing.T, nodes int) *founders {
	t.Helper()
	f := &founders{submit: client.GenerateKey(codec.UseSubmit), checkpoint: client.GenerateKey(codec.UseCheckpoint)}
	f.hub, f.governance, f.platform = party(codec.RoleHub, f.submit), party(codec.RoleGovernance), party(codec.RolePlatform)
	all := []*client.Registration{f.hub, f.governance, f.platform, party(codec.RoleAuditor), party(codec.RoleArbiter), party(codec.RoleArbiter)}
	for i := range nodes {
		key := client.GenerateKey(codec.UseNode)
		operator := party(codec.RoleOperator, key)
		if i == 0 {
			operator.Keys = append(operator.Keys, f.checkpoint)
		}
		f.nodes, all = append(f.nodes, key), append(all, operator)
	}
	d, err := client.DraftGenesis(&client.GenesisSpec{
		OriginA: originA, OriginB: originB, Name: "test", At: client.Now(), Cycle: cycle, Numbering: codec.CyclesMonths,
		Software: Software, Founders: all, Policy: client.DefaultPolicy(client.Price{Program: program, Class: 5, Num: 3, Den: 2}),
	})
	if err != nil {
		t.Fatal(err)
	}
	f.genesis = d.Record()
	return f
}

// cluster is some nodes of one ledger in this process.
type cluster struct {
	t *testing.T
	*founders
	configs []Config
	nodes   []*Node
	trust   *proof.TrustPolicy

	mu    sync.Mutex
	exits map[string]int // exit codes by server
}

// start founds a ledger and starts n nodes.
func start(t *testing.T, n int) *cluster {
	t.Helper()
	c := &cluster{t: t, founders: found(t, n), nodes: make([]*Node, n), exits: map[string]int{}}
	var err error
	if c.trust, err = client.TrustGenesis(c.genesis); err != nil {
		t.Fatal(err)
	}
	authority, err := consensus.NewAuthority("test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var peers []consensus.Peer
	for i := range n {
		peers = append(peers, consensus.Peer{ID: "n" + string(rune('1'+i)), Address: freeAddress(t), Voter: true})
	}
	for i := range n {
		c.configs = append(c.configs, c.config(authority, peers, i))
	}
	t.Cleanup(func() {
		for i := range c.nodes {
			c.stop(i)
		}
	})
	for i := range n {
		c.start(i)
	}
	c.await()
	return c
}

func (c *cluster) config(authority *consensus.Authority, peers []consensus.Peer, i int) Config {
	dir, err := os.MkdirTemp("", "settle") // short: the admin socket is in it
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { os.RemoveAll(dir) })
	credentials, err := authority.Issue(peers[i].ID, time.Now())
	if err != nil {
		c.t.Fatal(err)
	}
	if err := credentials.Write(dir); err != nil {
		c.t.Fatal(err)
	}
	identity, err := consensus.LoadIdentity(dir, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	config := Config{
		Dir: filepath.Join(dir, "data"), Genesis: c.genesis, Identity: identity, Cluster: peers[i].Address, Bootstrap: peers,
		API: "127.0.0.1:0", Metrics: "127.0.0.1:0", NodeKey: c.founders.nodes[i].Private(), CheckpointKey: c.checkpoint.Private(),
		CheckpointInterval: 100 * time.Millisecond, MinFree: 1 << 20,
		Logger: slog.New(slog.NewTextHandler(logs(), nil)).With("node", peers[i].ID),
		Exit: func(code int) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.exits[peers[i].ID] = code
		},
	}
	config.Raft.HeartbeatTimeout, config.Raft.ElectionTimeout = 500*time.Millisecond, 500*time.Millisecond
	config.Raft.LeaseTimeout, config.Raft.HelloTimeout = 250*time.Millisecond, 500*time.Millisecond
	return config
}

func (c *cluster) start(i int) {
	c.t.Helper()
	n, err := Start(c.configs[i])
	if err != nil {
		c.t.Fatal(err)
	}
	c.nodes[i] = n
}

func (c *cluster) stop(i int) {
	if c.nodes[i] == nil {
		return
	}
	if err := c.nodes[i].Stop(); err != nil {
		c.t.Errorf("stopping node %d: %v", i+1, err)
	}
	c.nodes[i] = nil
}

// await waits until all running nodes are ready.
func (c *cluster) await() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patient)
	defer cancel()
	for _, n := range c.nodes {
		if n == nil {
			continue
		}
		if err := n.Ready(ctx); err != nil {
			c.t.Fatal(err)
		}
	}
}

// leader returns the index of the leader.
func (c *cluster) leader() int {
	c.t.Helper()
	for range 1000 {
		for i, n := range c.nodes {
			if n != nil && n.replica.LeaderReady() {
				return i
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	c.t.Fatal("no leader")
	return 0
}

// client returns an SDK client that asks only node i.
func (c *cluster) client(i int) *client.Client {
	c.t.Helper()
	sdk, err := client.DialAs(c.trust, c.submit, "http://"+c.nodes[i].Address("api"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(sdk.Close)
	return sdk
}

// batch signs items as the hub.
func (c *cluster) batch(items ...client.Item) *client.Batch {
	c.t.Helper()
	b, err := client.NewBatch(originA, c.hub.Party(), c.submit, items, client.BatchOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	return b
}

// registration returns the signed registration of a party of roles 1 to 3.
func (c *cluster) registration(r *client.Registration) client.Item {
	c.t.Helper()
	r.At, r.Cycle = client.Now(), cycle
	d, err := r.Draft(originA)
	if err != nil {
		c.t.Fatal(err)
	}
	return d.Sign(originA, c.hub.Owner()).Item()
}

// commit submits items through node i and returns their outcomes.
func (c *cluster) commit(i int, items ...client.Item) *api.Submission {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patient)
	defer cancel()
	s, err := c.client(i).Submit(ctx, c.batch(items...).Bytes)
	if err != nil {
		c.t.Fatal(err)
	}
	for j, o := range s.Outcomes {
		if o.Kind == codec.Refused {
			c.t.Fatalf("record %d: %s", j, o.Code)
		}
	}
	return s
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// key returns a private key that is the same in every run.
func key25519(name string) ed25519.PrivateKey {
	seed := codec.BlobHash([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// logs returns where nodes log: to the test's output under -v.
func logs() io.Writer {
	if testing.Verbose() {
		return os.Stderr
	}
	return io.Discard
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func codeOf(err error) codec.Code { return api.CodeOf(err) }
