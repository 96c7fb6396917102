package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/spf13/cobra"
)

func (a *app) draftQuota() *cobra.Command {
	var party, author, out string
	var cap uint64
	var quotas []string
	c := &cobra.Command{
		Use:   "quota",
		Short: "Draft the budgets of a customer",
		Long: `Quota drafts cap and quotas of a customer as a whole: what is not given is lifted. A quota is
DIMENSION=VALUE=LIMIT in micro-Credits per cycle, with :soft behind it if it only reports what
exceeds it. Dimensions: project, workspace, class, scope, organization. The hub signs.`,
		Example: `  settle draft quota --party CUSTOMER --author HUB --cap 5000000 \
    --quota project=atlas=1000000 --quota class=1=2000000:soft --out quota.draft`,
		Args: exactly(),
		RunE: func(c *cobra.Command, _ []string) error {
			id, err := codec.ParseID(party)
			if err != nil {
				return usage("--party: %v", err)
			}
			hub, err := codec.ParseID(author)
			if err != nil {
				return usage("--author: %v", err)
			}
			var l client.Limits
			if c.Flags().Changed("cap") {
				l.Cap = &cap
			}
			for _, text := range quotas {
				q, err := parseQuota(text)
				if err != nil {
					return err
				}
				l.Quotas = append(l.Quotas, q)
			}
			s, err := a.service()
			if err != nil {
				return err
			}
			ctx, stop := a.bounded(c)
			defer stop()
			status, now, err := partyNow(ctx, s, id)
			if err != nil {
				return err
			}
			body := codec.Party{At: client.Now(), Cycle: status.Cycle, Author: hub, Party: id, Prev: now.Prev}
			return a.write(client.DraftLimits(body, l), status.OriginA, out)
		},
	}
	f := c.Flags()
	f.StringVar(&party, "party", "", "party id of the customer")
	f.StringVar(&author, "author", "", "party id of the hub")
	f.Uint64Var(&cap, "cap", 0, "budget per cycle in micro-Credits; without it there is none")
	f.StringArrayVar(&quotas, "quota", nil, "DIMENSION=VALUE=LIMIT[:soft], may be repeated")
	f.StringVar(&out, "out", "", "draft file to write (default: standard output)")
	return c
}

// parseQuota reads DIMENSION=VALUE=LIMIT[:soft]. The value may contain an equals sign.
func parseQuota(text string) (codec.Quota, error) {
	bad := usage("--quota %q is not DIMENSION=VALUE=LIMIT[:soft]", text)
	rest, soft := strings.CutSuffix(text, ":soft")
	by, rest, ok := strings.Cut(rest, "=")
	at := strings.LastIndexByte(rest, '=')
	dimension := slices.Index(api.Dimensions, by) + 1
	if !ok || at < 1 || dimension == 0 {
		return codec.Quota{}, bad
	}
	limit, err := strconv.ParseUint(rest[at+1:], 10, 63)
	if err != nil {
		return codec.Quota{}, bad
	}
	q := codec.Quota{Dimension: uint64(dimension), Value: rest[:at], Limit: limit, Mode: codec.QuotaHard}
	if soft {
		q.Mode = codec.QuotaSoft
	}
	return q, nil
}
