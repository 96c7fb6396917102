package main

import (
	"fmt"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/spf13/cobra"
)

func (a *app) party() *cobra.Command {
	c := &cobra.Command{
		Use:   "party",
		Short: "Show a party, or draft a registration",
		Example: `  settle party show 4caec906edc9f414ecfd300fcf5ab950
  settle party register --role provider --key owner.key --key agent.key --out provider.draft`,
	}
	group(c, "settle party")
	show := a.getParty()
	show.Use, show.Example = "show ID", "  settle party show 4caec906edc9f414ecfd300fcf5ab950"
	c.AddCommand(show, a.partyRegister())
	return c
}

// registerFlags say who is registered.
type registerFlags struct {
	role, origin, out string
	keys, programs    []string
	cap, stake        uint64
	threshold, cycle  uint64
	capped            bool
}

func (a *app) partyRegister() *cobra.Command {
	var f registerFlags
	c := &cobra.Command{
		Use:   "register",
		Short: "Draft the registration of a new party",
		Long: `Register drafts the registration of a party with its keys, signed by its first owner key.
A hub must sign it too for providers, adapters and customers, governance for the others;
then a hub submits it. For founders it goes into the genesis as it is. The node is asked
for origin and cycle unless both are given. The party's id, which follows from role and
first owner key, is printed on standard output, or on standard error if the draft is there.

Roles: provider, adapter, customer, platform, auditor, witness, hub, governance, arbiter,
operator.`,
		Example: `  settle party register --role provider --key owner.key --key agent.key --out provider.draft
  settle party register --role hub --key owner.key --key submit.key \
    --origin ledger.example/settle/blake3 --cycle 1 --out hub.draft`,
		Args: exactly(),
		RunE: func(c *cobra.Command, _ []string) error {
			f.capped = c.Flags().Changed("cap")
			if f.origin == "" || !c.Flags().Changed("cycle") {
				if err := a.askOrigin(c, &f); err != nil {
					return err
				}
			}
			return a.writeRegistration(&f)
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.role, "role", "", "role of the party")
	fl.StringArrayVar(&f.keys, "key", nil, "key file, may be repeated; at least one owner key")
	fl.StringArrayVar(&f.programs, "program", nil, `program that a provider executes, such as "mc@1 path.v1", may be repeated`)
	fl.Uint64Var(&f.cap, "cap", 0, "customer's budget per cycle in micro-Credits")
	fl.Uint64Var(&f.stake, "stake", 0, "attested deposit in micro-Credits")
	fl.Uint64Var(&f.threshold, "threshold", 0, "owner keys that must sign, for hub and governance (default 1)")
	fl.Uint64Var(&f.cycle, "cycle", 0, "billing cycle")
	fl.StringVar(&f.origin, "origin", "", "origin of tree A")
	fl.StringVar(&f.out, "out", "", "draft file to write (default: standard output)")
	return c
}

// askOrigin asks the node for what was not given.
func (a *app) askOrigin(c *cobra.Command, f *registerFlags) error {
	s, err := a.service()
	if err != nil {
		return err
	}
	ctx, stop := a.bounded(c)
	defer stop()
	status, err := s.Status(ctx)
	if err != nil {
		return hint(err, "name a node with --node, or give both --origin and --cycle")
	}
	f.origin, f.cycle = status.OriginA, status.Cycle
	return nil
}

// writeRegistration writes the draft and tells the party's id.
func (a *app) writeRegistration(f *registerFlags) error {
	role, err := codec.ParseRole(f.role)
	if err != nil {
		return usage("--role: %v", err)
	}
	keys, err := loadKeys(f.keys)
	if err != nil {
		return err
	}
	r := &client.Registration{At: client.Now(), Cycle: f.cycle, Role: role, Keys: keys, Threshold: f.threshold, Stake: f.stake}
	if f.capped {
		r.Cap = &f.cap
	}
	for _, text := range f.programs {
		id, err := programID(text)
		if err != nil {
			return usage("--program: %v", err)
		}
		r.Capabilities = append(r.Capabilities, id)
	}
	d, err := r.Draft(f.origin)
	if err != nil {
		return hint(usage("%v", err), "make one with: settle keygen --use owner FILE; give it with --key FILE")
	}
	full := &draft{Draft: *d, origin: f.origin}
	if err := a.output(f.out, full.format(), "registration"); err != nil {
		return err
	}
	if f.out == "" || f.out == "-" {
		fmt.Fprintf(a.stderr, "party %s\n", r.Party())
		return nil
	}
	if a.json {
		return a.printJSON(&registered{Party: r.Party(), Role: role.String(), File: f.out})
	}
	_, err = fmt.Fprintf(a.stdout, "party %s\n", r.Party())
	return err
}

// registered is who a registration is for.
type registered struct {
	Party codec.ID `json:"party"`
	Role  string   `json:"role"`
	File  string   `json:"file"`
}
