package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/forgepool/settle/client"
	"github.com/spf13/cobra"
)

// app is one call of the program: its streams and the flags of every command.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	nodes   []string
	trust   string
	as      string      // key file of who asks
	key     *client.Key // of it, once read
	json    bool
	timeout time.Duration
}

// Run runs the program with arguments (without its name) and returns its exit code.
func Run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	a.report(err)
	return exitCode(err)
}

// defaultTimeout bounds what asks a node a few questions.
const defaultTimeout = time.Minute

// root returns the command tree.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "settle",
		Short: "Draft, submit, prove and check settlements of a compute network",
		Long: `Settle drafts and signs records, submits them to a ledger, asks its nodes, and checks
what they say. Nothing is called verified that was not checked here, under a trust
policy (settle trust).

Exit codes: 0 verified or done, 1 refused or false, 2 usage, 3 could not tell.`,
		Example: `  settle get status --node http://127.0.0.1:7100
  settle check payout.receipt --trust ledger.trust
  settle audit --secret audit.secret --draws 60 --trust ledger.trust`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	group(root, "settle")
	f := root.PersistentFlags()
	f.StringArrayVar(&a.nodes, "node", envList("SETTLE_NODE"), "address of a node, may be repeated (environment SETTLE_NODE, separated by commas)")
	f.StringVar(&a.trust, "trust", os.Getenv("SETTLE_TRUST"), "trust policy file (environment SETTLE_TRUST)")
	f.StringVar(&a.as, "as", os.Getenv("SETTLE_AS"), "key file of the party that asks, for what is not public (environment SETTLE_AS)")
	f.BoolVar(&a.json, "json", false, "print JSON")
	f.DurationVar(&a.timeout, "timeout", 0, "give up after this long (default 1m for questions, none for audits and replays)")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage("%v", err) })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		a.keygen(), a.draft(), a.sign(), a.merge(), a.trustCommand(), a.party(),
		a.submit(), a.importCommand(), a.get(), a.prove(), a.check(), a.audit(), a.replay(), a.program(),
		a.export(), a.reconcile(), a.statement(), a.usage(), a.budget(), a.holds(), a.disputes(), a.cycles(),
		a.cycle(), a.audits(), a.find(), a.share(), a.accuse(), a.artifact(),
	)
	return root
}

// group makes a command that only has subcommands refuse anything else.
func group(c *cobra.Command, name string) {
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usage("%s has no command %q: see %s --help", name, args[0], name)
		}
		return c.Help()
	}
}

// exactly demands a number of arguments, named in the message.
func exactly(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != len(names) {
			return usage("%s takes %d arguments %v, got %d: see %s --help", c.CommandPath(), len(names), names, len(args), c.CommandPath())
		}
		return nil
	}
}

// atLeast demands one argument or more.
func atLeast(name string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage("%s takes at least one %s: see %s --help", c.CommandPath(), name, c.CommandPath())
		}
		return nil
	}
}

// bounded returns the command's context with the time that questions may take.
func (a *app) bounded(c *cobra.Command) (context.Context, context.CancelFunc) {
	if a.timeout > 0 {
		return context.WithTimeout(c.Context(), a.timeout)
	}
	return context.WithTimeout(c.Context(), defaultTimeout)
}

// unbounded is bounded for long work: only the flag ends it.
func (a *app) unbounded(c *cobra.Command) (context.Context, context.CancelFunc) {
	if a.timeout > 0 {
		return context.WithTimeout(c.Context(), a.timeout)
	}
	return context.WithCancel(c.Context())
}
