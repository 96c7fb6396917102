package consensus

import (
	"errors"
	"fmt"
)

// Exit codes of a replica that must not go on. A supervisor may restart after 70, 75
// and 76; the others need an operator (settled reseed).
const (
	ExitStorage     = 70 // the disk or the log failed, or returned other bytes than were written
	ExitGap         = 71 // the log was compacted past the state
	ExitTailLost    = 72 // the log ends before what the state has applied
	ExitIntegrity   = 73 // state and log contradict each other
	ExitIncarnation = 74 // this directory is older than what the cluster knows of this server
	ExitLivelock    = 75 // the same snapshot was installed again and again
	ExitStall       = 76 // a disk write hung
	ExitDivergence  = 77 // this replica's state is not the majority's
)

var exitNames = map[int]string{
	ExitStorage:     "storage error",
	ExitGap:         "log compacted past the state",
	ExitTailLost:    "tail of the log lost",
	ExitIntegrity:   "state and log contradict each other",
	ExitIncarnation: "data directory was rolled back",
	ExitLivelock:    "snapshot installed again and again",
	ExitStall:       "disk write hung",
	ExitDivergence:  "state differs from the majority's",
}

// FatalError says why the process must exit, and with which code.
type FatalError struct {
	Code int // one of the Exit constants
	Err  error
}

// Error names the class and the cause.
func (e *FatalError) Error() string {
	return fmt.Sprintf("%s (exit %d): %v", exitNames[e.Code], e.Code, e.Err)
}

// Unwrap returns the cause.
func (e *FatalError) Unwrap() error { return e.Err }

func fatalf(code int, format string, args ...any) *FatalError {
	return &FatalError{Code: code, Err: fmt.Errorf(format, args...)}
}

var (
	// ErrOverloaded is returned when the queue of submissions is full. Nothing was
	// proposed; try again later.
	ErrOverloaded = errors.New("queue of submissions is full")
	// ErrUnknown is wrapped when it is not known whether a command was or will be
	// committed. Submit the same batch again: its id makes that safe.
	ErrUnknown = errors.New("not known whether the command is committed")
	// ErrTooLarge is returned for a command beyond codec.MaxCommand. Nothing was proposed.
	ErrTooLarge = errors.New("command is larger than a raft entry may be")
	// ErrLocked is wrapped when another process has the data directory.
	ErrLocked = errors.New("another process uses the data directory")
	// ErrStale is returned to raft for a snapshot that is not newer than the state.
	ErrStale = errors.New("snapshot is not newer than the state")
	// ErrNotCaughtUp is wrapped by Promote while the server lags.
	ErrNotCaughtUp = errors.New("server has not caught up")
	// ErrUnknownServer is wrapped for a server that is not in the configuration.
	ErrUnknownServer = errors.New("server is not in the configuration")
)

// NotLeaderError says that this replica does not lead, so nothing was proposed, and
// who does as far as it knows; both fields are empty if nobody is known.
type NotLeaderError struct {
	Leader string // server id
	API    string // address of the leader's HTTP API
}

// Error names the leader.
func (e *NotLeaderError) Error() string {
	if e.Leader == "" {
		return "this replica does not lead, and no leader is known"
	}
	return fmt.Sprintf("this replica does not lead; %s at %s does", e.Leader, e.API)
}
