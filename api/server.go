package api

import (
	"log/slog"
	"net"
	"net/http"
	"sync"
)

// NewServer returns a server with the contract's timeouts and header limit. Its
// errors, such as broken handshakes, go to log at level debug.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    MaxHeader,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 64},
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// LimitListener returns a listener that holds at most total connections open, and
// at most perHost from one address. One more is closed at once, before a byte is
// read: a client that floods learns nothing and costs nothing.
func LimitListener(l net.Listener, total, perHost int) net.Listener {
	return &limitListener{Listener: l, total: total, perHost: perHost, hosts: map[string]int{}}
}

type limitListener struct {
	net.Listener
	total, perHost int

	mu    sync.Mutex
	open  int            // connections; guarded by mu
	hosts map[string]int // connections by address; guarded by mu
}

// Accept returns the next connection within the limits.
func (l *limitListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		host := hostOf(conn.RemoteAddr())
		if l.take(host) {
			return &limitedConn{Conn: conn, release: sync.OnceFunc(func() { l.give(host) })}, nil
		}
		conn.Close()
	}
}

func (l *limitListener) take(host string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open >= l.total || l.hosts[host] >= l.perHost {
		return false
	}
	l.open++
	l.hosts[host]++
	return true
}

func (l *limitListener) give(host string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if l.hosts[host]--; l.hosts[host] == 0 {
		delete(l.hosts, host)
	}
}

func hostOf(addr net.Addr) string {
	host, _, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	return host
}

// limitedConn gives its place back when it is closed.
type limitedConn struct {
	net.Conn
	release func()
}

// Close closes the connection.
func (c *limitedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}
