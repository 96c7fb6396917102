package replay

import (
	"strings"
	"testing"
)

func TestProgramNames(t *testing.T) {
	long := strings.Repeat("a", maxNamePart)
	for _, s := range []string{
		"mc@1 path.v1", "graph@1 pagerank.v1", "search@1 rank.v1", "aggregate@1 group.v1",
		"a@65535 b", "0.-_@9 z", long + "@1 " + long,
	} {
		n, err := ParseProgramName(s)
		if err != nil || n.String() != s {
			t.Errorf("ParseProgramName(%q) = %q, %v", s, n, err)
		}
	}
	for why, s := range map[string]string{
		"empty":              "",
		"no profile":         "mc@1",
		"empty profile":      "mc@1 ",
		"no version":         "mc path.v1",
		"empty version":      "mc@ path.v1",
		"version 0":          "mc@0 path.v1",
		"version 65536":      "mc@65536 path.v1",
		"leading zero":       "mc@01 path.v1",
		"sign":               "mc@+1 path.v1",
		"empty family":       "@1 path.v1",
		"capital":            "MC@1 path.v1",
		"two spaces":         "mc@1  path.v1",
		"space at the end":   "mc@1 path.v1 ",
		"not ASCII":          "mc@1 páth",
		"family too long":    long + "a@1 p",
		"profile too long":   "a@1 " + long + "a",
		"version twice":      "mc@1@1 path.v1",
		"line feed":          "mc@1 path.v1\n",
		"version in profile": "mc path@1",
	} {
		if n, err := ParseProgramName(s); err == nil {
			t.Errorf("%s: ParseProgramName(%q) = %v, want an error", why, s, n)
		}
	}
}

func TestUnknownPrograms(t *testing.T) {
	if _, ok := Builtin([32]byte{1}); ok {
		t.Error("an unknown id has a program")
	}
	for _, n := range []ProgramName{{"mc", 2, "path.v1"}, {"mc", 1, "path.v2"}, {}} {
		if _, ok := BuiltinNamed(n); ok {
			t.Errorf("%v has a program", n)
		}
	}
}

// TestStatusIsReadAsWritten: every status is read as it was written, and nothing else is.
func TestStatusIsReadAsWritten(t *testing.T) {
	for _, want := range []Status{OK, Invalid, OverLimit, Unable} {
		text, err := want.MarshalText()
		if err != nil || string(text) != want.String() {
			t.Errorf("%v is written as %q, %v", want, text, err)
		}
		var got Status
		if err := got.UnmarshalText(text); err != nil || got != want {
			t.Errorf("%q is read as %v, %v", text, got, err)
		}
	}
	if text, err := (Unable + 1).MarshalText(); err == nil {
		t.Errorf("an unknown status is written as %q", text)
	}
	for _, text := range []string{"", "OK", "unknown", "ok "} {
		if err := new(Status).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}
