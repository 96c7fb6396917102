package main

import (
	"context"
	"fmt"
	"io"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/spf13/cobra"
)

func (a *app) audits() *cobra.Command {
	c := &cobra.Command{
		Use:   "audits CYCLE",
		Short: "List who promised to audit a billing cycle, and what came of it",
		Example: `  settle audits 202611
  settle audits 1 --json`,
		Args: exactly("CYCLE"),
	}
	return a.asking(c, nil, func(ctx context.Context, s api.Service, args []string) (any, func(io.Writer) error, error) {
		cycle, err := number(args[0])
		if err != nil || cycle == 0 {
			return nil, nil, usage("CYCLE is the number of a billing cycle, not %q", args[0])
		}
		v, err := s.Audits(ctx, cycle)
		if err != nil {
			return nil, nil, err
		}
		return v, func(w io.Writer) error { return showAudits(w, v) }, nil
	})
}

// showAudits prints one line for each intent, with its attestation if there is one.
func showAudits(w io.Writer, v *api.Audits) error {
	results := map[uint64]*api.Attestation{}
	for i := range v.Attestations {
		results[v.Attestations[i].Index] = &v.Attestations[i]
	}
	return table(w, "AUDITOR\tINTENT\tATTESTED\tOPINION\tFINDINGS", func(t io.Writer) {
		for i := range v.Intents {
			x := &v.Intents[i]
			attested, opinion, findings := "-", "-", "-"
			if r := results[x.Attested]; r != nil {
				attested, opinion, findings = fmt.Sprint(r.Index), opinionName(r.Opinion), fmt.Sprint(len(r.Findings))
			}
			fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\n", x.Auditor, x.Index, attested, opinion, findings)
		}
	})
}

func opinionName(o codec.Opinion) string {
	names := []string{"", "pass", "with findings", "fail", "incomplete"}
	if o > 0 && int(o) < len(names) {
		return names[o]
	}
	return fmt.Sprintf("opinion %d", o)
}
