package verifier

import (
	"context"
	"sync"
)

// parallel calls do for 0..n-1 on at most workers goroutines. The first error stops
// the rest through the context and is returned. Progress may be nil.
func parallel(ctx context.Context, workers, n int, progress func(done, total uint64), do func(context.Context, int) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var (
		mu       sync.Mutex
		next     int
		done     uint64
		firstErr error
		wg       sync.WaitGroup
	)
	take := func() int {
		mu.Lock()
		defer mu.Unlock()
		if next >= n || firstErr != nil {
			return n
		}
		next++
		return next - 1
	}
	finish := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		done++
		if err != nil && firstErr == nil {
			firstErr = err
			stop()
		}
		if progress != nil {
			progress(done, uint64(n))
		}
	}
	for range max(1, min(workers, n)) {
		wg.Go(func() {
			for i := take(); i < n; i = take() {
				finish(do(ctx, i))
			}
		})
	}
	wg.Wait()
	return firstErr
}
