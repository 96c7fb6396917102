package replay

import (
	"fmt"
	"slices"
)

// Limits of docs/formats/replay.md section 7, for every family.
const (
	// MaxArgs is the largest arguments map of a shard, in bytes.
	MaxArgs = 65_536
	// MaxInput is the largest input of a shard, in bytes.
	MaxInput = 1 << 26
	// MaxOutput is the largest output of a shard, in bytes.
	MaxOutput = 1 << 26
	// MaxResult is the largest result of a workload, in bytes.
	MaxResult = 1 << 30
)

// A Program is one deterministic computation: a family, a version and a profile.
// Its methods are pure functions and safe for concurrent use.
type Program interface {
	// Name tells which program this is.
	Name() ProgramName

	// Units returns the work units that Run would report, where they follow
	// from the arguments and the head of the input. It looks at nothing else,
	// so ok says nothing about the rest of the input. ok is false if args or
	// head break a rule, or if only a run can tell the units.
	Units(args, input []byte) (units uint64, ok bool)

	// Run executes one shard.
	Run(task Task) Result

	// Merge joins the outputs of all shards of a workload, in order of shard
	// index, into the CBOR value that stands in the workload's result.
	// An error wraps ErrNoResult.
	Merge(shards []ShardOutput) ([]byte, error)

	// NewMerger returns a merger without shards, which gives what Merge gives.
	NewMerger() Merger
}

// A Task is everything that a run may see.
type Task struct {
	Seed     [32]byte // seed of the workload, the same for all its shards
	Args     []byte   // arguments of the shard, canonical CBOR
	Input    []byte   // input blobs of the shard, concatenated in manifest order
	MaxUnits uint64   // the policy's maximum for the program's class, 0 = no limit
}

// Status is what became of a run.
type Status uint8

const (
	// OK means that Output and Units are the result.
	OK Status = iota
	// Invalid means that arguments, input or output break a rule of the
	// program, or that there is no work to bill. Field names what is wrong.
	Invalid
	// OverLimit means that the shard needs more than Task.MaxUnits. It depends
	// on the policy and not on the program.
	OverLimit
	// Unable means that this machine could not finish: out of memory, time or
	// stack. It says nothing about the shard. The built-in programs never
	// return it; programs that run in an engine and callers that impose a
	// deadline do.
	Unable
)

var statusNames = [...]string{"ok", "invalid", "over-limit", "unable"}

// String returns the status as the formats write it.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "unknown"
}

// MarshalText returns the same as String. A status that does not exist is an error.
func (s Status) MarshalText() ([]byte, error) {
	if int(s) >= len(statusNames) {
		return nil, fmt.Errorf("replay: no status %d", s)
	}
	return []byte(s.String()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (s *Status) UnmarshalText(text []byte) error {
	i := slices.Index(statusNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("replay: no status %q", text)
	}
	*s = Status(i)
	return nil
}

// A Result is the outcome of a run. Output and Units are zero unless the status is OK.
type Result struct {
	Status Status
	Output []byte // at most MaxOutput bytes
	Units  uint64 // work units, at least 1
	Field  string // the field that made the shard Invalid: "args", "paths", "input", ...
}

// invalid is the result of a shard whose named field breaks a rule.
func invalid(field string) Result { return Result{Status: Invalid, Field: field} }

// overLimit compares units with the policy's maximum.
func (t *Task) overLimit(units uint64) bool { return t.MaxUnits != 0 && units > t.MaxUnits }

// finish turns an output and its units into a result.
func finish(output []byte, units uint64) Result {
	if len(output) > MaxOutput {
		return invalid("output")
	}
	return Result{Status: OK, Output: output, Units: units}
}
