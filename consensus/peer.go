package consensus

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/forgepool/settle/codec"
)

// The peer protocol answers two questions that raft does not: what does the cluster
// know of a server, and would the leader please announce my start. One request and one
// answer per connection:
//
//	request: u8 type ‖ u16be length ‖ payload
//	answer:  u8 status ‖ u16be length ‖ payload
//
// type 1, status: payload = server id.
// type 2, start:  payload = canonical codec.NodeStart of the server that asks.
//
// The payload of every answer is peerStatus for that server, 5 × u64be.
const (
	askStatus = 1
	askStart  = 2

	answerDone     = 0 // answered; for a start: it is applied here
	answerFollower = 1 // not the leader
	answerRefused  = 2 // the ledger refuses this start
	answerLater    = 3 // not known, or not now
	answerBad      = 4 // the request is malformed, or for another server

	maxPeerPayload = 2048
	peerTimeout    = 5 * time.Second
	maxPeerCalls   = 32 // at once
)

// peerStatus is what a replica knows of a server, and where it stands itself.
type peerStatus struct {
	Incarnation uint64 // of the server asked about, 0 = never announced
	Applied     uint64 // raft index applied by the answering replica
	Last        uint64 // last raft index in its log
	Term        uint64 // its raft term
	Size        uint64 // records in its ledger
}

func (s peerStatus) encode() []byte {
	var b []byte
	for _, n := range [...]uint64{s.Incarnation, s.Applied, s.Last, s.Term, s.Size} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return b
}

func decodePeerStatus(b []byte) (s peerStatus, err error) {
	if len(b) != 40 {
		return s, fmt.Errorf("peer status of %d bytes", len(b))
	}
	for i, field := range [...]*uint64{&s.Incarnation, &s.Applied, &s.Last, &s.Term, &s.Size} {
		*field = binary.BigEndian.Uint64(b[8*i:])
	}
	return s, nil
}

// ask sends one request to a server and returns the status byte and its peerStatus.
func ask(ctx context.Context, id *Identity, address, server string, kind byte, payload []byte) (byte, peerStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, peerTimeout)
	defer cancel()
	conn, err := dial(ctx, id, protocolPeer, address, server)
	if err != nil {
		return 0, peerStatus{}, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := writeFrame(conn, kind, payload); err != nil {
		return 0, peerStatus{}, fmt.Errorf("ask %s: %w", server, err)
	}
	status, body, err := readFrame(bufio.NewReader(conn))
	if err != nil {
		return 0, peerStatus{}, fmt.Errorf("ask %s: %w", server, err)
	}
	known, err := decodePeerStatus(body)
	return status, known, err
}

func writeFrame(w io.Writer, kind byte, payload []byte) error {
	if len(payload) > maxPeerPayload {
		return errors.New("peer message is too long")
	}
	b := binary.BigEndian.AppendUint16([]byte{kind}, uint16(len(payload)))
	_, err := w.Write(append(b, payload...))
	return err
}

func readFrame(r io.Reader) (byte, []byte, error) {
	var head [3]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	size := int(binary.BigEndian.Uint16(head[1:]))
	if size > maxPeerPayload {
		return 0, nil, errors.New("peer message is too long")
	}
	payload := make([]byte, size)
	_, err := io.ReadFull(r, payload)
	return head[0], payload, err
}

// peerServer answers the peer protocol.
type peerServer struct {
	listener *subListener
	status   func(server string) peerStatus
	start    func(ctx context.Context, start *codec.NodeStart) byte
	serverOf func(conn net.Conn) (string, error)

	ctx    context.Context // ends when the server closes
	cancel context.CancelFunc
	slots  chan struct{}
	done   sync.WaitGroup
}

func (p *peerServer) run() {
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.slots = make(chan struct{}, maxPeerCalls)
	p.done.Add(1)
	go func() {
		defer p.done.Done()
		for {
			p.slots <- struct{}{}
			conn, err := p.listener.Accept()
			if err != nil {
				return
			}
			p.done.Add(1)
			go p.serve(conn)
		}
	}()
}

func (p *peerServer) serve(conn net.Conn) {
	defer p.done.Done()
	defer func() { <-p.slots }()
	defer conn.Close()
	ctx, cancel := context.WithTimeout(p.ctx, peerTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	peer, err := p.serverOf(conn)
	if err != nil {
		return
	}
	kind, payload, err := readFrame(conn)
	if err != nil {
		return
	}
	status, about := p.answer(ctx, peer, kind, payload)
	_ = writeFrame(conn, status, p.status(about).encode())
}

// answer returns the status byte and the server that the answer is about.
func (p *peerServer) answer(ctx context.Context, peer string, kind byte, payload []byte) (byte, string) {
	switch kind {
	case askStatus:
		if !validName.Match(payload) {
			return answerBad, peer
		}
		return answerDone, string(payload)
	case askStart:
		start := new(codec.NodeStart)
		if err := codec.Decode(payload, start); err != nil || start.Server != peer {
			return answerBad, peer
		}
		return p.start(ctx, start), peer
	default:
		return answerBad, peer
	}
}

// close ends every call.
func (p *peerServer) close() {
	p.cancel()
	_ = p.listener.Close()
	p.done.Wait()
}

// tlsServerOf returns the server that a connection's certificate names.
func (id *Identity) tlsServerOf(conn net.Conn) (string, error) {
	secure, ok := conn.(*tls.Conn)
	if !ok {
		return "", errors.New("connection without a certificate")
	}
	return id.serverOf(secure.ConnectionState().PeerCertificates[0])
}
