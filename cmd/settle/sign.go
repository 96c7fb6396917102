package main

import (
	"fmt"
	"slices"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
	"github.com/spf13/cobra"
)

func (a *app) sign() *cobra.Command {
	var key, out string
	c := &cobra.Command{
		Use:   "sign DRAFT",
		Short: "Sign a draft with an owner key",
		Long: `Sign writes one signature over a draft into a small file. It is made on the machine
that holds the key; the file goes to whoever merges. Read the draft first: settle draft
show DRAFT.`,
		Example: `  settle sign genesis.draft --key governance-1.key --out governance-1.sig`,
		Args:    exactly("DRAFT"),
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := loadDraft(args[0])
			if err != nil {
				return err
			}
			keys, err := loadKeys([]string{key})
			if err != nil {
				return err
			}
			if keys[0].Use() != codec.UseOwner {
				return usage("%s is a key of use %s; records are signed with owner keys", key, client.UseName(keys[0].Use()))
			}
			digest := d.Digest(d.origin)
			s := &signatureFile{origin: d.origin, digest: digest, public: keys[0].Public(), sig: keys[0].Sign(digest)}
			return a.output(out, s.format(), "signature")
		},
	}
	c.Flags().StringVar(&key, "key", "", "owner key file")
	c.Flags().StringVar(&out, "out", "", "signature file to write (default: standard output)")
	return c
}

func (a *app) merge() *cobra.Command {
	var out string
	var partial bool
	c := &cobra.Command{
		Use:   "merge DRAFT SIGNATURE...",
		Short: "Put signatures together with their draft",
		Long: `Merge adds signature files to a draft. For a genesis it writes the record itself, once
every owner has signed and the rules of a genesis hold: the file that settled init and
settle trust take. For everything else it writes the signed draft that settle submit takes.`,
		Example: `  settle merge genesis.draft *.sig --out genesis.record
  settle merge policy-2.draft hub.sig governance.sig --out policy-2.signed`,
		Args: atLeast("DRAFT"),
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := loadDraft(args[0])
			if err != nil {
				return err
			}
			for _, name := range args[1:] {
				if err := d.addFile(name); err != nil {
					return err
				}
			}
			if d.Kind != codec.KindGenesis || partial {
				return a.output(out, d.format(), "signed draft")
			}
			return a.mergeGenesis(d, out)
		},
	}
	c.Flags().StringVar(&out, "out", "", "file to write (default: standard output)")
	c.Flags().BoolVar(&partial, "partial", false, "write a genesis as a draft, though signatures are missing")
	return c
}

// addFile adds the signature in a file, if it is over this draft.
func (d *draft) addFile(name string) error {
	file, err := readFile(name, 1<<12)
	if err != nil {
		return err
	}
	s, err := parseSignatureFile(file)
	if err != nil {
		return refuse("%s: %v", name, err)
	}
	if s.origin != d.origin || s.digest != d.Digest(d.origin) {
		return refuse("%s is a signature over another draft", name)
	}
	d.Add(codec.Signature{Key: codec.KeyID(s.public[:]), Alg: codec.AlgEd25519, Sig: s.sig})
	return nil
}

// mergeGenesis writes the genesis record if it is complete.
func (a *app) mergeGenesis(d *draft, out string) error {
	missing, err := missingOwners(d)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return hint(refuse("%d owners have not signed: %v", len(missing), missing),
			"have each run settle sign on this draft, or keep what is there with --partial")
	}
	record := d.Record()
	if _, _, err := settlement.JudgeGenesis(record); err != nil {
		return refuse("%v", err)
	}
	return a.output(out, record, "genesis record")
}

// missingOwners returns the owner keys of founders that have not signed.
func missingOwners(d *draft) ([]string, error) {
	_, parties, err := client.Genesis(d.Record())
	if err != nil {
		return nil, refuse("%v", err)
	}
	var missing []string
	for _, p := range parties {
		for i := range p.Keys {
			k := &p.Keys[i]
			signed := slices.ContainsFunc(d.Signatures, func(s codec.Signature) bool { return s.Key == k.ID })
			if k.Use != nil && *k.Use == codec.UseOwner && !signed {
				missing = append(missing, fmt.Sprintf("%s key %.16s", p.Role, k.ID))
			}
		}
	}
	return missing, nil
}
