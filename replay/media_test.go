package replay

import (
	"bytes"
	"encoding/binary"
	"math/big"
	"slices"
	"testing"

	"github.com/forgepool/settle/codec"
	"pgregory.net/rapid"
)

// imageOf returns an image as it is stored.
func imageOf(w, h, c int, pix []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(w))
	b = binary.LittleEndian.AppendUint32(b, uint32(h))
	b = binary.LittleEndian.AppendUint32(b, uint32(c))
	return append(b, pix...)
}

// opOf encodes an operation of numbers.
func opOf(numbers ...int) []byte {
	b := codec.AppendArray(nil, len(numbers))
	for _, v := range numbers {
		b = codec.AppendInt(b, int64(v))
	}
	return b
}

// correlateOf encodes a correlation.
func correlateOf(kernel []int, div, bias int) []byte {
	b := codec.AppendUint(codec.AppendArray(nil, 4), mediaCorrelate)
	b = append(b, opOf(kernel...)...)
	return codec.AppendInt(codec.AppendInt(b, int64(div)), int64(bias))
}

// tableOf encodes a table.
func tableOf(table []byte) []byte {
	return codec.AppendBytes(codec.AppendUint(codec.AppendArray(nil, 2), mediaTable), table)
}

// opsOf encodes arguments of encoded operations.
func opsOf(ops ...[]byte) []byte {
	b := codec.AppendArray(codec.AppendUint(codec.AppendMap(nil, 1), 1), len(ops))
	return append(b, slices.Concat(ops...)...)
}

// rasterArgsOf encodes operations.
func rasterArgsOf(ops ...rasterOp) []byte {
	var list [][]byte
	for _, op := range ops {
		switch o := op.(type) {
		case luma:
			list = append(list, opOf(mediaLuma))
		case crop:
			list = append(list, opOf(mediaCrop, o.x, o.y, o.w, o.h))
		case boxReduce:
			list = append(list, opOf(mediaBox, o.fx, o.fy))
		case *correlate:
			list = append(list, correlateOf(o.kernel[:], o.div, o.bias))
		case *lookUp:
			list = append(list, tableOf(o[:]))
		case resize:
			list = append(list, opOf(mediaResize, o.w, o.h))
		case rotate:
			list = append(list, opOf(mediaRotate))
		}
	}
	return opsOf(list...)
}

// twinImage is a function from places to samples.
type twinImage struct {
	w, h, c int
	at      func(x, y, ch int) int64
}

// fixed evaluates an image, so that functions do not pile up.
func (m twinImage) fixed() (twinImage, []byte) {
	var pix []byte
	for y := range m.h {
		for x := range m.w {
			for ch := range m.c {
				pix = append(pix, byte(m.at(x, y, ch)))
			}
		}
	}
	w, c := m.w, m.c
	m.at = func(x, y, ch int) int64 { return int64(pix[(y*w+x)*c+ch]) }
	return m, pix
}

// floorDiv divides as the formats say, by big integers: their Div is the floor for a
// positive divisor.
func floorDiv(x, y int64) int64 { return new(big.Int).Div(big.NewInt(x), big.NewInt(y)).Int64() }

// twinRaster applies one operation, and returns the units of a sample.
func twinRaster(op rasterOp, in twinImage) (out twinImage, weight int) {
	a, out := in.at, in
	switch o := op.(type) {
	case luma:
		out.c = 1
		out.at = func(x, y, _ int) int64 { return (77*a(x, y, 0) + 150*a(x, y, 1) + 29*a(x, y, 2) + 128) >> 8 }
	case crop:
		out.w, out.h = o.w, o.h
		out.at = func(x, y, ch int) int64 { return a(x+o.x, y+o.y, ch) }
	case boxReduce:
		out.w, out.h = in.w/o.fx, in.h/o.fy
		area := int64(o.fx * o.fy)
		out.at = func(x, y, ch int) int64 {
			sum := area / 2
			for i := range o.fx {
				for j := range o.fy {
					sum += a(x*o.fx+i, y*o.fy+j, ch)
				}
			}
			return floorDiv(sum, area)
		}
		return out, int(area)
	case *correlate:
		out.at = func(x, y, ch int) int64 {
			var sum int64
			for j := range 3 {
				for i := range 3 {
					u, v := min(max(x+i-1, 0), in.w-1), min(max(y+j-1, 0), in.h-1)
					sum += int64(o.kernel[3*j+i]) * a(u, v, ch)
				}
			}
			return min(max(floorDiv(sum, int64(o.div))+int64(o.bias), 0), 255)
		}
		return out, 9
	case *lookUp:
		out.at = func(x, y, ch int) int64 { return int64(o[a(x, y, ch)]) }
	case resize:
		out.w, out.h = o.w, o.h
		out.at = func(x, y, ch int) int64 {
			i, j, g := twinTap(x, in.w, o.w)
			k, l, f := twinTap(y, in.h, o.h)
			t0 := a(i, k, ch)*(256-g) + a(j, k, ch)*g
			t1 := a(i, l, ch)*(256-g) + a(j, l, ch)*g
			return (t0*(256-f) + t1*f + 32_768) >> 16
		}
		return out, 4
	case rotate:
		out.w, out.h = in.h, in.w
		out.at = func(x, y, ch int) int64 { return a(y, in.h-1-x, ch) }
	}
	return out, 1
}

func twinTap(x, from, to int) (i, j int, g int64) {
	p := floorDiv(int64(2*x+1)*int64(from)*65_536, int64(2*to)) - 32_768
	p = min(max(p, 0), int64(from-1)*65_536)
	i = int(p >> 16)
	return i, min(i+1, from-1), (p >> 8) % 256
}

// drawOp draws an operation that an image can take.
func drawOp(t *rapid.T, in frame) rasterOp {
	side := func(name string, hi int) int { return rapid.IntRange(1, hi).Draw(t, name) }
	switch n := rapid.IntRange(1, 8).Draw(t, "op"); {
	case n == mediaLuma && in.c == 3:
		return luma{}
	case n == mediaCrop:
		o := crop{w: side("w", in.w), h: side("h", in.h)}
		o.x, o.y = rapid.IntRange(0, in.w-o.w).Draw(t, "x"), rapid.IntRange(0, in.h-o.h).Draw(t, "y")
		return o
	case n == mediaBox:
		return boxReduce{side("fx", in.w), side("fy", in.h)}
	case n == mediaCorrelate:
		o := &correlate{div: rapid.SampledFrom([]int{1, 2, 3, 16, mediaMaxDiv}).Draw(t, "div"), bias: rapid.IntRange(-255, 255).Draw(t, "bias")}
		for i := range o.kernel {
			o.kernel[i] = rapid.SampledFrom([]int{0, 1, -1, 2, -8, mediaMaxKernel, -mediaMaxKernel}).Draw(t, "k")
		}
		return o
	case n == mediaTable:
		return threshold(rapid.IntRange(0, 255).Draw(t, "t"))
	case n == mediaResize:
		return resize{side("w", 90), side("h", 90)}
	}
	return rotate{}
}

func TestTwinMedia(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := twinImage{w: rapid.IntRange(1, 70).Draw(t, "w"), h: rapid.IntRange(1, 70).Draw(t, "h"), c: rapid.SampledFrom([]int{1, 3}).Draw(t, "c")}
		pix := rnd(rapid.Uint32().Draw(t, "pixels"), in.w*in.h*in.c)
		in.at = func(x, y, ch int) int64 { return int64(pix[(y*in.w+x)*in.c+ch]) }
		input, m := imageOf(in.w, in.h, in.c, pix), in
		var ops []rasterOp
		units := uint64(0)
		for range rapid.IntRange(1, 5).Draw(t, "ops") {
			op := drawOp(t, frame{m.w, m.h, m.c})
			ops = append(ops, op)
			var weight int
			m, weight = twinRaster(op, m)
			m, pix = m.fixed()
			units += uint64(len(pix) * weight)
		}
		task := Task{Args: rasterArgsOf(ops...), Input: input}
		mustRun(t, rasterPipeline{}, task, imageOf(m.w, m.h, m.c, pix), units)
		if got, ok := (rasterPipeline{}).Units(task.Args, task.Input[:len(input)]); !ok || got != units {
			t.Fatalf("Units %d, %v, want %d", got, ok, units)
		}
	})
}

func TestMediaArgs(t *testing.T) {
	input := imageOf(4, 3, 3, make([]byte, 36))
	k := []int{0, 0, 0, 0, 1, 0, 0, 0, 0}
	kernel := func(i, v int) []int { k := slices.Clone(k); k[i] = v; return k }
	good := opOf(mediaRotate)
	for _, c := range []struct {
		name string
		args []byte
		bad  string
	}{
		{"no operation", opsOf(), "ops"},
		{"32 operations", opsOf(slices.Repeat([][]byte{good}, 32)...), ""},
		{"33 operations", opsOf(slices.Repeat([][]byte{good}, 33)...), "ops"},
		{"operation 0", opsOf(opOf(0)), "ops"},
		{"operation 9", opsOf(opOf(9)), "ops"},
		{"operation -1", opsOf(opOf(-1)), "ops"},
		{"operation without number", opsOf(opOf()), "ops"},
		{"luma and an operand", opsOf(opOf(mediaLuma, 1)), "ops"},
		{"luma twice", opsOf(opOf(mediaLuma), opOf(mediaLuma)), "ops"},
		{"rotate and an operand", opsOf(opOf(mediaRotate, 1)), "ops"},
		{"crop of all", opsOf(opOf(mediaCrop, 0, 0, 4, 3)), ""},
		{"crop at the corner", opsOf(opOf(mediaCrop, 3, 2, 1, 1)), ""},
		{"crop too wide", opsOf(opOf(mediaCrop, 1, 0, 4, 3)), "ops"},
		{"crop too high", opsOf(opOf(mediaCrop, 0, 1, 4, 3)), "ops"},
		{"crop of nothing", opsOf(opOf(mediaCrop, 0, 0, 0, 3)), "ops"},
		{"crop far away", opsOf(opOf(mediaCrop, mediaMaxSide+1, 0, 1, 1)), "ops"},
		{"crop of three", opsOf(opOf(mediaCrop, 0, 0, 4)), "ops"},
		{"box of all", opsOf(opOf(mediaBox, 4, 3)), ""},
		{"box too wide", opsOf(opOf(mediaBox, 5, 3)), "ops"},
		{"box too high", opsOf(opOf(mediaBox, 4, 4)), "ops"},
		{"box of nothing", opsOf(opOf(mediaBox, 0, 1)), "ops"},
		{"least and largest weight", opsOf(correlateOf(kernel(0, -mediaMaxKernel), 1, 255), correlateOf(kernel(8, mediaMaxKernel), mediaMaxDiv, -255)), ""},
		{"weight too large", opsOf(correlateOf(kernel(8, mediaMaxKernel+1), 1, 0)), "ops"},
		{"weight too small", opsOf(correlateOf(kernel(0, -mediaMaxKernel-1), 1, 0)), "ops"},
		{"eight weights", opsOf(correlateOf(k[1:], 1, 0)), "ops"},
		{"ten weights", opsOf(correlateOf(append(k, 0), 1, 0)), "ops"},
		{"divisor 0", opsOf(correlateOf(k, 0, 0)), "ops"},
		{"divisor -1", opsOf(correlateOf(k, -1, 0)), "ops"},
		{"divisor 2^31", opsOf(correlateOf(k, mediaMaxDiv+1, 0)), "ops"},
		{"bias 256", opsOf(correlateOf(k, 1, 256)), "ops"},
		{"bias -256", opsOf(correlateOf(k, 1, -256)), "ops"},
		{"table", opsOf(tableOf(make([]byte, 256))), ""},
		{"table of 255", opsOf(tableOf(make([]byte, 255))), "ops"},
		{"table of 257", opsOf(tableOf(make([]byte, 257))), "ops"},
		{"resize to the widest", opsOf(opOf(mediaResize, mediaMaxSide, 1)), ""},
		{"resize too wide", opsOf(opOf(mediaResize, mediaMaxSide+1, 1)), "ops"},
		{"resize to nothing", opsOf(opOf(mediaResize, 1, 0)), "ops"},
		{"2^26 - 16 samples", opsOf(opOf(mediaLuma), opOf(mediaResize, 16_384, 4095)), ""},
		{"2^26 samples", opsOf(opOf(mediaLuma), opOf(mediaResize, 16_384, 4096)), "ops"},
		{"threshold 255", opsOf(opOf(mediaThreshold, 255)), ""},
		{"threshold 256", opsOf(opOf(mediaThreshold, 256)), "ops"},
		{"threshold -1", opsOf(opOf(mediaThreshold, -1)), "ops"},
		{"another key", append([]byte{0xa1, 2, 0x81}, good...), "args"},
		{"a byte after the map", append(opsOf(good), 0), "args"},
	} {
		checkArgs(t, rasterPipeline{}, c.name, c.args, input, c.bad)
	}
}

func TestMediaInputs(t *testing.T) {
	args := opsOf(opOf(mediaRotate))
	for _, c := range []struct {
		name  string
		input []byte
		bad   string
	}{
		{"none", nil, "input"},
		{"head cut off", imageOf(1, 1, 1, nil)[:11], "input"},
		{"no width", imageOf(0, 1, 1, nil), "width"},
		{"too wide", imageOf(mediaMaxSide+1, 1, 1, make([]byte, mediaMaxSide+1)), "width"},
		{"widest", imageOf(mediaMaxSide, 1, 1, make([]byte, mediaMaxSide)), ""},
		{"no height", imageOf(1, 0, 1, nil), "height"},
		{"too high", imageOf(1, mediaMaxSide+1, 1, make([]byte, mediaMaxSide+1)), "height"},
		{"highest", imageOf(1, mediaMaxSide, 1, make([]byte, mediaMaxSide)), ""},
		{"no channel", imageOf(1, 1, 0, nil), "channels"},
		{"two channels", imageOf(1, 1, 2, make([]byte, 2)), "channels"},
		{"four channels", imageOf(1, 1, 4, make([]byte, 4)), "channels"},
		{"a sample missing", imageOf(2, 2, 3, make([]byte, 11)), "input"},
		{"a sample too many", imageOf(2, 2, 3, make([]byte, 13)), "input"},
		{"all of it missing", imageOf(mediaMaxSide, mediaMaxSide, 3, nil), "input"},
	} {
		checkArgs(t, rasterPipeline{}, c.name, args, c.input, c.bad)
	}
}

// TestMediaBound: sizes are known before memory is taken. Two buffers and the output are
// all that a run takes, however long its list, and nothing when it is over the limit.
func TestMediaBound(t *testing.T) {
	const side = 1000
	input := imageOf(side, side, 1, make([]byte, side*side))
	ops := slices.Repeat([][]byte{opOf(mediaRotate), opOf(mediaThreshold, 9)}, 16)
	task := Task{Args: opsOf(ops...), Input: input, MaxUnits: 32 * side * side}
	var got Result
	if used := allocated(func() { got = rasterPipeline{}.Run(task) }); got.Status != OK || used > 3*side*side+1<<16 {
		t.Errorf("%v with %d bytes, want at most three images", got.Status, used)
	}
	if len(got.Output) != cap(got.Output) && cap(got.Output) > len(got.Output)+1<<13 {
		t.Errorf("an output of %d bytes holds %d", len(got.Output), cap(got.Output))
	}
	task.MaxUnits--
	if used := allocated(func() { got = rasterPipeline{}.Run(task) }); got.Status != OverLimit || used > 1<<16 {
		t.Errorf("over the limit: %v with %d bytes", got.Status, used)
	}
	huge := Task{Args: opsOf(opOf(mediaResize, mediaMaxSide, 4095), opOf(mediaResize, mediaMaxSide, 4097)), Input: input}
	if used := allocated(func() { got = rasterPipeline{}.Run(huge) }); got.Field != "ops" || used > 1<<16 {
		t.Errorf("too large at the end: %v %q with %d bytes", got.Status, got.Field, used)
	}
}

// TestMediaSums reaches the largest sums: a box over 2^20 white pixels, and a kernel of
// nothing but the largest weights.
func TestMediaSums(t *testing.T) {
	white := imageOf(1024, 1024, 1, bytes.Repeat([]byte{255}, 1<<20))
	full := &correlate{kernel: [9]int(slices.Repeat([]int{-mediaMaxKernel}, 9)), div: 9 * mediaMaxKernel, bias: 255}
	got := rasterPipeline{}.Run(Task{Args: rasterArgsOf(boxReduce{1024, 1024}, full), Input: white})
	if want := imageOf(1, 1, 1, []byte{0}); got.Units != 1<<20+9 || !bytes.Equal(got.Output, want) {
		t.Errorf("%+v, want %x", got, want)
	}
}
