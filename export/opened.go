package export

import (
	"cmp"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// opened is a settlement with the blobs that it commits to, all of them checked.
type opened struct {
	*codec.Settlement
	customer codec.ID
	detail   *codec.Detail
	entries  []codec.ShardEntry
	labels   []codec.Label // nil: none are sealed in the record
}

// open fetches and checks what a settlement commits to.
func open(r *Record, blobs Blobs) (*opened, error) {
	s, err := r.settlement()
	if err != nil {
		return nil, err
	}
	o := &opened{Settlement: s}
	for _, step := range []func(uint64, Blobs) error{o.openCustomer, o.openDetail, o.openManifest, o.openLabels} {
		if err := step(r.Index, blobs); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func (o *opened) openCustomer(index uint64, blobs Blobs) error {
	blob, err := blobs.fetch("customer", o.Customer)
	if err != nil {
		return err
	}
	if o.customer, err = codec.Unseal[codec.ID](blob); err != nil {
		return contradiction(index, "customer: %v", err)
	}
	return nil
}

func (o *opened) openDetail(index uint64, blobs Blobs) error {
	blob, err := blobs.fetch("detail", o.Detail)
	if err != nil {
		return err
	}
	if o.detail, err = codec.DecodeDetail(blob); err != nil {
		return contradiction(index, "%v", err)
	}
	return checkPostings(index, o.detail.Postings, o.Postings, codec.Totals{Credit: o.Charge, Debit: o.Charge})
}

// checkPostings checks that postings rebuild what a record states about them.
func checkPostings(index uint64, postings []codec.Posting, ref codec.PostingsRef, totals codec.Totals) error {
	root, credit, debit, err := settlement.PostingsRoot(postings)
	switch {
	case err != nil:
		return contradiction(index, "postings: %v", err)
	case root != ref.Root || uint64(len(postings)) != ref.N:
		return contradiction(index, "the postings do not rebuild their root")
	case credit != totals.Credit || debit != totals.Debit:
		return contradiction(index, "the postings do not add up to the charge")
	}
	return nil
}

func (o *opened) openManifest(index uint64, blobs Blobs) error {
	blob, err := blobs.fetch("manifest", o.Shards.Blob)
	if err != nil {
		return err
	}
	if o.entries, err = codec.DecodeManifest(blob); err != nil {
		return contradiction(index, "%v", err)
	}
	count := uint64(0)
	for i := range o.entries {
		if o.entries[i].Replica == 0 {
			count++
		}
	}
	root, units, err := settlement.ManifestRoot(o.entries)
	if err != nil {
		return contradiction(index, "manifest: %v", err)
	}
	if root != o.Shards.Root || units != o.Shards.Units || count != o.Shards.Count {
		return contradiction(index, "the manifest does not rebuild its root")
	}
	return nil
}

func (o *opened) openLabels(index uint64, blobs Blobs) error {
	if o.Labels == nil {
		return nil
	}
	blob, err := blobs.fetch("labels", *o.Labels)
	if err != nil {
		return err
	}
	if o.labels, err = codec.Unseal[[]codec.Label](blob); err != nil {
		return contradiction(index, "labels: %v", err)
	}
	if len(o.labels) != len(o.Disclosures) {
		return contradiction(index, "%d labels for %d commitments", len(o.labels), len(o.Disclosures))
	}
	for i := range o.labels {
		l := &o.labels[i]
		if codec.LabelCommitment(l.Salt, l.Label, codec.AppendText(nil, l.Value)) != o.Disclosures[i] {
			return contradiction(index, "label %d does not open its commitment", i)
		}
	}
	return nil
}

// label returns the values of a label, ascending; nil if there is none.
func (o *opened) label(name string) []string {
	var values []string
	for i := range o.labels {
		if o.labels[i].Label == name {
			values = append(values, o.labels[i].Value)
		}
	}
	slices.Sort(values)
	return values
}

// ReplayToken identifies a computation completely (docs/formats/replay.md section
// 2.4). The entries are the settlement's manifest.
func ReplayToken(s *codec.Settlement, entries []codec.ShardEntry) codec.Hash {
	billed := make([]*codec.ShardEntry, 0, len(entries))
	for i := range entries {
		if entries[i].Replica == 0 {
			billed = append(billed, &entries[i])
		}
	}
	slices.SortFunc(billed, func(a, b *codec.ShardEntry) int { return cmp.Compare(a.Index, b.Index) })
	return codec.ReplayToken(codec.ProgramID(&s.Program), s.Seed, s.Args.Hash, billed, s.Planner)
}
