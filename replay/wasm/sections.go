package wasm

import (
	"bytes"
	"maps"
	"slices"
	"strings"
)

// magic is the head of a module: "\0asm" and version 1.
var magic = []byte{0, 'a', 's', 'm', 1, 0, 0, 0}

// order is the place of each section; the count of data segments precedes the code.
var order = [sections]int{
	sectionType: 1, sectionFunction: 2, sectionTable: 3, sectionMemory: 4, sectionGlobal: 5,
	sectionExport: 6, sectionElement: 7, sectionDataCount: 8, sectionCode: 9, sectionData: 10,
}

// Validate checks that a module is of the profile forge-wasm-int@1 for a program with
// this page limit (docs/formats/wasm.md sections 2 to 4). The error is a *Refusal.
// The module keeps code, which must not change afterwards.
func Validate(code []byte, pages uint32) (*Module, error) {
	r := &reader{data: code, end: len(code)}
	m := &Module{code: code, exports: map[string]export{}}
	switch {
	case len(code) > MaxModule:
		r.refuse(ReasonTooLarge, 0, "%d bytes, at most %d", len(code), MaxModule)
	case !bytes.HasPrefix(code, magic):
		r.refuse(ReasonMalformed, 0, "no module of version 1")
	default:
		r.offset = len(magic)
		m.readSections(r, pages)
	}
	if r.fault != nil {
		return nil, r.fault
	}
	return m, nil
}

// readSections reads all sections, and then the bodies, which may name anything.
func (m *Module) readSections(r *reader, pages uint32) {
	last := 0
	for r.fault == nil && r.offset < len(r.data) {
		last = m.readSection(r, last, pages)
	}
	for _, id := range []int{sectionType, sectionFunction, sectionMemory, sectionExport, sectionCode} {
		if m.payloads[id] == (span{}) {
			r.refuse(ReasonSection, len(m.code), "section %d is missing", id)
		}
	}
	if m.payloads[sectionDataCount] != (span{}) {
		if announced := m.announced(); announced != m.data {
			r.refuse(ReasonMalformed, m.payloads[sectionDataCount].from, "%d data segments announced, %d there", announced, m.data)
		}
	}
	if r.fault == nil {
		m.readBodies(r)
	}
}

// announced returns the content of the section that counts data segments.
func (m *Module) announced() int {
	p := m.payloads[sectionDataCount]
	r := &reader{data: m.code, offset: p.from, end: p.to}
	return int(r.u32())
}

// readSection reads one section and returns its place in the order.
func (m *Module) readSection(r *reader, last int, pages uint32) int {
	start := r.offset
	id := r.byte()
	switch {
	case id == sectionImport:
		r.refuse(ReasonImport, start, "an import section")
	case id == sectionStart:
		r.refuse(ReasonStart, start, "a start section")
	case int(id) >= sections:
		r.refuse(ReasonSection, start, "section %d", id)
	case id != sectionCustom && order[id] <= last:
		r.refuse(ReasonSection, start, "section %d is out of order", id)
	}
	size := r.u32()
	if r.fault == nil && uint64(size) > uint64(r.left()) {
		r.refuse(ReasonMalformed, start, "section of %d bytes, %d are left", size, r.left())
	}
	if r.fault != nil {
		return last
	}
	payload := span{r.offset, r.offset + int(size)}
	r.end = payload.to
	if id == sectionCustom {
		r.name()
		r.offset = max(r.offset, payload.to)
	} else {
		m.payloads[id] = payload
		m.readPayload(r, id, pages)
		last = order[id]
	}
	if r.fault == nil && r.offset != payload.to {
		r.refuse(ReasonMalformed, r.offset, "section %d goes on for %d bytes", id, r.left())
	}
	r.end = len(r.data)
	return last
}

// readPayload reads what stands after the head of a section. Bodies are read later.
func (m *Module) readPayload(r *reader, id byte, pages uint32) {
	switch id {
	case sectionType:
		m.readTypes(r)
	case sectionFunction:
		m.readFunctions(r)
	case sectionTable:
		m.readTable(r)
	case sectionMemory:
		m.readMemory(r, pages)
	case sectionGlobal:
		m.readGlobals(r)
	case sectionExport:
		m.readExports(r)
	case sectionElement:
		m.readElements(r)
	case sectionData:
		m.readData(r)
	case sectionDataCount:
		r.u32()
	case sectionCode:
		r.offset = r.end
	}
}

func (m *Module) readTypes(r *reader) {
	for n := r.count("types", maxTypes); n > 0 && r.fault == nil; n-- {
		start := r.offset
		if form := r.byte(); form != 0x60 {
			r.refuse(ReasonMalformed, start, "type of form %#x", form)
		}
		s := signature{result: noType}
		params := r.count("parameters", MaxModule)
		s.params = r.bytes(uint32(params))
		for i, t := range s.params {
			r.checkType(t, r.offset-params+i)
		}
		results := r.offset
		switch r.u32() {
		case 0:
		case 1:
			s.result = r.valueType()
		default:
			r.refuse(ReasonType, results, "more than one result")
		}
		m.types = append(m.types, s)
	}
}

func (m *Module) readFunctions(r *reader) {
	for n := r.count("functions", maxFunctions); n > 0 && r.fault == nil; n-- {
		start := r.offset
		t := r.u32()
		if int(t) >= len(m.types) {
			r.refuse(ReasonInvalid, start, "no type %d", t)
		}
		m.functions = append(m.functions, t)
	}
}

// limits reads a minimum and a maximum, if there is one.
func (r *reader) limits() (minimum, maximum uint32, bounded bool) {
	start := r.offset
	flag := r.byte()
	if flag > 1 {
		r.refuse(ReasonMalformed, start, "limits of form %#x", flag)
	}
	minimum = r.u32()
	if flag == 1 {
		maximum, bounded = r.u32(), true
	}
	return minimum, maximum, bounded
}

func (m *Module) readTable(r *reader) {
	start := r.offset
	n := r.u32()
	if n > 1 {
		r.refuse(ReasonTable, start, "%d tables, at most one", n)
	}
	if n != 1 || r.fault != nil {
		return
	}
	if kind := r.byte(); kind != 0x70 {
		r.refuse(ReasonTable, start, "a table that is not of functions")
	}
	minimum, maximum, bounded := r.limits()
	switch {
	case minimum > maxTable || maximum > maxTable:
		r.refuse(ReasonLimit, start, "a table of more than %d", maxTable)
	case bounded && minimum > maximum:
		r.refuse(ReasonInvalid, start, "a table of at least %d and at most %d", minimum, maximum)
	}
	m.table, m.hasTable = minimum, true
}

func (m *Module) readMemory(r *reader, pages uint32) {
	start := r.offset
	if n := r.u32(); n != 1 {
		r.refuse(ReasonMemory, start, "%d memories instead of one", n)
		return
	}
	minimum, maximum, bounded := r.limits()
	switch {
	case !bounded:
		r.refuse(ReasonMemory, start, "no maximum")
	case minimum > maximum:
		r.refuse(ReasonMemory, start, "at least %d pages and at most %d", minimum, maximum)
	case maximum > pages:
		r.refuse(ReasonMemory, start, "a maximum of %d pages, the program allows %d", maximum, pages)
	}
	m.memory = [2]uint32{minimum, maximum}
}

// constant reads an initial value: one constant of the type, and end.
func (r *reader) constant(t byte, reason Reason) uint32 {
	start, want := r.offset, byte(0x41)
	bits := 32
	if t == typeI64 {
		want, bits = 0x42, 64
	}
	switch op := r.byte(); op {
	case want:
	case 0x43, 0x44:
		r.refuse(ReasonFloat, start, "a floating-point constant")
	default:
		r.refuse(reason, start, "%#x instead of one constant", op)
	}
	value := r.signed(bits)
	if end := r.byte(); end != 0x0b {
		r.refuse(reason, start, "more than one constant")
	}
	return uint32(value)
}

func (m *Module) readGlobals(r *reader) {
	for n := r.count("globals", maxGlobals); n > 0 && r.fault == nil; n-- {
		g := global{kind: r.valueType()}
		start := r.offset
		switch r.byte() {
		case 0:
		case 1:
			g.mutable = true
		default:
			r.refuse(ReasonMalformed, start, "neither constant nor mutable")
		}
		r.constant(g.kind, ReasonGlobal)
		m.globals = append(m.globals, g)
	}
}

func sortedNames(exports map[string]export) []string {
	return slices.Sorted(maps.Keys(exports))
}

func (m *Module) readExports(r *reader) {
	for n := r.count("exports", maxExports); n > 0 && r.fault == nil; n-- {
		start := r.offset
		name := r.name()
		if _, twice := m.exports[name]; twice {
			r.refuse(ReasonInvalid, start, "two exports %q", name)
		}
		e := export{kind: r.byte(), index: r.u32()}
		// Sections come in order: table, memory and globals are known here.
		known := map[byte]int{0: len(m.functions), 1: int(m.tables()), 2: 1, 3: len(m.globals)}
		if int64(e.index) >= int64(known[e.kind]) {
			r.refuse(ReasonInvalid, start, "export %q of what is not there", name)
		}
		if strings.HasPrefix(name, reservedPrefix) && name != exportAlloc && name != exportRun {
			r.refuse(ReasonExport, start, "export %q has a reserved name", name)
		}
		m.exports[name] = e
	}
	m.checkExports(r)
}

func (m *Module) tables() uint32 {
	if m.hasTable {
		return 1
	}
	return 0
}

// checkExports looks for the three exports that a program must have.
func (m *Module) checkExports(r *reader) {
	if e, ok := m.exports[exportMemory]; !ok || e.kind != 2 {
		r.refuse(ReasonExport, r.offset, "no memory is exported as %q", exportMemory)
	}
	m.checkFunctionExport(r, exportAlloc, []byte{typeI32}, typeI32)
	m.checkFunctionExport(r, exportRun, []byte{typeI32, typeI32, typeI32, typeI32}, typeI64)
}

func (m *Module) checkFunctionExport(r *reader, name string, params []byte, result byte) {
	e, ok := m.exports[name]
	if r.fault != nil {
		return
	}
	if !ok || e.kind != 0 {
		r.refuse(ReasonExport, r.offset, "no function is exported as %q", name)
		return
	}
	if t := m.types[m.functions[e.index]]; !bytes.Equal(t.params, params) || t.result != result {
		r.refuse(ReasonExport, r.offset, "%q has the wrong type", name)
	}
}

func (m *Module) readElements(r *reader) {
	for n := r.count("element segments", maxSegments); n > 0 && r.fault == nil; n-- {
		start := r.offset
		if kind := r.u32(); kind != 0 {
			r.refuse(ReasonSegment, start, "an element segment of kind %d", kind)
		}
		if !m.hasTable {
			r.refuse(ReasonInvalid, start, "elements without a table")
		}
		offset := r.constant(typeI32, ReasonSegment)
		length := r.count("elements", MaxModule)
		if uint64(offset)+uint64(length) > uint64(m.table) {
			r.refuse(ReasonSegment, start, "elements %d to %d in a table of %d", offset, uint64(offset)+uint64(length), m.table)
		}
		for range length {
			at := r.offset
			if f := r.u32(); r.fault == nil && int(f) >= len(m.functions) {
				r.refuse(ReasonInvalid, at, "no function %d", f)
			}
			if r.fault != nil {
				return
			}
		}
		m.elements++
	}
}

func (m *Module) readData(r *reader) {
	for n := r.count("data segments", maxSegments); n > 0 && r.fault == nil; n-- {
		start := r.offset
		if kind := r.u32(); kind != 0 {
			r.refuse(ReasonSegment, start, "a data segment of kind %d", kind)
		}
		offset := r.constant(typeI32, ReasonSegment)
		length := r.u32()
		r.bytes(length)
		if size := uint64(m.memory[0]) * PageSize; uint64(offset)+uint64(length) > size {
			r.refuse(ReasonSegment, start, "data up to %d in a memory of %d bytes", uint64(offset)+uint64(length), size)
		}
		m.data++
	}
}
