package consensus

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/forgepool/settle/ledger"
	"github.com/hashicorp/raft"
)

// TestStaleSnapshotRefused sends a follower a snapshot that is older than its state, as
// a delayed or repeated message would: it must change nothing.
func TestStaleSnapshotRefused(t *testing.T) {
	c := newCluster(t, 2, nil)
	c.startAll()
	appended(t, c, c.f.first)
	leader, follower := c.leader(), c.follower()
	stream, meta, size, err := leader.machine.OpenSnapshotReader()
	must(t, err)
	old, err := io.ReadAll(stream)
	must(t, errors.Join(err, stream.Close()))
	appended(t, c, c.f.batch(1, 5))
	before := c.agree()
	extent := follower.replica.Stats()

	out := newOutbound(t, leader)
	var resp raft.InstallSnapshotResponse
	err = out.InstallSnapshot(raft.ServerID(follower.id), raft.ServerAddress(follower.address), &raft.InstallSnapshotRequest{
		RPCHeader:       raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte(leader.id), Addr: []byte(leader.address)},
		SnapshotVersion: raft.SnapshotVersionMax, Term: leader.replica.raft.CurrentTerm(), Leader: []byte(leader.address),
		LastLogIndex: meta.Index, LastLogTerm: meta.Term, Configuration: meta.Configuration, ConfigurationIndex: meta.ConfigIndex,
		Size: size,
	}, &resp, strings.NewReader(string(old)))
	if err == nil || resp.Success || !strings.Contains(err.Error(), ErrStale.Error()) {
		t.Fatalf("success %v, error %v", resp.Success, err)
	}
	after := follower.replica.Stats()
	if after.FirstIndex != extent.FirstIndex || after.LastIndex < extent.LastIndex {
		t.Errorf("the log was %d to %d and is %d to %d", extent.FirstIndex, extent.LastIndex, after.FirstIndex, after.LastIndex)
	}
	if a := follower.machine.Applied(); a.Index < before.Index || a.RootA != before.RootA {
		t.Errorf("the state went from %+v to %+v", before, a)
	}
	appended(t, c, c.f.batch(2, 5))
	c.agree()
}

// newOutbound returns a network with which the test speaks as a node.
func newOutbound(t *testing.T, as *node) *raft.NetworkTransport {
	id, err := LoadIdentity(as.tlsDir(), nil)
	must(t, err)
	closed := &subListener{addr: advertised("test:1"), closed: make(chan struct{})}
	out := raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
		Stream: &streamLayer{subListener: closed, protocol: protocolRaft, identity: id, members: &members{}}, MaxPool: 1, Timeout: patience,
		MaxRPCsInFlight: 1, Logger: quietLogger(),
	})
	t.Cleanup(func() {
		out.CloseStreams()
		_ = out.Close()
	})
	return out
}

// TestRestoreRefuses is the second fence behind the sink.
func TestRestoreRefuses(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.startAll()
	f := c.nodes[0].replica.fsm
	stale := &verifiedSnapshot{meta: &raft.SnapshotMeta{Index: c.nodes[0].machine.Applied().Index}}
	if err := f.Restore(stale); !errors.Is(err, ErrStale) {
		t.Errorf("a stale snapshot: %v", err)
	}
	if err := f.Restore(io.NopCloser(strings.NewReader("user snapshot"))); err == nil {
		t.Error("bytes from anywhere were restored")
	}
}

// TestSinkRefuses checks what a sink does with streams that are not a snapshot.
func TestSinkRefuses(t *testing.T) {
	c := newCluster(t, 1, nil)
	l, err := ledger.Open(c.nodes[0].ledgerDir(), ledgerOptions())
	must(t, err)
	defer l.Close()
	store := &snapshotStore{machine: l, breaker: newBreaker(&diskGuard{}, time.Now)}
	create := func(index uint64) raft.SnapshotSink {
		sink, err := store.Create(raft.SnapshotVersionMax, index, 1, raft.Configuration{}, 1, nil)
		must(t, err)
		return sink
	}
	if err := create(7).Close(); err == nil {
		t.Error("an empty snapshot was accepted")
	}
	sink := create(8)
	_, err = io.WriteString(sink, "not a snapshot at all")
	if err == nil {
		err = sink.Close()
	}
	if err == nil {
		t.Error("garbage was accepted")
	}
	must(t, sink.Cancel())
	if _, _, err := store.Open(incomingSnapshot); err == nil {
		t.Error("a snapshot that failed can be opened")
	}
	list, err := store.List()
	if err != nil || len(list) != 0 {
		t.Errorf("an empty ledger lists %v, %v", list, err)
	}
}

// TestMembership adds, promotes and removes a server, and moves the leadership.
func TestMembership(t *testing.T) {
	c := newCluster(t, 2, nil)
	c.startAll()
	appended(t, c, c.f.first)
	third := c.newNode("n3")
	must(t, third.start())
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	leader := c.leader().replica
	if err := leader.Promote(ctx, "n3"); !errors.Is(err, ErrUnknownServer) {
		t.Errorf("promote a stranger: %v", err)
	}
	must(t, leader.AddNonvoter(ctx, "n3", third.address))
	third.waitJoined()
	c.until("n3 can be promoted", func() bool {
		err := leader.Promote(ctx, "n3")
		if err != nil && !errors.Is(err, ErrNotCaughtUp) {
			t.Fatal(err)
		}
		return err == nil
	})
	voters := 0
	for _, p := range leader.Voters() {
		if p.Voter && p.API == "http://"+p.ID+".test" {
			voters++
		}
	}
	if voters != 3 {
		t.Fatalf("members %+v", leader.Voters())
	}
	must(t, leader.Transfer(ctx, "n3"))
	c.until("n3 leads", func() bool { return third.replica.LeaderReady() })
	appended(t, c, c.f.batch(1, 3))
	c.agree()

	gone := c.nodes[0]
	must(t, third.replica.Remove(ctx, gone.id))
	gone.stop()
	appended(t, c, c.f.batch(2, 3))
	c.agree()
	must(t, gone.start()) // it does not know yet
	_, err := dial(ctx, mustIdentity(t, gone), protocolHTTP, third.address, "n3")
	if err == nil {
		conn, _ := gone.replica.DialHTTP(ctx, "n3")
		if conn != nil {
			_, err = conn.Read(make([]byte, 1))
			_ = conn.Close()
		}
	}
	if err == nil {
		t.Error("a removed server is still heard")
	}
	appended(t, c, c.f.batch(3, 3))
}

func mustIdentity(t *testing.T, n *node) *Identity {
	id, err := LoadIdentity(n.tlsDir(), nil)
	must(t, err)
	return id
}
