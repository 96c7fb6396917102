package consensus

import "time"

// Limits of the breaker.
const (
	breakerInstalls = 3
	breakerWindow   = 60 * time.Second
)

// breaker stops a replica that is sent the same snapshot again and again: with a
// conflicting tail in its log raft can ask for one for ever (hashicorp/raft issue 697).
type breaker struct {
	guard *diskGuard
	now   func() time.Time
	index uint64
	times []time.Time // of the attempts to install index
}

func newBreaker(guard *diskGuard, now func() time.Time) *breaker {
	return &breaker{guard: guard, now: now}
}

// note counts one incoming snapshot at index, stale or not. It is called by one
// goroutine.
func (b *breaker) note(index uint64) error {
	now := b.now()
	if b.index != index {
		b.index, b.times = index, nil
	}
	b.times = append(b.times, now)
	for len(b.times) > 0 && now.Sub(b.times[0]) > breakerWindow {
		b.times = b.times[1:]
	}
	if len(b.times) < breakerInstalls {
		return nil
	}
	return b.guard.stopWith(fatalf(ExitLivelock, "the snapshot at %d was sent %d times in %v", index, len(b.times), breakerWindow))
}
