package settlement

import "github.com/forgepool/settle/codec"

// states is a set of states, one bit each.
type states uint16

func set(list ...codec.State) (s states) {
	for _, x := range list {
		s |= 1 << x
	}
	return s
}

func (s states) has(x codec.State) bool { return x <= codec.StateDisputed && s&(1<<x) != 0 }

// The states that an event may bring a workload to (docs/formats/records.md section
// 6.5). Finalized and Disputed are derived from other records and never submitted;
// Failed is terminal.
var (
	shortPath = [...]states{
		codec.StateNone:        set(codec.StatePending, codec.StatePlanned),
		codec.StatePending:     set(codec.StatePlanned, codec.StateFailed),
		codec.StatePlanned:     set(codec.StateRunning, codec.StateVerifying, codec.StateAggregating, codec.StateFailed),
		codec.StateRunning:     set(codec.StateVerifying, codec.StateAggregating, codec.StateFailed),
		codec.StateVerifying:   set(codec.StateRunning, codec.StateAggregating, codec.StateFailed),
		codec.StateAggregating: set(codec.StateFailed),
	}
	fullPath = [...]states{
		codec.StateNone:        set(codec.StatePending),
		codec.StatePending:     set(codec.StatePlanned, codec.StateFailed),
		codec.StatePlanned:     set(codec.StateRunning, codec.StateFailed),
		codec.StateRunning:     set(codec.StateVerifying, codec.StateFailed),
		codec.StateVerifying:   set(codec.StateRunning, codec.StateAggregating, codec.StateFailed),
		codec.StateAggregating: set(codec.StateFailed),
	}
)

// Transition says whether an event may bring a workload from one state to another.
// With allStates (policy key 32) every state is recorded; without it Pending,
// Running and Verifying may be left out. StateNone is before the first event.
func Transition(allStates bool, from, to codec.State) bool {
	path := shortPath[:]
	if allStates {
		path = fullPath[:]
	}
	return int(from) < len(path) && path[from].has(to)
}
