package consensus

import (
	"errors"
	"testing"
	"time"
)

var errDisk = errors.New("input/output error")

// inGoroutine runs f on a goroutine of its own, which the guard may end, and says
// whether f returned.
func inGoroutine(f func()) (returned bool) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
		returned = true
	}()
	<-done
	return returned
}

// TestPoison fails one write: nothing may be written afterwards, although the disk
// claims to be well again.
func TestPoison(t *testing.T) {
	var stopped []*FatalError
	g := &diskGuard{stall: patience}
	g.run(func(err *FatalError) { stopped = append(stopped, err) })
	must(t, g.write("one", func() error { return nil }))
	if inGoroutine(func() { _ = g.write("two", func() error { return errDisk }) }) {
		t.Error("raft got an answer to a failed write")
	}
	wrote := false
	if inGoroutine(func() { _ = g.write("three", func() error { wrote = true; return nil }) }) || wrote {
		t.Error("the disk was written to after it failed")
	}
	if len(stopped) != 1 || stopped[0].Code != ExitStorage || !errors.Is(stopped[0], errDisk) {
		t.Errorf("the process was told to stop with %v", stopped)
	}
}

// TestPoisonAtStart returns errors while there is no process to stop yet.
func TestPoisonAtStart(t *testing.T) {
	g := &diskGuard{stall: patience}
	var fatal *FatalError
	if err := g.write("one", func() error { return errDisk }); !errors.As(err, &fatal) || fatal.Code != ExitStorage {
		t.Errorf("%v", err)
	}
	told := make(chan *FatalError, 1)
	g.run(func(err *FatalError) { told <- err })
	if err := <-told; err.Code != ExitStorage {
		t.Errorf("%v", err)
	}
}

func TestStall(t *testing.T) {
	g := &diskGuard{stall: 5 * time.Millisecond}
	told := make(chan *FatalError, 1)
	g.run(func(err *FatalError) { told <- err })
	hang := make(chan struct{})
	go func() { _ = g.write("append to log", func() error { <-hang; return nil }) }()
	if err := <-told; err.Code != ExitStall {
		t.Errorf("%v", err)
	}
	close(hang)
	if inGoroutine(func() { _ = g.write("next", func() error { return nil }) }) {
		t.Error("the disk was written to after it hung")
	}
}

func TestBreaker(t *testing.T) {
	now := time.Unix(0, 0)
	b := newBreaker(&diskGuard{}, func() time.Time { return now })
	must(t, b.note(5))
	must(t, b.note(5))
	must(t, b.note(6)) // another snapshot starts the count again
	must(t, b.note(5))
	must(t, b.note(5))
	now = now.Add(breakerWindow + time.Second)
	must(t, b.note(5))
	must(t, b.note(5))
	var fatal *FatalError
	if err := b.note(5); !errors.As(err, &fatal) || fatal.Code != ExitLivelock {
		t.Errorf("three times in a minute: %v", err)
	}
}
