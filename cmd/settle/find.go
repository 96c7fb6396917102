package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/spf13/cobra"
)

// findFlags say what is searched.
type findFlags struct {
	kind                        string
	customer, provider, adapter string
	program, token              string
	cycle, class                uint64
	labels                      [4]string // by the names of findLabels
	label                       string
	limit                       int
	oldest                      bool
}

// findLabels are the labels with a flag of their own.
var findLabels = [4]string{"project", "workspace", "scope", "organization"}

func (a *app) find() *cobra.Command {
	var f findFlags
	c := &cobra.Command{
		Use:   "find",
		Short: "Search settlements and adjustments",
		Long: `Find lists the records that fit everything that is given, the newest first. Parties search
what they took part in, hubs, auditors and operators everything: --as names a key file.
Labels are a customer's own and need --customer. What must be relied on is proved with settle
prove receipt INDEX.`,
		Example: `  settle find --customer CUSTOMER_ID --project solar --as customer.key
  settle find --provider PROVIDER_ID --cycle 202611 --class 2 --as owner.key
  settle find --token REPLAY_TOKEN --oldest --as auditor.key`,
		Args: exactly(),
	}
	fl := c.Flags()
	fl.StringVar(&f.kind, "kind", "", "settlement or adjustment (default: both)")
	fl.StringVar(&f.customer, "customer", "", "party id of who pays")
	fl.StringVar(&f.provider, "provider", "", "party id of a provider that is paid")
	fl.StringVar(&f.adapter, "adapter", "", "party id of the adapter")
	fl.StringVar(&f.program, "program", "", `program as its id or its name, such as "mc@1 path.v1"`)
	fl.StringVar(&f.token, "token", "", "replay token: all settlements of one computation")
	fl.Uint64Var(&f.class, "class", 0, "execution class, 0 = any")
	for i, name := range findLabels {
		fl.StringVar(&f.labels[i], name, "", "value of the label "+name)
	}
	fl.StringVar(&f.label, "label", "", "one other label, as name=value")
	fl.IntVar(&f.limit, "limit", 0, "list at most so many records, 0 = all")
	fl.BoolVar(&f.oldest, "oldest", false, "the oldest first")
	fl.Uint64Var(&f.cycle, "cycle", 0, "billing cycle (default: all)")
	return a.asking(c, nil, func(ctx context.Context, s api.Service, _ []string) (any, func(io.Writer) error, error) {
		filter, err := f.filter(c.Flags().Changed)
		if err != nil {
			return nil, nil, err
		}
		all := []api.Found{}
		err = pages(f.limit, func(p api.Page) (int, uint64, uint64, error) {
			p.Oldest = f.oldest
			part, err := s.Find(ctx, *filter, p)
			if err != nil {
				return 0, 0, 0, err
			}
			all = append(all, part.Records...)
			return len(part.Records), part.Size, part.Next, nil
		})
		return all, func(w io.Writer) error { return showFound(w, all) }, err
	})
}

// showFound prints records for people.
func showFound(w io.Writer, all []api.Found) error {
	return table(w, "INDEX\tCYCLE\tTIME\tKIND\tCLASS\tCREDITS\tWORKLOAD", func(t io.Writer) {
		for i := range all {
			r := &all[i]
			class, workload := "-", "-"
			if r.Workload != nil {
				class, workload = fmt.Sprint(r.Class), r.Workload.String()
			}
			fmt.Fprintf(t, "%d\t%d\t%s\t%s\t%s\t%s\t%s\n", r.Index, r.Cycle, clock(r.Time), r.Kind, class, credits(r.Total), workload)
		}
	})
}

// filter reads the flags; changed says which were given.
func (f *findFlags) filter(changed func(string) bool) (*api.Filter, error) {
	x := &api.Filter{Class: f.class}
	if changed("cycle") {
		x.Cycle = &f.cycle
	}
	switch f.kind {
	case "":
	case codec.KindSettlement.String():
		x.Kind = codec.KindSettlement
	case codec.KindAdjustment.String():
		x.Kind = codec.KindAdjustment
	default:
		return nil, usage("--kind is %q: settlement or adjustment", f.kind)
	}
	for _, p := range []struct {
		flag, text string
		to         **codec.ID
	}{{"customer", f.customer, &x.Customer}, {"provider", f.provider, &x.Provider}, {"adapter", f.adapter, &x.Adapter}} {
		if p.text == "" {
			continue
		}
		id, err := codec.ParseID(p.text)
		if err != nil {
			return nil, usage("--%s: %v", p.flag, err)
		}
		*p.to = &id
	}
	return x, f.rest(x, changed)
}

// rest reads program, token and labels.
func (f *findFlags) rest(x *api.Filter, changed func(string) bool) error {
	if f.token != "" {
		token, err := codec.ParseHash(f.token)
		if err != nil {
			return usage("--token: %v", err)
		}
		x.Token = &token
	}
	if f.program != "" {
		id, err := programID(f.program)
		if err != nil {
			return usage("--program: %v", err)
		}
		x.Program = &id
	}
	labels := map[string]string{}
	for i, name := range findLabels {
		if changed(name) {
			labels[name] = f.labels[i]
		}
	}
	if f.label != "" {
		name, value, ok := strings.Cut(f.label, "=")
		if !ok || name == "" || slices.Contains(findLabels[:], name) {
			return usage("--label is %q: name=value, of a label without a flag of its own", f.label)
		}
		labels[name] = value
	}
	if len(labels) > 0 && x.Customer == nil {
		return usage("labels are a customer's own: name one with --customer")
	}
	x.Labels = labels
	return nil
}
