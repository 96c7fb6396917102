package lint

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
)

var update = flag.Bool("update", false, "rewrite documents that are made from tables in the code")

const refusalsHead = `# Refusals

Every code that a submission or a request can fail with. Codes are stable: the same on every replica, and never reused for something
else. A refused record stands in its batch's outcomes with its code; a refused batch, and any other failed request, is an HTTP response with the
status and the body of [http.md](http.md). A refusal appends nothing and changes nothing.

| code | meaning | status |
|---|---|---|
`

// TestRefusalsDocument keeps docs/formats/refusals.md equal to the table in codec.
func TestRefusalsDocument(t *testing.T) {
	var b strings.Builder
	b.WriteString(refusalsHead)
	seen := map[codec.Code]bool{}
	for _, m := range codec.Meanings {
		if seen[m.Code] {
			t.Errorf("%s stands twice", m.Code)
		}
		seen[m.Code] = true
		fmt.Fprintf(&b, "| `%s` | %s | %d |\n", m.Code, m.Text, m.Status)
	}
	path := filepath.Join(repository(t), "docs/formats/refusals.md")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != b.String() {
		t.Error("docs/formats/refusals.md is not the table of codec.Meanings; run go test ./internal/lint -update")
	}
}

// TestDocumentLinks follows every relative link of every document.
func TestDocumentLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#: ]+)(#[^)]*)?\)`)
	for _, doc := range documents(t) {
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			target := filepath.Join(filepath.Dir(doc), m[1])
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", doc, m[1])
			}
		}
	}
}

// TestCitedSections looks up every "docs/formats/X.md section N" of the code.
func TestCitedSections(t *testing.T) {
	cite := regexp.MustCompile(`docs/formats/([a-z-]+\.md)(?: +section ([0-9.]*[0-9]))?`)
	newline := regexp.MustCompile(`\n\s*//\s*`)
	for _, s := range sources(t) {
		flat := newline.ReplaceAllString(string(s.text), " ")
		for _, m := range cite.FindAllStringSubmatch(flat, -1) {
			text, err := os.ReadFile(filepath.Join(repository(t), "docs/formats", m[1]))
			if err != nil {
				t.Errorf("%s cites %s, which is not there", s.path, m[1])
				continue
			}
			if m[2] != "" && !regexp.MustCompile(`(?m)^#+ `+regexp.QuoteMeta(m[2])+`[. ]`).Match(text) {
				t.Errorf("%s cites %s section %s, which is not there", s.path, m[1], m[2])
			}
		}
	}
}

func documents(t *testing.T) []string {
	var all []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "*/DESIGN.md"} {
		found, err := filepath.Glob(filepath.Join(repository(t), pattern))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	return all
}

// TestReadmeCode requires that the README's Go code stands in the example that
// compiles.
func TestReadmeCode(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(repository(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile(filepath.Join(repository(t), "client/example_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)\n```").FindAllStringSubmatch(string(readme), -1)
	if len(blocks) == 0 {
		t.Error("the README shows no Go code")
	}
	flat := strings.ReplaceAll(string(example), "\n\t", "\n")
	for _, block := range blocks {
		if !strings.Contains(flat, block[1]) {
			t.Errorf("the README's code is not that of client/example_test.go:\n%s", block[1])
		}
	}
}
