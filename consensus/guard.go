package consensus

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

// diskGuard stands around every write of the raft log and its stable values. The first
// error poisons it: nothing is written afterwards and the replica stops, because a
// kernel that failed one fsync reports the next one as good although the pages are
// gone. A write that hangs stops the replica too: heartbeats run beside the log, so
// the cluster would otherwise keep a leader that can store nothing.
type diskGuard struct {
	stall time.Duration // longest time of one write

	mu       sync.Mutex
	poison   *FatalError       // first failure
	stop     func(*FatalError) // nil while starting: errors are returned then
	stopOnce sync.Once
}

// write runs one write under the guard.
func (g *diskGuard) write(what string, do func() error) error {
	if err := g.poisoned(); err != nil {
		return g.refuse(err)
	}
	timer := time.AfterFunc(g.stall, func() {
		g.report(fatalf(ExitStall, "%s has not returned for %v", what, g.stall))
	})
	err := do()
	timer.Stop()
	if err != nil {
		return g.fail(fmt.Errorf("%s: %w", what, err))
	}
	return nil
}

// fail reports a storage error and returns it; while the replica runs it does not
// return.
func (g *diskGuard) fail(err error) error {
	return g.refuse(g.report(&FatalError{Code: ExitStorage, Err: err}))
}

// stopWith is fail for another class of error.
func (g *diskGuard) stopWith(fatal *FatalError) error { return g.refuse(g.report(fatal)) }

// report poisons the guard, tells the owner once, and returns the first error.
func (g *diskGuard) report(fatal *FatalError) *FatalError {
	g.mu.Lock()
	if g.poison == nil {
		g.poison = fatal
	}
	first, stop := g.poison, g.stop
	g.mu.Unlock()
	if stop != nil {
		g.stopOnce.Do(func() { stop(first) })
	}
	return first
}

// refuse ends the calling goroutine if the replica runs: raft panics on most errors of
// its stores and goes on after the others, and it must do neither. Options.Fatal ends
// the process in a node, so this is reached only where it does not.
func (g *diskGuard) refuse(err *FatalError) error {
	g.mu.Lock()
	running := g.stop != nil
	g.mu.Unlock()
	if running {
		runtime.Goexit()
	}
	return err
}

func (g *diskGuard) poisoned() *FatalError {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.poison
}

// run switches from returning errors to stopping the replica.
func (g *diskGuard) run(stop func(*FatalError)) {
	g.mu.Lock()
	g.stop = stop
	earlier := g.poison
	g.mu.Unlock()
	if earlier != nil {
		g.report(earlier)
	}
}
