package replay

// resize interpolates between the four nearest pixels, in steps of 1/256.
type resize struct{ w, h int }

// tap says of which two old positions a new one is made: a(i) with weight 256-g, a(j)
// with weight g.
type tap struct {
	i, j int
	g    uint32 // 0..255
}

func (o resize) plan(in frame) (frame, int, bool) { return frame{o.w, o.h, in.c}, 4, true }

func (o resize) apply(dst, src *image) {
	columns := taps(src.w, dst.w)
	for i := range columns {
		columns[i].i *= src.c
		columns[i].j *= src.c
	}
	for y, t := range taps(src.h, dst.h) {
		above, below := src.row(t.i), src.row(t.j)
		if src.c == 1 {
			mix(dst.row(y), above, below, columns, t.g)
		} else {
			mix3(dst.row(y), above, below, columns, t.g)
		}
	}
}

// taps returns the positions along one axis from length from to length to. A product is
// at most 2^45.
func taps(from, to int) []tap {
	list := make([]tap, to)
	for x := range list {
		p := int64(2*x+1)*int64(from)*65_536/int64(2*to) - 32_768
		p = min(max(p, 0), int64(from-1)*65_536)
		i := int(p >> 16)
		list[x] = tap{i: i, j: min(i+1, from-1), g: uint32(p>>8) % 256}
	}
	return list
}

// blend interpolates between two pixels of the row above and two of the row below. The
// result is at most (255 * 256 * 256 + 32768) >> 16 = 255.
func blend(ai, aj, bi, bj byte, g, v uint32) byte {
	t0 := uint32(ai)*(256-g) + uint32(aj)*g
	t1 := uint32(bi)*(256-g) + uint32(bj)*g
	return byte((t0*(256-v) + t1*v + 32_768) >> 16)
}

// mix writes a row of one channel.
func mix(out, above, below []byte, columns []tap, v uint32) {
	out, below = out[:len(columns)], below[:len(above)]
	for x, t := range columns {
		out[x] = blend(above[t.i], above[t.j], below[t.i], below[t.j], t.g, v)
	}
}

// mix3 writes a row of three channels.
func mix3(out, above, below []byte, columns []tap, v uint32) {
	for _, t := range columns {
		ai, aj := above[t.i:t.i+3:t.i+3], above[t.j:t.j+3:t.j+3]
		bi, bj := below[t.i:t.i+3:t.i+3], below[t.j:t.j+3:t.j+3]
		out[0] = blend(ai[0], aj[0], bi[0], bj[0], t.g, v)
		out[1] = blend(ai[1], aj[1], bi[1], bj[1], t.g, v)
		out[2] = blend(ai[2], aj[2], bi[2], bj[2], t.g, v)
		out = out[3:]
	}
}
