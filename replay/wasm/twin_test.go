package wasm

import (
	"encoding/binary"
	"math/bits"

	"github.com/forgepool/settle/replay"
)

// twin is a second, plain implementation of docs/formats/wasm.md sections 5 and 8: it
// walks over the original bytes and charges as the rules say, without any injection. Of
// the module's own reader it takes where bodies and sections are, and their types.
type twin struct {
	m       *Module
	memory  []byte
	globals []uint64
	table   []int // function, or -1
	fuel    int64
	calls   int
	plans   map[int]*plan
}

// plan is what one look at a body finds.
type plan struct {
	end, other map[int]int   // of a block, loop or if: after its end; after its else
	cost       map[int]int64 // of the region that begins at a loop; of the function at -1
}

// step is one decoded instruction.
type step struct {
	op, next int
	a, b     uint64
	labels   []uint64
}

func (t *twin) leb(at int) (uint64, int) {
	v, n := binary.Uvarint(t.m.code[at:])
	return v, at + n
}

func (t *twin) sleb(at int) (v uint64, next int) {
	for shift := 0; ; shift += 7 {
		b := t.m.code[at]
		at++
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			if b&0x40 != 0 && shift+7 < 64 {
				v |= ^uint64(0) << (shift + 7)
			}
			return v, at
		}
	}
}

func (t *twin) decode(at int) (s step) {
	s.op = int(t.m.code[at])
	at++
	switch op := s.op; {
	case op >= 0x02 && op <= 0x04:
		s.a, at = uint64(t.m.code[at]), at+1
	case op == 0x0e:
		var n, l uint64
		n, at = t.leb(at)
		for range n + 1 {
			l, at = t.leb(at)
			s.labels = append(s.labels, l)
		}
	case op == 0x11 || op >= 0x28 && op <= 0x3e:
		s.a, at = t.leb(at)
		s.b, at = t.leb(at)
	case op == 0x0c || op == 0x0d || op == 0x10 || op >= 0x20 && op <= 0x24 || op == 0x3f || op == 0x40:
		s.a, at = t.leb(at)
	case op == 0x41 || op == 0x42:
		s.a, at = t.sleb(at)
	case op == 0xfc:
		s.a, at = t.leb(at)
		at += 12 - int(s.a) // copy names two memories, fill one
	}
	s.next = at
	return s
}

// plan looks at a body: rules 1 and 2.
func (t *twin) plan(f int) *plan {
	if p := t.plans[f]; p != nil {
		return p
	}
	p := &plan{end: map[int]int{}, other: map[int]int{}, cost: map[int]int64{}}
	t.plans[f] = p
	b := &t.m.bodies[f]
	p.cost[-1] = int64((b.locals + 7) / 8)
	open, regions := []int{-1}, []int{-1}
	for at := b.code.from; at < b.code.to; {
		s := t.decode(at)
		p.cost[regions[len(regions)-1]]++
		switch s.op {
		case 0x02, 0x03, 0x04:
			open = append(open, at)
			region := regions[len(regions)-1]
			if s.op == 0x03 {
				region = at
			}
			regions = append(regions, region)
		case 0x05:
			p.other[open[len(open)-1]] = s.next
		case 0x0b:
			p.end[open[len(open)-1]] = s.next
			open, regions = open[:len(open)-1], regions[:len(regions)-1]
		}
		at = s.next
	}
	return p
}

type trap string

func (t *twin) charge(c int64) {
	if t.fuel -= c; t.fuel < 0 {
		panic(trap(FieldFuel))
	}
}

type label struct{ at, to, height, results int }

// call runs a function whose parameters are given.
func (t *twin) call(f int, params []uint64) (result []uint64) {
	p, b := t.plan(f), &t.m.bodies[f]
	t.charge(p.cost[-1])
	locals := append(append([]uint64{}, params...), make([]uint64, b.locals)...)
	results := 1
	if t.m.types[t.m.functions[f]].result == noType {
		results = 0
	}
	var stack []uint64
	pop := func() uint64 {
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		return v
	}
	labels := []label{{-1, b.code.to, 0, results}}
	at := b.code.from
	branch := func(n uint64) {
		i := len(labels) - 1 - int(n)
		l := labels[i]
		kept := stack[len(stack)-l.results:]
		stack = append(stack[:l.height], kept...)
		if l.at >= 0 && t.m.code[l.at] == 0x03 {
			t.charge(p.cost[l.at])
			labels = labels[:i+1]
		} else {
			labels = labels[:i]
		}
		at = l.to
	}
	for at < b.code.to && len(labels) > 0 {
		s := t.decode(at)
		here := at
		at = s.next
		switch {
		case s.op == 0x00:
			panic(trap(FieldTrap))
		case s.op == 0x02 || s.op == 0x04:
			l := label{here, p.end[here], len(stack), 0}
			if s.a != 0x40 {
				l.results = 1
			}
			if s.op == 0x04 {
				l.height--
				if pop() == 0 {
					if other, ok := p.other[here]; ok {
						at = other
					} else {
						at = p.end[here]
						continue
					}
				}
			}
			labels = append(labels, l)
		case s.op == 0x03:
			t.charge(p.cost[here])
			labels = append(labels, label{here, s.next, len(stack), 0})
		case s.op == 0x05: // the end of the first branch of an if
			at = labels[len(labels)-1].to
			labels = labels[:len(labels)-1]
		case s.op == 0x0b:
			labels = labels[:len(labels)-1]
		case s.op == 0x0c:
			branch(s.a)
		case s.op == 0x0d:
			if pop() != 0 {
				branch(s.a)
			}
		case s.op == 0x0e:
			branch(s.labels[min(pop(), uint64(len(s.labels)-1))])
		case s.op == 0x0f:
			branch(uint64(len(labels) - 1))
		case s.op == 0x10 || s.op == 0x11:
			stack = t.invoke(s, stack)
		case s.op == 0x20:
			stack = append(stack, locals[s.a])
		case s.op == 0x21:
			locals[s.a] = pop()
		case s.op == 0x22:
			locals[s.a] = stack[len(stack)-1]
		default:
			stack = t.plain(s, stack)
		}
	}
	return stack[len(stack)-results:]
}

// invoke is a call made by the module: rule of section 6.
func (t *twin) invoke(s step, stack []uint64) []uint64 {
	if t.calls++; t.calls > 512 {
		panic(trap(FieldDepth))
	}
	f := int(s.a)
	if s.op == 0x11 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if i >= uint64(len(t.table)) || t.table[i] < 0 || !sameType(&t.m.types[t.m.functions[t.table[i]]], &t.m.types[s.a]) {
			panic(trap(FieldTrap))
		}
		f = t.table[i]
	}
	n := len(stack) - len(t.m.types[t.m.functions[f]].params)
	result := t.call(f, stack[n:])
	t.calls--
	return append(stack[:n], result...)
}

func sameType(a, b *signature) bool {
	return string(a.params) == string(b.params) && a.result == b.result
}

// plain executes what touches neither control nor locals.
func (t *twin) plain(s step, stack []uint64) []uint64 {
	n := len(stack)
	switch {
	case s.op == 0x01:
		return stack
	case s.op == 0x1a:
		return stack[:n-1]
	case s.op == 0x1b:
		if stack[n-1] == 0 {
			stack[n-3] = stack[n-2]
		}
		return stack[:n-2]
	case s.op == 0x23:
		return append(stack, t.globals[s.a])
	case s.op == 0x24:
		t.globals[s.a] = stack[n-1]
		return stack[:n-1]
	case s.op >= 0x28 && s.op <= 0x35:
		stack[n-1] = t.load(s, stack[n-1])
		return stack
	case s.op >= 0x36 && s.op <= 0x3e:
		size := accessBytes[s.op]
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], stack[n-1])
		copy(t.at(stack[n-2]+s.b, size), b[:size])
		return stack[:n-2]
	case s.op == 0x3f:
		return append(stack, uint64(len(t.memory)/PageSize))
	case s.op == 0x40:
		stack[n-1] = t.grow(stack[n-1])
		return stack
	case s.op == 0x41:
		return append(stack, uint64(uint32(s.a)))
	case s.op == 0x42:
		return append(stack, s.a)
	case s.op == 0xfc:
		t.charge(int64((stack[n-1] + 63) / 64))
		to := t.at(stack[n-3], stack[n-1])
		if s.a == 0x0a {
			copy(to, t.at(stack[n-2], stack[n-1]))
		} else {
			for i := range to {
				to[i] = byte(stack[n-2])
			}
		}
		return stack[:n-3]
	case simpleOps[s.op].operands == 1:
		stack[n-1] = unary(s.op, stack[n-1])
		return stack
	}
	stack[n-2] = binaryOp(s.op, stack[n-2], stack[n-1])
	return stack[:n-1]
}

func (t *twin) grow(pages uint64) uint64 {
	t.charge(int64(1024 * pages))
	have := uint64(len(t.memory) / PageSize)
	if have+pages > uint64(t.m.memory[1]) {
		return 0xffffffff
	}
	t.memory = append(t.memory, make([]byte, pages*PageSize)...)
	return have
}

var accessBytes = map[int]uint64{0x28: 4, 0x29: 8, 0x2c: 1, 0x2d: 1, 0x2e: 2, 0x2f: 2, 0x30: 1, 0x31: 1, 0x32: 2, 0x33: 2, 0x34: 4, 0x35: 4,
	0x36: 4, 0x37: 8, 0x3a: 1, 0x3b: 2, 0x3c: 1, 0x3d: 2, 0x3e: 4}

func (t *twin) at(address, size uint64) []byte {
	if address+size > uint64(len(t.memory)) {
		panic(trap(FieldTrap))
	}
	return t.memory[address : address+size]
}

func (t *twin) load(s step, address uint64) uint64 {
	size := accessBytes[s.op]
	var b [8]byte
	copy(b[:], t.at(address+s.b, size))
	v := binary.LittleEndian.Uint64(b[:])
	signed := s.op == 0x2c || s.op == 0x2e || s.op == 0x30 || s.op == 0x32 || s.op == 0x34
	if shift := 64 - 8*size; signed {
		v = uint64(int64(v<<shift) >> shift)
	}
	if s.op < 0x30 && s.op != 0x29 {
		v = uint64(uint32(v))
	}
	return v
}

func unary(op int, x uint64) uint64 {
	w := uint32(x)
	switch op {
	case 0x45, 0x50:
		return flag(x == 0)
	case 0x67:
		return uint64(bits.LeadingZeros32(w))
	case 0x68:
		return uint64(bits.TrailingZeros32(w))
	case 0x69, 0x7b:
		return uint64(bits.OnesCount64(x))
	case 0x79:
		return uint64(bits.LeadingZeros64(x))
	case 0x7a:
		return uint64(bits.TrailingZeros64(x))
	case 0xa7, 0xad:
		return uint64(w)
	case 0xac, 0xc4:
		return uint64(int64(int32(w)))
	case 0xc0:
		return uint64(uint32(int8(x)))
	case 0xc1:
		return uint64(uint32(int16(x)))
	case 0xc2:
		return uint64(int64(int8(x)))
	}
	return uint64(int64(int16(x)))
}

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// binaryOp computes with 64 bits; for 32 the operands are extended and the result cut.
func binaryOp(op int, x, y uint64) uint64 {
	width, base := uint64(64), 0x7c
	switch {
	case op >= 0x46 && op <= 0x4f:
		return compare(op-0x46, uint64(int64(int32(x))), uint64(int64(int32(y))), x, y)
	case op >= 0x51 && op <= 0x5a:
		return compare(op-0x51, x, y, x, y)
	case op >= 0x6a && op <= 0x78:
		width, base = 32, 0x6a
	}
	sx, sy := int64(x), int64(y)
	if width == 32 {
		sx, sy = int64(int32(x)), int64(int32(y))
	}
	kind := op - base
	if kind >= 3 && kind <= 6 && (y == 0 || kind == 3 && sy == -1 && sx == -1<<(width-1)) {
		panic(trap(FieldTrap))
	}
	k := y % width
	var v uint64
	switch kind {
	case 0:
		v = x + y
	case 1:
		v = x - y
	case 2:
		v = x * y
	case 3:
		v = uint64(sx / sy)
	case 4:
		v = x / y
	case 5:
		v = uint64(sx % sy)
	case 6:
		v = x % y
	case 7:
		v = x & y
	case 8:
		v = x | y
	case 9:
		v = x ^ y
	case 10:
		v = x << k
	case 11:
		v = uint64(sx >> k)
	case 12:
		v = x >> k
	case 13:
		v = x<<k | x>>(width-k)
	case 14:
		v = x>>k | x<<(width-k)
	}
	if width == 32 {
		v = uint64(uint32(v))
	}
	return v
}

// compare is one of eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u.
func compare(kind int, sx, sy, x, y uint64) uint64 {
	a, b := int64(sx), int64(sy)
	return flag([]bool{x == y, x != y, a < b, x < y, a > b, x > y, a <= b, x <= y, a >= b, x >= y}[kind])
}

// newTwin makes an instance.
func newTwin(m *Module, fuel uint64) *twin {
	t := &twin{m: m, memory: make([]byte, m.memory[0]*PageSize), fuel: int64(fuel), plans: map[int]*plan{}}
	for range m.table {
		t.table = append(t.table, -1)
	}
	section := func(id int) (n uint64, at int) {
		if m.payloads[id] == (span{}) {
			return 0, 0
		}
		return t.leb(m.payloads[id].from)
	}
	n, at := section(sectionGlobal)
	for range n {
		s := t.decode(at + 2)
		if s.op == 0x41 {
			s.a = uint64(uint32(s.a))
		}
		t.globals, at = append(t.globals, s.a), s.next+1
	}
	for _, id := range []int{sectionElement, sectionData} {
		n, at = section(id)
		for range n {
			var length, f uint64
			_, at = t.leb(at)
			s := t.decode(at)
			length, at = t.leb(s.next + 1)
			if id == sectionData {
				copy(t.memory[uint32(s.a):], m.code[at:at+int(length)])
				at += int(length)
				continue
			}
			for i := range length {
				f, at = t.leb(at)
				t.table[uint64(uint32(s.a))+i] = int(f)
			}
		}
	}
	return t
}

// run runs a shard as section 8 says.
func (t *twin) run(limit uint64, task replay.Task) (o Outcome) {
	defer func() {
		if p := recover(); p != nil {
			o = invalid(string(p.(trap)))
		}
	}()
	var params []uint64
	for _, b := range [][]byte{append(task.Seed[:len(task.Seed):len(task.Seed)], task.Args...), task.Input} {
		at := uint64(0)
		if len(b) > 0 {
			at = t.call(int(t.m.exports[exportAlloc].index), []uint64{uint64(len(b))})[0]
			if at == 0 || at+uint64(len(b)) > uint64(len(t.memory)) {
				return invalid(FieldPointer)
			}
			copy(t.memory[at:], b)
		}
		params = append(params, at, uint64(len(b)))
	}
	r := t.call(int(t.m.exports[exportRun].index), params)[0]
	at, length := r>>32, r&0xffffffff
	if length > replay.MaxOutput || at+length > uint64(len(t.memory)) {
		return invalid(FieldOutput)
	}
	used := limit - uint64(t.fuel)
	return Outcome{Result: replay.Result{Output: append([]byte{}, t.memory[at:at+length]...), Units: (used + 1023) / 1024}, Fuel: used}
}
