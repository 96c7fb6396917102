package replay

// Numbers of the operations in the arguments (docs/formats/replay.md section 7.3).
const (
	mediaLuma = iota + 1
	mediaCrop
	mediaBox
	mediaCorrelate
	mediaTable
	mediaResize
	mediaThreshold
	mediaRotate
)

// Limits of the elements of an operation.
const (
	mediaMaxKernel = 1 << 15
	mediaMaxDiv    = 1<<31 - 1
	mediaMaxBias   = 255
	mediaTableSize = 256
	mediaMaxParts  = 5 // elements of an operation, its number included
)

// parseRaster reads the list of operations.
func parseRaster(args []byte) (ops []rasterOp, bad string) {
	r := readArgs(args, 1)
	n := r.array(1, "ops", mediaMaxOps)
	r.check("ops", n >= 1)
	ops = make([]rasterOp, n)
	for i := range ops {
		if ops[i] = readRasterOp(r); r.bad != "" {
			break
		}
	}
	return ops, r.done()
}

// readRasterOp reads one operation with exactly the elements that it has.
func readRasterOp(r *argReader) rasterOp {
	parts := r.r.Array(mediaMaxParts)
	number := r.r.Uint()
	expect := func(n int) { r.check("ops", parts == n) }
	within := func(lo, hi uint64) int {
		v := r.r.Uint()
		r.check("ops", v >= lo && v <= hi)
		return int(v)
	}
	side := func() int { return within(1, mediaMaxSide) }
	switch number {
	case mediaLuma:
		expect(1)
		return luma{}
	case mediaCrop:
		expect(5)
		return crop{x: within(0, mediaMaxSide), y: within(0, mediaMaxSide), w: side(), h: side()}
	case mediaBox:
		expect(3)
		return boxReduce{fx: side(), fy: side()}
	case mediaCorrelate:
		expect(4)
		return readCorrelate(r)
	case mediaTable:
		expect(2)
		table := r.r.Bytes(mediaTableSize)
		r.check("ops", len(table) == mediaTableSize)
		op := new(lookUp)
		copy(op[:], table)
		return op
	case mediaResize:
		expect(3)
		return resize{w: side(), h: side()}
	case mediaThreshold:
		expect(2)
		return threshold(within(0, 255))
	case mediaRotate:
		expect(1)
		return rotate{}
	}
	r.check("ops", false)
	return nil
}

// readCorrelate reads kernel, divisor and bias.
func readCorrelate(r *argReader) *correlate {
	op := new(correlate)
	r.check("ops", r.r.Array(len(op.kernel)) == len(op.kernel))
	for i := range op.kernel {
		v := r.r.Int()
		r.check("ops", v >= -mediaMaxKernel && v <= mediaMaxKernel)
		op.kernel[i] = int(v)
	}
	div, bias := r.r.Uint(), r.r.Int()
	r.check("ops", div >= 1 && div <= mediaMaxDiv && bias >= -mediaMaxBias && bias <= mediaMaxBias)
	op.div, op.bias = int(div), int(bias)
	return op
}

// threshold is the table that maps samples of t and more to 255 and others to 0.
func threshold(t int) *lookUp {
	op := new(lookUp)
	for i := t; i < len(op); i++ {
		op[i] = 255
	}
	return op
}
