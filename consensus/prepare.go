package consensus

import (
	"sync"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/settlement"
	"github.com/hashicorp/raft"
)

// Bounds of what a preparer holds: entries whose state-independent work was done, or
// is waiting to be done, and that are not applied yet.
const (
	maxPreparedEntries = 64
	maxPreparedBytes   = 48 << 20
)

// maxAheadBytes bounds the entries that a follower prepares ahead. What is made of small
// records takes several times their bytes, and a follower that is behind by its whole
// backlog would spend its memory, and then its time, on that. What is not prepared ahead
// is prepared on all cores when its turn comes.
const maxAheadBytes = 8 << 20

// preparer does the state-independent work of commands (decoding, hashing, rebuilding
// roots) beside the log, so that applying an entry only waits for the verdict. The
// leader hands in what it prepared when it accepted the batches; a follower prepares
// entries in the background as soon as they are stored.
//
// A preparation belongs to a slice of bytes, not to an index: it is found again by the
// address of its first byte, and the preparer keeps the slice alive meanwhile. So it
// can never be used for other bytes. What is not found is prepared when it is applied.
type preparer struct {
	mu    sync.Mutex
	known map[*byte]*preparation
	order []*preparation // oldest first
	bytes int

	work   chan *preparation
	closed chan struct{}
	done   sync.WaitGroup
}

type preparation struct {
	data     []byte
	ready    chan struct{} // closed when the next two are set
	command  *codec.Command
	prepared []*settlement.Prepared
	dropped  bool // under preparer.mu
}

func newPreparer() *preparer {
	p := &preparer{
		known:  make(map[*byte]*preparation),
		work:   make(chan *preparation, maxPreparedEntries),
		closed: make(chan struct{}),
	}
	p.done.Add(1)
	go p.run()
	return p
}

func (p *preparer) run() {
	defer p.done.Done()
	for {
		select {
		case <-p.closed:
			return
		case next := <-p.work:
			p.mu.Lock()
			dropped := next.dropped
			p.mu.Unlock()
			if !dropped {
				next.prepare()
			}
			close(next.ready)
		}
	}
}

// prepare leaves the results nil if the command is malformed: the ledger will say so.
func (n *preparation) prepare() {
	if command, prepared, err := ledger.PrepareCommand(n.data); err == nil {
		n.command, n.prepared = command, prepared
	}
}

// put keeps what this process prepared before it proposed data, the encoded command.
func (p *preparer) put(data []byte, command *codec.Command, prepared []*settlement.Prepared) {
	ready := make(chan struct{})
	close(ready)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keep(&preparation{data: data, ready: ready, command: command, prepared: prepared})
}

// start prepares a stored entry in the background, if it is a command that is not
// known yet and there is room.
func (p *preparer) start(l *raft.Log) {
	if l.Type != raft.LogCommand || len(l.Data) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	full := len(p.order) >= maxPreparedEntries || p.bytes+len(l.Data) > maxAheadBytes
	if p.known[&l.Data[0]] != nil || full {
		return
	}
	next := &preparation{data: l.Data, ready: make(chan struct{})}
	select {
	case p.work <- next:
		p.keep(next)
	default:
	}
}

// keep files a preparation, at the expense of the oldest ones. The caller holds p.mu.
func (p *preparer) keep(next *preparation) {
	for len(p.order) > 0 && (len(p.order) >= maxPreparedEntries || p.bytes+len(next.data) > maxPreparedBytes) {
		p.drop(p.order[0])
	}
	p.known[&next.data[0]] = next
	p.order = append(p.order, next)
	p.bytes += len(next.data)
}

// drop forgets a preparation. The caller holds p.mu.
func (p *preparer) drop(old *preparation) {
	old.dropped = true
	delete(p.known, &old.data[0])
	p.bytes -= len(old.data)
	for i := range p.order {
		if p.order[i] == old {
			p.order = append(p.order[:i], p.order[i+1:]...)
			return
		}
	}
}

// take returns what is prepared for exactly this slice, waiting for work in progress,
// or nil.
func (p *preparer) take(data []byte) (*codec.Command, []*settlement.Prepared) {
	if len(data) == 0 {
		return nil, nil
	}
	p.mu.Lock()
	found := p.known[&data[0]]
	if found == nil || len(found.data) != len(data) {
		p.mu.Unlock()
		return nil, nil
	}
	p.drop(found)
	found.dropped = false
	p.mu.Unlock()
	select {
	case <-found.ready:
		return found.command, found.prepared
	case <-p.closed:
		return nil, nil
	}
}

func (p *preparer) close() {
	close(p.closed)
	p.done.Wait()
}
