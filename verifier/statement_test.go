package verifier

import (
	"bytes"
	"errors"
	"testing"

	"github.com/forgepool/settle/codec"
)

// TestStatementOfEveryParty expects what the close states of each party, and of one
// without postings.
func TestStatementOfEveryParty(t *testing.T) {
	x := closeWith(t, nil, nil)
	for _, name := range []string{"provider 0", "provider 1", "customer", "platform", "auditor"} {
		s := x.statement(name)
		again, err := DecodeStatement(s.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.Encode(), s.Encode()) {
			t.Errorf("%s: another encoding", name)
		}
		got, err := again.Check(x.trust)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var credit, debit uint64
		for _, l := range x.books.postings[x.key(name)] {
			credit, debit = credit+l.Sums[0], debit+l.Sums[1]
		}
		if got.Postings != uint64(len(x.books.postings[x.key(name)])) || got.Credit != credit || got.Debit != debit ||
			got.Close != x.at || !got.Signed || got.Party != x.actors[name].id || (name == "auditor") != (got.Postings == 0) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestFalseStatement leaves out, adds and changes, and repairs the sum.
func TestFalseStatement(t *testing.T) {
	x := closeWith(t, nil, nil)
	for name, forge := range map[string]func(s *Statement){
		"a posting left out":  func(s *Statement) { s.Rows = s.Rows[statementRow:] },
		"all left out":        func(s *Statement) { s.Rows = nil },
		"a posting twice":     func(s *Statement) { s.Rows = append(s.Rows, s.Rows[:statementRow]...) },
		"a posting more":      func(s *Statement) { s.Add(&StatementPosting{Index: x.at, Side: codec.Credit, Amount: 1}) },
		"amount":              func(s *Statement) { s.Rows[18] ^= 1 },
		"side":                func(s *Statement) { s.Rows[10] ^= 3 },
		"no side":             func(s *Statement) { s.Rows[10] = 0 },
		"hash":                func(s *Statement) { s.Rows[19] ^= 1 },
		"half a posting":      func(s *Statement) { s.Rows = s.Rows[:len(s.Rows)-1] },
		"another party":       func(s *Statement) { s.Party = x.actors["provider 1"].id },
		"another role":        func(s *Statement) { s.Role++ },
		"no path":             func(s *Statement) { s.Path = nil },
		"path":                func(s *Statement) { s.Path[len(s.Path)-1] ^= 1 },
		"origin":              func(s *Statement) { s.Origin += "x" },
		"version":             func(s *Statement) { s.Version++ },
		"the cut":             func(s *Statement) { s.Close = *x.under(x.at - 1) },
		"another's key":       func(s *Statement) { s.CloseKey = x.under(1) },
		"checkpoint":          func(s *Statement) { s.Checkpoint[len(s.Checkpoint)-9] ^= 1 },
		"close of other size": func(s *Statement) { s.Close.Path = s.Close.Path[1:] },
	} {
		s := x.statement("provider 0")
		forge(s)
		again, err := DecodeStatement(s.Encode())
		if err == nil {
			_, err = again.Check(x.trust)
		}
		if err == nil || errors.Is(err, LieSum) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEveryByteOfAStatement flips each.
func TestEveryByteOfAStatement(t *testing.T) {
	x := closeWith(t, nil, nil)
	file := x.statement("provider 0").Encode()
	for i := range file {
		spoiled := bytes.Clone(file)
		spoiled[i] ^= 1
		if _, err := DecodeStatement(spoiled); !errors.Is(err, LieSum) && !errors.Is(err, LieMalformed) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	if _, err := DecodeStatement(make([]byte, MaxStatement+1)); !errors.Is(err, LieMalformed) {
		t.Errorf("large: %v", err)
	}
}

// TestStatementWithoutKey is still a statement, but accuses nobody.
func TestStatementWithoutKey(t *testing.T) {
	x := closeWith(t, nil, nil)
	s := x.statement("provider 0")
	s.CloseKey = nil
	if got, err := s.Check(x.trust); err != nil || got.Signed {
		t.Errorf("%+v: %v", got, err)
	}
	if _, err := s.Accuse(x.trust, x.line(1)); !errors.Is(err, LieKey) {
		t.Errorf("accused: %v", err)
	}
}
