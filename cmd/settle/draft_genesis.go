package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
	"github.com/spf13/cobra"
)

// genesisFile is a genesis as founders write it.
type genesisFile struct {
	Name      string     `json:"name"`
	OriginA   string     `json:"origin_a"`
	OriginB   string     `json:"origin_b"`
	Created   uint64     `json:"created_ms"`
	Cycle     uint64     `json:"cycle"`
	Numbering string     `json:"numbering"`
	Parties   []string   `json:"parties"`
	Witnesses []string   `json:"witnesses"`
	Policy    policyFile `json:"policy"`
}

const genesisTemplate = `# The founding of a ledger. Lines that begin with # are comments.
# Amounts are micro-Credits, times milliseconds, shares parts per million.
{
  "name": "example ledger",
  # Names of the two log trees, as URLs without scheme: BLAKE3, and its SHA-256 twin.
  "origin_a": "ledger.example/settle/blake3",
  "origin_b": "ledger.example/settle",
  # First ledger time, Unix milliseconds; 0 = now.
  "created_ms": 0,
  # First billing cycle, and how cycles are numbered: "months" (YYYYMM) or "counter".
  "cycle": 1,
  "numbering": "counter",
  # Drafts of the founders' registrations, written by each of them with
  #   settle party register --role ROLE --key FILE --origin ORIGIN_A --cycle CYCLE
  # Needed: one governance, one platform, a hub, two arbiters, an auditor for each that
  # the policy asks for, and an operator for each node: with the node's key, one of them
  # with the checkpoint key too.
  "parties": ["governance.draft", "platform.draft", "hub.draft", "arbiter-1.draft",
    "arbiter-2.draft", "auditor.draft", "operator-1.draft"],
  # vkeys of witnesses, may be empty.
  "witnesses": [],
  # Policy 1. Rates: micro_credits per so many work units of a program.
  "policy": %s
}
`

// usualPrices make a second of one core cost about the same in each program.
var usualPrices = []struct {
	name     replay.ProgramName
	class    uint64
	num, den uint64
}{
	{replay.ProgramName{Family: "mc", Version: 1, Profile: "path.v1"}, 1, 27, 1_000},
	{replay.ProgramName{Family: "graph", Version: 1, Profile: "pagerank.v1"}, 2, 33, 10_000},
	{replay.ProgramName{Family: "search", Version: 1, Profile: "rank.v1"}, 4, 84, 10_000},
	{replay.ProgramName{Family: "aggregate", Version: 1, Profile: "group.v1"}, 5, 19, 1_000},
	{replay.ProgramName{Family: "media", Version: 1, Profile: "raster.v1"}, 3, 39, 10_000},
	{replay.ProgramName{Family: "memory", Version: 1, Profile: "kv.v1"}, 6, 244, 1_000},
	{replay.ProgramName{Family: "mc", Version: 1, Profile: "insurance.v1"}, 1, 27, 1_000},
	{replay.ProgramName{Family: "mc", Version: 1, Profile: "eta.v1"}, 1, 27, 1_000},
}

// usualPolicy returns the policy that templates show.
func usualPolicy() *policyFile {
	var prices []client.Price
	for _, p := range usualPrices {
		prices = append(prices, client.Price{Program: p.name.Program(), Class: p.class, Num: p.num, Den: p.den})
	}
	body := client.DefaultPolicy(prices...)
	f := viewPolicy(&body)
	f.Prev = nil
	return f
}

// policyTemplate returns the usual policy as indented JSON.
func policyTemplate(prefix string) (string, error) {
	data, err := json.MarshalIndent(usualPolicy(), prefix, "  ")
	return string(data), err
}

func (a *app) draftGenesis() *cobra.Command {
	var t templated
	c := &cobra.Command{
		Use:   "genesis",
		Short: "Draft the founding of a ledger",
		Long: `Genesis drafts the record at index 0 from a file that names the founders' registrations
and the first policy. Every owner key of every founder must sign it.`,
		Example: `  settle draft genesis --template > genesis.txt
  settle draft genesis --from genesis.txt --out genesis.draft`,
		Args: exactly(),
		RunE: func(*cobra.Command, []string) error {
			if t.template {
				policy, err := policyTemplate("  ")
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(a.stdout, genesisTemplate, policy)
				return err
			}
			var f genesisFile
			if err := t.read(&f); err != nil {
				return err
			}
			d, err := f.draft()
			if err != nil {
				return err
			}
			return a.write(d, f.OriginA, t.out)
		},
	}
	t.add(c)
	return c
}

// draft returns the genesis.
func (f *genesisFile) draft() (*client.Draft, error) {
	numbering := uint64(codec.CyclesCounter)
	switch f.Numbering {
	case "months":
		numbering = codec.CyclesMonths
	case "counter":
	default:
		return nil, usage(`numbering is %q: "months" or "counter"`, f.Numbering)
	}
	at := f.Created
	if at == 0 {
		at = client.Now()
	}
	g := &codec.Genesis{
		ID: client.NewID(), At: at, Cycle: f.Cycle, OriginA: f.OriginA, OriginB: f.OriginB, Name: f.Name, Scale: 6,
		Suites: []uint64{1, 2}, Cycles: codec.Cycles{First: f.Cycle, Numbering: numbering},
		Witnesses: f.Witnesses, Created: at, Software: "settle",
	}
	hub, err := f.addParties(g)
	if err != nil {
		return nil, err
	}
	p, err := f.Policy.body()
	if err != nil {
		return nil, usage("policy: %v", err)
	}
	if len(f.Policy.Discounts) > 0 {
		return nil, usage("policy 1 has no discounts: a genesis has no attachments")
	}
	p.ID, p.At, p.Cycle, p.Author = client.NewID(), at, f.Cycle, hub
	p.Version, p.EffectiveFrom, p.Prev = 1, f.Cycle, codec.Hash{}
	g.Policy = codec.Encode(&p)
	return &client.Draft{Kind: codec.KindGenesis, Body: codec.Encode(g)}, nil
}

// addParties adds the founders' registrations and the author, and returns the hub.
func (f *genesisFile) addParties(g *codec.Genesis) (hub codec.ID, err error) {
	for _, name := range f.Parties {
		d, err := loadDraft(name)
		if err != nil {
			return hub, err
		}
		p := new(codec.Party)
		if d.Kind != codec.KindParty || codec.Decode(d.Body, p) != nil || p.Role == nil {
			return hub, usage("%s is no registration of a party", name)
		}
		if d.origin != f.OriginA || p.Cycle != f.Cycle {
			return hub, hint(usage("%s was made for ledger %s, cycle %d", name, d.origin, p.Cycle),
				"register again with --origin %s --cycle %d", f.OriginA, f.Cycle)
		}
		switch *p.Role {
		case codec.RoleGovernance:
			g.Author = p.Party
		case codec.RoleHub:
			if hub == (codec.ID{}) {
				hub = p.Party
			}
		}
		g.Parties = append(g.Parties, d.Body)
	}
	if g.Author == (codec.ID{}) || hub == (codec.ID{}) {
		return hub, usage("parties need a governance and a hub, there are only: %s", strings.Join(f.Parties, ", "))
	}
	return hub, nil
}
