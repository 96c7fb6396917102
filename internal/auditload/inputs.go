package main

import (
	"encoding/binary"
	"math/bits"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// Args and inputs follow docs/formats/replay.md section 7. Their contents are arbitrary
// but the same in every run.

// noise is an endless sequence of numbers that look random: SplitMix64.
type noise uint64

// next returns the next number.
func (r *noise) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	x := uint64(*r)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// below returns a number below n, nearly uniform.
func (r *noise) below(n uint64) uint64 {
	high, _ := bits.Mul64(r.next(), n)
	return high
}

// argsMap writes integers under the keys from 1 on.
func argsMap(values ...int64) []byte {
	b := codec.AppendMap(nil, len(values))
	for i, v := range values {
		b = codec.AppendInt(codec.AppendUint(b, uint64(i+1)), v)
	}
	return b
}

func u32(b []byte, v uint64) []byte { return binary.LittleEndian.AppendUint32(b, uint32(v)) }

// paths are arguments of mc@1 path.v1, geometric.
func paths(n, steps uint64) []byte {
	b := codec.AppendMap(nil, 9)
	for i, v := range []int64{int64(n), int64(steps), 6_553_600, 100, 211_366, 1, 6_553_600, 0} {
		b = codec.AppendInt(codec.AppendUint(b, uint64(i+1)), v)
	}
	b = codec.AppendArray(codec.AppendUint(b, 9), 3)
	return codec.AppendUint(codec.AppendUint(codec.AppendUint(b, 3_276_800), 327_680), 20)
}

// losses are arguments of mc@1 insurance.v1 with a catastrophe in every iteration.
func losses(n uint64, claims int64) []byte {
	return argsMap(int64(n), claims<<32, 7<<24, 1<<24, 1<<32, 10<<24, 1<<24, 1<<52, 1<<52, 0)
}

// arrivals are arguments of mc@1 eta.v1 with weather and an incident in every iteration.
func arrivals(n uint64) []byte {
	return argsMap(int64(n), 3_600<<16, 120<<16, 60<<16, 1<<32, 300<<16, 120<<16, 1<<32, 600<<16, 200<<16, 0)
}

// graph is a random graph, each vertex with as many neighbours as fit the largest input.
func graph(most, n uint64) (args, input []byte) {
	degree := (1<<24 - 3 - n) / n
	m := degree * n
	input = u32(u32(make([]byte, 0, 4*(3+n+m)), n), m)
	for v := range n + 1 {
		input = u32(input, v*degree)
	}
	r := new(noise)
	part := n / degree // one neighbour in each part, so that they ascend
	for range n {
		for i := range degree {
			input = u32(input, i*part+r.below(part))
		}
	}
	args = codec.AppendMap(nil, 4)
	args = codec.AppendUint(codec.AppendUint(args, 1), min(256, most/(n+m)))
	args = codec.AppendUint(codec.AppendUint(args, 2), 55_705)
	args = codec.AppendArray(codec.AppendUint(args, 3), 0)
	return codec.AppendUint(codec.AppendUint(args, 4), 100), input
}

// raster is an image of one channel and the operations on it.
func raster(side uint64, ops [][]uint64) (args, input []byte) {
	input = u32(u32(u32(nil, side), side), 1)
	r := new(noise)
	for range side * side {
		input = append(input, byte(r.next()))
	}
	args = codec.AppendArray(codec.AppendUint(codec.AppendMap(nil, 1), 1), len(ops))
	for _, op := range ops {
		args = codec.AppendArray(args, len(op))
		for _, v := range op {
			args = codec.AppendUint(args, v)
		}
	}
	return args, input
}

// side is that of the largest square image.
const side = 8_191

// turns turns the largest image as often as the limit allows, up to 32 times.
func turns(most uint64) (args, input []byte) {
	return raster(side, repeat([]uint64{8}, most/(side*side)))
}

// resizing resizes a somewhat smaller image to its own size, a quarter of the limit in all.
func resizing(most uint64) (args, input []byte) {
	const times = 2
	n := root(most / 4 / times)
	return raster(n, repeat([]uint64{6, n, n}, times))
}

// correlation sharpens an image whose samples count nine times.
func correlation(most uint64) (args, input []byte) {
	n := root(most / 9)
	_, input = raster(n, nil)
	args = codec.AppendArray(codec.AppendUint(codec.AppendMap(nil, 1), 1), 1)
	args = codec.AppendArray(codec.AppendUint(codec.AppendArray(args, 4), 4), 9)
	for _, k := range []int64{0, -1, 0, -1, 5, -1, 0, -1, 0} {
		args = codec.AppendInt(args, k)
	}
	return codec.AppendUint(codec.AppendUint(args, 3), 0), input
}

func repeat(op []uint64, n uint64) (ops [][]uint64) {
	for range min(n, 32) {
		ops = append(ops, op)
	}
	return ops
}

// root returns the side of a square image of at most n samples.
func root(n uint64) (r uint64) {
	for (r+1)*(r+1) <= n {
		r++
	}
	return r
}

// documents are as many as the largest input holds, of so many words, searched for the 64
// words of one letter. A letter is a byte from 0x80 on.
func documents(most, words uint64) (args, input []byte) {
	const letters = 64
	r := new(noise)
	var all []byte
	count := uint64(0)
	for doc := []byte{}; ; count++ {
		doc = doc[:0]
		for w := range words {
			if w > 0 {
				doc = append(doc, ' ')
			}
			for range min(words, 1+r.below(8)) {
				doc = append(doc, 0x80+byte(r.below(letters)))
			}
		}
		if uint64(len(all)+4+len(doc)) > min(most, replay.MaxInput-4) {
			break
		}
		all = append(u32(all, uint64(len(doc))), doc...)
	}
	args = codec.AppendArray(codec.AppendUint(codec.AppendMap(nil, 6), 1), letters)
	for i := range letters {
		args = codec.AppendUint(codec.AppendBytes(codec.AppendArray(args, 2), []byte{0x80 + byte(i)}), 70_000)
	}
	for i, v := range []uint64{78_643, 49_152, 2_000 << 8, 100, 1} {
		args = codec.AppendUint(codec.AppendUint(args, uint64(i+2)), v)
	}
	return args, append(u32(nil, count), all...)
}

// rows are as many as the largest input holds, of so many groups.
func rows(most, groups uint64) (args, input []byte) {
	const size = 2 + 4 + 8
	r := new(noise)
	count := min(most, (replay.MaxInput-4)/size)
	input = u32(make([]byte, 0, 4+size*count), count)
	for range count {
		input = binary.LittleEndian.AppendUint16(input, 4)
		input = binary.BigEndian.AppendUint32(input, uint32(r.below(groups)))
		input = binary.LittleEndian.AppendUint64(input, uint64(int64(r.next())>>17))
	}
	return codec.AppendMap(nil, 0), input
}

// additions add to keys that mostly were not there. Each is two units.
func additions(most uint64) (args, input []byte) {
	const add, size = 4, 1 + 2 + 4 + 8
	r := new(noise)
	count := min(most/2, (replay.MaxInput-8)/size)
	input = u32(u32(make([]byte, 0, 8+size*count), 0), count)
	for range count {
		input = binary.LittleEndian.AppendUint16(append(input, add), 4)
		input = binary.LittleEndian.AppendUint64(binary.BigEndian.AppendUint32(input, uint32(r.next())), 1)
	}
	return codec.AppendMap(nil, 0), input
}

// lookups ask for keys that are not there. Each is one unit.
func lookups(most uint64) (args, input []byte) {
	const get, size = 2, 1 + 2 + 4
	r := new(noise)
	count := min(most, (replay.MaxInput-8)/size)
	input = u32(u32(make([]byte, 0, 8+size*count), 0), count)
	for range count {
		input = binary.LittleEndian.AppendUint16(append(input, get), 4)
		input = binary.BigEndian.AppendUint32(input, uint32(r.next()))
	}
	return codec.AppendMap(nil, 0), input
}
