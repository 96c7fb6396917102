package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	maxFileLines     = 500
	maxFunctionLines = 70
)

// noFloats are the packages in which a floating-point type may not even be named:
// what they compute is hashed, compared or replicated.
var noFloats = []string{"codec", "proof", "settlement", "replay", "ledger", "contract"}

// source is one parsed Go file of the repository.
type source struct {
	path string // from the repository's root
	text []byte
	file *ast.File
	set  *token.FileSet
}

func (s *source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

func (s *source) isGenerated() bool {
	return strings.HasPrefix(string(s.text), "// Code generated ")
}

func repository(t *testing.T) string {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func sources(t *testing.T) []*source {
	var all []*source
	root := repository(t)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "demo-out" || d.Name() == "bench-out" || strings.HasPrefix(d.Name(), ".") && path != root) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		s := &source{text: text, set: token.NewFileSet()}
		s.path, _ = filepath.Rel(root, path)
		s.file, err = parser.ParseFile(s.set, path, text, parser.ParseComments)
		all = append(all, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSizes(t *testing.T) {
	for _, s := range sources(t) {
		if s.isGenerated() {
			continue
		}
		if lines := strings.Count(string(s.text), "\n"); lines > maxFileLines {
			t.Errorf("%s has %d lines: is a room missing?", s.path, lines)
		}
		for _, decl := range s.file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || s.isTest() {
				continue
			}
			if lines := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1; lines > maxFunctionLines {
				t.Errorf("%s: %s has %d lines", s.path, f.Name.Name, lines)
			}
		}
	}
}

func TestPackageComments(t *testing.T) {
	commented := map[string]bool{}
	for _, s := range sources(t) {
		dir := filepath.Dir(s.path)
		if !s.isTest() {
			commented[dir] = commented[dir] || s.file.Doc != nil
		}
	}
	for dir, ok := range commented {
		if !ok {
			t.Errorf("package %s has no package comment", dir)
		}
	}
}

func TestExportedComments(t *testing.T) {
	for _, s := range sources(t) {
		if s.isTest() || strings.HasPrefix(s.path, "internal/") {
			continue
		}
		for _, decl := range s.file.Decls {
			for _, name := range undocumented(decl) {
				t.Errorf("%s: %s is exported and has no comment", s.path, name)
			}
		}
	}
}

// undocumented returns the exported names that a declaration leaves without comment.
func undocumented(decl ast.Decl) []string {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
			return []string{d.Name.Name}
		}
	case *ast.GenDecl:
		var names []string
		for _, spec := range d.Specs {
			names = append(names, undocumentedSpec(d, spec)...)
		}
		return names
	}
	return nil
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	receiver := d.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	if generic, ok := receiver.(*ast.IndexExpr); ok {
		receiver = generic.X
	}
	name, ok := receiver.(*ast.Ident)
	return ok && name.IsExported()
}

func undocumentedSpec(d *ast.GenDecl, spec ast.Spec) []string {
	switch x := spec.(type) {
	case *ast.TypeSpec:
		if x.Name.IsExported() && d.Doc == nil && x.Doc == nil {
			return []string{x.Name.Name}
		}
	case *ast.ValueSpec:
		if x.Names[0].IsExported() && d.Doc == nil && x.Doc == nil && x.Comment == nil {
			return []string{x.Names[0].Name}
		}
	}
	return nil
}

func TestNoFloats(t *testing.T) {
	for _, s := range sources(t) {
		if s.isTest() || !below(s.path, noFloats) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.Ident:
				if x.Name == "float32" || x.Name == "float64" {
					t.Errorf("%s: %s", s.set.Position(x.Pos()), x.Name)
				}
			case *ast.BasicLit:
				if x.Kind == token.FLOAT {
					t.Errorf("%s: floating-point literal %s", s.set.Position(x.Pos()), x.Value)
				}
			}
			return true
		})
	}
}

func below(path string, dirs []string) bool {
	for _, dir := range dirs {
		if strings.HasPrefix(path, dir+"/") {
			return true
		}
	}
	return false
}

// TestUnfinished refuses words that mark something as not done.
func TestUnfinished(t *testing.T) {
	unfinished := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)
	for _, s := range sources(t) {
		for i, line := range strings.Split(string(s.text), "\n") {
			if unfinished.MatchString(line) {
				t.Errorf("%s:%d: unfinished: %s", s.path, i+1, strings.TrimSpace(line))
			}
		}
	}
}

// TestNames refuses rooms that say nothing about what is in them.
func TestNames(t *testing.T) {
	for _, s := range sources(t) {
		for _, part := range strings.Split(strings.TrimSuffix(s.path, ".go"), string(filepath.Separator)) {
			switch part {
			case "util", "utils", "common", "helpers", "misc", "base":
				t.Errorf("%s: a name that says nothing", s.path)
			}
		}
	}
}
