package wasm

import "fmt"

// Reason says why a module is refused. Reasons are stable (docs/formats/wasm.md section 7).
type Reason string

// The reasons. A module with several faults is refused for any one of them.
const (
	ReasonTooLarge  Reason = "too_large"  // more bytes than a module may have
	ReasonMalformed Reason = "malformed"  // not the binary format
	ReasonSection   Reason = "section"    // a section that is not allowed, missing, twice, or out of order
	ReasonImport    Reason = "import"     // an import section
	ReasonStart     Reason = "start"      // a start section
	ReasonFloat     Reason = "float"      // a floating-point type or instruction
	ReasonType      Reason = "value_type" // another type than i32 and i64, or more than one result
	ReasonLimit     Reason = "limit"      // too many or too large
	ReasonMemory    Reason = "memory"     // not exactly one memory with a maximum within the pages
	ReasonTable     Reason = "table"      // more than one table, or not of functions
	ReasonGlobal    Reason = "global"     // an initial value that is not one constant
	ReasonExport    Reason = "export"     // a required export is missing or wrong, or a reserved name taken
	ReasonSegment   Reason = "segment"    // a segment that is not active or not inside the minimum size
	ReasonOpcode    Reason = "opcode"     // an instruction outside the profile
	ReasonInvalid   Reason = "invalid"    // does not type-check, or names something that is not there
)

// A Refusal is why a module is not of the profile.
type Refusal struct {
	Reason Reason
	Offset int    // of the fault in the module, in bytes
	Detail string // for people
}

// Error returns reason, place and detail in one line.
func (r *Refusal) Error() string {
	return fmt.Sprintf("module refused: %s at byte %d: %s", r.Reason, r.Offset, r.Detail)
}
