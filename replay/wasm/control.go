package wasm

// top returns the innermost open construct.
func (c *checker) top() *frame { return &c.frames[len(c.frames)-1] }

// push puts a type on the operand stack. A body has at most as many as it has bytes.
func (c *checker) push(t byte) { c.stack = append(c.stack, t) }

// pop takes a value of a type, or of any, from the operand stack and returns its type.
// In code that is never reached an empty stack gives what is asked for.
func (c *checker) pop(want byte) byte {
	f := c.top()
	if len(c.stack) == f.height {
		if !f.unreachable {
			c.refuse(ReasonInvalid, c.offset, "an operand is missing")
		}
		return want
	}
	got := c.stack[len(c.stack)-1]
	c.stack = c.stack[:len(c.stack)-1]
	switch {
	case got == typeAny:
		return want
	case want != typeAny && got != want:
		c.refuse(ReasonInvalid, c.offset, "an operand of type %#x instead of %#x", got, want)
	}
	return got
}

// stop marks the rest of the construct as never reached.
func (c *checker) stop() {
	f := c.top()
	c.stack = c.stack[:f.height]
	f.unreachable = true
}

// control checks an instruction that opens, closes or leaves a construct.
func (c *checker) control(op byte, start int) {
	switch op {
	case opUnreachable:
		c.stop()
	case opNop:
	case opBlock, opLoop, opIf:
		c.open(op, start)
	case opElse:
		if c.top().op != opIf {
			c.refuse(ReasonInvalid, start, "else without if")
			return
		}
		f := c.close()
		f.op, f.unreachable = opElse, false
		c.frames = append(c.frames, f)
	case opEnd:
		c.finish(start)
	case opBr:
		c.popLabel(c.label(start))
		c.stop()
	case opBrIf:
		c.pop(typeI32)
		if t := c.label(start); t != noType {
			c.pop(t)
			c.push(t)
		}
	case opBrTable:
		c.table(start)
	case opReturn:
		c.popLabel(c.result)
		c.stop()
	default:
		c.refuse(ReasonOpcode, start, "instruction %#x", op)
	}
}

// open enters a block, loop or if.
func (c *checker) open(op byte, start int) {
	if op == opIf {
		c.pop(typeI32)
	}
	result := c.byte()
	if result != noType {
		c.checkType(result, start)
	}
	if len(c.frames) > maxNesting {
		c.refuse(ReasonLimit, start, "more than %d constructs in each other", maxNesting)
	}
	f := frame{op: op, result: result, height: len(c.stack), region: c.top().region}
	if op == opLoop {
		f.region = len(c.body.regions)
		c.body.regions = append(c.body.regions, 0)
		c.body.sites = append(c.body.sites, site{kind: siteLoop, at: c.offset, to: c.offset})
	}
	c.frames = append(c.frames, f)
}

// close leaves the innermost construct, whose result must be all that it left.
func (c *checker) close() frame {
	f := *c.top()
	c.popLabel(f.result)
	if len(c.stack) != f.height {
		c.refuse(ReasonInvalid, c.offset, "operands are left over")
	}
	c.frames = c.frames[:len(c.frames)-1]
	return f
}

// finish checks an end.
func (c *checker) finish(start int) {
	f := c.close()
	if f.op == opIf && f.result != noType {
		c.refuse(ReasonInvalid, start, "an if with a result and without else")
	}
	if f.result != noType {
		c.push(f.result)
	}
}

// popLabel takes the result of a construct, if it has one.
func (c *checker) popLabel(t byte) {
	if t != noType {
		c.pop(t)
	}
}

// label reads the number of a construct, counted from the innermost, and returns what
// a branch to it takes along: nothing to a loop.
func (c *checker) label(start int) byte {
	i := c.u32()
	if int64(i) >= int64(len(c.frames)) {
		c.refuse(ReasonInvalid, start, "no construct %d to branch to", i)
		return noType
	}
	f := &c.frames[len(c.frames)-1-int(i)]
	if f.op == opLoop {
		return noType
	}
	return f.result
}

// table checks a br_table: all labels take along the same.
func (c *checker) table(start int) {
	c.pop(typeI32)
	n := c.count("labels", maxBody)
	taken := make([]byte, 0, n)
	for i := 0; i < n && c.fault == nil; i++ {
		taken = append(taken, c.label(start))
	}
	last := c.label(start)
	for _, t := range taken {
		if t != last {
			c.refuse(ReasonInvalid, start, "labels of a table that take along different things")
		}
	}
	c.popLabel(last)
	c.stop()
}
