package wasm

import "github.com/forgepool/settle/codec"

// Limits of docs/formats/wasm.md section 2.
const (
	// MaxModule is the largest module, in bytes.
	MaxModule = 1 << 20
	// PageSize is the size of a page of linear memory, in bytes.
	PageSize = 65_536

	maxTypes     = 1_024
	maxFunctions = 4_096
	maxGlobals   = 256
	maxExports   = 64
	maxTable     = 4_096
	maxSegments  = 1_024
	maxBody      = 65_536
	maxLocals    = 1_024 // parameters and declared ones together
	maxNesting   = 256
)

// The names that a module exports, and those that it may not.
const (
	exportMemory   = "memory"
	exportAlloc    = "forge_alloc"
	exportRun      = "forge_run"
	exportFuel     = "forge_fuel"
	exportCalls    = "forge_calls"
	reservedPrefix = "forge_"
)

// The sections of the binary format.
const (
	sectionCustom    = 0
	sectionType      = 1
	sectionImport    = 2
	sectionFunction  = 3
	sectionTable     = 4
	sectionMemory    = 5
	sectionGlobal    = 6
	sectionExport    = 7
	sectionStart     = 8
	sectionElement   = 9
	sectionCode      = 10
	sectionData      = 11
	sectionDataCount = 12
	sections         = 13
)

// signature is a function type. result is noType if there is none.
type signature struct {
	params []byte
	result byte
}

// global is the type of a global.
type global struct {
	kind    byte
	mutable bool
}

// span is a range of bytes of the module.
type span struct{ from, to int }

// Module is a module that Validate accepted.
type Module struct {
	code       []byte
	payloads   [sections]span // what stands after the head of each section
	types      []signature
	functions  []uint32 // index of each function's type
	globals    []global
	memory     [2]uint32 // minimum and maximum, in pages
	table      uint32    // minimum size
	hasTable   bool
	exports    map[string]export
	elements   int
	data       int
	bodies     []body
	instructed int
}

type export struct {
	kind  byte
	index uint32
}

// body is what the injector has to know of a function.
type body struct {
	declarations span // the count and the groups of declared locals
	code         span // the instructions, the final end included
	params       int
	locals       int      // declared ones
	groups       uint32   // of declarations
	regions      []uint32 // fuel of the function's region and of each loop's, in the order of their starts
	sites        []site
}

// siteKind is a place at which counters are touched.
type siteKind uint8

const (
	siteLoop siteKind = iota // after the head of a loop
	siteCall                 // around a call
	siteBulk                 // before memory.copy and memory.fill
	siteGrow                 // before memory.grow
)

// site is such a place.
type site struct {
	kind siteKind
	at   int // offset of the instruction; of what follows the head, for a loop
	to   int // end of the instruction
}

// Hash returns the name of the module: the plain BLAKE3 of its bytes.
func (m *Module) Hash() codec.Hash { return codec.BlobHash(m.code) }

// Facts are what people want to know of a module before they allow it.
type Facts struct {
	Bytes        int      `json:"bytes"`
	Functions    int      `json:"functions"`
	Instructions int      `json:"instructions"` // of all bodies
	Pages        uint32   `json:"pages"`        // at the start
	MaxPages     uint32   `json:"max_pages"`    // declared
	Table        uint32   `json:"table"`        // minimum size
	Globals      int      `json:"globals"`
	Exports      []string `json:"exports"` // sorted
}

// Facts returns them.
func (m *Module) Facts() Facts {
	return Facts{
		Bytes: len(m.code), Functions: len(m.functions), Instructions: m.instructed,
		Pages: m.memory[0], MaxPages: m.memory[1], Table: m.table, Globals: len(m.globals),
		Exports: sortedNames(m.exports),
	}
}
