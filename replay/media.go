package replay

import "encoding/binary"

// Limits of docs/formats/replay.md section 7.3.
const (
	mediaHead       = 12     // bytes before the samples
	mediaMaxSide    = 16_384 // pixels
	mediaMaxSamples = 1<<26 - mediaHead
	mediaMaxOps     = 32
)

// rasterPipeline is media@1 raster.v1: operations on the samples of an image, one after
// another.
type rasterPipeline struct{}

// frame is the size of an image.
type frame struct {
	w, h int // 1..16384 pixels each
	c    int // channels, 1 or 3
}

// samples returns the bytes of an image of this size, without its head.
func (f frame) samples() int { return f.w * f.h * f.c }

// image is a frame with its samples, row by row, the channels of a pixel side by side.
type image struct {
	frame
	pix []byte
}

// row returns the samples of row y.
func (m *image) row(y int) []byte { return m.pix[y*m.w*m.c : (y+1)*m.w*m.c] }

// rasterOp is one operation. It is valid by itself; whether it fits an image is what
// plan tells.
type rasterOp interface {
	// plan returns the size of what the operation makes of an image of size in,
	// and the units of a sample of it. ok is false if it cannot be applied.
	plan(in frame) (out frame, weight int, ok bool)
	// apply writes all samples of dst, whose size is the planned one, from src.
	apply(dst, src *image)
}

// Name implements Program.
func (rasterPipeline) Name() ProgramName { return ProgramName{"media", 1, "raster.v1"} }

// Units implements Program: the samples that the operations make, by their weights.
func (rasterPipeline) Units(args, input []byte) (uint64, bool) {
	ops, bad := parseRaster(args)
	if bad != "" {
		return 0, false
	}
	in, bad := parseImage(input)
	if bad != "" {
		return 0, false
	}
	_, units, ok := planRaster(ops, in.frame)
	return units, ok
}

// Run implements Program. Beside the input it holds at most three images of 2^26 bytes,
// as large as the plan says and no larger.
func (rasterPipeline) Run(task Task) Result {
	ops, bad := parseRaster(task.Args)
	if bad != "" {
		return invalid(bad)
	}
	in, bad := parseImage(task.Input)
	if bad != "" {
		return invalid(bad)
	}
	frames, units, ok := planRaster(ops, in.frame)
	if !ok {
		return invalid("ops")
	}
	if task.overLimit(units) {
		return Result{Status: OverLimit}
	}
	return finish(runRaster(ops, frames, in), units)
}

// Merge implements Program: each image stands for itself.
func (rasterPipeline) Merge(shards []ShardOutput) ([]byte, error) { return MergeHashes(shards), nil }

// NewMerger implements Program.
func (rasterPipeline) NewMerger() Merger { return NewHashMerger() }

// parseImage reads the size of an image and requires the input to have exactly its length.
func parseImage(input []byte) (m image, bad string) {
	if len(input) < mediaHead || len(input) > MaxInput {
		return m, "input"
	}
	w, h, c := u32At(input, 0), u32At(input, 1), u32At(input, 2)
	switch {
	case w == 0 || w > mediaMaxSide:
		return m, "width"
	case h == 0 || h > mediaMaxSide:
		return m, "height"
	case c != 1 && c != 3:
		return m, "channels"
	}
	m = image{frame{int(w), int(h), int(c)}, input[mediaHead:]}
	if len(m.pix) != m.samples() {
		return m, "input"
	}
	return m, ""
}

// planRaster returns the size after each operation, and the units: at most 32 times 9
// times 2^26, because the weight of a reduction is what it reads.
func planRaster(ops []rasterOp, in frame) (frames []frame, units uint64, ok bool) {
	frames = make([]frame, len(ops))
	for i, op := range ops {
		out, weight, ok := op.plan(in)
		if !ok || out.samples() > mediaMaxSamples {
			return nil, 0, false
		}
		units += uint64(out.samples()) * uint64(weight)
		frames[i], in = out, out
	}
	return frames, units, true
}

// runRaster applies all operations and returns the last image as an output. Images
// between the first and the last take turns in two buffers.
func runRaster(ops []rasterOp, frames []frame, src image) []byte {
	last := len(ops) - 1
	var buffers [2][]byte
	for turn := range buffers {
		size := 0
		for i := turn; i < last; i += 2 {
			size = max(size, frames[i].samples())
		}
		buffers[turn] = make([]byte, size)
	}
	for i, op := range ops[:last] {
		dst := image{frames[i], buffers[i%2][:frames[i].samples()]}
		op.apply(&dst, &src)
		src = dst
	}
	f := frames[last]
	output := make([]byte, mediaHead, mediaHead+f.samples())
	binary.LittleEndian.PutUint32(output, uint32(f.w))
	binary.LittleEndian.PutUint32(output[4:], uint32(f.h))
	binary.LittleEndian.PutUint32(output[8:], uint32(f.c))
	output = output[:cap(output)]
	ops[last].apply(&image{f, output[mediaHead:]}, &src)
	return output
}
