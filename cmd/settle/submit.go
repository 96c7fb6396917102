package main

import (
	"bytes"
	"fmt"
	"text/tabwriter"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/spf13/cobra"
)

// submitFlags say how records become a batch.
type submitFlags struct {
	party, key, save string
	atomic           bool
}

func (a *app) submit() *cobra.Command {
	var f submitFlags
	c := &cobra.Command{
		Use:   "submit FILE...",
		Short: "Submit records or a batch, and wait for the outcome",
		Long: `Submit sends one batch and prints one outcome per record. Files are signed drafts (settle
merge), records, or one batch that was saved before. A batch of drafts or records is signed
with a submit key of the party that submits it. The same bytes are sent until the outcome
is definite; when that takes too long the batch is saved, to be submitted again.`,
		Example: `  settle submit provider.signed customer.signed --party HUB_ID --key hub-submit.key
  settle submit batch-0192f0c3.batch`,
		Args: atLeast("FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			batch, err := a.batch(c, &f, args)
			if err != nil {
				return err
			}
			return a.send(c, batch, f.save)
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.party, "party", "", "party id of the submitter")
	fl.StringVar(&f.key, "key", "", "submit key file of the submitter")
	fl.StringVar(&f.save, "save", "", "write the batch to this file before sending it")
	fl.BoolVar(&f.atomic, "atomic", false, "all records or none")
	return c
}

// maxBatchFile bounds what is read of a batch file.
const maxBatchFile = codec.MaxCommand

// batch reads the files as one batch, or makes one of them.
func (a *app) batch(c *cobra.Command, f *submitFlags, names []string) ([]byte, error) {
	var items []client.Item
	origin := ""
	for _, name := range names {
		file, err := readFile(name, maxDraft)
		if err != nil {
			return nil, err
		}
		if bytes.HasPrefix(file, []byte(draftHeader)) {
			d, err := parseDraft(file)
			if err != nil {
				return nil, usage("%s: %v", name, err)
			}
			items, origin = append(items, d.Item()), d.origin
		} else if _, err := codec.DecodeBatch(file); err == nil && len(names) == 1 && len(file) <= maxBatchFile {
			return file, nil
		} else if _, err := codec.DecodeRecord(file); err == nil {
			items = append(items, client.Item{Record: file})
		} else {
			return nil, usage("%s is no signed draft, record or batch", name)
		}
	}
	return a.signBatch(c, f, origin, items)
}

// signBatch makes a batch of items.
func (a *app) signBatch(c *cobra.Command, f *submitFlags, origin string, items []client.Item) ([]byte, error) {
	party, err := codec.ParseID(f.party)
	if err != nil {
		return nil, hint(usage("--party: %v", err), "records are submitted by a party: give its id with --party and its submit key with --key")
	}
	keys, err := loadKeys([]string{f.key})
	if err != nil {
		return nil, err
	}
	if origin == "" {
		s, err := a.service()
		if err != nil {
			return nil, err
		}
		ctx, stop := a.bounded(c)
		defer stop()
		status, err := s.Status(ctx)
		if err != nil {
			return nil, err
		}
		origin = status.OriginA
	}
	b, err := client.NewBatch(origin, party, keys[0], items, client.BatchOptions{Atomic: f.atomic})
	if err != nil {
		return nil, usage("%v", err)
	}
	return b.Bytes, nil
}

// send submits a batch and prints the outcomes.
func (a *app) send(c *cobra.Command, batch []byte, save string) error {
	if save != "" {
		if err := a.output(save, batch, "batch"); err != nil {
			return err
		}
	}
	sdk, err := a.sdk()
	if err != nil {
		return err
	}
	ctx, stop := a.bounded(c)
	defer stop()
	result, err := sdk.Submit(ctx, batch)
	if err != nil && api.CodeOf(err) == codec.CodeUnknownOutcome && save == "" {
		name := fmt.Sprintf("batch-%.8s.batch", codec.BlobHash(batch))
		if saveErr := a.output(name, batch, "batch"); saveErr != nil {
			return saveErr
		}
		return hint(err, "submit it again until its outcome is definite: settle submit %s", name)
	}
	if err != nil {
		return err
	}
	return a.outcomes(result)
}

// outcomes prints one line per record; a refused record makes the call fail.
func (a *app) outcomes(s *api.Submission) error {
	refused := 0
	for i := range s.Outcomes {
		if s.Outcomes[i].Kind == codec.Refused {
			refused++
		}
	}
	if a.json {
		if err := a.printJSON(api.Readable(s)); err != nil {
			return err
		}
	} else if err := a.outcomeTable(s); err != nil {
		return err
	}
	if refused > 0 {
		return hint(refuse("%d of %d records refused", refused, len(s.Outcomes)),
			"correct them and submit again: a new batch gets a new id by itself")
	}
	return nil
}

func (a *app) outcomeTable(s *api.Submission) error {
	t := tabwriter.NewWriter(a.stdout, 0, 4, 2, ' ', 0)
	for i := range s.Outcomes {
		o := &s.Outcomes[i]
		switch o.Kind {
		case codec.Appended:
			fmt.Fprintf(t, "record %d\tappended\tindex %d\tleaf %s\n", i, o.Index, o.Leaf)
		case codec.Repeated:
			fmt.Fprintf(t, "record %d\twas there\tindex %d\tleaf %s\n", i, o.Index, o.Leaf)
		default:
			fmt.Fprintf(t, "record %d\trefused\t%s\t%s\n", i, o.Code, meaning(o.Code))
		}
	}
	return t.Flush()
}

// meaning returns what a code says to a person.
func meaning(code codec.Code) string {
	for _, row := range codec.Meanings {
		if row.Code == code {
			return row.Text
		}
	}
	return ""
}
