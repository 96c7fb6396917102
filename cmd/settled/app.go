package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// app is one call of the program: its streams and the flags of every command.
type app struct {
	stdout, stderr io.Writer
	exit           func(code int) // ends the process at once
	release        func()         // gives signals their usual effect back

	dir  string
	json bool
}

// run runs the program with arguments (without its name) and returns its exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := &app{stdout: stdout, stderr: stderr, exit: os.Exit, release: stop}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	a.report(err)
	return exitCode(err)
}

// root returns the command tree.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "settled",
		Short: "Run and look after a node of a settlement ledger",
		Long: `Settled makes a node's data directory, runs the node, checks its ledger, changes the
members of the cluster, and replaces a node that must not start again.

Exit codes: 0 done, 1 refused, failed or damage found, 2 usage, 3 could not tell;
settled run adds 70 to 77, explained in its help.`,
		Example: `  settled dev --dir dev
  settled init --dir n1 --id n1 --new-cluster example
  settled run --dir n1`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	group(root)
	f := root.PersistentFlags()
	f.StringVar(&a.dir, "dir", os.Getenv("SETTLED_DIR"), "data directory of the node (environment SETTLED_DIR)")
	f.BoolVar(&a.json, "json", false, "print JSON; settled run logs JSON")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage("%v", err) })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(a.commands()...)
	return root
}

// group makes a command that only has subcommands refuse anything else.
func group(c *cobra.Command) {
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usage("%s has no command %q: see %s --help", c.CommandPath(), args[0], c.CommandPath())
		}
		return c.Help()
	}
}

// takes demands these arguments, named in the message, and the data directory.
func (a *app) takes(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != len(names) {
			return usage("%s takes %d arguments %v, got %d: see %s --help", c.CommandPath(), len(names), names, len(args), c.CommandPath())
		}
		if a.dir == "" {
			return hint(usage("no data directory"), "name it with --dir DIR or SETTLED_DIR")
		}
		return nil
	}
}

// print prints a value: as JSON if asked for, else as its own text.
func (a *app) print(v fmt.Stringer) error {
	if a.json {
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
	_, err := io.WriteString(a.stdout, v.String())
	return err
}
