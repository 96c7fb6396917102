package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/forgepool/settle/consensus"
	"github.com/forgepool/settle/node"
)

// TestExamples looks for an example in the help of every command, and parses it.
func TestExamples(t *testing.T) {
	a := new(app)
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Short == "" || !strings.Contains(c.Example, c.CommandPath()) {
			t.Errorf("%s: no description or no example", c.CommandPath())
		}
		for _, line := range strings.Split(c.Example, "\n") {
			line, _, _ = strings.Cut(line, " 2>")
			words := strings.Fields(line)
			target, rest, err := a.root().Find(words[1:])
			if err == nil {
				err = target.ParseFlags(rest)
			}
			if err == nil {
				err = target.ValidateArgs(target.Flags().Args())
			}
			if err != nil {
				t.Errorf("%s: example %q: %v", c.CommandPath(), line, err)
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(a.root())
}

func TestExitCodes(t *testing.T) {
	plain := errors.New("x")
	for _, test := range []struct {
		err  error
		code int
	}{
		{nil, 0}, {plain, 1}, {errDamaged, 1}, {hint(plain, "y"), 1}, {usage("x"), 2}, {hint(usage("x"), "y"), 2},
		{&unknownError{plain}, 3}, {hint(&unknownError{plain}, "y"), 3}, {context.Canceled, 3},
		{fmt.Errorf("starting: %w", &consensus.FatalError{Code: consensus.ExitGap, Err: plain}), 71},
		{errors.Join(&node.Marker{Code: consensus.ExitDivergence, Reason: "x"}, nil), 77},
		{&unknownError{consensus.ErrLocked}, 3}, {consensus.ErrLocked, 1},
	} {
		if code := exitCode(test.err); code != test.code {
			t.Errorf("%v: exit code %d, want %d", test.err, code, test.code)
		}
	}
}
