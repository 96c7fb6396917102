package consensus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
)

var errClosed = errors.New("replica is closed")

// Replica is one running replica. All methods may be called from any goroutine.
type Replica struct {
	o           Options // with defaults
	lock        *DirLock
	incarnation incarnation // of this start
	extent      logExtent   // of the log at the start

	guard     *diskGuard
	log       *logStore
	stable    *stableStore
	ahead     *preparer
	snapshots *snapshotStore
	fsm       *fsm

	members   *members
	mux       *mux
	layers    []*streamLayer
	transport *transport
	peers     *peerServer

	raft      *raft.Raft
	retention *retention
	proposer  *proposer

	readyTerm atomic.Uint64 // see LeaderReady; written by watchLeadership
	joined    chan struct{} // closed by announce

	ctx     context.Context // ends when the replica closes
	cancel  context.CancelFunc
	tasks   sync.WaitGroup // watchLeadership, announce, retention
	closers []func() error // in order of construction
	once    sync.Once
	closed  error
}

// Open starts a replica. It returns before the replica has joined (see Joined) or knows
// a leader (see WaitLeader). A *FatalError says that this directory must not be started
// again without repair; an error that wraps ErrLocked, that it is in use.
//
// The order matters: own lock, state against log, network, peers' memory of this
// server, and only then raft, which may vote at once.
func Open(o Options) (*Replica, error) {
	if o.Listener == nil {
		return nil, errors.New("consensus: Listener is required")
	}
	r := &Replica{joined: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	listener := o.Listener
	r.onClose(func() error { return ignoreClosed(listener.Close()) })
	err := r.open(o)
	if err == nil {
		return r, nil
	}
	return nil, errors.Join(err, r.Close())
}

func (r *Replica) open(o Options) error {
	var err error
	if r.o, err = o.withDefaults(); err != nil {
		return err
	}
	if r.lock, err = LockDir(r.o.Dir); err != nil {
		return err
	}
	r.onClose(r.lock.Unlock)
	logger := raftLogger(r.o.Logger)
	if err := r.openStorage(logger); err != nil {
		return err
	}
	r.openNetwork(logger)
	servers, err := storedServers(r.o)
	if err != nil {
		return err
	}
	if err := hello(r.ctx, r.o, servers, r.incarnation.Number); err != nil {
		return err
	}
	if err := r.incarnation.write(r.o.Dir); err != nil {
		return &FatalError{Code: ExitStorage, Err: err}
	}
	if err := r.startRaft(logger); err != nil {
		return err
	}
	r.startTasks()
	return nil
}

// openStorage opens the log and checks it against the state.
func (r *Replica) openStorage(logger hclog.Logger) error {
	wal, err := openWAL(filepath.Join(r.o.Dir, "wal"), r.o.SegmentBytes, logger)
	if err != nil {
		return &FatalError{Code: ExitStorage, Err: fmt.Errorf("open raft log: %w", err)}
	}
	r.onClose(wal.Close)
	applied := r.o.Machine.Applied()
	r.guard = &diskGuard{stall: r.o.StallTimeout}
	r.ahead = newPreparer()
	r.onClose(func() error { r.ahead.close(); return nil })
	r.log = &logStore{
		wal: wal, guard: r.guard, ahead: r.ahead, observe: r.o.ObserveAppend,
		cache: &entryCache{limit: r.o.CacheBytes}, backlog: newBacklog(r.o.BacklogBytes, applied.Index),
	}
	r.log.applied.Store(applied.Index)
	r.log.durable.Store(applied.Index)
	r.stable = &stableStore{guard: r.guard, inner: wal}
	if r.extent, err = checkLog(r.log, r.stable, applied); err != nil {
		return err
	}
	r.incarnation, err = checkIncarnation(r.o.Dir, r.o.ID, r.stable, r.extent.fresh)
	return err
}

// openNetwork starts to serve the cluster port.
func (r *Replica) openNetwork(logger hclog.Logger) {
	r.members = &members{allow: make(map[string]bool)}
	for _, server := range r.o.Allow {
		r.members.allow[server] = true
	}
	config := r.o.Identity.serverConfig(r.members.allowed)
	r.mux = newMux(r.o.Listener, config, advertised(r.o.Advertise), r.o.Logger)
	r.onClose(r.mux.close)
	r.peers = &peerServer{
		listener: r.mux.listeners[protocolPeer], status: r.status, start: r.proposeStart, serverOf: r.o.Identity.tlsServerOf,
	}
	r.peers.run()
	r.onClose(func() error { r.peers.close(); return nil })
	messages, entries := r.streams(protocolRaft), r.streams(protocolAppend)
	r.layers = []*streamLayer{messages, entries}
	r.transport = newTransport(messages, entries, r.o, logger)
	r.onClose(func() error {
		err := r.transport.Close()
		r.transport.CloseStreams()
		messages.closeAll()
		return err
	})
}

// streams returns the view of a protocol of the cluster port.
func (r *Replica) streams(protocol string) *streamLayer {
	return &streamLayer{
		subListener: r.mux.listeners[protocol], protocol: protocol, identity: r.o.Identity, members: r.members,
		conns: make(map[*peerConn]struct{}),
	}
}

// startRaft starts raft. From here on storage errors stop the process.
func (r *Replica) startRaft(logger hclog.Logger) error {
	r.fsm = &fsm{
		machine: r.o.Machine, log: r.log, ahead: r.ahead, guard: r.guard,
		changed: r.membershipChanged, moved: make(chan struct{}), applied: r.o.Machine.Applied().Index,
	}
	r.snapshots = &snapshotStore{machine: r.o.Machine, breaker: newBreaker(r.guard, r.o.Clock)}
	config := r.raftConfig(logger)
	if len(r.o.Bootstrap) > 0 {
		if err := r.bootstrap(config); err != nil {
			return fmt.Errorf("bootstrap: %w", err)
		}
	}
	var err error
	if r.raft, err = raft.NewRaft(config, r.fsm, r.log, r.stable, r.snapshots, r.transport); err != nil {
		return fmt.Errorf("start raft: %w", err)
	}
	r.onClose(func() error { return r.raft.Shutdown().Error() })
	r.members.follow(func() raft.Configuration { return r.raft.GetConfiguration().Configuration() })
	r.guard.run(r.o.Fatal)
	if applied := r.o.Machine.Applied().Index; r.raft.AppliedIndex() < applied {
		return fatalf(ExitIntegrity, "raft starts at %d, the state has applied %d", r.raft.AppliedIndex(), applied)
	}
	r.log.running.Store(true)
	return nil
}

// bootstrap writes the first membership, if raft has never run here. Raft sets the term
// first and refuses to go on after a crash in between, so that is completed here: no
// other way leads to term 1 without an entry.
func (r *Replica) bootstrap(config *raft.Config) error {
	first := raft.Configuration{Servers: bootstrapServers(r.o.Bootstrap)}
	switch {
	case r.extent.fresh:
		return raft.BootstrapCluster(config, r.log, r.stable, r.snapshots, r.transport, first)
	case r.extent.torn:
		return r.log.StoreLog(&raft.Log{Index: 1, Term: 1, Type: raft.LogConfiguration, Data: raft.EncodeConfiguration(first)})
	default:
		return nil
	}
}

// raftConfig returns raft's settings. What is not set here stays off on purpose:
// RestoreCommittedLogs hangs the start when more than 8,192 entries are to be replayed.
func (r *Replica) raftConfig(logger hclog.Logger) *raft.Config {
	config := raft.DefaultConfig()
	config.LocalID = raft.ServerID(r.o.ID)
	config.HeartbeatTimeout = r.o.HeartbeatTimeout
	config.ElectionTimeout = r.o.ElectionTimeout
	config.LeaderLeaseTimeout = r.o.LeaseTimeout
	config.CommitTimeout = r.o.CommitTimeout
	config.MaxAppendEntries = r.o.MaxAppendEntries
	config.BatchApplyCh = false     // so that a timeout of Apply means: not proposed
	config.ShutdownOnRemove = false // the operator stops a removed node; its log is evidence
	config.SnapshotThreshold = noSnapshots
	config.SnapshotInterval = time.Hour
	config.TrailingLogs = uint64(r.o.TrailingEntries)
	config.NoSnapshotRestoreOnStart = true // the state on disk is the snapshot
	config.NoLegacyTelemetry = true
	config.Logger = logger
	return config
}

// startTasks starts what runs beside raft.
func (r *Replica) startTasks() {
	r.retention = &retention{
		raft: r.raft, o: r.o, mean: r.extent.mean, stats: r.log.stats, due: make(chan struct{}, 1),
		warnings: func(msg string, err error) { r.o.Logger.Warn(msg, "error", err) },
	}
	written := r.retention.note
	r.log.written.Store(&written)
	r.proposer = newProposer(
		proposerEnv{propose: r.proposeBatches, refused: r.refused, now: r.o.Clock},
		proposerLimits{
			linger: r.o.Linger, maxInFlight: r.o.MaxInFlight, maxInFlightBytes: r.o.MaxInFlightBytes,
			maxQueue: r.o.MaxQueue, maxQueueBytes: r.o.MaxQueueBytes,
		})
	r.tasks.Add(2)
	go r.watchLeadership()
	go r.announce()
	r.tasks.Go(func() { r.retention.run(r.ctx.Done()) })
}

// HTTPListener returns the listener for HTTP between nodes: TLS is done, and the peer
// is a member. It ends when the replica closes.
func (r *Replica) HTTPListener() net.Listener { return r.mux.listeners[protocolHTTP] }

// DialHTTP connects to the HTTP listener of a member.
func (r *Replica) DialHTTP(ctx context.Context, server string) (net.Conn, error) {
	address := r.members.address(server)
	if address == "" {
		return nil, fmt.Errorf("%w: %s", ErrUnknownServer, server)
	}
	return dial(ctx, r.o.Identity, protocolHTTP, address, server)
}

func (r *Replica) onClose(f func() error) { r.closers = append(r.closers, f) }

// Close stops the replica: raft first, then the network, then the log. It does not
// give the leadership away (see Transfer), and does not close the machine.
func (r *Replica) Close() error {
	r.once.Do(func() {
		r.cancel()
		var all []error
		for i := len(r.closers) - 1; i >= 0; i-- {
			all = append(all, r.closers[i]())
		}
		if r.proposer != nil {
			r.proposer.close()
		}
		r.tasks.Wait()
		r.closed = errors.Join(all...)
	})
	return r.closed
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
