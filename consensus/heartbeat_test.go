package consensus

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
)

// plainStream is a stream layer without TLS.
type plainStream struct{ net.Listener }

func (plainStream) Dial(address raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	return net.DialTimeout("tcp", string(address), timeout)
}

func newPlainTransport(t *testing.T) *raft.NetworkTransport {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	return raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
		Stream: plainStream{l}, MaxPool: 3, MaxRPCsInFlight: 1, Timeout: patience, Logger: quietLogger(),
	})
}

func quietLogger() hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Output: io.Discard, Level: hclog.Off})
}

// puppet is a peer that grants every vote and accepts every entry, until it is told to
// leave everything unanswered.
type puppet struct {
	*raft.NetworkTransport
	stop chan struct{}
	done chan struct{}
}

func newPuppet(t *testing.T) *puppet {
	p := &puppet{NetworkTransport: newPlainTransport(t), stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		for {
			select {
			case <-p.stop:
				return
			case rpc := <-p.Consumer():
				p.answer(rpc)
			}
		}
	}()
	return p
}

func (p *puppet) answer(rpc raft.RPC) {
	header := raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax}
	switch req := rpc.Command.(type) {
	case *raft.RequestPreVoteRequest:
		rpc.Respond(&raft.RequestPreVoteResponse{RPCHeader: header, Term: req.Term, Granted: true}, nil)
	case *raft.RequestVoteRequest:
		rpc.Respond(&raft.RequestVoteResponse{RPCHeader: header, Term: req.Term, Granted: true}, nil)
	case *raft.AppendEntriesRequest:
		last := req.PrevLogEntry
		if n := len(req.Entries); n > 0 {
			last = req.Entries[n-1].Index
		}
		rpc.Respond(&raft.AppendEntriesResponse{RPCHeader: header, Term: req.Term, LastLog: last, Success: true}, nil)
	}
}

// freeze leaves all further requests unanswered.
func (p *puppet) freeze() {
	close(p.stop)
	<-p.done
}

// deposed makes a leader of two in term T with the given transport, tells it by a
// heartbeat that there is a leader of term T+1, and proposes "X" at once. It returns
// T, the log, and the error of the proposal.
func deposed(t *testing.T, wrap func(*raft.NetworkTransport) raft.Transport) (uint64, *raft.InmemStore, error) {
	peer := newPuppet(t)
	inner := newPlainTransport(t)
	store := raft.NewInmemStore()
	config := raft.DefaultConfig()
	config.LocalID, config.Logger = "a", quietLogger()
	// The first election is soon; afterwards no timer wakes the leader.
	config.HeartbeatTimeout, config.ElectionTimeout, config.LeaderLeaseTimeout = 10*time.Second, 10*time.Second, 10*time.Second
	config.CommitTimeout = time.Minute
	trans := wrap(inner)
	snapshots := raft.NewInmemSnapshotStore()
	servers := raft.Configuration{Servers: []raft.Server{
		{ID: "a", Address: inner.LocalAddr()}, {ID: "b", Address: peer.LocalAddr()},
	}}
	must(t, raft.BootstrapCluster(config, store, store, snapshots, trans, servers))
	r, err := raft.NewRaft(config, &raft.MockFSM{}, store, store, snapshots, trans)
	must(t, err)
	t.Cleanup(func() {
		_ = peer.Close()
		_ = inner.Close()
		_ = r.Shutdown().Error()
		inner.CloseStreams()
		peer.CloseStreams()
	})
	// A transfer of leadership is the way to an election without waiting for a timer.
	var voted raft.TimeoutNowResponse
	must(t, peer.TimeoutNow("a", inner.LocalAddr(), &raft.TimeoutNowRequest{
		RPCHeader: raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte("b")},
	}, &voted))
	for r.State() != raft.Leader {
		time.Sleep(time.Millisecond)
	}
	must(t, r.Apply([]byte("before"), patience).Error())
	term := r.CurrentTerm()
	peer.freeze()
	var resp raft.AppendEntriesResponse
	must(t, peer.AppendEntries("a", inner.LocalAddr(), &raft.AppendEntriesRequest{
		RPCHeader: raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte("b"), Addr: []byte(peer.LocalAddr())},
		Term:      term + 1,
	}, &resp))
	if resp.Term != term+1 {
		t.Fatalf("heartbeat of term %d was answered with term %d", term+1, resp.Term)
	}
	future := r.Apply([]byte("X"), patience)
	result := make(chan error, 1)
	go func() { result <- future.Error() }()
	select {
	case err = <-result:
	case <-time.After(2 * time.Second):
	}
	return term, store, err
}

// forged says whether the log has "X" under a term that its leader was not elected in.
func forged(t *testing.T, store *raft.InmemStore, term uint64) bool {
	last, err := store.LastIndex()
	must(t, err)
	for index := uint64(1); index <= last; index++ {
		var l raft.Log
		must(t, store.GetLog(index, &l))
		if string(l.Data) == "X" && l.Term > term {
			return true
		}
	}
	return false
}

// TestDeposedLeaderWritesNothing is the schedule of hashicorp/raft issue 695 against our
// transport.
func TestDeposedLeaderWritesNothing(t *testing.T) {
	term, store, err := deposed(t, func(n *raft.NetworkTransport) raft.Transport {
		return slowHeartbeats{n}
	})
	if err != raft.ErrNotLeader {
		t.Errorf("a deposed leader answered %v to a proposal", err)
	}
	if forged(t, store, term) {
		t.Error("a deposed leader wrote an entry under the new leader's term")
	}
}

// TestDeposedLeaderNeedsTheGuard shows that the schedule above still catches raft
// without the guard. If it fails, raft was repaired and the guard may go.
func TestDeposedLeaderNeedsTheGuard(t *testing.T) {
	term, store, _ := deposed(t, func(n *raft.NetworkTransport) raft.Transport { return n })
	if !forged(t, store, term) {
		t.Error("raft's own transport did not show the fault")
	}
}
