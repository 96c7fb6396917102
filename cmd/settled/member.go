package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/node"
)

func (a *app) member() *cobra.Command {
	c := &cobra.Command{
		Use:   "member",
		Short: "List and change the members of the cluster",
		Long: `Member talks to a node that runs on this machine, through the socket in its data directory;
the node passes changes on to the leader. A new node is added without a vote, gets the
ledger, and is promoted when it has caught up. Change one member at a time. An id that
was removed never comes back.`,
		Example: `  settled member list --dir n1
  settled member add --dir n1 n4 10.0.0.4:7200
  settled member promote --dir n1 n4
  settled member remove --dir n1 n2`,
	}
	group(c)
	timeout := c.PersistentFlags().Duration("timeout", 30*time.Second, "give up after this long")
	c.AddCommand(
		a.memberList(timeout),
		a.memberChange(timeout, node.MemberAdd, "Add a node, without a vote", "n4 10.0.0.4:7200", "ID", "HOST:PORT"),
		a.memberChange(timeout, node.MemberPromote, "Give a node that has caught up a vote", "n4", "ID"),
		a.memberChange(timeout, node.MemberRemove, "Take a node out for good", "n2", "ID"),
		a.memberChange(timeout, node.MemberTransfer, "Give the leadership to a voter", "n3", "ID"),
	)
	return c
}

// memberTable is the list of members.
type memberTable []node.Member

// String returns the list for a person.
func (m memberTable) String() string {
	var b bytes.Buffer
	t := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "id\trole\tcluster\tapi")
	for _, x := range m {
		role := "nonvoter"
		switch {
		case x.Leader:
			role = "leader"
		case x.Voter:
			role = "voter"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", x.ID, role, x.Address, x.API)
	}
	_ = t.Flush() // into memory
	return b.String()
}

func (a *app) memberList(timeout *time.Duration) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the members",
		Example: "  settled member list --dir n1 --json",
		Args:    a.takes(),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.administer(c, *timeout, func(ctx context.Context, admin *node.Admin) error {
				list, err := admin.Members(ctx)
				if err != nil {
					return err
				}
				return a.print(memberTable(list))
			})
		},
	}
}

// memberChange returns the command of one operation. It prints the members that
// result.
func (a *app) memberChange(timeout *time.Duration, operation, short, example string, names ...string) *cobra.Command {
	use := operation
	for _, name := range names {
		use += " " + name
	}
	return &cobra.Command{
		Use: use, Short: short,
		Example: fmt.Sprintf("  settled member %s --dir n1 %s", operation, example),
		Args:    a.takes(names...),
		RunE: func(c *cobra.Command, args []string) error {
			address := ""
			if len(args) > 1 {
				address = args[1]
				if _, _, err := net.SplitHostPort(address); err != nil {
					return usage("%q: host:port of the node's cluster port expected", address)
				}
			}
			return a.administer(c, *timeout, func(ctx context.Context, admin *node.Admin) error {
				if err := admin.Change(ctx, operation, args[0], address); err != nil {
					return err
				}
				list, err := admin.Members(ctx)
				if err != nil {
					return err
				}
				return a.print(memberTable(list))
			})
		},
	}
}

// administer runs f with the node of the directory and explains why it failed.
func (a *app) administer(c *cobra.Command, timeout time.Duration, f func(context.Context, *node.Admin) error) error {
	h := home(a.dir)
	s, _, err := h.loadSettings(c.Flags())
	if err != nil {
		return err
	}
	socket := h.in("admin.sock")
	if s.adminSocket != "" {
		socket = h.path(s.adminSocket)
	}
	ctx, cancel := context.WithTimeout(c.Context(), timeout)
	defer cancel()
	err = f(ctx, node.DialAdmin(socket))
	if _, ok := errors.AsType[*net.OpError](err); ok && ctx.Err() == nil {
		return hint(&unknownError{err}, "no node answers: start it with settled run --dir %s", h)
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return hint(&unknownError{err}, "look with settled member list whether the change was made before trying again")
	case api.CodeOf(err) == codec.CodeNoLeader:
		return hint(&unknownError{err}, "nobody leads: are enough of the voters running?")
	}
	return err
}
