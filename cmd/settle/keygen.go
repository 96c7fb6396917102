package main

import (
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/spf13/cobra"
)

// keyInfo is what may be shown of a key.
type keyInfo struct {
	File   string     `json:"file"`
	Use    string     `json:"use"`
	ID     codec.Hash `json:"id"`
	Public codec.Hash `json:"public"`
}

func (a *app) keygen() *cobra.Command {
	var use string
	c := &cobra.Command{
		Use:   "keygen FILE",
		Short: "Make a key file",
		Long: `Keygen makes an Ed25519 key in a new file that only its owner can read. Uses: owner
(signs registrations, policies, adjustments), agent (a provider's shard receipts), submit
(a party's batches), checkpoint and node (operators). It never overwrites a file.`,
		Example: `  settle keygen --use owner hub-owner.key
  settle keygen --use submit hub-submit.key --json`,
		Args: exactly("FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			u, err := client.ParseUse(use)
			if err != nil {
				return usage("%v", err)
			}
			k := client.GenerateKey(u)
			if err := client.SaveKey(args[0], k); err != nil {
				return usage("%v", err)
			}
			return a.print(&keyInfo{File: args[0], Use: client.UseName(u), ID: k.ID(), Public: k.Public()})
		},
	}
	c.Flags().StringVar(&use, "use", "owner", "what the key signs: owner, agent, submit, checkpoint, node")
	return c
}

// loadKeys reads key files.
func loadKeys(names []string) ([]*client.Key, error) {
	keys := make([]*client.Key, len(names))
	for i, name := range names {
		k, err := client.LoadKey(name)
		if err != nil {
			return nil, usage("%v", err)
		}
		keys[i] = k
	}
	return keys, nil
}
