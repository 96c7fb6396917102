package wasm

// draft is a module in the making: the parts that tests change.
type draft struct {
	types    [][]byte // encoded
	funcs    []uint32
	table    []byte // section payloads, nil: none
	memory   []byte
	globals  []byte
	exports  []draftExport
	elements []byte
	bodies   [][]byte // declarations and code
	data     []byte
	after    []byte // anything at the end
}

type draftExport struct {
	name  string
	kind  byte
	index uint32
}

var (
	typeAlloc = []byte{0x60, 1, 0x7f, 1, 0x7f}
	typeRun   = []byte{0x60, 4, 0x7f, 0x7f, 0x7f, 0x7f, 1, 0x7e}
	typeBare  = []byte{0x60, 0, 0}
)

// newDraft returns a module whose forge_alloc gives 1,024 and whose forge_run gives an
// empty output. Function 2, without parameters and result, has the given code.
func newDraft(code ...byte) *draft {
	return &draft{
		types: [][]byte{typeAlloc, typeRun, typeBare}, funcs: []uint32{0, 1, 2}, memory: []byte{1, 1, 1, 1},
		exports: []draftExport{{"memory", 2, 0}, {"forge_alloc", 0, 0}, {"forge_run", 0, 1}},
		bodies:  [][]byte{{0, 0x41, 0x80, 0x08, 0x0b}, {0, 0x10, 2, 0x42, 0, 0x0b}, append(append([]byte{0}, code...), 0x0b)},
	}
}

func section(b []byte, id byte, payload []byte) []byte {
	return append(appendU32(append(b, id), uint32(len(payload))), payload...)
}

func list(items [][]byte, sized bool) []byte {
	b := appendU32(nil, uint32(len(items)))
	for _, item := range items {
		if sized {
			b = appendU32(b, uint32(len(item)))
		}
		b = append(b, item...)
	}
	return b
}

// encode returns the bytes of the module.
func (d *draft) encode() []byte {
	funcs := make([][]byte, len(d.funcs))
	for i, f := range d.funcs {
		funcs[i] = appendU32(nil, f)
	}
	exports := make([][]byte, len(d.exports))
	for i, e := range d.exports {
		exports[i] = append(append(appendU32(nil, uint32(len(e.name))), e.name...), e.kind)
		exports[i] = appendU32(exports[i], e.index)
	}
	b := section(section(append([]byte{}, magic...), 1, list(d.types, false)), 3, list(funcs, false))
	if d.table != nil {
		b = section(b, 4, d.table)
	}
	b = section(b, 5, d.memory)
	if d.globals != nil {
		b = section(b, 6, d.globals)
	}
	b = section(b, 7, list(exports, false))
	if d.elements != nil {
		b = section(b, 9, d.elements)
	}
	b = section(b, 10, list(d.bodies, true))
	if d.data != nil {
		b = section(b, 11, d.data)
	}
	return append(b, d.after...)
}
