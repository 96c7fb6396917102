package replay

import "github.com/forgepool/settle/codec"

// builtin is a registered program with its id.
type builtin struct {
	id      codec.Hash
	program Program
}

// builtins lists the programs that this package executes, in the order of the formats.
// A family joins by one line here and one file of its own.
var builtins = register(
	monteCarlo{},
	insurance{},
	eta{},
	pageRank{},
	rasterPipeline{},
	rankSearch{},
	groupReduce{},
	orderedMemory{},
)

func register(programs ...Program) []builtin {
	list := make([]builtin, len(programs))
	for i, p := range programs {
		list[i] = builtin{id: p.Name().ID(), program: p}
	}
	return list
}

// Builtin returns the built-in program with this id.
func Builtin(id codec.Hash) (Program, bool) {
	for _, b := range builtins {
		if b.id == id {
			return b.program, true
		}
	}
	return nil, false
}

// BuiltinNamed returns the built-in program of this name.
func BuiltinNamed(name ProgramName) (Program, bool) {
	for _, b := range builtins {
		if b.program.Name() == name {
			return b.program, true
		}
	}
	return nil, false
}

// Builtins returns all built-in programs, in the order of the formats.
func Builtins() []Program {
	programs := make([]Program, len(builtins))
	for i, b := range builtins {
		programs[i] = b.program
	}
	return programs
}
