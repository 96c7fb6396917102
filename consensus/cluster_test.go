package consensus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/forgepool/settle/ledger"
)

// patience bounds every wait in these tests. It only matters when something is wrong.
const patience = 60 * time.Second

// cluster is a number of replicas in one process: real TLS on loopback, real ledgers
// and logs on disk.
type cluster struct {
	t     testing.TB
	f     *fixture
	ca    *Authority
	nodes []*node
	tune  func(*Options)
	mu    sync.Mutex // guards node.replica where clients run beside restarts
}

// node is one replica and its directories, which outlive it.
type node struct {
	c       *cluster
	id      string
	dir     string
	address string
	boot    []Peer

	machine *ledger.Ledger
	replica *Replica

	mu    sync.Mutex
	fatal *FatalError
}

func newCluster(t testing.TB, n int, tune func(*Options)) *cluster {
	t.Helper()
	ca, err := NewAuthority("test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, f: loadFixture(t), ca: ca, tune: tune}
	var peers []Peer
	for i := range n {
		nd := c.newNode(fmt.Sprintf("n%d", i+1))
		peers = append(peers, Peer{ID: nd.id, Address: nd.address, Voter: true})
	}
	for _, nd := range c.nodes {
		nd.boot = peers
	}
	t.Cleanup(func() {
		for _, nd := range c.nodes {
			nd.stop()
		}
	})
	return c
}

// newNode makes a node with credentials and an empty ledger, not started.
func (c *cluster) newNode(id string) *node {
	c.t.Helper()
	nd := &node{c: c, id: id, dir: filepath.Join(c.t.TempDir(), id), address: freeAddress(c.t)}
	must(c.t, os.MkdirAll(nd.tlsDir(), 0o700))
	credentials, err := c.ca.Issue(id, time.Now())
	must(c.t, err)
	must(c.t, credentials.Write(nd.tlsDir()))
	l, err := ledger.Create(nd.ledgerDir(), c.f.genesis, ledgerOptions())
	must(c.t, err)
	must(c.t, l.Close())
	c.nodes = append(c.nodes, nd)
	return nd
}

func ledgerOptions() ledger.Options {
	return ledger.Options{MemTableBytes: 4 << 20, CacheBytes: 4 << 20}
}

func (n *node) tlsDir() string    { return filepath.Join(n.dir, "tls") }
func (n *node) raftDir() string   { return filepath.Join(n.dir, "raft") }
func (n *node) walDir() string    { return filepath.Join(n.dir, "raft", "wal") }
func (n *node) ledgerDir() string { return filepath.Join(n.dir, "ledger") }

// freeAddress returns a loopback address that nobody listens on.
func freeAddress(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// options returns what start starts the node with.
func (n *node) options() (Options, error) {
	listener, err := net.Listen("tcp", n.address)
	if err != nil {
		return Options{}, err
	}
	identity, err := LoadIdentity(n.tlsDir(), nil)
	if err != nil {
		return Options{}, err
	}
	o := Options{
		ID: n.id, Dir: n.raftDir(), Machine: n.machine, Listener: listener, Identity: identity,
		Bootstrap: n.boot, API: "http://" + n.id + ".test", Fatal: n.noteFatal,
		Clock:  func() time.Time { return n.c.f.clock },
		Logger: slog.New(slog.NewTextHandler(testLog(n.c.t), nil)),
		// Elections in a fifth of a second, with room for a busy machine.
		HeartbeatTimeout: 300 * time.Millisecond, ElectionTimeout: 300 * time.Millisecond,
		LeaseTimeout: 250 * time.Millisecond, CommitTimeout: 5 * time.Millisecond, SegmentBytes: 4 << 20,
	}
	if n.c.tune != nil {
		n.c.tune(&o)
	}
	return o, nil
}

// testLog is where replicas log: nowhere, unless the test is verbose.
func testLog(t testing.TB) io.Writer {
	if testing.Verbose() && os.Getenv("CONSENSUS_LOG") != "" {
		return os.Stderr
	}
	return io.Discard
}

// noteFatal records why the process would have ended, and ends the goroutine as the
// end of the process would.
func (n *node) noteFatal(err *FatalError) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fatal = err
}

func (n *node) died() *FatalError {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.fatal
}

// start opens ledger and replica.
func (n *node) start() error {
	if n.machine == nil {
		l, err := ledger.Open(n.ledgerDir(), ledgerOptions())
		if err != nil {
			return err
		}
		n.machine = l
	}
	o, err := n.options()
	if err == nil {
		n.replica, err = Open(o)
	}
	if err != nil {
		n.replica = nil
		return errors.Join(err, n.closeMachine())
	}
	return nil
}

func (n *node) closeMachine() error {
	l := n.machine
	n.machine = nil
	return l.Close()
}

// stop closes the node; it is not told to give its leadership away.
func (n *node) stop() {
	if n.replica == nil {
		return
	}
	if err := n.replica.Close(); err != nil && n.died() == nil {
		n.c.t.Errorf("%s: close: %v", n.id, err)
	}
	n.replica = nil
	must(n.c.t, n.closeMachine())
}

// startAll starts every node at once, as a cluster that was powered on.
func (c *cluster) startAll() {
	c.t.Helper()
	var wg sync.WaitGroup
	errs := make([]error, len(c.nodes))
	for i, n := range c.nodes {
		wg.Go(func() { errs[i] = n.start() })
	}
	wg.Wait()
	must(c.t, errors.Join(errs...))
	for _, n := range c.nodes {
		n.waitJoined()
	}
}

func (n *node) waitJoined() {
	n.c.t.Helper()
	select {
	case <-n.replica.Joined():
	case <-time.After(patience):
		n.c.t.Fatalf("%s did not join: %+v", n.id, n.replica.Stats())
	}
}

// leader waits for a ready leader.
func (c *cluster) leader() *node {
	c.t.Helper()
	var found *node
	c.until("a leader is ready", func() bool {
		for _, n := range c.nodes {
			if n.replica != nil && n.replica.LeaderReady() {
				found = n
				return true
			}
		}
		return false
	})
	return found
}

// follower returns a running node that is not the leader.
func (c *cluster) follower() *node {
	leader := c.leader()
	for _, n := range c.nodes {
		if n != leader && n.replica != nil {
			return n
		}
	}
	c.t.Fatal("no follower")
	return nil
}

// until polls a condition.
func (c *cluster) until(what string, ok func() bool) {
	c.t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			c.t.Fatalf("not within %v: %s\n%s", patience, what, buf[:runtime.Stack(buf, true)])
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// submit sends a batch to whoever leads until its outcome is definite, as a client
// would, and returns the result.
func (c *cluster) submit(batch []byte) ledger.BatchResult {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		result, err := c.leader().replica.Submit(ctx, batch, nil)
		if err == nil {
			return result
		}
		var notLeader *NotLeaderError
		if !errors.As(err, &notLeader) && !errors.Is(err, ErrUnknown) && !errors.Is(err, ErrOverloaded) {
			c.t.Fatal(err)
		}
	}
}

// agree waits until all running nodes have applied the same entry, and checks that they
// have the same state.
func (c *cluster) agree() ledger.Applied {
	c.t.Helper()
	var want ledger.Applied
	c.until("all replicas applied the same entries", func() bool {
		want = c.leader().machine.Applied()
		for _, n := range c.nodes {
			if n.replica != nil && n.machine.Applied().Index != want.Index {
				return false
			}
		}
		return true
	})
	for _, n := range c.nodes {
		if n.replica == nil {
			continue
		}
		got := n.machine.Applied()
		if got.Size != want.Size || got.RootA != want.RootA || got.RootB != want.RootB || got.StateSum != want.StateSum {
			c.t.Fatalf("%s has %+v, the leader %+v", n.id, got, want)
		}
	}
	return want
}

func quietSlog() *slog.Logger { return slog.New(slog.DiscardHandler) }
