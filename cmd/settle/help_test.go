package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestExamples looks for an example in the help of every command, and parses it.
func TestExamples(t *testing.T) {
	a := new(app)
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Short == "" || !strings.Contains(c.Example, c.CommandPath()) {
			t.Errorf("%s: no description or no example", c.CommandPath())
		}
		for line := range strings.SplitSeq(strings.ReplaceAll(c.Example, "\\\n", " "), "\n") {
			line, _, _ = strings.Cut(line, " > ")
			checkExample(t, a.root(), c.CommandPath(), line)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(a.root())
}

// checkExample parses one line of help. Quoted words have no spaces here but for the
// names of programs.
func checkExample(t *testing.T, root *cobra.Command, path, line string) {
	t.Helper()
	words := strings.Fields(strings.NewReplacer("mc@1 path.v1", "mc@1_path.v1", `"`, "", "'", "").Replace(line))
	if len(words) == 0 || words[0] != "settle" {
		t.Errorf("%s: example %q is no command", path, line)
		return
	}
	target, rest, err := root.Find(words[1:])
	if err == nil {
		err = target.ParseFlags(rest)
	}
	if err == nil && target.Args != nil {
		err = target.ValidateArgs(target.Flags().Args())
	}
	if err != nil {
		t.Errorf("%s: example %q: %v", path, line, err)
	}
}
