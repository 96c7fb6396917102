package verifier

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/forgepool/settle/proof"
)

// Pair is the two checkpoints of one size, opened and joined.
type Pair struct {
	A, B *proof.Checkpoint
}

// Size returns the number of records covered.
func (p *Pair) Size() uint64 { return p.A.Size() }

// OpenPair opens the notes of one size and checks that replicas attested both
// roots together. Errors: those of proof.TrustPolicy.OpenCheckpoint and
// proof.Checkpoint.CheckTwin.
func OpenPair(policy *proof.TrustPolicy, notes *Notes) (*Pair, error) {
	a, err := policy.OpenCheckpoint(notes.A)
	if err != nil {
		return nil, fmt.Errorf("checkpoint of tree A: %w", err)
	}
	b, err := policy.OpenCheckpoint(notes.B)
	if err != nil {
		return nil, fmt.Errorf("checkpoint of tree B: %w", err)
	}
	if err := a.CheckTwin(b); err != nil {
		return nil, err
	}
	return &Pair{A: a, B: b}, nil
}

// Follower accepts only checkpoints that continue the last one it accepted.
type Follower struct {
	policy *proof.TrustPolicy
	last   *Pair // nil before the first
}

const followerHeader = "settle follower v1"

// NewFollower returns a follower that continues from a saved state; nil or empty:
// from nothing, the first checkpoint is believed on its signatures. The state is
// opened with the policy like everything else.
func NewFollower(policy *proof.TrustPolicy, state []byte) (*Follower, error) {
	f := &Follower{policy: policy}
	if len(state) == 0 {
		return f, nil
	}
	notes, err := splitNotes(followerHeader, state)
	if err != nil {
		return nil, fmt.Errorf("follower state: %w", err)
	}
	if f.last, err = OpenPair(policy, &Notes{A: notes[0], B: notes[1]}); err != nil {
		return nil, fmt.Errorf("follower state: %w", err)
	}
	return f, nil
}

// State returns what NewFollower takes; nil before the first checkpoint. It is to be
// saved after every successful Follow: who forgets it can be shown an older log.
func (f *Follower) State() []byte {
	if f.last == nil {
		return nil
	}
	return joinNotes(followerHeader, f.last.A.Note(), f.last.B.Note())
}

// Last returns the last accepted pair, nil before the first.
func (f *Follower) Last() *Pair { return f.last }

// InconsistentError says that a newer checkpoint was not proved to continue an older
// one. It carries what was offered as proof.
type InconsistentError struct {
	File proof.ConsistencyFile // both notes and the path that does not join them
	Err  error                 // why it does not
}

// Error names the reason; the evidence is in the file.
func (e *InconsistentError) Error() string {
	return fmt.Sprintf("verifier: the newer checkpoint is not proved to continue the older one: %v", e.Err)
}

// Unwrap returns the reason.
func (e *InconsistentError) Unwrap() error { return e.Err }

// Follow fetches the checkpoint of a size, 0 = the newest, and accepts it if it is
// signed as the policy asks and continues the last accepted one in both trees. On
// any error the follower stays where it was. Errors: *proof.ForkError with both
// notes, proof.ErrShrunk, *InconsistentError, those of OpenPair, ErrUnavailable.
func (f *Follower) Follow(ctx context.Context, src Source, size uint64) (*Pair, error) {
	notes, err := src.Checkpoint(ctx, size)
	if err != nil {
		return nil, unavailable(err, "checkpoint")
	}
	next, err := OpenPair(f.policy, notes)
	if err != nil {
		return nil, err
	}
	if size != 0 && next.Size() != size {
		return nil, lie(LieOrder, "checkpoint of size %d instead of %d", next.Size(), size)
	}
	if f.last != nil {
		if err := continues(ctx, src, f.last.A, next.A); err != nil {
			return nil, err
		}
		if err := continues(ctx, src, f.last.B, next.B); err != nil {
			return nil, err
		}
	}
	f.last = next
	return next, nil
}

// continues checks that newer continues older in their tree.
func continues(ctx context.Context, src Source, older, newer *proof.Checkpoint) error {
	var path [][32]byte
	if older.Size() > 0 && older.Size() < newer.Size() {
		var err error
		if path, err = src.Consistency(ctx, older.Hasher(), older.Size(), newer.Size()); err != nil {
			return unavailable(err, "consistency proof from %d to %d", older.Size(), newer.Size())
		}
	}
	err := older.CheckConsistency(newer, path)
	if errors.Is(err, proof.ErrRootMismatch) || errors.Is(err, proof.ErrPathLength) {
		return &InconsistentError{File: proof.ConsistencyFile{Path: path, Older: older.Note(), Newer: newer.Note()}, Err: err}
	}
	return err
}

const forkHeader = "settle fork v1"

// FormatFork returns the evidence file of a fork (docs/formats/evidence.md): both
// notes, verbatim.
func FormatFork(fork *proof.ForkError) []byte {
	return joinNotes(forkHeader, fork.First, fork.Second)
}

// CheckFork confirms a fork file with the trust policy alone and returns the fork.
// Errors: LieMalformed, LieNoFork, those of proof.TrustPolicy.OpenCheckpoint.
func CheckFork(policy *proof.TrustPolicy, file []byte) (*proof.ForkError, error) {
	notes, err := splitNotes(forkHeader, file)
	if err != nil {
		return nil, err
	}
	first, err := policy.OpenCheckpoint(notes[0])
	if err != nil {
		return nil, fmt.Errorf("first checkpoint: %w", err)
	}
	second, err := policy.OpenCheckpoint(notes[1])
	if err != nil {
		return nil, fmt.Errorf("second checkpoint: %w", err)
	}
	fork, ok := errors.AsType[*proof.ForkError](first.CheckConsistency(second, nil))
	if !ok {
		return nil, lie(LieNoFork, "%s at size %d and %s at size %d",
			first.Origin(), first.Size(), second.Origin(), second.Size())
	}
	return fork, nil
}

// joinNotes returns a file of a header and two signed notes, an empty line before
// each.
func joinNotes(header string, first, second []byte) []byte {
	return fmt.Appendf(nil, "%s\n\n%s\n%s", header, first, second)
}

// splitNotes reads what joinNotes writes.
func splitNotes(header string, file []byte) ([2][]byte, error) {
	var notes [2][]byte
	if len(file) > 2*proof.MaxNote+len(header)+3 {
		return notes, lie(LieMalformed, "file of %d bytes", len(file))
	}
	parts := bytes.Split(file, []byte("\n\n"))
	if len(parts) != 5 || string(parts[0]) != header {
		return notes, lie(LieMalformed, "not a file that begins with %q and holds two notes", header)
	}
	notes[0] = append(bytes.Join(parts[1:3], []byte("\n\n")), '\n')
	notes[1] = bytes.Join(parts[3:5], []byte("\n\n"))
	return notes, nil
}
