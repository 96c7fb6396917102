package replay

import (
	"slices"

	"github.com/forgepool/settle/codec"
	"pgregory.net/rapid"
)

// The twins in the tests of the families follow the text of the formats word by word, with
// integers of any size and no thought of speed. They share with the package only the CBOR
// writer and the random blocks, which have vectors of their own.

// mustRun runs a task and compares everything.
func mustRun(t *rapid.T, p Program, task Task, output []byte, units uint64) {
	t.Helper()
	got := p.Run(task)
	if got.Status != OK || got.Units != units || string(got.Output) != string(output) {
		t.Fatalf("%v %s, %d units,\n%x, want %d units,\n%x", got.Status, got.Field, got.Units, got.Output, units, output)
	}
}

func appendTwinRanking(b []byte, top []ranked, limit int) []byte {
	slices.SortStableFunc(top, func(x, y ranked) int { // lines come in order of their ids
		switch {
		case x.score > y.score:
			return -1
		case x.score < y.score:
			return 1
		}
		return 0
	})
	top = top[:min(limit, len(top))]
	b = codec.AppendArray(b, len(top))
	for _, x := range top {
		b = codec.AppendUint(codec.AppendUint(append(b, 0x82), x.id), x.score)
	}
	return b
}
