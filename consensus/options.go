package consensus

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"time"

	"github.com/forgepool/settle/codec"
)

const maxCommand = codec.MaxCommand

// Peer is a server of the cluster.
type Peer struct {
	ID      string // raft server id, as in its certificate
	Address string // host:port of its cluster port
	API     string // address of its HTTP API, if known
	Voter   bool   // has a vote; always so in Options.Bootstrap
}

// Options describe one replica. Fields without a default are required.
type Options struct {
	// ID is the raft server id; it must be the one in the certificate. An id that was
	// removed from the cluster never comes back.
	ID string
	// Dir holds the lock, the raft log and the file of incarnations. Not the ledger.
	Dir string
	// Machine is the ledger, open. The replica alone applies to it; the caller closes
	// it after the replica.
	Machine Machine
	// Listener is the cluster port. Open takes it over, also when it fails.
	Listener net.Listener
	// Identity is this node's certificate and the authority of its peers.
	Identity *Identity
	// Advertise is the host:port under which peers reach Listener. Default: its address.
	Advertise string
	// Bootstrap lists all first voters, this one included, the same on each. It is used
	// once, when there is no log and no state. Empty: wait to be added by a leader.
	Bootstrap []Peer
	// API is the address of this node's HTTP API, told to the cluster.
	API string
	// Allow names servers that are heard although they are not in the configuration.
	Allow []string
	// Logger gets warnings and what a person should know. Default: slog.Default.
	Logger *slog.Logger
	// Fatal must end the process with the error's code. It is called at most once, from
	// any goroutine. If it returns, the replica does no further work but must still be
	// closed.
	Fatal func(*FatalError)
	// Clock gives the leader's stamps. Default: time.Now.
	Clock func() time.Time
	// ObserveAppend is told each synced write of the raft log. Default: nobody.
	ObserveAppend func(elapsed time.Duration, entries, bytes int)

	// HeartbeatTimeout is how long a follower waits for a leader. Default 1.5 s.
	HeartbeatTimeout time.Duration
	// ElectionTimeout is how long a candidate waits for votes. Default 1.5 s.
	ElectionTimeout time.Duration
	// LeaseTimeout is how long a leader leads without a quorum. Default 750 ms.
	LeaseTimeout time.Duration
	// CommitTimeout is how soon followers of an idle leader learn what is committed.
	// Default 20 ms.
	CommitTimeout time.Duration
	// RPCTimeout bounds one message between peers. Default 10 s.
	RPCTimeout time.Duration
	// StallTimeout is the longest time of one disk write before the replica stops.
	// Default 10 s.
	StallTimeout time.Duration
	// Linger is how long a batch waits for others to share a raft entry with, and only
	// while other entries are under way. Default 1 ms.
	Linger time.Duration
	// HelloTimeout bounds the questions to peers at the start. Default 2 s.
	HelloTimeout time.Duration

	// MaxAppendEntries is how many entries one message holds. Default 16.
	MaxAppendEntries int
	// MaxAppendBytes is how many bytes of entries one message holds. Default 8 MiB.
	MaxAppendBytes int
	// MaxInFlight is how many commands are proposed and not yet applied. Default 16.
	MaxInFlight int
	// MaxInFlightBytes bounds their bytes. Default 16 MiB.
	MaxInFlightBytes int
	// MaxQueue is how many submissions may wait. Default 1,024.
	MaxQueue int
	// MaxQueueBytes bounds their bytes. Default 32 MiB.
	MaxQueueBytes int
	// CacheBytes is how much of the log's end is kept in memory. Default 24 MiB.
	CacheBytes int
	// BacklogBytes is how many bytes of entries may wait to be applied before a
	// follower takes new ones slowly. Default 32 MiB.
	BacklogBytes int

	// SegmentBytes is the size of one file of the log. Default 64 MiB.
	SegmentBytes int
	// SnapshotInterval is the longest time between flushes of the state that let the
	// log be truncated. Default 5 min.
	SnapshotInterval time.Duration
	// SnapshotBytes is how much log makes a flush due earlier. Default 256 MiB.
	SnapshotBytes int
	// TrailingBytes is how much log is kept for followers that come back. Default 1 GiB.
	TrailingBytes int
	// TrailingEntries is the least number of entries kept. Default 128.
	TrailingEntries int
}

// withDefaults fills in defaults and checks what is required.
func (o Options) withDefaults() (Options, error) {
	switch {
	case o.ID == "" || o.Dir == "" || o.Machine == nil || o.Listener == nil || o.Identity == nil || o.Fatal == nil:
		return o, errors.New("consensus: ID, Dir, Machine, Listener, Identity and Fatal are required")
	case o.Identity.Server != o.ID:
		return o, fmt.Errorf("consensus: the certificate is for server %s, not %s", o.Identity.Server, o.ID)
	}
	setDefault(&o.Advertise, o.Listener.Addr().String())
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.ObserveAppend == nil {
		o.ObserveAppend = func(time.Duration, int, int) {}
	}
	o.setTimes()
	o.setSizes()
	return o, o.check()
}

func (o *Options) setTimes() {
	setDefault(&o.HeartbeatTimeout, 1500*time.Millisecond)
	setDefault(&o.ElectionTimeout, 1500*time.Millisecond)
	setDefault(&o.LeaseTimeout, 750*time.Millisecond)
	setDefault(&o.CommitTimeout, 20*time.Millisecond)
	setDefault(&o.RPCTimeout, 10*time.Second)
	setDefault(&o.StallTimeout, 10*time.Second)
	setDefault(&o.Linger, time.Millisecond)
	setDefault(&o.HelloTimeout, 2*time.Second)
	setDefault(&o.SnapshotInterval, 5*time.Minute)
}

func (o *Options) setSizes() {
	setDefault(&o.MaxAppendEntries, 16)
	setDefault(&o.MaxAppendBytes, 8<<20)
	setDefault(&o.MaxInFlight, 16)
	setDefault(&o.MaxInFlightBytes, 16<<20)
	setDefault(&o.MaxQueue, 1024)
	setDefault(&o.MaxQueueBytes, 32<<20)
	setDefault(&o.CacheBytes, 24<<20)
	setDefault(&o.BacklogBytes, 32<<20)
	setDefault(&o.SegmentBytes, 64<<20)
	setDefault(&o.SnapshotBytes, 256<<20)
	setDefault(&o.TrailingBytes, 1<<30)
	setDefault(&o.TrailingEntries, 128)
}

// check refuses values that cannot work, by name.
func (o *Options) check() error {
	for name, n := range map[string]int{
		"MaxAppendEntries": o.MaxAppendEntries, "MaxAppendBytes": o.MaxAppendBytes, "MaxInFlight": o.MaxInFlight,
		"MaxInFlightBytes": o.MaxInFlightBytes, "MaxQueue": o.MaxQueue, "MaxQueueBytes": o.MaxQueueBytes,
		"CacheBytes": o.CacheBytes, "BacklogBytes": o.BacklogBytes, "SegmentBytes": o.SegmentBytes,
		"SnapshotBytes": o.SnapshotBytes, "TrailingBytes": o.TrailingBytes, "TrailingEntries": o.TrailingEntries,
	} {
		if n < 1 || n > math.MaxUint32 {
			return fmt.Errorf("consensus: %s = %d is out of range", name, n)
		}
	}
	if o.LeaseTimeout > o.HeartbeatTimeout || o.ElectionTimeout < o.HeartbeatTimeout {
		return errors.New("consensus: LeaseTimeout <= HeartbeatTimeout <= ElectionTimeout is required")
	}
	if len(o.API) > codec.MaxName {
		return fmt.Errorf("consensus: API has more than %d bytes", codec.MaxName)
	}
	own := len(o.Bootstrap) == 0
	for _, p := range o.Bootstrap {
		own = own || p.ID == o.ID
	}
	if !own {
		return fmt.Errorf("consensus: Bootstrap does not list %s itself", o.ID)
	}
	return nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
