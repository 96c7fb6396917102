package wasm

import "encoding/binary"

// The operators that the counters need.
const (
	opI32Add = 0x6a
	opI32Sub = 0x6b
	opI32GtU = 0x4b
	opI64LtS = 0x53
	opI64Add = 0x7c
	opI64Sub = 0x7d
	opI64Shl = 0x86
	opI64Shr = 0x88 // unsigned
	opExtend = 0xad // i64.extend_i32_u
)

// UnitFuel is the fuel of one work unit, rounded up.
const UnitFuel = 1_024

// The prices of docs/formats/wasm.md section 5.
const (
	localsPerFuel = 8   // declared locals that cost 1
	bulkShift     = 6   // 64 bytes copied or filled cost 1
	growShift     = 10  // a page asked for costs 1,024
	maxCalls      = 512 // active calls
)

// Instrument returns the module with the counters of docs/formats/wasm.md section 6:
// two globals after its own, exported as forge_fuel (i64, starts at 0: the host sets
// it) and forge_calls (i32). Custom sections and all exports but the three that the
// host uses are left out.
func (m *Module) Instrument() []byte {
	out := append(make([]byte, 0, 2*len(m.code)), magic...)
	for _, id := range []byte{sectionType, sectionFunction, sectionTable, sectionMemory, sectionGlobal,
		sectionExport, sectionElement, sectionDataCount, sectionCode, sectionData} {
		var payload []byte
		switch id {
		case sectionGlobal:
			payload = m.globalSection()
		case sectionExport:
			payload = m.exportSection()
		case sectionCode:
			payload = m.codeSection()
		default:
			p := m.payloads[id]
			if p == (span{}) {
				continue
			}
			payload = m.code[p.from:p.to]
		}
		out = appendU32(append(out, id), uint32(len(payload)))
		out = append(out, payload...)
	}
	return out
}

func appendU32(b []byte, v uint32) []byte { return binary.AppendUvarint(b, uint64(v)) }

// appendI64 appends a signed LEB128 number.
func appendI64(b []byte, v int64) []byte {
	for {
		low := byte(v & 0x7f)
		v >>= 7
		if v == 0 && low&0x40 == 0 || v == -1 && low&0x40 != 0 {
			return append(b, low)
		}
		b = append(b, low|0x80)
	}
}

// fuel and calls are the indexes of the two globals.
func (m *Module) fuel() uint32  { return uint32(len(m.globals)) }
func (m *Module) calls() uint32 { return uint32(len(m.globals)) + 1 }

// globalSection appends the counters to the globals.
func (m *Module) globalSection() []byte {
	b := appendU32(nil, uint32(len(m.globals))+2)
	if p := m.payloads[sectionGlobal]; p != (span{}) {
		r := &reader{data: m.code, offset: p.from, end: p.to}
		r.u32()
		b = append(b, m.code[r.offset:p.to]...)
	}
	b = append(b, typeI64, 1, opI64Const, 0, opEnd)
	return append(b, typeI32, 1, opI32Const, 0, opEnd)
}

// exportSection exports what the host uses, and nothing else.
func (m *Module) exportSection() []byte {
	b := appendU32(nil, 5)
	add := func(name string, kind byte, index uint32) {
		b = append(appendU32(b, uint32(len(name))), name...)
		b = appendU32(append(b, kind), index)
	}
	for _, name := range []string{exportMemory, exportAlloc, exportRun} {
		add(name, m.exports[name].kind, m.exports[name].index)
	}
	add(exportFuel, 3, m.fuel())
	add(exportCalls, 3, m.calls())
	return b
}

func (m *Module) codeSection() []byte {
	b := appendU32(nil, uint32(len(m.bodies)))
	for i := range m.bodies {
		body := m.instrumentBody(&m.bodies[i])
		b = append(appendU32(b, uint32(len(body))), body...)
	}
	return b
}

// instrumentBody copies a body and puts charges and counts at its sites.
func (m *Module) instrumentBody(b *body) []byte {
	operand := uint32(b.params + b.locals) // a local of ours for the operands of sites
	groups := b.groups
	if b.takesOperands() {
		groups++
	}
	r := &reader{data: m.code, offset: b.declarations.from, end: b.declarations.to}
	r.u32()
	out := appendU32(make([]byte, 0, 2*(b.code.to-b.code.from)), groups)
	out = append(out, m.code[r.offset:b.declarations.to]...)
	if groups > b.groups {
		out = append(appendU32(out, 1), typeI32)
	}
	entry := int64(b.regions[0]) + int64((b.locals+localsPerFuel-1)/localsPerFuel)
	out = m.charge(out, entry)
	at, loop := b.code.from, 0
	for _, s := range b.sites {
		out = append(out, m.code[at:s.at]...)
		at = s.at
		switch s.kind {
		case siteLoop:
			loop++
			out = m.charge(out, int64(b.regions[loop]))
		case siteCall:
			out = m.enter(out)
			out = append(out, m.code[s.at:s.to]...)
			out = m.count(out, opI32Sub)
			at = s.to
		case siteBulk:
			out = m.chargeOperand(out, operand, siteBulk)
		case siteGrow:
			out = m.chargeOperand(out, operand, siteGrow)
		}
	}
	return append(out, m.code[at:b.code.to]...)
}

// takesOperands says whether a site needs the local.
func (b *body) takesOperands() bool {
	for _, s := range b.sites {
		if s.kind == siteBulk || s.kind == siteGrow {
			return true
		}
	}
	return false
}

// charge subtracts a price that is known here, and traps below zero.
func (m *Module) charge(b []byte, price int64) []byte {
	b = appendU32(append(b, opGlobalGet), m.fuel())
	b = appendI64(append(b, opI64Const), price)
	return m.settle(append(b, opI64Sub))
}

// settle stores the fuel that is on the stack, and traps below zero.
func (m *Module) settle(b []byte) []byte {
	b = appendU32(append(b, opGlobalSet), m.fuel())
	b = appendU32(append(b, opGlobalGet), m.fuel())
	return append(b, opI64Const, 0, opI64LtS, opIf, noType, opUnreachable, opEnd)
}

// chargeOperand charges for the operand on top of the stack, and leaves it there.
func (m *Module) chargeOperand(b []byte, operand uint32, kind siteKind) []byte {
	b = appendU32(append(b, opLocalTee), operand)
	b = appendU32(append(b, opGlobalGet), m.fuel())
	b = appendU32(append(b, opLocalGet), operand)
	b = append(b, opExtend)
	if kind == siteBulk {
		b = appendI64(append(b, opI64Const), 1<<bulkShift-1)
		b = appendI64(append(b, opI64Add, opI64Const), bulkShift)
		b = append(b, opI64Shr)
	} else {
		b = appendI64(append(b, opI64Const), growShift)
		b = append(b, opI64Shl)
	}
	return m.settle(append(b, opI64Sub))
}

// count adds one to the active calls, or subtracts one.
func (m *Module) count(b []byte, op byte) []byte {
	b = appendU32(append(b, opGlobalGet), m.calls())
	b = append(b, opI32Const, 1, op)
	return appendU32(append(b, opGlobalSet), m.calls())
}

// enter counts a call, and traps if there are too many.
func (m *Module) enter(b []byte) []byte {
	b = m.count(b, opI32Add)
	b = appendU32(append(b, opGlobalGet), m.calls())
	b = appendI64(append(b, opI32Const), maxCalls)
	return append(b, opI32GtU, opIf, noType, opUnreachable, opEnd)
}
