package codec

import (
	"strings"
	"testing"
)

func TestProgramValidate(t *testing.T) {
	builtIn := func(change func(*Program)) *Program {
		p := &Program{Family: "mc", Version: 1, Profile: "path.v1"}
		change(p)
		return p
	}
	wasm := func(change func(*Program)) *Program { p := sampleProgram(); change(p); return p }
	for _, c := range []struct {
		name    string
		program *Program
		ok      bool
	}{
		{"built-in", builtIn(func(*Program) {}), true},
		{"WASM", wasm(func(*Program) {}), true},
		{"every character", builtIn(func(p *Program) { p.Family = "abcdefghijklmnopqrstuvwxyz0123456789._-" }), true},
		{"longest names", builtIn(func(p *Program) { p.Family, p.Profile = strings.Repeat("a", 64), strings.Repeat("b", 64) }), true},
		{"last version", builtIn(func(p *Program) { p.Version = 65_535 }), true},
		{"largest limits", wasm(func(p *Program) { *p.Fuel, *p.Pages = 1<<60, 16_384 }), true},
		{"least limits", wasm(func(p *Program) { *p.Fuel, *p.Pages = 1, 1 }), true},
		{"no family", builtIn(func(p *Program) { p.Family = "" }), false},
		{"no profile", builtIn(func(p *Program) { p.Profile = "" }), false},
		{"long family", builtIn(func(p *Program) { p.Family = strings.Repeat("a", 65) }), false},
		{"long profile", builtIn(func(p *Program) { p.Profile = strings.Repeat("a", 65) }), false},
		{"version in the family", builtIn(func(p *Program) { p.Family = "mc@1" }), false},
		{"capital", builtIn(func(p *Program) { p.Family = "MC" }), false},
		{"space", builtIn(func(p *Program) { p.Profile = "path v1" }), false},
		{"not ASCII", builtIn(func(p *Program) { p.Profile = "päth" }), false},
		{"version 0", builtIn(func(p *Program) { p.Version = 0 }), false},
		{"version 65536", builtIn(func(p *Program) { p.Version = 65_536 }), false},
		{"kind 2", builtIn(func(p *Program) { p.Kind = 2 }), false},
		{"built-in with code", builtIn(func(p *Program) { p.Code = new(Hash) }), false},
		{"built-in with fuel", builtIn(func(p *Program) { p.Fuel = new(uint64(1)) }), false},
		{"built-in with pages", builtIn(func(p *Program) { p.Pages = new(uint64(1)) }), false},
		{"WASM without code", wasm(func(p *Program) { p.Code = nil }), false},
		{"WASM without fuel", wasm(func(p *Program) { p.Fuel = nil }), false},
		{"WASM without pages", wasm(func(p *Program) { p.Pages = nil }), false},
		{"no fuel", wasm(func(p *Program) { *p.Fuel = 0 }), false},
		{"too much fuel", wasm(func(p *Program) { *p.Fuel = 1<<60 + 1 }), false},
		{"no pages", wasm(func(p *Program) { *p.Pages = 0 }), false},
		{"too many pages", wasm(func(p *Program) { *p.Pages = 16_385 }), false},
	} {
		err := c.program.Validate()
		if (err == nil) != c.ok || err != nil && CodeOf(err) != CodeMalformed {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestProgramIDs checks the ids of the built-in programs (replay.md section 2.4).
func TestProgramIDs(t *testing.T) {
	for _, c := range []struct{ family, profile, encoded, id string }{
		{"mc", "path.v1", "a401626d6302010367706174682e76310400", "aceaece52168b33b47c41b60a6341814c4b53c52b7b3abd5fe20cf2c3aaf1061"},
		{"graph", "pagerank.v1", "a4016567726170680201036b7061676572616e6b2e76310400", "7b5cfa73ba145d2322e7a96feac6077ae3813afabdfded737b61df2d9229b0d6"},
		{"media", "raster.v1", "a401656d65646961020103697261737465722e76310400", "ffd79bc070c86180fe0f67481e0e52cb64d9b5a55f503b6190746883461db47f"},
		{"search", "rank.v1", "a401667365617263680201036772616e6b2e76310400", "510c6cc84102890c298d1c4e5875d1f8ce076da608c15b705bfed5b92b065a92"},
		{"aggregate", "group.v1", "a401696167677265676174650201036867726f75702e76310400", "fbca0ea608d74a91bc3169e57833e43239164a5fef45a1ca1bbd3e9c6ff56ae5"},
		{"memory", "kv.v1", "a401666d656d6f7279020103656b762e76310400", "af138a3d08691a40cc5003c0b7dcddc60414a81bd0cf868f7fa7b6fdd490f5b8"},
	} {
		p := &Program{Family: c.family, Version: 1, Profile: c.profile}
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", c.family, err)
		}
		if got := EncodeProgram(p); string(got) != string(unhexString(t, c.encoded)) {
			t.Errorf("%s: encoded as %x", c.family, got)
		}
		if got := ProgramID(p); got.String() != c.id {
			t.Errorf("%s: id %v", c.family, got)
		}
	}
}
