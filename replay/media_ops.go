package replay

// luma makes one channel of three.
type luma struct{}

func (luma) plan(in frame) (frame, int, bool) { return frame{in.w, in.h, 1}, 1, in.c == 3 }

func (luma) apply(dst, src *image) {
	pix := src.pix
	for i := range dst.pix {
		p := pix[3*i : 3*i+3 : 3*i+3]
		dst.pix[i] = byte((77*uint32(p[0]) + 150*uint32(p[1]) + 29*uint32(p[2]) + 128) >> 8)
	}
}

// crop cuts out a rectangle.
type crop struct{ x, y, w, h int }

func (o crop) plan(in frame) (frame, int, bool) {
	return frame{o.w, o.h, in.c}, 1, o.x <= in.w-o.w && o.y <= in.h-o.h
}

func (o crop) apply(dst, src *image) {
	for y := range o.h {
		copy(dst.row(y), src.row(o.y + y)[o.x*src.c:])
	}
}

// boxReduce makes one pixel of the mean of fx times fy.
type boxReduce struct{ fx, fy int }

func (o boxReduce) plan(in frame) (frame, int, bool) {
	out := frame{in.w / o.fx, in.h / o.fy, in.c}
	return out, o.fx * o.fy, out.w >= 1 && out.h >= 1
}

// apply adds up whole rows. A sum is below 2^34: a box lies in an image of 2^26 samples.
func (o boxReduce) apply(dst, src *image) {
	area := uint64(o.fx) * uint64(o.fy)
	sums := make([]uint64, dst.w*dst.c)
	for y := range dst.h {
		clear(sums)
		for i := range o.fy {
			row := src.row(y*o.fy + i)
			if src.c == 1 {
				addBoxes(sums, row, o.fx)
			} else {
				addBoxes3(sums, row, o.fx)
			}
		}
		out := dst.row(y)
		for i, sum := range sums {
			out[i] = byte((sum + area/2) / area)
		}
	}
}

// addBoxes adds fx samples each of a row of one channel to the sums.
func addBoxes(sums []uint64, row []byte, fx int) {
	for x := range sums {
		var sum uint64
		for _, v := range row[x*fx : (x+1)*fx] {
			sum += uint64(v)
		}
		sums[x] += sum
	}
}

// addBoxes3 adds fx pixels each of a row of three channels to the sums.
func addBoxes3(sums []uint64, row []byte, fx int) {
	for ; len(sums) >= 3; sums = sums[3:] {
		var r, g, b uint64
		for p := row[:3*fx]; len(p) >= 3; p = p[3:] {
			r, g, b = r+uint64(p[0]), g+uint64(p[1]), b+uint64(p[2])
		}
		sums[0], sums[1], sums[2] = sums[0]+r, sums[1]+g, sums[2]+b
		row = row[3*fx:]
	}
}

// correlate weighs the nine samples around each, the kernel row by row and not flipped.
type correlate struct {
	kernel    [9]int
	div, bias int
}

func (*correlate) plan(in frame) (frame, int, bool) { return in, 9, true }

// apply keeps the three rows around the current one, their first and last pixels doubled,
// so that no sample needs to know of the edges.
func (o *correlate) apply(dst, src *image) {
	var rows [3][]byte // above, at, below
	for i := range rows {
		rows[i] = make([]byte, (src.w+2)*src.c)
	}
	widen(rows[0], src.row(0), src.c)
	widen(rows[1], src.row(0), src.c)
	for y := range src.h {
		widen(rows[2], src.row(min(y+1, src.h-1)), src.c)
		o.line(dst.row(y), &rows, src.c)
		rows[0], rows[1], rows[2] = rows[1], rows[2], rows[0]
	}
}

// widen copies a row with one more pixel at either end.
func widen(dst, row []byte, c int) {
	copy(dst, row[:c])
	copy(dst[c:], row)
	copy(dst[c+len(row):], row[len(row)-c:])
}

// line computes one row. A sum is below 2^27 in size.
func (o *correlate) line(out []byte, rows *[3][]byte, c int) {
	n := len(out)
	k := o.kernel // a copy: nothing else can change it while the row is written
	div, bias := o.div, o.bias
	a0, a1, a2 := rows[0][:n], rows[0][c:c+n], rows[0][2*c:2*c+n]
	b0, b1, b2 := rows[1][:n], rows[1][c:c+n], rows[1][2*c:2*c+n]
	c0, c1, c2 := rows[2][:n], rows[2][c:c+n], rows[2][2*c:2*c+n]
	for i := range out {
		sum := k[0]*int(a0[i]) + k[1]*int(a1[i]) + k[2]*int(a2[i]) +
			k[3]*int(b0[i]) + k[4]*int(b1[i]) + k[5]*int(b2[i]) +
			k[6]*int(c0[i]) + k[7]*int(c1[i]) + k[8]*int(c2[i])
		q := sum / div
		if sum < 0 && q*div != sum {
			q-- // towards minus infinity
		}
		out[i] = byte(min(max(q+bias, 0), 255))
	}
}

// lookUp replaces every sample by what stands in a table.
type lookUp [mediaTableSize]byte

func (*lookUp) plan(in frame) (frame, int, bool) { return in, 1, true }

func (o *lookUp) apply(dst, src *image) {
	out := dst.pix[:len(src.pix)]
	for i, v := range src.pix {
		out[i] = o[v]
	}
}

// rotate turns by 90 degrees clockwise.
type rotate struct{}

func (rotate) plan(in frame) (frame, int, bool) { return frame{in.h, in.w, in.c}, 1, true }

// rotateTile is the side of the squares that rotate turns one by one: their lines stay in
// the nearest cache.
const rotateTile = 32

func (rotate) apply(dst, src *image) {
	for y := 0; y < dst.h; y += rotateTile {
		for x := 0; x < dst.w; x += rotateTile {
			for v := y; v < min(y+rotateTile, dst.h); v++ {
				turnRow(dst, src, x, min(x+rotateTile, dst.w), v)
			}
		}
	}
}

// turnRow writes the pixels from..to-1 of row y of dst, which is column y of src read upwards.
func turnRow(dst, src *image, from, to, y int) {
	stride := src.w * src.c
	out := dst.row(y)[from*dst.c : to*dst.c]
	at := (src.h-1-from)*stride + y*src.c
	if src.c == 1 {
		for i := range out {
			out[i] = src.pix[at]
			at -= stride
		}
		return
	}
	for ; len(out) >= 3; out = out[3:] {
		p := src.pix[at : at+3 : at+3]
		out[0], out[1], out[2] = p[0], p[1], p[2]
		at -= stride
	}
}
