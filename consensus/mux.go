package consensus

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"
)

// Limits of the cluster port.
const (
	handshakeTimeout = 5 * time.Second
	maxHandshakes    = 64 // at once; more wait unaccepted
	maxUnclaimed     = 16 // finished handshakes that nobody has taken yet, per protocol
)

// mux serves all protocols of the cluster on one port: it accepts, lets TLS and the
// certificates decide who comes in, and hands each connection to the listener of the
// protocol that was negotiated.
type mux struct {
	inner     net.Listener
	config    *tls.Config
	logger    *slog.Logger
	listeners map[string]*subListener
	slots     chan struct{}
	ctx       context.Context // ends when the mux closes
	cancel    context.CancelFunc
	done      sync.WaitGroup
}

// newMux starts to serve inner. Addresses that the listeners report are addr.
func newMux(inner net.Listener, config *tls.Config, addr net.Addr, logger *slog.Logger) *mux {
	m := &mux{
		inner: inner, config: config, logger: logger,
		listeners: make(map[string]*subListener),
		slots:     make(chan struct{}, maxHandshakes),
	}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	for _, protocol := range config.NextProtos {
		m.listeners[protocol] = &subListener{
			addr: addr, conns: make(chan net.Conn, maxUnclaimed), closed: make(chan struct{}),
		}
	}
	m.done.Add(1)
	go m.accept()
	return m
}

func (m *mux) accept() {
	defer m.done.Done()
	for {
		m.slots <- struct{}{}
		conn, err := m.inner.Accept()
		if err != nil {
			<-m.slots
			if m.ctx.Err() != nil {
				return
			}
			m.logger.Warn("accept on cluster port", "error", err)
			select {
			case <-m.ctx.Done():
				return
			case <-time.After(100 * time.Millisecond): // out of descriptors, most likely
			}
			continue
		}
		m.done.Add(1)
		go m.admit(conn)
	}
}

// admit makes the handshake and hands the connection on.
func (m *mux) admit(raw net.Conn) {
	defer m.done.Done()
	defer func() { <-m.slots }()
	ctx, cancel := context.WithTimeout(m.ctx, handshakeTimeout)
	defer cancel()
	conn := tls.Server(raw, m.config)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		if m.ctx.Err() == nil {
			m.logger.Warn("refused on cluster port", "remote", raw.RemoteAddr(), "error", err)
		}
		return
	}
	l := m.listeners[conn.ConnectionState().NegotiatedProtocol]
	if l == nil || !l.offer(conn) {
		_ = conn.Close()
	}
}

// close stops accepting and ends every handshake; connections handed out stay.
func (m *mux) close() error {
	m.cancel()
	err := m.inner.Close()
	m.done.Wait()
	for _, l := range m.listeners {
		_ = l.Close()
	}
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// subListener hands out the connections of one protocol.
type subListener struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *subListener) offer(conn net.Conn) bool {
	select {
	case <-l.closed:
		return false
	default:
	}
	select {
	case l.conns <- conn:
		return true
	default:
		return false
	}
}

// Accept returns the next connection, or net.ErrClosed.
func (l *subListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept. The port stays open for the other protocols.
func (l *subListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	for {
		select {
		case conn := <-l.conns:
			_ = conn.Close()
		default:
			return nil
		}
	}
}

// Addr returns the advertised address of the port.
func (l *subListener) Addr() net.Addr { return l.addr }
