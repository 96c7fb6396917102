package wasm

import (
	"bytes"
	"errors"
	"testing"

	"github.com/forgepool/settle/replay"
)

// with returns a draft changed by a function.
func with(change func(d *draft)) *draft {
	d := newDraft()
	change(d)
	return d
}

// repeat returns n copies of bytes.
func repeat(n int, b ...byte) []byte { return bytes.Repeat(b, n) }

// exporting returns a draft with so many exports of its memory beside the three.
func exporting(n int) *draft {
	return with(func(d *draft) {
		for i := range n {
			d.exports = append(d.exports, draftExport{string(rune('a' + i)), 2, 0})
		}
	})
}

// TestRefused refuses hostile and malformed modules, each for its own reason, and
// accepts what is just at a limit.
func TestRefused(t *testing.T) {
	huge := []byte{0xff, 0xff, 0xff, 0xff, 0x0f} // 2^32 - 1
	cases := []struct {
		name string
		d    *draft
		want Reason // "" is accepted
	}{
		{"empty function", newDraft(), ""},
		{"f32.const", newDraft(0x43, 0, 0, 0, 0, 0x1a), ReasonFloat},
		{"f64.const", newDraft(0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x1a), ReasonFloat},
		{"f32.load", newDraft(0x41, 0, 0x2a, 2, 0, 0x1a), ReasonFloat},
		{"f64.convert", newDraft(0x41, 0, 0xb7, 0x1a), ReasonFloat},
		{"trunc_sat", newDraft(0xfc, 0), ReasonFloat},
		{"float after unreachable", newDraft(0x00, 0x92), ReasonFloat},
		{"float global", with(func(d *draft) { d.globals = []byte{1, 0x7d, 0, 0x43, 0, 0, 0, 0, 0x0b} }), ReasonFloat},
		{"float parameter", with(func(d *draft) { d.types[2] = []byte{0x60, 1, 0x7c, 0} }), ReasonFloat},
		{"v128 parameter", with(func(d *draft) { d.types[2] = []byte{0x60, 1, 0x7b, 0} }), ReasonType},
		{"funcref result", with(func(d *draft) { d.types[2] = []byte{0x60, 0, 1, 0x70} }), ReasonType},
		{"simd", newDraft(0xfd, 0x0c), ReasonOpcode},
		{"atomics", newDraft(0xfe, 0x03, 0), ReasonOpcode},
		{"try", newDraft(0x06, 0x40, 0x0b), ReasonOpcode},
		{"tail call", newDraft(0x12, 2), ReasonOpcode},
		{"ref.null", newDraft(0xd0, 0x70, 0x1a), ReasonOpcode},
		{"table.get", newDraft(0x41, 0, 0x25, 0, 0x1a), ReasonOpcode},
		{"memory.copy of memory 1", newDraft(0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 0x0a, 1, 0), ReasonMalformed},
		{"block of a type index", newDraft(0x02, 2, 0x0b), ReasonType},

		{"no maximum", with(func(d *draft) { d.memory = []byte{1, 0, 1} }), ReasonMemory},
		{"shared memory", with(func(d *draft) { d.memory = []byte{1, 3, 1, 1} }), ReasonMalformed},
		{"two memories", with(func(d *draft) { d.memory = []byte{2, 1, 1, 1, 1, 1, 1} }), ReasonMemory},
		{"no memory", with(func(d *draft) { d.memory = []byte{0} }), ReasonMemory},
		{"memory of 4 GiB", with(func(d *draft) { d.memory = []byte{1, 1, 1, 0x80, 0x80, 4} }), ReasonMemory},
		{"minimum over maximum", with(func(d *draft) { d.memory = []byte{1, 1, 2, 1} }), ReasonMemory},
		{"maximum of 4 pages", with(func(d *draft) { d.memory = []byte{1, 1, 1, 4} }), ""},
		{"maximum of 5 pages", with(func(d *draft) { d.memory = []byte{1, 1, 1, 5} }), ReasonMemory},

		{"2^32-1 locals", with(func(d *draft) { d.bodies[2] = append(append([]byte{1}, huge...), 0x7f, 0x0b) }), ReasonLimit},
		{"1,024 locals", with(func(d *draft) { d.bodies[2] = []byte{1, 0x80, 8, 0x7f, 0x0b} }), ""},
		{"1,025 locals", with(func(d *draft) { d.bodies[2] = []byte{1, 0x81, 8, 0x7f, 0x0b} }), ReasonLimit},
		{"parameters count as locals", with(func(d *draft) { d.bodies[0] = []byte{1, 0x80, 8, 0x7f, 0x41, 1, 0x0b} }), ReasonLimit},
		{"a body of 65,536", with(func(d *draft) { d.bodies[2] = append(append([]byte{0}, repeat(65_534, 1)...), 0x0b) }), ""},
		{"a body of 65,537", with(func(d *draft) { d.bodies[2] = append(append([]byte{0}, repeat(65_535, 1)...), 0x0b) }), ReasonLimit},
		{"nesting of 256", newDraft(append(repeat(256, 0x02, 0x40), repeat(256, 0x0b)...)...), ""},
		{"nesting of 257", newDraft(append(repeat(257, 0x02, 0x40), repeat(257, 0x0b)...)...), ReasonLimit},
		{"64 exports", exporting(61), ""},
		{"65 exports", exporting(62), ReasonLimit},
		{"a table of 4,096", with(func(d *draft) { d.table = []byte{1, 0x70, 0, 0x80, 0x20} }), ""},
		{"a table of 4,097", with(func(d *draft) { d.table = []byte{1, 0x70, 0, 0x81, 0x20} }), ReasonLimit},
		{"a maximum of 4,097", with(func(d *draft) { d.table = []byte{1, 0x70, 1, 1, 0x81, 0x20} }), ReasonLimit},
		{"two tables", with(func(d *draft) { d.table = []byte{2, 0x70, 0, 1, 0x70, 0, 1} }), ReasonTable},
		{"externref table", with(func(d *draft) { d.table = []byte{1, 0x6f, 0, 1} }), ReasonTable},
		{"256 globals", with(func(d *draft) { d.globals = append([]byte{0x80, 2}, repeat(256, 0x7f, 0, 0x41, 0, 0x0b)...) }), ""},
		{"257 globals", with(func(d *draft) { d.globals = append([]byte{0x81, 2}, repeat(257, 0x7f, 0, 0x41, 0, 0x0b)...) }), ReasonLimit},
		{"global from a global", with(func(d *draft) { d.globals = []byte{2, 0x7f, 0, 0x41, 0, 0x0b, 0x7f, 0, 0x23, 0, 0x0b} }), ReasonGlobal},

		{"start section", with(func(d *draft) { d.after = []byte{8, 1, 2} }), ReasonStart},
		{"import section", with(func(d *draft) { d.after = []byte{2, 1, 0} }), ReasonImport},
		{"tag section", with(func(d *draft) { d.after = []byte{13, 1, 0} }), ReasonSection},
		{"code twice", with(func(d *draft) { d.after = []byte{10, 1, 0} }), ReasonSection},
		{"out of order", with(func(d *draft) { d.after = []byte{1, 1, 0} }), ReasonSection},
		{"section longer than the file", with(func(d *draft) { d.after = append([]byte{11}, huge...) }), ReasonMalformed},
		{"custom section without name", with(func(d *draft) { d.after = []byte{0, 0} }), ReasonMalformed},
		{"custom section", with(func(d *draft) { d.after = []byte{0, 3, 1, 'x', 0xff} }), ""},
		{"custom name is not UTF-8", with(func(d *draft) { d.after = []byte{0, 2, 1, 0xff} }), ReasonMalformed},
		{"a byte left", with(func(d *draft) { d.after = []byte{11, 2, 0, 0} }), ReasonMalformed},
		{"a body left out", with(func(d *draft) { d.bodies = d.bodies[:2] }), ReasonMalformed},

		{"forge_alloc is missing", with(func(d *draft) { d.exports[1].name = "alloc" }), ReasonExport},
		{"memory is missing", with(func(d *draft) { d.exports = d.exports[1:] }), ReasonExport},
		{"forge_fuel is taken", with(func(d *draft) { d.exports = append(d.exports, draftExport{"forge_fuel", 0, 2}) }), ReasonExport},
		{"an export twice", with(func(d *draft) { d.exports = append(d.exports, d.exports[0]) }), ReasonInvalid},
		{"an export of nothing", with(func(d *draft) { d.exports = append(d.exports, draftExport{"x", 3, 0}) }), ReasonInvalid},
		{"data just inside", with(func(d *draft) { d.data = []byte{1, 0, 0x41, 0xff, 0xff, 3, 0x0b, 1, 9} }), ""},
		{"data a byte outside", with(func(d *draft) { d.data = []byte{1, 0, 0x41, 0xff, 0xff, 3, 0x0b, 2, 9, 9} }), ReasonSegment},
		{"data at -1", with(func(d *draft) { d.data = []byte{1, 0, 0x41, 0x7f, 0x0b, 1, 9} }), ReasonSegment},
		{"passive data", with(func(d *draft) { d.data = []byte{1, 1, 1, 9} }), ReasonSegment},
		{"elements without table", with(func(d *draft) { d.elements = []byte{1, 0, 0x41, 0, 0x0b, 1, 2} }), ReasonInvalid},

		{"an operand is missing", newDraft(0x1a), ReasonInvalid},
		{"an operand is left", newDraft(0x41, 0), ReasonInvalid},
		{"a wrong operand", newDraft(0x42, 0, 0x45, 0x1a), ReasonInvalid},
		{"select of two types", newDraft(0x41, 0, 0x42, 0, 0x41, 0, 0x1b, 0x1a), ReasonInvalid},
		{"else without if", newDraft(0x02, 0x40, 0x05, 0x0b), ReasonInvalid},
		{"if with result, no else", newDraft(0x41, 0, 0x04, 0x7f, 0x41, 0, 0x0b, 0x1a), ReasonInvalid},
		{"branch too far", newDraft(0x0c, 1), ReasonInvalid},
		{"labels of two kinds", newDraft(0x02, 0x7f, 0x00, 0x41, 0, 0x0e, 1, 0, 1, 0x0b, 0x1a), ReasonInvalid},
		{"no local", newDraft(0x20, 0, 0x1a), ReasonInvalid},
		{"no global", newDraft(0x23, 0, 0x1a), ReasonInvalid},
		{"constant global", with(func(d *draft) {
			d.globals = []byte{1, 0x7f, 0, 0x41, 0, 0x0b}
			d.bodies[2] = []byte{0, 0x41, 0, 0x24, 0, 0x0b}
		}), ReasonInvalid},
		{"no function", newDraft(0x10, 3), ReasonInvalid},
		{"call_indirect without table", newDraft(0x41, 0, 0x11, 2, 0), ReasonInvalid},
		{"alignment", newDraft(0x41, 0, 0x28, 3, 0, 0x1a), ReasonInvalid},
		{"natural alignment", newDraft(0x41, 0, 0x28, 2, 0, 0x1a), ""},
		{"bytes after the end", newDraft(0x0b, 0x01), ReasonMalformed},
		{"no end", with(func(d *draft) { d.bodies[2] = []byte{0, 0x01} }), ReasonMalformed},
		{"a number of 33 bits", newDraft(0x41, 0xff, 0xff, 0xff, 0xff, 0x4f, 0x1a), ReasonMalformed},
		{"a number of 32 bits", newDraft(0x41, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x1a), ""},
		{"a number of 65 bits", newDraft(0x42, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x1a), ReasonMalformed},
		{"a number of six bytes", newDraft(0x10, 0x82, 0x80, 0x80, 0x80, 0x80, 0), ReasonMalformed},
		{"a long table index", with(func(d *draft) {
			d.table = []byte{1, 0x70, 0, 1}
			d.bodies[2] = []byte{0, 0x41, 0, 0x11, 2, 0x80, 0x80, 0, 0x0b}
		}), ""},
	}
	for _, c := range cases {
		checkVerdict(t, c.name, c.d.encode(), c.want)
	}
}

// checkVerdict validates; what is accepted must compile.
func checkVerdict(t *testing.T, name string, code []byte, want Reason) {
	m, err := Validate(code, 4)
	refusal, _ := errors.AsType[*Refusal](err)
	switch {
	case want == "" && err != nil:
		t.Errorf("%s: %v", name, err)
	case want == "":
		c, err := Compile(m, Compiler)
		if err != nil {
			t.Errorf("%s: accepted, but %v", name, err)
			return
		}
		c.Close()
	case refusal == nil || refusal.Reason != want:
		t.Errorf("%s: %v, want %s", name, err, want)
	}
}

// TestRefusedPrefixes cuts a module everywhere: no cut is accepted, none panics.
func TestRefusedPrefixes(t *testing.T) {
	code := vectors(t).Modules[2].Code
	for n := range code {
		if _, err := Validate(code[:n], 4); err == nil {
			t.Errorf("accepted %d of %d bytes", n, len(code))
		}
	}
	for id := byte(1); id < 12; id++ {
		huge := section(append([]byte{}, magic...), id, []byte{0xff, 0xff, 0xff, 0xff, 0x0f})
		if _, err := Validate(huge, 4); err == nil {
			t.Errorf("accepted 2^32 - 1 items in section %d", id)
		}
	}
	if _, err := Validate(make([]byte, MaxModule+1), 4); err.(*Refusal).Reason != ReasonTooLarge {
		t.Errorf("a module of 2^20 + 1 bytes: %v", err)
	}
}

// TestStopped runs hostile modules: each is stopped, for a named reason, by both engines
// alike.
func TestStopped(t *testing.T) {
	grow := []byte{0x03, 0x40, 0x41, 1, 0x40, 0, 0x1a, 0x0c, 0, 0x0b}
	cases := []struct {
		name string
		d    *draft
		want string
	}{
		{"infinite loop", newDraft(0x03, 0x40, 0x0c, 0, 0x0b), FieldFuel},
		{"infinite br_table", newDraft(0x03, 0x40, 0x41, 0, 0x0e, 1, 0, 0, 0x0b), FieldFuel},
		{"infinite growing", newDraft(grow...), FieldFuel},
		{"recursion", newDraft(0x10, 2), FieldDepth},
		{"recursion through the table", with(func(d *draft) {
			d.table, d.elements = []byte{1, 0x70, 0, 1}, []byte{1, 0, 0x41, 0, 0x0b, 1, 2}
			d.bodies[2] = []byte{0, 0x41, 0, 0x11, 2, 0, 0x0b}
		}), FieldDepth},
		{"recursion with 1,024 locals", with(func(d *draft) { d.bodies[2] = []byte{1, 0x80, 8, 0x7e, 0x10, 2, 0x0b} }), FieldDepth},
		{"unreachable", newDraft(0x00), FieldTrap},
		{"division by zero", newDraft(0x41, 1, 0x41, 0, 0x6d, 0x1a), FieldTrap},
		{"quotient that does not fit", newDraft(0x41, 0x80, 0x80, 0x80, 0x80, 0x78, 0x41, 0x7f, 0x6d, 0x1a), FieldTrap},
		{"load outside", newDraft(0x41, 0xfd, 0xff, 3, 0x28, 2, 0, 0x1a), FieldTrap},
		{"load at 2^33 - 2", newDraft(0x41, 0x7f, 0x28, 2, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x1a), FieldTrap},
		{"fill of 2^32-1", newDraft(0x41, 0, 0x41, 0, 0x41, 0x7f, 0xfc, 0x0b, 0), FieldFuel},
		{"empty table entry", with(func(d *draft) {
			d.table, d.bodies[2] = []byte{1, 0x70, 0, 1}, []byte{0, 0x41, 0, 0x11, 2, 0, 0x0b}
		}), FieldTrap},
		{"call of another type", with(func(d *draft) {
			d.table, d.elements = []byte{1, 0x70, 0, 1}, []byte{1, 0, 0x41, 0, 0x0b, 1, 0}
			d.bodies[2] = []byte{0, 0x41, 0, 0x11, 2, 0, 0x0b}
		}), FieldTrap},
		{"forge_alloc gives 0", with(func(d *draft) { d.bodies[0] = []byte{0, 0x41, 0, 0x0b} }), FieldPointer},
		{"forge_alloc gives the end", with(func(d *draft) { d.bodies[0] = []byte{0, 0x41, 0xe1, 0xff, 3, 0x0b} }), FieldPointer},
		{"forge_alloc gives -1", with(func(d *draft) { d.bodies[0] = []byte{0, 0x41, 0x7f, 0x0b} }), FieldPointer},
		{"forge_alloc just fits", with(func(d *draft) { d.bodies[0] = []byte{0, 0x41, 0xe0, 0xff, 3, 0x0b} }), ""},
		{"forge_alloc loops", with(func(d *draft) { d.bodies[0] = []byte{0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x00, 0x0b} }), FieldFuel},
		{"output of 2^32-1", with(func(d *draft) { d.bodies[1] = []byte{0, 0x42, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x0b} }), FieldOutput},
		{"output at the end", with(func(d *draft) { d.bodies[1] = []byte{0, 0x42, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0xc0, 0x00, 0x0b} }), FieldOutput},
		{"_start is not called", with(func(d *draft) {
			d.exports = append(d.exports, draftExport{"_start", 0, 2}, draftExport{"stack overflow", 0, 2})
			d.bodies[1], d.bodies[2] = []byte{0, 0x42, 0, 0x0b}, []byte{0, 0x00, 0x0b}
		}), ""},
		{"a trap with a misleading name", with(func(d *draft) {
			d.exports = append(d.exports, draftExport{"stack overflow", 0, 2})
			d.bodies[2] = []byte{0, 0x00, 0x0b}
		}), FieldTrap},
	}
	for _, c := range cases {
		for i, run := range compiled(t, c.d.encode(), 4) {
			got := run.Run(1e6, replay.Task{})
			if want := c.want; got.Field != want || (got.Status == replay.OK) != (want == "") {
				t.Errorf("%s, %s: %+v, want %q", c.name, engines[i], got, want)
			}
		}
	}
}

// TestOversized refuses buffers before anything is run.
func TestOversized(t *testing.T) {
	c := compiled(t, newDraft().encode(), 1)[0]
	for want, task := range map[string]replay.Task{
		FieldArgs:  {Args: make([]byte, replay.MaxArgs+1)},
		FieldInput: {Input: make([]byte, replay.MaxInput+1)},
	} {
		if got := c.Run(100, task); got.Status != replay.Invalid || got.Field != want {
			t.Errorf("%+v, want %s", got, want)
		}
	}
}

// TestOverLimit compares units with the limit at its edge.
func TestOverLimit(t *testing.T) {
	v := vectors(t)
	input := make([]byte, 500) // 9,042 fuel, 9 units
	for i, c := range compiled(t, v.Modules[0].Code, 4) {
		for _, x := range []struct {
			units, fuel uint64
			want        replay.Status
		}{
			{0, 1 << 60, replay.OK}, {9, 1 << 60, replay.OK}, {8, 1 << 60, replay.OverLimit}, {1, 1 << 60, replay.OverLimit},
			{8, 8192, replay.Invalid}, {8, 8193, replay.OverLimit}, {1 << 63, 9042, replay.OK}, {9, 9042, replay.OK}, {9, 9041, replay.Invalid},
		} {
			got := c.Run(x.fuel, replay.Task{Seed: v.Seed, Input: input, MaxUnits: x.units})
			if got.Status != x.want || got.Status == replay.OK && (got.Fuel != 9042 || got.Units != 9) {
				t.Errorf("%s, %d units, %d fuel: %+v", engines[i], x.units, x.fuel, got)
			}
		}
	}
}
