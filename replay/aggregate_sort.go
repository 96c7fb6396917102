package replay

import (
	"encoding/binary"

	"github.com/forgepool/settle/codec"
)

// reduceSorted returns the output for rows of many keys: it sorts the rows by key, 16
// bytes each, and writes one group after another. few holds the groups of the first rows,
// from which it guesses how much there is to come.
func reduceSorted(rows uint64, input []byte, few *groupTable) (output []byte, bad string) {
	list := make([]mention, 0, rows)
	at := 4
	for range rows {
		r, wrong := readRow(input, at)
		if bad = wrong; bad != "" {
			break
		}
		list = append(list, mention{head: keyHead(input, r.key, 0), key: r.key})
		at = r.next
	}
	if bad == "" && at != len(input) {
		bad = "input"
	}
	if bad != "" && len(list) <= MaxOutput/groupMinLine {
		return nil, bad
	}
	w := groupWriter{input: input, b: make([]byte, groupHead, few.guess(rows))}
	s := keySorter{data: input, same: w.group}
	s.sort(list, 0)
	switch {
	case w.groups > MaxOutput/groupMinLine:
		return nil, "output" // a group too many came before what else is wrong
	case bad != "":
		return nil, bad
	}
	return w.finish(rows)
}

// groupHead is room for what stands before the groups: three heads.
const groupHead = 1 + 9 + 9

// groupWriter writes groups as they come in order of their keys.
type groupWriter struct {
	input  []byte
	b      []byte // groupHead bytes, then the groups, until they are too large
	groups int
}

// group writes the group of the rows that have the same key.
func (w *groupWriter) group(same []mention) {
	w.groups++
	if len(w.b) > groupHead+MaxOutput {
		return
	}
	key := keyAt(w.input, same[0].key)
	behind := uint32(2 + len(key))
	t := newTally()
	for i := range same {
		t.add(int64(binary.LittleEndian.Uint64(w.input[same[i].key+behind:])))
	}
	w.b = t.append(w.b, key)
}

// finish puts the head before the groups.
func (w *groupWriter) finish(rows uint64) (output []byte, bad string) {
	var room [groupHead]byte
	head := codec.AppendUint(codec.AppendArray(room[:0], 2), rows)
	head = codec.AppendArray(head, w.groups)
	output = w.b[groupHead-len(head):]
	if len(output) > MaxOutput {
		return nil, "output"
	}
	copy(output, head)
	return output, ""
}

// guess returns the size of the output for all rows, if those to come are as those that
// made the groups, at most that of the largest output and a group.
func (t *groupTable) guess(rows uint64) int {
	size, seen := 0, uint64(0)
	for i := range t.groups {
		size += t.groups[i].lineSize(int(t.groups[i].size))
		seen += t.groups[i].count
	}
	return groupHead + int(min(uint64(size)*rows/seen, MaxOutput)) + groupMinLine + groupMaxKey
}
