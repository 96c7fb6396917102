package wasm

// The instructions that need more than a signature.
const (
	opUnreachable  = 0x00
	opNop          = 0x01
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opReturn       = 0x0f
	opCall         = 0x10
	opCallIndirect = 0x11
	opDrop         = 0x1a
	opSelect       = 0x1b
	opLocalGet     = 0x20
	opLocalSet     = 0x21
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opMemorySize   = 0x3f
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opPrefix       = 0xfc
	opMemoryCopy   = 0x0a // after the prefix
	opMemoryFill   = 0x0b
)

// simple is an instruction that only takes values from the stack and puts one there.
type simple struct {
	operands uint8 // 1 or 2, 0 for an instruction that is not simple
	operand  byte  // the type of all of them
	result   byte
}

// simpleOps holds comparisons, arithmetic and conversions (docs/formats/wasm.md section 4).
var simpleOps = func() (t [256]simple) {
	fill := func(from, to int, s simple) {
		for op := from; op <= to; op++ {
			t[op] = s
		}
	}
	fill(0x45, 0x45, simple{1, typeI32, typeI32}) // eqz
	fill(0x46, 0x4f, simple{2, typeI32, typeI32})
	fill(0x50, 0x50, simple{1, typeI64, typeI32}) // eqz
	fill(0x51, 0x5a, simple{2, typeI64, typeI32})
	fill(0x67, 0x69, simple{1, typeI32, typeI32}) // clz ctz popcnt
	fill(0x6a, 0x78, simple{2, typeI32, typeI32})
	fill(0x79, 0x7b, simple{1, typeI64, typeI64})
	fill(0x7c, 0x8a, simple{2, typeI64, typeI64})
	fill(0xa7, 0xa7, simple{1, typeI64, typeI32}) // wrap
	fill(0xac, 0xad, simple{1, typeI32, typeI64}) // extend
	fill(0xc0, 0xc1, simple{1, typeI32, typeI32}) // sign extension
	fill(0xc2, 0xc4, simple{1, typeI64, typeI64})
	return t
}()

// access is an instruction that reads or writes memory.
type access struct {
	width uint8 // log2 of the bytes, plus one; 0 for an instruction that is none
	value byte
	store bool
}

// accesses holds loads and stores of integers.
var accesses = [256]access{
	0x28: {3, typeI32, false}, 0x29: {4, typeI64, false},
	0x2c: {1, typeI32, false}, 0x2d: {1, typeI32, false}, 0x2e: {2, typeI32, false}, 0x2f: {2, typeI32, false},
	0x30: {1, typeI64, false}, 0x31: {1, typeI64, false}, 0x32: {2, typeI64, false}, 0x33: {2, typeI64, false},
	0x34: {3, typeI64, false}, 0x35: {3, typeI64, false},
	0x36: {3, typeI32, true}, 0x37: {4, typeI64, true},
	0x3a: {1, typeI32, true}, 0x3b: {2, typeI32, true},
	0x3c: {1, typeI64, true}, 0x3d: {2, typeI64, true}, 0x3e: {3, typeI64, true},
}

// isFloat says whether an instruction that the profile does not have computes with
// floating-point numbers, for the sake of a clearer reason.
func isFloat(op byte) bool {
	switch {
	case op == 0x2a || op == 0x2b || op == 0x38 || op == 0x39: // loads and stores
		return true
	case op == 0x43 || op == 0x44: // constants
		return true
	case op >= 0x5b && op <= 0x66 || op >= 0x8b && op <= 0xa6: // comparisons, arithmetic
		return true
	case op >= 0xa8 && op <= 0xab || op >= 0xae && op <= 0xbf: // conversions
		return true
	}
	return false
}
