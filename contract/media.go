package contract

import "github.com/forgepool/settle/codec"

// rasterOp is an operation of media@1 under its name in contracts, with the names of its
// elements in order (docs/formats/import.md section 4).
type rasterOp struct {
	number   uint64
	elements []string
}

var rasterOps = map[string]rasterOp{
	"luma":        {1, nil},
	"crop":        {2, []string{"x", "y", "width", "height"}},
	"box":         {3, []string{"fx", "fy"}},
	"correlation": {4, []string{"kernel", "div", "bias"}},
	"table":       {5, []string{"table"}},
	"resize":      {6, []string{"width", "height"}},
	"threshold":   {7, []string{"t"}},
	"rotate":      {8, nil},
}

// maxElements bounds lists in an operation. What a program accepts is for it to say.
const maxElements = 256

// appendRasterOps reads a list of operations, each {"op": name, elements}.
func appendRasterOps(b []byte, o *object, name string) []byte {
	ops := o.objects(name, codec.MaxShards)
	b = codec.AppendArray(b, len(ops))
	for _, o := range ops {
		op, ok := rasterOps[o.text("op")]
		if !ok {
			o.fail(CodeBadValue, "op", "no such operation")
		}
		b = codec.AppendUint(codec.AppendArray(b, 1+len(op.elements)), op.number)
		for _, element := range op.elements {
			b = appendElement(b, o, element)
		}
		o.end()
	}
	return b
}

// appendElement reads one element: numbers, but for the two that are not.
func appendElement(b []byte, o *object, name string) []byte {
	switch name {
	case "table":
		return codec.AppendBytes(b, o.base64(name, maxElements))
	case "kernel":
		list := o.list(name, maxElements)
		b = codec.AppendArray(b, len(list))
		for i, v := range list {
			b = appendInt(b, single(o, name, i, v), "")
		}
		return b
	}
	return appendInt(b, o, name)
}
