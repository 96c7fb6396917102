package lint

import (
	"go/ast"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
)

// judges are the packages in which a test must expect every code that they refuse with
// themselves: what another package's tests see of a rule is not its edge.
var judges = []string{"settlement", "ledger", "node"}

// codeUses says in which directories the constant of a code is used.
type codeUses struct {
	raised   map[string][]string // by name: refused with, outside of tests
	expected map[string][]string // by name: compared with, in tests
}

// TestEveryCodeIsTested requires of every row of codec.Meanings that the product refuses
// with it, that a test expects it, and that each of the judges that refuses with it has
// such a test of its own.
func TestEveryCodeIsTested(t *testing.T) {
	all := sources(t)
	uses := codeUses{raised: map[string][]string{}, expected: map[string][]string{}}
	for _, s := range all {
		uses.add(s)
	}
	names := codeNames(t, all)
	for _, m := range codec.Meanings {
		name, ok := names[m.Code]
		switch {
		case !ok:
			t.Errorf("%s has no constant in codec", m.Code)
		case len(uses.raised[name]) == 0:
			t.Errorf("nothing refuses with %s", m.Code)
		case len(uses.expected[name]) == 0:
			t.Errorf("no test expects %s", m.Code)
		}
		for _, dir := range uses.raised[name] {
			if slices.Contains(judges, dir) && !slices.Contains(uses.expected[name], dir) {
				t.Errorf("%s refuses with %s, and no test of it expects that", dir, m.Code)
			}
		}
		delete(names, m.Code)
	}
	for code := range names {
		t.Errorf("%s has no meaning in codec.Meanings", code)
	}
}

// add notes the codes that a file makes or expects. What stands as the argument of a call
// or as the value of a field is made: codec.Refuse(codec.CodeX, ...). In a test only what
// is given to Refuse or Fail is made, by the fake of a service; everything else there is
// an expectation.
func (u *codeUses) add(s *source) {
	dir := filepath.Dir(s.path)
	if dir == "internal/lint" {
		return
	}
	made := map[ast.Expr]bool{}
	ast.Inspect(s.file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && (!s.isTest() || makesError(call)) {
			for _, arg := range call.Args {
				made[arg] = true
			}
		}
		if field, ok := n.(*ast.KeyValueExpr); ok && !s.isTest() {
			made[field.Value] = true
		}
		x, ok := n.(*ast.SelectorExpr)
		if !ok || !strings.HasPrefix(x.Sel.Name, "Code") || !isIdent(x.X, "codec") {
			return true
		}
		switch name := x.Sel.Name; {
		case !s.isTest() && made[x] && !slices.Contains(u.raised[name], dir):
			u.raised[name] = append(u.raised[name], dir)
		case s.isTest() && !made[x] && !slices.Contains(u.expected[name], dir):
			u.expected[name] = append(u.expected[name], dir)
		}
		return true
	})
}

func makesError(call *ast.CallExpr) bool {
	f, ok := call.Fun.(*ast.SelectorExpr)
	return ok && (f.Sel.Name == "Refuse" || f.Sel.Name == "Fail")
}

func isIdent(x ast.Expr, name string) bool {
	id, ok := x.(*ast.Ident)
	return ok && id.Name == name
}

// codeNames returns the constants of type Code that package codec declares.
func codeNames(t *testing.T, all []*source) map[codec.Code]string {
	names := map[codec.Code]string{}
	for _, s := range all {
		if filepath.Dir(s.path) != "codec" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok || !isIdent(v.Type, "Code") || len(v.Values) != 1 {
				return true
			}
			if value, ok := v.Values[0].(*ast.BasicLit); ok {
				names[codec.Code(strings.Trim(value.Value, `"`))] = v.Names[0].Name
			}
			return true
		})
	}
	if len(names) == 0 {
		t.Fatal("codec declares no codes")
	}
	return names
}
