package replay

import (
	"flag"
	"runtime/debug"
	"syscall"
	"testing"
)

// full lets TestFullSize run, which takes up to a minute and 600 MB.
var full = flag.Bool("full", false, "check the bounds on memory at 2^26 bytes of input too")

// TestFullSize holds memory and media to their bounds at the largest input, and checks that
// one beyond it is refused without taking any memory.
func TestFullSize(t *testing.T) {
	if !*full {
		t.Skip("only with -args -full: it takes up to a minute and 600 MB")
	}
	for name, input := range costlyMemory(MaxInput) {
		t.Run(name, func(t *testing.T) {
			if len(input) != MaxInput {
				t.Fatalf("%d bytes of input", len(input))
			}
			debug.FreeOSMemory() // what the run before left
			memoryBound(t, name, input)
			logPeak(t)
		})
	}
	for name, input := range costlyMemory(MaxInput + 1) {
		refuseFull(t, orderedMemory{}, "memory, "+name, noArgs, input)
	}
	t.Run("media", func(t *testing.T) {
		ops := opsOf(opOf(mediaRotate), opOf(mediaRotate), opOf(mediaRotate))
		input := imageOf(mediaMaxSide, 4095, 1, make([]byte, mediaMaxSide*4095)) // the widest that fits
		var got Result
		used := allocated(func() { got = rasterPipeline{}.Run(Task{Args: ops, Input: input}) })
		if got.Status != OK || used > 3*MaxInput {
			t.Errorf("%v %q, %d bytes, want at most three images", got.Status, got.Field, used)
		}
		t.Logf("%d bytes for an input of %d", used, len(input))
		refuseFull(t, rasterPipeline{}, "media", ops, imageOf(mediaMaxSide, 4096, 1, make([]byte, mediaMaxSide*4096)))
	})
}

// refuseFull checks that an input is too large.
func refuseFull(t *testing.T, p Program, name string, args, input []byte) {
	t.Helper()
	var got Result
	used := allocated(func() { got = p.Run(Task{Args: args, Input: input}) })
	if got.Status != Invalid || got.Field != "input" || used > 1<<16 {
		t.Errorf("%s, input of %d bytes: %v %q, %d bytes", name, len(input), got.Status, got.Field, used)
	}
}

// logPeak tells how large this process has been: at most 7 times the input, the input, and
// the other one that the test still holds.
func logPeak(t *testing.T) {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	t.Logf("process at its peak: %d MB", u.Maxrss>>10)
}
