package consensus

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
)

// slowHeartbeats is raft's network without the heartbeat handler, so that heartbeats
// take the same way as every other message: raft's shortcut handles them on the
// connection's goroutine, where one of a newer leader can change the term under a leader
// that is about to write an entry, which then carries a term that its leader was never
// elected in (hashicorp/raft issue 695).
type slowHeartbeats struct{ *raft.NetworkTransport }

// SetHeartbeatHandler does nothing; see slowHeartbeats.
func (slowHeartbeats) SetHeartbeatHandler(func(raft.RPC)) {}

// transport is raft's network with entries on connections of their own (append.go). It
// sends no more than a number of bytes of entries at once: raft counts entries, and
// sixteen full commands would cost a follower several times 64 MiB.
type transport struct {
	slowHeartbeats
	appends  *appendClient
	arriving *appendServer
	rpcs     chan raft.RPC // of both networks
	maxBytes int

	closed chan struct{}
	once   sync.Once
	merge  sync.WaitGroup
}

// newTransport starts raft's network, and that of the entries.
func newTransport(messages, entries *streamLayer, o Options, logger hclog.Logger) *transport {
	t := &transport{
		slowHeartbeats: slowHeartbeats{raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
			Stream:                  messages,
			Logger:                  logger,
			MaxPool:                 0, // messages are rare: a kept connection is stale when it is needed
			MaxRPCsInFlight:         1,
			Timeout:                 o.RPCTimeout,
			MsgpackUseNewTimeFormat: true,
		})},
		appends:  &appendClient{dial: entries.Dial, timeout: o.RPCTimeout, idle: make(map[raft.ServerAddress][]*appendConn)},
		rpcs:     make(chan raft.RPC),
		maxBytes: min(o.MaxAppendBytes, maxAppendBytes-maxCommand),
		closed:   make(chan struct{}),
	}
	t.arriving = &appendServer{layer: entries, rpcs: t.rpcs, failed: func(peer net.Conn, err error) {
		logger.Error("failed to decode incoming entries", "peer", peer.RemoteAddr(), "error", err)
	}}
	t.arriving.run()
	t.merge.Go(t.forward)
	return t
}

// forward passes on what comes by raft's network.
func (t *transport) forward() {
	for {
		select {
		case rpc := <-t.NetworkTransport.Consumer():
			select {
			case t.rpcs <- rpc:
			case <-t.closed:
				return
			}
		case <-t.closed:
			return
		}
	}
}

// Consumer implements raft.Transport.
func (t *transport) Consumer() <-chan raft.RPC { return t.rpcs }

// AppendEntries sends a prefix of the entries that fits, at least one. Raft reads from
// args what was sent.
func (t *transport) AppendEntries(_ raft.ServerID, target raft.ServerAddress, args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	size := 0
	for i, l := range args.Entries {
		size += len(l.Data)
		if i > 0 && size > t.maxBytes {
			args.Entries = args.Entries[:i]
			break
		}
	}
	return t.appends.call(target, args, resp)
}

// AppendEntriesPipeline says that there is none: a message waits for the answer to the
// one before, so that a follower holds the entries of one.
func (t *transport) AppendEntriesPipeline(raft.ServerID, raft.ServerAddress) (raft.AppendPipeline, error) {
	return nil, raft.ErrPipelineReplicationNotSupported
}

// Close implements raft.WithClose.
func (t *transport) Close() error {
	t.once.Do(func() {
		close(t.closed)
		t.appends.close()
		t.arriving.close()
		t.merge.Wait()
	})
	return t.NetworkTransport.Close()
}

// advertised is the address under which peers reach this node; it may be a name.
type advertised string

// Network implements net.Addr.
func (advertised) Network() string { return "tcp" }

// String implements net.Addr.
func (a advertised) String() string { return string(a) }

// streamLayer is one protocol's view of the cluster port, for raft and its entries.
type streamLayer struct {
	*subListener
	protocol string
	identity *Identity
	members  *members

	mu    sync.Mutex
	conns map[*peerConn]struct{} // accepted, open
	shut  bool
}

// peerConn is an accepted connection whose peer is known.
type peerConn struct {
	net.Conn
	server string
	layer  *streamLayer
}

// Close implements net.Conn.
func (c *peerConn) Close() error {
	c.layer.mu.Lock()
	delete(c.layer.conns, c)
	c.layer.mu.Unlock()
	return c.Conn.Close()
}

// Accept implements net.Listener.
func (s *streamLayer) Accept() (net.Conn, error) {
	conn, err := s.subListener.Accept()
	if err != nil {
		return nil, err
	}
	server, err := s.identity.tlsServerOf(conn)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	peer := &peerConn{Conn: conn, server: server, layer: s}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	s.conns[peer] = struct{}{}
	return peer, nil
}

// Dial implements raft.StreamLayer. The peer must be the server that the configuration
// has at this address.
func (s *streamLayer) Dial(address raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return dial(ctx, s.identity, s.protocol, string(address), s.members.at(address))
}

// prune closes connections of peers that are no longer members.
func (s *streamLayer) prune() {
	for _, conn := range s.open() {
		if !s.members.allowed(conn.server) {
			_ = conn.Close()
		}
	}
}

// closeAll closes every accepted connection; raft's transport leaves them open.
func (s *streamLayer) closeAll() {
	s.mu.Lock()
	s.shut = true
	s.mu.Unlock()
	for _, conn := range s.open() {
		_ = conn.Close()
	}
}

func (s *streamLayer) open() []*peerConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	conns := make([]*peerConn, 0, len(s.conns))
	for conn := range s.conns {
		conns = append(conns, conn)
	}
	return conns
}

// dial connects to address and requires the peer to be server, if that is not empty.
func dial(ctx context.Context, id *Identity, protocol, address, server string) (net.Conn, error) {
	d := tls.Dialer{NetDialer: new(net.Dialer), Config: id.clientConfig(protocol, server)}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", address, err)
	}
	return conn, nil
}

// members answers who belongs to the cluster, from raft's latest configuration.
type members struct {
	allow  map[string]bool // pending joins, from the options
	mu     sync.Mutex
	latest func() raft.Configuration // nil until raft has started
}

func (m *members) configuration() raft.Configuration {
	m.mu.Lock()
	latest := m.latest
	m.mu.Unlock()
	if latest == nil {
		return raft.Configuration{}
	}
	return latest()
}

func (m *members) follow(latest func() raft.Configuration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.latest = latest
}

// allowed says whether a server with a certificate of this cluster is heard. A replica
// that has no configuration yet waits to be added and listens to every node.
func (m *members) allowed(server string) bool {
	servers := m.configuration().Servers
	if len(servers) == 0 || m.allow[server] {
		return true
	}
	for _, s := range servers {
		if string(s.ID) == server {
			return true
		}
	}
	return false
}

// at returns the id of the server at an address, or "".
func (m *members) at(address raft.ServerAddress) string {
	for _, s := range m.configuration().Servers {
		if s.Address == address {
			return string(s.ID)
		}
	}
	return ""
}

// address returns where a server is reached, or "".
func (m *members) address(server string) string {
	for _, s := range m.configuration().Servers {
		if string(s.ID) == server {
			return string(s.Address)
		}
	}
	return ""
}
