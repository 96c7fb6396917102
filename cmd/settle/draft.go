package main

import (
	"fmt"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/spf13/cobra"
)

func (a *app) draft() *cobra.Command {
	c := &cobra.Command{
		Use:   "draft",
		Short: "Write a record that several owners will sign",
		Long: `Draft writes a draft file: the body of a record that owner keys sign, fixed to the bit. Each owner signs it where the key lies (settle sign); whoever wrote it
puts the signatures together (settle merge) and submits the record (settle submit).`,
		Example: `  settle draft genesis --template > genesis.txt
  settle draft genesis --from genesis.txt --out genesis.draft
  settle draft show genesis.draft`,
	}
	group(c, "settle draft")
	c.AddCommand(a.draftGenesis(), a.draftPolicy(), a.draftParty(), a.draftAdjustment(), a.draftDispute(),
		a.draftCut(), a.draftClose(), a.draftIntent(), a.draftAttestation(), a.draftQuota(), a.draftShow())
	return c
}

// draftView is a draft as people read it.
type draftView struct {
	Kind        string     `json:"kind"`
	Origin      string     `json:"origin"`
	Digest      codec.Hash `json:"digest"` // what owners sign
	Signatures  []string   `json:"signatures"`
	Attachments int        `json:"attachments"`
	Body        any        `json:"body"`
}

func (a *app) draftShow() *cobra.Command {
	return &cobra.Command{
		Use:     "show DRAFT",
		Short:   "Show what a draft says, before signing it",
		Example: "  settle draft show genesis.draft",
		Args:    exactly("DRAFT"),
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := loadDraft(args[0])
			if err != nil {
				return err
			}
			v, err := d.view()
			if err != nil {
				return refuse("%s: %v", args[0], err)
			}
			return a.printJSON(v)
		},
	}
}

// view decodes a draft for people.
func (d *draft) view() (*draftView, error) {
	body, err := viewBody(&codec.Record{Version: 1, Kind: d.Kind, Body: d.Body})
	if err != nil {
		return nil, err
	}
	v := &draftView{Kind: d.Kind.String(), Origin: d.origin, Digest: d.Digest(d.origin),
		Signatures: []string{}, Attachments: len(d.Attachments), Body: body}
	for i := range d.Signatures {
		v.Signatures = append(v.Signatures, d.Signatures[i].Key.String())
	}
	return v, nil
}

// templated are the flags of commands that read a file which they can also begin.
type templated struct {
	template bool
	from     string
	out      string
}

func (t *templated) add(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&t.template, "template", false, "print a file to begin with, and nothing else")
	f.StringVar(&t.from, "from", "", "file to read: JSON, lines that begin with # are comments")
	f.StringVar(&t.out, "out", "", "draft file to write (default: standard output)")
}

// read reads the file into v.
func (t *templated) read(v any) error {
	if t.from == "" {
		return hint(usage("nothing to read"), "begin with --template > FILE, fill it in, and give it with --from FILE")
	}
	file, err := readFile(t.from, 1<<20)
	if err != nil {
		return err
	}
	if err := parseCommented(file, v); err != nil {
		return usage("%s: %v", t.from, err)
	}
	return nil
}

// drafted makes c a command that drafts a record from a file of type F, or prints a
// template of one.
func drafted[F any](a *app, c *cobra.Command, template string, draft func(f *F) (d *client.Draft, origin string, err error)) *cobra.Command {
	var t templated
	c.Args = exactly()
	c.RunE = func(*cobra.Command, []string) error {
		if t.template {
			_, err := fmt.Fprint(a.stdout, template)
			return err
		}
		f := new(F)
		if err := t.read(f); err != nil {
			return err
		}
		d, origin, err := draft(f)
		if err != nil {
			return err
		}
		return a.write(d, origin, t.out)
	}
	t.add(c)
	return c
}

// write writes the draft.
func (a *app) write(d *client.Draft, origin, out string) error {
	full := &draft{Draft: *d, origin: origin}
	if err := a.output(out, full.format(), "draft"); err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "next: each owner runs settle sign on it; settle draft show tells what it says\n")
	return nil
}
