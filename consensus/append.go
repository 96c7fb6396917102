package consensus

import (
	"bufio"
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// maxIdleAppends is how many connections to one peer are kept: raft replicates and sends
// heartbeats from one goroutine each.
const maxIdleAppends = 2

// appendConn is a connection to a peer for requests in turn.
type appendConn struct {
	net.Conn
	r *bufio.Reader
}

// appendClient sends AppendEntries to peers.
type appendClient struct {
	dial    func(address raft.ServerAddress, timeout time.Duration) (net.Conn, error)
	timeout time.Duration

	mu     sync.Mutex
	idle   map[raft.ServerAddress][]*appendConn
	closed bool
}

// call sends a request and waits for the answer. Any error but the peer's own closes the
// connection: raft sends again.
func (c *appendClient) call(target raft.ServerAddress, q *raft.AppendEntriesRequest, answer *raft.AppendEntriesResponse) error {
	conn, err := c.take(target)
	if err != nil {
		return err
	}
	err = conn.SetDeadline(time.Now().Add(c.timeout))
	if err == nil {
		err = writeAppend(conn, q)
	}
	if err == nil {
		err = readAnswer(conn.r, answer)
	}
	var said peerError
	if err != nil && !errors.As(err, &said) {
		_ = conn.Close()
		return err
	}
	c.give(target, conn)
	return err
}

func (c *appendClient) take(target raft.ServerAddress) (*appendConn, error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, raft.ErrTransportShutdown
	}
	if idle := c.idle[target]; len(idle) > 0 {
		conn := idle[len(idle)-1]
		c.idle[target] = idle[:len(idle)-1]
		c.mu.Unlock()
		return conn, nil
	}
	c.mu.Unlock()
	conn, err := c.dial(target, c.timeout)
	if err != nil {
		return nil, err
	}
	return &appendConn{conn, bufio.NewReader(conn)}, nil
}

func (c *appendClient) give(target raft.ServerAddress, conn *appendConn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.idle[target]) >= maxIdleAppends {
		_ = conn.Close()
		return
	}
	c.idle[target] = append(c.idle[target], conn)
}

func (c *appendClient) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, idle := range c.idle {
		for _, conn := range idle {
			_ = conn.Close()
		}
	}
	c.idle = nil
}

// appendServer hands the AppendEntries of peers to raft, one at a time per connection.
type appendServer struct {
	layer  *streamLayer
	rpcs   chan<- raft.RPC
	failed func(peer net.Conn, err error)

	ctx    context.Context // ends when the server closes
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func (s *appendServer) run() {
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.done.Go(func() {
		for {
			conn, err := s.layer.Accept()
			switch {
			case err == nil:
				s.done.Go(func() { s.serve(conn) })
			case errors.Is(err, net.ErrClosed):
				return
			}
		}
	})
}

func (s *appendServer) serve(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReaderSize(conn, 64<<10)
	var buf []byte
	for {
		q, err := readAppend(r)
		if err != nil {
			if errors.Is(err, errAppendMalformed) {
				s.failed(conn, err)
			}
			return
		}
		answer, err := s.hand(q)
		if errors.Is(err, raft.ErrTransportShutdown) {
			return
		}
		buf = appendAnswer(buf[:0], answer, err)
		if _, err := conn.Write(buf); err != nil {
			return
		}
	}
}

// hand gives a request to raft and waits for its answer.
func (s *appendServer) hand(q *raft.AppendEntriesRequest) (*raft.AppendEntriesResponse, error) {
	answers := make(chan raft.RPCResponse, 1)
	select {
	case s.rpcs <- raft.RPC{Command: q, RespChan: answers}:
	case <-s.ctx.Done():
		return nil, raft.ErrTransportShutdown
	}
	select {
	case a := <-answers:
		answer, ok := a.Response.(*raft.AppendEntriesResponse)
		if a.Error == nil && !ok {
			return nil, errAppendMalformed
		}
		return answer, a.Error
	case <-s.ctx.Done():
		return nil, raft.ErrTransportShutdown
	}
}

func (s *appendServer) close() {
	s.cancel()
	_ = s.layer.subListener.Close()
	s.layer.closeAll()
	s.done.Wait()
}
