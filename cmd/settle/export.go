package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/export"
	"github.com/forgepool/settle/verifier"
	"github.com/spf13/cobra"
)

// exportFlags say what is exported and where to.
type exportFlags struct {
	format, out, currency string
	customer              string
	customerID            *codec.ID // of it, or of who asks; nil: all
	from, to              uint64
	fromGiven             bool
}

func (a *app) export() *cobra.Command {
	var f exportFlags
	c := &cobra.Command{
		Use:   "export",
		Short: "Export the ledger as JSON lines, CloudEvents or FOCUS rows",
		Long: `Export writes the records below the newest checkpoint in a form that other systems read:

  jsonl          every record, decoded, one JSON object a line
  cloudevents    every settlement as a CloudEvent 1.0 in JSON, one a line
  focus-csv      FOCUS cost and usage rows, one per component of a charge
  focus-parquet  the same rows as a Parquet file, with typed columns

No row is written before its record is proven against the checkpoint under the trust
policy. A file of text grows by whole rows only, and FILE.next beside it keeps the index
of the record that comes next: the same command again continues there, after an
interruption or when the log has grown. A Parquet file appears when it is complete; its
footer says which record comes next, and what comes later goes into another file with
--from. If it is interrupted it holds the rows so far.

Hubs, auditors and operators export the whole ledger, or with --customer what concerns one
customer; a customer exports that of its own, and needs no --customer if its first owner key
asks (--as). Which records these are is the node's word, each of them is proven.

Costs of FOCUS rows are in Credits, or with --currency in a national currency at the
price that the policies state. The columns are in docs/formats/exports.md.`,
		Example: `  settle export --format focus-csv --out usage.csv --trust ledger.trust
  settle export --format focus-parquet --currency EUR --out usage.parquet --trust ledger.trust
  settle export --format focus-csv --out own.csv --customer CUSTOMER_ID --as customer.key --trust ledger.trust
  settle export --format cloudevents --from 2048 --to 4096 --trust ledger.trust > events.jsonl`,
		Args: exactly(),
		RunE: func(c *cobra.Command, _ []string) error {
			f.fromGiven = c.Flags().Changed("from")
			return a.keepFork(a.runExport(c, &f))
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.format, "format", "", "jsonl, cloudevents, focus-csv or focus-parquet")
	fl.StringVar(&f.currency, "currency", "", "national currency of FOCUS costs, such as EUR (default: Credits)")
	fl.StringVar(&f.customer, "customer", "", "export what concerns this customer alone (default: the party of --as, if it is a customer)")
	fl.Uint64Var(&f.from, "from", 0, "index of the first record (default: where FILE.next says, else 0)")
	fl.Uint64Var(&f.to, "to", 0, "end before this index, 0 = the size of the newest checkpoint")
	fl.StringVar(&f.out, "out", "", "file to write or to continue (default: standard output)")
	return c
}

// check refuses flags that cannot mean anything together.
func (f *exportFlags) check() error {
	if f.currency != "" && !f.isFOCUS() {
		return usage("--currency is for the FOCUS formats")
	}
	if f.isFOCUS() {
		if _, err := export.NewFOCUS(nil, f.currency); err != nil {
			return usage("--currency: %v", err)
		}
		return nil
	}
	if _, err := export.NewFormat(f.format, &export.Ledger{}); err != nil {
		return usage("--format: %v", err)
	}
	return nil
}

func (f *exportFlags) isFOCUS() bool {
	return f.format == export.FormatCSV || f.format == export.FormatParquet
}

// exportView is what an export says when it ends.
type exportView struct {
	Format   string    `json:"format"`
	Currency string    `json:"currency,omitempty"` // empty: Credits
	Customer *codec.ID `json:"customer,omitempty"` // absent: all
	Origin   string    `json:"origin"`
	Size     uint64    `json:"size"` // of the checkpoint
	From     uint64    `json:"from"`
	Next     uint64    `json:"next"`    // index to continue from
	Records  uint64    `json:"records"` // of this call
	Bytes    uint64    `json:"bytes"`   // of the output
}

// runExport exports, and says how far it came even if it did not come to the end.
func (a *app) runExport(c *cobra.Command, f *exportFlags) error {
	policy, err := a.trustPolicy()
	if err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	s, err := a.service()
	if err != nil {
		return err
	}
	ctx, stop := a.unbounded(c)
	defer stop()
	if f.customerID, err = a.customerOf(ctx, s, f.customer); err != nil {
		return err
	}
	out, err := a.openExport(f, policy.Origin())
	if err != nil {
		return err
	}
	defer out.close()
	follower, err := verifier.NewFollower(policy, out.saved())
	if err != nil {
		return fmt.Errorf("%s.next: %w", f.out, err)
	}
	bars := a.newProgress()
	rows := &exportRows{&attachments{ctx, s, f.needed(f.customerID)}, f.customerID}
	e := &exporter{src: source{s}, out: out, rows: rows, show: bars.show}
	view, err := e.run(ctx, follower, f)
	bars.stop()
	if view == nil {
		return err
	}
	return errors.Join(err, a.exported(f, view))
}

// customerOf returns whose records are exported: those of the party that is named, or of who
// asks with the first owner key of a customer; nil: all.
func (a *app) customerOf(ctx context.Context, s api.Service, name string) (*codec.ID, error) {
	if name != "" {
		id, err := codec.ParseID(name)
		if err != nil {
			return nil, usage("--customer: %v", err)
		}
		return &id, nil
	}
	if a.key == nil || a.key.Use() != codec.UseOwner {
		return nil, nil
	}
	id := codec.PartyID(codec.RoleCustomer, a.key.Public())
	_, err := s.Party(ctx, id)
	if api.CodeOf(err) == codec.CodeNotFound {
		return nil, nil
	}
	return &id, err
}

// openExport opens the output of a format.
func (a *app) openExport(f *exportFlags, origin string) (exportOutput, error) {
	if f.format == export.FormatParquet {
		return a.openParquet(f)
	}
	return a.openText(f, origin)
}

// exported prints the summary where no rows are.
func (a *app) exported(f *exportFlags, view *exportView) error {
	if f.out != "" {
		return a.print(view)
	}
	quietly := *a
	quietly.stdout = a.stderr
	return quietly.print(view)
}
