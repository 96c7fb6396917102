package ledger

import (
	"os"
	"os/exec"
	"testing"
)

// ownProcess is set in the environment of a process that runs one test alone.
const ownProcess = "LEDGER_TEST_ALONE"

// InOwnProcess runs a test that leaves Pebble in pieces in another process, which takes
// the pieces with it. The test goes on only where it returns true.
func InOwnProcess(t *testing.T) bool {
	if os.Getenv(ownProcess) != "" {
		return true
	}
	c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	c.Env = append(os.Environ(), ownProcess+"=1")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return false
}

// BuildForFsck makes a ledger on disk with everything that fsck looks at: workloads,
// refused and repeated records, a closed cycle, checkpoints, closed and open tiles, an unclean stop.
func BuildForFsck(t testing.TB, dir string) {
	w := newWorld(t)
	l, err := Create(dir, w.genesis, Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.apply(l, w.parties())
	r := w.intent(l, 1)
	w.publish(l, w.attested(*r.Intent, 3))
	for range 4 {
		records, blobs := w.planned(150)
		w.apply(l, w.batch(blobs, records...))
		w.one(l, w.batch(blobs, records[3], bare(4, []byte{0xa0}), records[5]))
		_, records, blobs = w.workload(4)
		w.apply(l, w.batch(blobs, records...))
	}
	w.story(l, 1, func(*Ledger) {})
	w.intent(l, 1)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}
