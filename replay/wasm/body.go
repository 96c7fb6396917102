package wasm

// frame is a construct that is open at a place in a body.
type frame struct {
	op          byte // opBlock, opLoop, opIf, opElse; 0 for the function itself
	result      byte
	height      int // of the operand stack where it begins
	region      int // that instructions in it belong to
	unreachable bool
}

// checker checks one body by the algorithm of the WebAssembly core specification 1.0,
// appendix "Validation Algorithm", and finds its regions and sites on the way.
type checker struct {
	*reader
	module *Module
	body   *body
	locals []byte
	result byte
	stack  []byte
	frames []frame
}

// readBodies reads the code section.
func (m *Module) readBodies(r *reader) {
	p := m.payloads[sectionCode]
	r.offset, r.end = p.from, p.to
	start := r.offset
	if n := r.count("bodies", maxFunctions); n != len(m.functions) {
		r.refuse(ReasonMalformed, start, "%d bodies of %d functions", n, len(m.functions))
	}
	c := &checker{reader: r, module: m}
	for i := 0; i < len(m.functions) && r.fault == nil; i++ {
		start := r.offset
		size := r.u32()
		switch {
		case size > maxBody:
			r.refuse(ReasonLimit, start, "a body of %d bytes, at most %d", size, maxBody)
		case uint64(size) > uint64(r.left()):
			r.refuse(ReasonMalformed, start, "a body of %d bytes, %d are left", size, r.left())
		}
		if r.fault != nil {
			return
		}
		r.end = r.offset + int(size)
		m.bodies = append(m.bodies, c.readBody(&m.types[m.functions[i]]))
		r.end = p.to
	}
	if r.fault == nil && r.offset != p.to {
		r.refuse(ReasonMalformed, r.offset, "the code section goes on for %d bytes", r.left())
	}
}

// readBody reads one body up to r.end.
func (c *checker) readBody(s *signature) body {
	b := body{params: len(s.params)}
	c.body, c.result = &b, s.result
	c.readLocals(s)
	b.code.from = c.offset
	c.stack, c.frames = c.stack[:0], c.frames[:0]
	b.regions = []uint32{0}
	c.frames = append(c.frames, frame{result: s.result})
	for c.fault == nil && len(c.frames) > 0 {
		c.instruction()
	}
	if c.fault == nil && c.offset != c.end {
		c.refuse(ReasonMalformed, c.offset, "%d bytes after the end of a body", c.left())
	}
	b.code.to = c.offset
	return b
}

// readLocals reads the declarations. Their number is compared before room is made.
func (c *checker) readLocals(s *signature) {
	start, total := c.offset, uint64(len(s.params))
	groups := c.count("groups of locals", maxBody)
	c.locals = append(c.locals[:0], s.params...)
	for i := 0; i < groups && c.fault == nil; i++ {
		n := c.u32()
		t := c.valueType()
		if total += uint64(n); total > maxLocals {
			c.refuse(ReasonLimit, start, "more than %d parameters and locals", maxLocals)
		}
		if c.fault != nil {
			return
		}
		for range n {
			c.locals = append(c.locals, t)
		}
	}
	if total > maxLocals {
		c.refuse(ReasonLimit, start, "more than %d parameters and locals", maxLocals)
	}
	b := c.body
	b.declarations, b.groups = span{start, c.offset}, uint32(groups)
	b.locals = len(c.locals) - len(s.params)
}

// instruction reads and checks one instruction.
func (c *checker) instruction() {
	start := c.offset
	op := c.byte()
	if c.fault != nil {
		return
	}
	// An instruction belongs to the region around it; a loop to the one outside it,
	// the end of a loop to its own.
	c.body.regions[c.top().region]++
	c.module.instructed++
	switch s, a := simpleOps[op], accesses[op]; {
	case s.operands > 0:
		for range s.operands {
			c.pop(s.operand)
		}
		c.push(s.result)
	case a.width > 0:
		c.access(a, start)
	case op <= opReturn && op != 0x06 && op != 0x07:
		c.control(op, start)
	case op == opPrefix:
		c.bulk(start)
	default:
		c.other(op, start)
	}
}

// access checks a load or store: the alignment may not be larger than the access.
func (c *checker) access(a access, start int) {
	align := c.u32()
	c.u32()
	if align >= uint32(a.width) {
		c.refuse(ReasonInvalid, start, "an alignment of 2^%d for 2^%d bytes", align, a.width-1)
	}
	if a.store {
		c.pop(a.value)
		c.pop(typeI32)
		return
	}
	c.pop(typeI32)
	c.push(a.value)
}

// bulk checks memory.copy and memory.fill.
func (c *checker) bulk(start int) {
	switch op := c.u32(); op {
	case opMemoryCopy:
		c.zeroByte()
		c.zeroByte()
	case opMemoryFill:
		c.zeroByte()
	case 0, 1, 2, 3, 4, 5, 6, 7:
		c.refuse(ReasonFloat, start, "instruction fc %#x", op)
	default:
		c.refuse(ReasonOpcode, start, "instruction fc %#x", op)
	}
	for range 3 {
		c.pop(typeI32)
	}
	c.site(siteBulk, start)
}

// zeroByte reads the byte that names the only memory.
func (c *checker) zeroByte() {
	start := c.offset
	if b := c.byte(); b != 0 {
		c.refuse(ReasonMalformed, start, "memory %d", b)
	}
}

// other checks what is neither control nor simple.
func (c *checker) other(op byte, start int) {
	switch op {
	case opCall, opCallIndirect:
		c.call(op, start)
	case opDrop:
		c.pop(typeAny)
	case opSelect:
		c.pop(typeI32)
		c.push(c.pop(c.pop(typeAny)))
	case opLocalGet, opLocalSet, opLocalTee:
		c.local(op, start)
	case opGlobalGet, opGlobalSet:
		c.global(op, start)
	case opMemorySize:
		c.zeroByte()
		c.push(typeI32)
	case opMemoryGrow:
		c.zeroByte()
		c.pop(typeI32)
		c.push(typeI32)
		c.site(siteGrow, start)
	case opI32Const:
		c.signed(32)
		c.push(typeI32)
	case opI64Const:
		c.signed(64)
		c.push(typeI64)
	default:
		if isFloat(op) {
			c.refuse(ReasonFloat, start, "instruction %#x", op)
		}
		c.refuse(ReasonOpcode, start, "instruction %#x", op)
	}
}

func (c *checker) local(op byte, start int) {
	i := c.u32()
	if int64(i) >= int64(len(c.locals)) {
		c.refuse(ReasonInvalid, start, "no local %d", i)
		return
	}
	if op != opLocalGet {
		c.pop(c.locals[i])
	}
	if op != opLocalSet {
		c.push(c.locals[i])
	}
}

func (c *checker) global(op byte, start int) {
	i := c.u32()
	if int64(i) >= int64(len(c.module.globals)) {
		c.refuse(ReasonInvalid, start, "no global %d", i)
		return
	}
	g := c.module.globals[i]
	if op == opGlobalGet {
		c.push(g.kind)
		return
	}
	if !g.mutable {
		c.refuse(ReasonInvalid, start, "global %d is constant", i)
	}
	c.pop(g.kind)
}

func (c *checker) call(op byte, start int) {
	m, i := c.module, c.u32()
	var t uint32
	switch {
	case op == opCallIndirect:
		if table := c.u32(); table != 0 || !m.hasTable {
			c.refuse(ReasonInvalid, start, "no table %d", table)
		}
		c.pop(typeI32)
		t = i
	case int64(i) >= int64(len(m.functions)):
		c.refuse(ReasonInvalid, start, "no function %d", i)
	default:
		t = m.functions[i]
	}
	if int64(t) >= int64(len(m.types)) {
		c.refuse(ReasonInvalid, start, "no type %d", t)
	}
	if c.fault != nil {
		return
	}
	s := &m.types[t]
	for k := len(s.params) - 1; k >= 0 && c.fault == nil; k-- {
		c.pop(s.params[k])
	}
	if s.result != noType {
		c.push(s.result)
	}
	c.site(siteCall, start)
}

// site notes a place for the injector.
func (c *checker) site(kind siteKind, start int) {
	c.body.sites = append(c.body.sites, site{kind: kind, at: start, to: c.offset})
}
