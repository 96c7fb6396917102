package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/consensus"
	"github.com/forgepool/settle/ledger"
)

// Software is the name and version that a node reports and a genesis records.
const Software = "settle 0.1.0"

// stopTimeout bounds each polite part of a stop.
const stopTimeout = 5 * time.Second

// Node is a running node.
type Node struct {
	config   Config // with defaults
	log      *slog.Logger
	fatality *fatality

	ledger    *ledger.Ledger
	replica   *consensus.Replica
	artifacts *Artifacts
	peers     *peers
	space     *space
	metrics   *metrics

	trees     sync.Mutex          // held while the sum tree of a cycle is built
	addresses map[string]net.Addr // of the listeners, by name
	servers   []*http.Server
	closers   []func() error // in order of construction
	tasks     sync.WaitGroup // goroutines of this package
	cancel    context.CancelFunc
	once      sync.Once
	stopped   error
}

// Start starts a node. It returns when the listeners are open; the node then joins the
// cluster by itself (see Ready). Errors: *Marker, *consensus.FatalError, or what is
// wrong with the configuration; nothing keeps running.
func Start(c Config) (*Node, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	n := &Node{config: c, log: c.Logger, addresses: map[string]net.Addr{}}
	n.fatality = &fatality{config: &n.config}
	ctx, cancel := context.WithCancel(context.Background())
	n.cancel = cancel
	if err := n.start(ctx); err != nil {
		var fatal *consensus.FatalError
		if errors.As(err, &fatal) {
			n.fatality.once.Do(func() { n.fatality.leave(fatal) })
		}
		return nil, errors.Join(err, n.Stop())
	}
	return n, nil
}

func (n *Node) start(ctx context.Context) error {
	if marker, err := ReadMarker(n.config.Dir); err != nil {
		return err
	} else if marker != nil {
		return marker
	}
	lock, err := consensus.LockDir(n.config.Dir)
	if err != nil {
		return err
	}
	n.onClose(lock.Unlock)
	n.metrics = newMetrics(n)
	if n.artifacts, err = OpenArtifacts(filepath.Join(n.config.Dir, "artifacts"), n.config.MaxArtifact); err != nil {
		return err
	}
	if err := n.openLedger(); err != nil {
		return err
	}
	n.onClose(n.ledger.Close)
	n.space = &space{dir: n.config.Dir, least: n.config.MinFree}
	if err := n.openReplica(); err != nil {
		return err
	}
	n.tasks.Go(func() { n.space.watch(ctx, n.yield) })
	n.tasks.Go(func() { (&checkpointer{node: n}).run(ctx) })
	keep := &keeper{n.artifacts, n.config.ArtifactAge, n.ledger.Read, time.Now, func(what string, err error) {
		n.log.Warn(what, "error", err)
	}}
	n.tasks.Go(func() { keep.run(ctx) })
	return n.listen()
}

// openLedger opens the ledger, or founds it, and checks that it has the configured
// genesis.
func (n *Node) openLedger() (err error) {
	dir := filepath.Join(n.config.Dir, "ledger")
	options := n.config.Ledger
	options.Events = n.fatality.event
	n.ledger, err = ledger.Open(dir, options)
	if errors.Is(err, ledger.ErrNoLedger) {
		n.ledger, err = ledger.Create(dir, n.config.Genesis, options)
	}
	if err != nil {
		var integrity *ledger.IntegrityError
		if errors.As(err, &integrity) {
			return fatal(err)
		}
		return err
	}
	v := n.ledger.Read()
	defer v.Close()
	genesis, err := v.Record(0)
	if err != nil || !bytes.Equal(genesis, n.config.Genesis) {
		return errors.Join(err, errors.New("the directory holds a ledger with another genesis than the configured one"), n.ledger.Close())
	}
	return nil
}

// openReplica joins the ledger to the cluster.
func (n *Node) openReplica() error {
	listener, err := net.Listen("tcp", n.config.Cluster)
	if err != nil {
		return fmt.Errorf("cluster port: %w", err)
	}
	apiListener, err := net.Listen("tcp", n.config.API)
	if err != nil {
		return errors.Join(fmt.Errorf("api: %w", err), listener.Close())
	}
	n.addresses["api"], n.addresses["cluster"] = apiListener.Addr(), listener.Addr()
	o := n.config.Raft
	o.ID, o.Dir, o.Machine = n.config.Identity.Server, filepath.Join(n.config.Dir, "raft"), &machine{n.ledger, n.fatality}
	o.Listener, o.Identity, o.Advertise, o.Bootstrap = listener, n.config.Identity, n.config.Advertise, n.config.Bootstrap
	o.API, o.Logger, o.Fatal, o.ObserveAppend = n.config.AdvertiseAPI, n.log, n.fatality.end, n.metrics.append
	if o.API == "" {
		o.API = apiListener.Addr().String()
	}
	if n.replica, err = consensus.Open(o); err != nil {
		return errors.Join(err, apiListener.Close())
	}
	n.onClose(n.replica.Close)
	n.peers = newPeers(n.replica.DialHTTP)
	n.onClose(func() error { n.peers.close(); return nil })
	n.serve("api", api.LimitListener(apiListener, api.MaxConnections, api.MaxConnectionsPerHost), n.apiHandler())
	return nil
}

func (n *Node) apiHandler() http.Handler {
	return api.NewHandler(n.service(true), api.HandlerOptions{MaxSubmits: n.config.MaxSubmits, Observe: n.metrics.request})
}

// service returns the contract on this node; forward says whether it passes on what
// it cannot do. Members, for whom it does not, keep the whole ledger themselves and may
// read everything.
func (n *Node) service(forward bool) *service {
	return &service{reads: reads{n.ledger, n.fatality, n.config.OpenReads || !forward}, node: n, forward: forward}
}

// listen opens the listeners beside the API.
func (n *Node) listen() error {
	n.serve("peers", opaque{n.replica.HTTPListener()}, n.peerHandler())
	if n.config.Metrics != "" {
		l, err := net.Listen("tcp", n.config.Metrics)
		if err != nil {
			return fmt.Errorf("metrics: %w", err)
		}
		n.addresses["metrics"] = l.Addr()
		n.serve("metrics", api.LimitListener(l, 64, 64), n.metrics.handler())
	}
	if err := os.Remove(n.config.Admin); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("admin socket: %w", err)
	}
	l, err := net.Listen("unix", n.config.Admin)
	if err != nil {
		return fmt.Errorf("admin socket: %w (a path may have about 100 bytes: set another one)", err)
	}
	n.serve("admin", l, n.memberHandler(true))
	return os.Chmod(n.config.Admin, 0o600)
}

// serve serves a listener until the node stops.
func (n *Node) serve(name string, l net.Listener, h http.Handler) {
	server := api.NewServer(h, n.log)
	n.servers = append(n.servers, server)
	secure := name == "api" && n.config.APITLS != nil
	n.tasks.Go(func() {
		err := error(nil)
		if secure {
			server.TLSConfig = n.config.APITLS
			err = server.ServeTLS(l, "", "")
		} else {
			err = server.Serve(l)
		}
		if !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			n.log.Error("a listener ended", "listener", name, "error", err)
		}
	})
}

func (n *Node) onClose(f func() error) { n.closers = append(n.closers, f) }

// Stop stops the node: it gives the leadership away, finishes the requests under way,
// and closes everything. Calling it again returns the same.
func (n *Node) Stop() error {
	n.once.Do(func() {
		if n.replica != nil && n.replica.IsLeader() {
			n.yield()
		}
		n.cancel()
		all := n.shutServers()
		n.tasks.Wait()
		for i := len(n.closers) - 1; i >= 0; i-- {
			all = append(all, n.closers[i]())
		}
		n.stopped = errors.Join(all...)
	})
	return n.stopped
}

// shutServers ends all servers, politely at first.
func (n *Node) shutServers() (all []error) {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	for _, s := range n.servers {
		if err := s.Shutdown(ctx); err != nil {
			all = append(all, s.Close())
		}
	}
	return all
}

// yield gives the leadership to another voter, if there is one.
func (n *Node) yield() {
	voters := 0
	for _, p := range n.replica.Voters() {
		if p.Voter {
			voters++
		}
	}
	if voters < 2 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := n.replica.Transfer(ctx, ""); err != nil {
		n.log.Warn("the leadership could not be given away", "error", err)
	}
}

// Address returns where a listener listens: "api", "cluster" or "metrics".
func (n *Node) Address(listener string) string {
	if a := n.addresses[listener]; a != nil {
		return a.String()
	}
	return ""
}

func (n *Node) server() string { return n.config.Identity.Server }

// others returns the ids of the other members.
func (n *Node) others() []string {
	var list []string
	for _, p := range n.replica.Voters() {
		if p.ID != n.server() {
			list = append(list, p.ID)
		}
	}
	return list
}

// joined says whether the cluster knows of this start.
func (n *Node) joined() bool {
	select {
	case <-n.replica.Joined():
		return true
	default:
		return false
	}
}

// ready says whether the node has joined and somebody leads.
func (n *Node) ready(s *consensus.Stats) bool {
	return n.joined() && s.Leader != "" && (s.Leader != s.Server || s.Ready)
}

// Ready waits until the node has joined and somebody leads.
func (n *Node) Ready(ctx context.Context) error {
	select {
	case <-n.replica.Joined():
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	_, err := n.replica.WaitLeader(ctx)
	return err
}
