package ledger

import (
	"errors"
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/forgepool/settle/proof"
)

// TestMain looks for goroutines left behind, but not in tests in a process of their own.
func TestMain(m *testing.M) {
	if os.Getenv(ownProcess) != "" {
		os.Exit(m.Run())
	}
	goleak.VerifyTestMain(m)
}

// TestReadersAndWriter lets several goroutines read, prove and stream while batches
// are applied and the store is replaced. It means most under the race detector.
func TestReadersAndWriter(t *testing.T) {
	w := newWorld(t)
	l := w.create(Options{MemTableBytes: 512 << 10})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	loop := func(f func() error) {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := f(); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	for range 2 {
		loop(func() error { return proveSome(l) })
	}
	loop(func() error {
		r, _, _, err := l.OpenSnapshotReader()
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, r)
		time.Sleep(time.Millisecond)
		return errors.Join(err, r.Close())
	})
	loop(l.Flush)
	for range 6 {
		records, blobs := w.planned(300)
		w.apply(l, w.batch(blobs, records...))
	}
	close(stop)
	wg.Wait()
	select {
	case err := <-errs:
		t.Fatal(err)
	default:
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l.Read() != nil || !errors.Is(l.Flush(), ErrClosed) {
		t.Fatal("a closed ledger answers")
	}
}

func proveSome(l *Ledger) error {
	s := l.Read()
	defer s.Close()
	a, b, err := s.Roots(s.Size())
	if err != nil {
		return err
	}
	if a != s.Applied().RootA || b != s.Applied().RootB {
		return errors.New("the snapshot's roots are not those of its size")
	}
	last := s.Size() - 1
	data, err := s.Record(last)
	if err != nil {
		return err
	}
	leaf, _, err := s.LeafHashes(last)
	if err == nil && leaf != proof.LeafA(data) {
		err = errors.New("leaf hash")
	}
	if err == nil {
		_, _, err = s.Consistency(s.Size()/2, s.Size())
	}
	return err
}
