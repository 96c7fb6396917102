package codec

import "github.com/zeebo/blake3"

// Program names what was executed (replay.md section 2.4). Kind 0 is a built-in,
// kind 1 a WASM module.
type Program struct {
	Family  string  `cbor:"1,keyasint"`
	Version uint64  `cbor:"2,keyasint"`
	Profile string  `cbor:"3,keyasint"`
	Kind    uint64  `cbor:"4,keyasint"`
	Code    *Hash   `cbor:"5,keyasint,omitempty"`
	Fuel    *uint64 `cbor:"6,keyasint,omitempty"`
	Pages   *uint64 `cbor:"7,keyasint,omitempty"`
}

// The kinds of programs.
const (
	ProgramBuiltIn = 0 // identified by the text of replay.md section 7
	ProgramWASM    = 1 // identified by the hash of its module
)

// EncodeProgram returns the canonical bytes of a program.
func EncodeProgram(p *Program) []byte { return appendProgram(make([]byte, 0, 192), p) }

// ProgramID is the id under which a policy allows a program.
func ProgramID(p *Program) Hash {
	return blake3.Sum256(appendProgram(append(make([]byte, 0, 256), domainProgram), p))
}

// Validate checks the rules of replay.md section 2.4: names of 1..64 characters out
// of a-z 0-9 . _ -, version 1..65,535, a built-in without and a WASM program with
// code, fuel limit and page limit in their ranges. The error is a Refusal with
// CodeMalformed.
func (p *Program) Validate() error {
	switch {
	case !isProgramName(p.Family):
		return Refuse(CodeMalformed, "program family is not 1..64 characters of a-z 0-9 . _ -")
	case !isProgramName(p.Profile):
		return Refuse(CodeMalformed, "program profile is not 1..64 characters of a-z 0-9 . _ -")
	case p.Version < 1 || p.Version > MaxProgramVersion:
		return Refuse(CodeMalformed, "program version is not 1..65535")
	case p.Kind == ProgramBuiltIn:
		return p.validateBuiltIn()
	case p.Kind == ProgramWASM:
		return p.validateWASM()
	default:
		return Refuse(CodeMalformed, "unknown kind of program")
	}
}

func (p *Program) validateBuiltIn() error {
	if p.Code != nil || p.Fuel != nil || p.Pages != nil {
		return Refuse(CodeMalformed, "built-in program with code or limits")
	}
	return nil
}

func (p *Program) validateWASM() error {
	switch {
	case p.Code == nil || p.Fuel == nil || p.Pages == nil:
		return Refuse(CodeMalformed, "WASM program without code or limits")
	case *p.Fuel < 1 || *p.Fuel > MaxFuel:
		return Refuse(CodeMalformed, "program fuel limit is not 1..2^60")
	case *p.Pages < 1 || *p.Pages > MaxPages:
		return Refuse(CodeMalformed, "program page limit is not 1..16384")
	default:
		return nil
	}
}

func isProgramName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= MaxProgramText
}

func appendProgram(b []byte, p *Program) []byte {
	b = AppendMap(b, 4+present(p.Code != nil, p.Fuel != nil, p.Pages != nil))
	b = AppendText(appendKey(b, 1), p.Family)
	b = appendUintAt(b, 2, p.Version)
	b = AppendText(appendKey(b, 3), p.Profile)
	b = appendUintAt(b, 4, p.Kind)
	if p.Code != nil {
		b = appendHashAt(b, 5, p.Code)
	}
	return appendOptionalAt(appendOptionalAt(b, 6, p.Fuel), 7, p.Pages)
}

// programRoom holds the optional values of a program.
type programRoom struct {
	code        Hash
	fuel, pages uint64
}

// program reads a program into p; its optional values are kept in room, or in new
// memory if that is nil.
func (r *Reader) program(p *Program, room *programRoom) {
	f := r.fields(7)
	f.at(1)
	f.textInto(&p.Family, MaxProgramText)
	p.Version = f.uintAt(2)
	f.at(3)
	f.textInto(&p.Profile, MaxProgramText)
	p.Kind = f.uintAt(4)
	p.Code, p.Fuel, p.Pages = nil, nil, nil
	if room == nil && f.left > 0 {
		room = new(programRoom)
	}
	if f.has(5) {
		p.Code = &room.code
		f.hash(p.Code)
	}
	if f.has(6) {
		p.Fuel = &room.fuel
		*p.Fuel = f.Uint()
	}
	if f.has(7) {
		p.Pages = &room.pages
		*p.Pages = f.Uint()
	}
	f.end()
}
