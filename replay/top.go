package replay

import (
	"slices"

	"github.com/forgepool/settle/codec"
)

// maxTop is the longest ranking that a program returns.
const maxTop = 4096

// ranked is one line of a ranking.
type ranked struct{ id, score uint64 }

// before is the order of rankings: score descending, then id ascending.
func (a ranked) before(b ranked) bool {
	return a.score > b.score || a.score == b.score && a.id < b.id
}

// ranking keeps the first limit of the lines that it is offered. It is a heap with
// the last line on top until it is sorted.
type ranking struct {
	limit int
	lines []ranked
}

// offer adds a line, if its score is not zero and it is among the first.
func (k *ranking) offer(x ranked) {
	switch {
	case x.score == 0 || k.limit == 0:
	case len(k.lines) < k.limit:
		k.lines = append(k.lines, x)
		k.up(len(k.lines) - 1)
	case x.before(k.lines[0]):
		k.lines[0] = x
		k.down(0)
	}
}

func (k *ranking) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !k.lines[parent].before(k.lines[i]) {
			return
		}
		k.lines[parent], k.lines[i] = k.lines[i], k.lines[parent]
		i = parent
	}
}

func (k *ranking) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(k.lines) {
			return
		}
		if child+1 < len(k.lines) && k.lines[child].before(k.lines[child+1]) {
			child++
		}
		if !k.lines[i].before(k.lines[child]) {
			return
		}
		k.lines[i], k.lines[child] = k.lines[child], k.lines[i]
		i = child
	}
}

// append sorts the lines and appends them as an array of [id, score].
func (k *ranking) append(b []byte) []byte {
	slices.SortFunc(k.lines, func(x, y ranked) int {
		if x.before(y) {
			return -1
		}
		return 1 // ids are distinct, no line compares with itself
	})
	b = codec.AppendArray(b, len(k.lines))
	for _, x := range k.lines {
		b = codec.AppendUint(codec.AppendUint(codec.AppendArray(b, 2), x.id), x.score)
	}
	return b
}
