package replay

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/forgepool/settle/codec"
)

// maxNamePart bounds family and profile, in characters.
const maxNamePart = 64

// A ProgramName names a program the way people write it: "mc@1 path.v1".
type ProgramName struct {
	Family  string // 1..64 characters of a-z 0-9 . _ -
	Version uint16 // at least 1; a change of one output bit is a new version
	Profile string // as Family
}

// ParseProgramName parses "family@version profile". It is strict: one space, a
// version without sign or leading zeros.
func ParseProgramName(s string) (ProgramName, error) {
	head, profile, ok := strings.Cut(s, " ")
	family, digits, ok2 := strings.Cut(head, "@")
	if !ok || !ok2 {
		return ProgramName{}, fmt.Errorf("program name %q: want family@version profile", s)
	}
	if !validNamePart(family) || !validNamePart(profile) {
		return ProgramName{}, fmt.Errorf("program name %q: family and profile are 1 to %d of a-z 0-9 . _ -", s, maxNamePart)
	}
	version, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || version == 0 || strconv.FormatUint(version, 10) != digits {
		return ProgramName{}, fmt.Errorf("program name %q: version is a number from 1 to 65535", s)
	}
	return ProgramName{Family: family, Version: uint16(version), Profile: profile}, nil
}

// String returns the form that ParseProgramName reads.
func (n ProgramName) String() string {
	return n.Family + "@" + strconv.FormatUint(uint64(n.Version), 10) + " " + n.Profile
}

// Program returns the description of the built-in of this name (docs/formats/replay.md section 2.4).
func (n ProgramName) Program() codec.Program {
	return codec.Program{Family: n.Family, Version: uint64(n.Version), Profile: n.Profile}
}

// ID returns the id under which a policy allows the built-in of this name.
func (n ProgramName) ID() codec.Hash {
	p := n.Program()
	return codec.ProgramID(&p)
}

func validNamePart(s string) bool {
	if len(s) == 0 || len(s) > maxNamePart {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}
