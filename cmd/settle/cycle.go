package main

import (
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/spf13/cobra"
)

func (a *app) cycle() *cobra.Command {
	c := &cobra.Command{
		Use:   "cycle",
		Short: "End a billing cycle and close it, with all keys at hand",
		Long: `Cycle builds the records that end a cycle, signs and submits them. Owners whose keys lie
elsewhere use settle draft cut and settle draft close instead.`,
		Example: `  settle cycle cut --author HUB_ID --key hub-owner.key --submit-key hub-submit.key
  settle cycle close --author HUB_ID --key hub-owner.key --submit-key hub-submit.key --dry-run`,
	}
	group(c, "settle cycle")
	c.AddCommand(a.cycleCut(), a.cycleClose())
	return c
}

// endFlags are those of records that are made, signed and submitted in one go.
type endFlags struct {
	cycleFlags
	keys   []string
	submit string
	dry    bool
}

// cycleEnd is a command that makes, signs and submits a cycle record.
func (a *app) cycleEnd(c *cobra.Command, make cycleMaker) *cobra.Command {
	var f endFlags
	c.Args = exactly()
	c.RunE = func(c *cobra.Command, _ []string) error { return a.endCycle(c, &f, make) }
	f.add(c)
	fl := c.Flags()
	fl.StringArrayVar(&f.keys, "key", nil, "owner key file of who signs, may be repeated: the hub's, and governance's where it must sign too")
	fl.StringVar(&f.submit, "submit-key", "", "submit key file of the hub")
	fl.BoolVar(&f.dry, "dry-run", false, "print what would be submitted, and submit nothing")
	return c
}

func (a *app) cycleCut() *cobra.Command {
	return a.cycleEnd(&cobra.Command{
		Use:   "cut",
		Short: "End the open billing cycle",
		Long: `Cut ends the open cycle; settling goes on in the next one at once. The hub signs it.
Governance signs too (more --key) if it should not wait for audit intents or for the end of
the month.`,
		Example: `  settle cycle cut --author HUB_ID --key hub-owner.key --submit-key hub-submit.key
  settle cycle cut --author HUB_ID --key hub-owner.key --key governance-1.key --key governance-2.key --submit-key hub-submit.key`,
	}, (*cycleFlags).cut)
}

func (a *app) cycleClose() *cobra.Command {
	return a.cycleEnd(&cobra.Command{
		Use:   "close",
		Short: "Close the billing cycle that was cut",
		Long: `Close states what the cycle came to: the node says what it must state, and every replica
compares before it is appended. The hub signs it. Look at it with --dry-run first.`,
		Example: `  settle cycle close --author HUB_ID --key hub-owner.key --submit-key hub-submit.key --dry-run`,
	}, (*cycleFlags).close)
}

// endCycle makes, signs and submits the record. Keys are read before a node is asked.
func (a *app) endCycle(c *cobra.Command, f *endFlags, make cycleMaker) error {
	hub, err := f.hub()
	if err != nil {
		return err
	}
	keys, submit, err := f.load()
	if err != nil {
		return err
	}
	made, origin, err := a.makeCycle(c, &f.cycleFlags, hub, make)
	if err != nil {
		return err
	}
	d := &draft{Draft: *made.Sign(origin, keys...), origin: origin}
	if f.dry {
		v, err := d.view()
		if err != nil {
			return err
		}
		return a.printJSON(v)
	}
	b, err := client.NewBatch(origin, hub, submit, []client.Item{d.Item()}, client.BatchOptions{})
	if err != nil {
		return usage("%v", err)
	}
	return a.send(c, b.Bytes, "")
}

// load reads the keys; what is not submitted needs none.
func (f *endFlags) load() (keys []*client.Key, submit *client.Key, err error) {
	if keys, err = loadKeys(f.keys); err != nil {
		return nil, nil, err
	}
	for i, k := range keys {
		if k.Use() != codec.UseOwner {
			return nil, nil, usage("%s is a key of use %s; records are signed with owner keys", f.keys[i], client.UseName(k.Use()))
		}
	}
	if f.dry {
		return keys, nil, nil
	}
	if len(keys) == 0 || f.submit == "" {
		return nil, nil, hint(usage("--key and --submit-key are needed"), "look at the record without keys with --dry-run; settle draft cut and close are for owners elsewhere")
	}
	list, err := loadKeys([]string{f.submit})
	if err != nil {
		return nil, nil, err
	}
	return keys, list[0], nil
}
