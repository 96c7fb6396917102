package replay

import (
	"encoding/binary"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestKeySorter compares with a plain sort: every mention of every key once, in order, for
// as many as are sorted by insertion, by way of the scratch and in place.
func TestKeySorter(t *testing.T) {
	counts := []int{0, 1, fewMentions, fewMentions + 1, 300, scratchMentions, scratchMentions + 1, 6000}
	masks := []uint64{0, 3, 0xff << 56, 0x0303_0000_0000_0303, 1<<64 - 1}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom(counts).Draw(t, "count")
		mask := rapid.SampledFrom(masks).Draw(t, "mask")
		prefix := rapid.SampledFrom([]string{"", "k", "seven b", "eight by", "fifteen bytes !"}).Draw(t, "prefix")
		r := rnd(rapid.Uint32().Draw(t, "keys"), 9*n)
		var data []byte
		var list []mention
		var keys []string
		for i := range n {
			b := r[9*i:]
			key := binary.BigEndian.AppendUint64([]byte(prefix), binary.BigEndian.Uint64(b)&mask)
			key = key[:len(key)-int(b[8]%9)]
			list = append(list, mention{key: uint32(len(data)), seq: uint32(i)})
			data = append(binary.LittleEndian.AppendUint16(data, uint16(len(key))), key...)
			keys = append(keys, string(key))
		}
		for i := range list {
			list[i].head = keyHead(data, list[i].key, 0)
		}
		want := slices.Clone(keys)
		slices.Sort(want)
		seen := make([]bool, n)
		s := keySorter{data: data, same: func(same []mention) {
			for _, m := range same {
				if seen[m.seq] || keys[m.seq] != want[0] || string(keyAt(data, m.key)) != want[0] {
					t.Fatalf("mention %d, %x, want %x", m.seq, keys[m.seq], want[0])
				}
				seen[m.seq], want = true, want[1:]
			}
			if len(want) > 0 && want[0] == keys[same[0].seq] {
				t.Fatalf("%x comes in parts", want[0])
			}
		}}
		s.sort(list, 0)
		if len(want) > 0 {
			t.Fatalf("%d mentions are missing", len(want))
		}
	})
}
