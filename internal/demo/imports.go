package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// PageRank over the import graph of the distribution's packages
// (docs/formats/replay.md section 7.2).

const (
	rankShards = 6 // seeds per job
	rankSteps  = 40
	rankDamp   = 55_705 // 0.85 in Q16
)

// importGraph is the packages below src and who imports whom.
type importGraph struct {
	packages []string
	blob     []byte
}

// readImports parses the import clauses of all packages, tests left out.
func readImports(goroot string) (*importGraph, error) {
	src := filepath.Join(goroot, "src")
	imports := map[string]map[string]bool{}
	err := filepath.WalkDir(src, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "testdata" {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		name, _ := filepath.Rel(src, filepath.Dir(path))
		return addImports(imports, filepath.ToSlash(name), path)
	})
	if err != nil {
		return nil, err
	}
	return newImportGraph(imports), nil
}

// addImports adds the imports of one file. A file that does not parse, which the
// distribution has among its examples, adds nothing.
func addImports(imports map[string]map[string]bool, name, path string) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		return nil
	}
	if imports[name] == nil {
		imports[name] = map[string]bool{}
	}
	for _, spec := range file.Imports {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		imports[name][target] = true
	}
	return nil
}

// newImportGraph numbers the packages in byte order and writes compressed rows.
func newImportGraph(imports map[string]map[string]bool) *importGraph {
	g := new(importGraph)
	for name := range imports {
		g.packages = append(g.packages, name)
	}
	slices.Sort(g.packages)
	offsets, targets := []int{0}, []int(nil)
	for _, name := range g.packages {
		row := len(targets)
		for target := range imports[name] {
			if v, found := g.find(target); found {
				targets = append(targets, v)
			}
		}
		slices.Sort(targets[row:])
		targets = slices.Concat(targets[:row], slices.Compact(targets[row:]))
		offsets = append(offsets, len(targets))
	}
	g.blob = u32(u32(nil, len(g.packages)), len(targets))
	for _, v := range slices.Concat(offsets, targets) {
		g.blob = u32(g.blob, v)
	}
	return g
}

// find returns the number of an imported package; the distribution's own copies of
// outside packages stand below vendor.
func (g *importGraph) find(name string) (int, bool) {
	for _, path := range []string{name, "vendor/" + name, "cmd/vendor/" + name} {
		if v, found := slices.BinarySearch(g.packages, path); found {
			return v, true
		}
	}
	return 0, false
}

// rankJobs asks which packages n groups of packages lean on.
func rankJobs(g *importGraph, n int) []job {
	var jobs []job
	for i := range n {
		seed := func(s int) int64 { return int64((i*rankShards + s) % len(g.packages)) }
		j := job{
			title:   fmt.Sprintf("PageRank from %s and %d more packages", g.packages[seed(0)], rankShards-1),
			program: programPageRank, class: classGraph, args: rankArgs(),
		}
		for s := range rankShards {
			j.shards = append(j.shards, shard{args: rankArgs(seed(s)), inputs: [][]byte{g.blob}})
		}
		jobs = append(jobs, j)
	}
	return jobs
}

func rankArgs(seeds ...int64) []byte {
	return argsMap(number(rankSteps), number(rankDamp), numbers(seeds...), number(20))
}
