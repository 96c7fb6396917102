package export

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// opened is a settlement with the blobs that it commits to, all of them checked. Everything
// in it is valid until it is closed.
type opened struct {
	*codec.Settlement
	customer codec.ID
	detail   *codec.Detail
	entries  []codec.ShardEntry
	labels   []codec.Label // by name and value; empty: none are sealed in the record

	settlementRoom codec.SettlementBuffer
	detailRoom     codec.DetailBuffer
	manifestRoom   codec.ManifestBuffer
	fetched        fetched
	billed         []*codec.ShardEntry
	program        programNames
}

// rooms holds what closed settlements were opened in: so the next one allocates little.
var rooms = sync.Pool{New: func() any { return new(opened) }}

// open fetches and checks what a settlement commits to. The result must be closed.
func open(r *Record, blobs Blobs) (*opened, error) {
	o := rooms.Get().(*opened)
	var err error
	if o.Settlement, err = o.settlementRoom.Decode(r.Body); err != nil {
		o.close()
		return nil, contradiction(r.Index, "%v", err)
	}
	o.fetch(blobs)
	for _, step := range [...]func(*opened, uint64) error{(*opened).openCustomer, (*opened).openDetail, (*opened).openManifest, (*opened).openLabels} {
		if err := step(o, r.Index); err != nil {
			o.close()
			return nil, err
		}
	}
	return o, nil
}

// close gives the room to others.
func (o *opened) close() {
	clear(o.fetched.blobs[:])
	rooms.Put(o)
}

// fetch fetches all that the settlement names, or up to the first that is not to be had.
func (o *opened) fetch(blobs Blobs) {
	o.fetched.begin()
	o.fetched.add(blobs, customerBlob, o.Customer)
	o.fetched.add(blobs, detailBlob, o.Detail)
	o.fetched.add(blobs, manifestBlob, o.Shards.Blob)
	if o.Labels != nil {
		o.fetched.add(blobs, labelsBlob, *o.Labels)
	}
	o.fetched.hash()
}

func (o *opened) openCustomer(index uint64) error {
	blob, err := o.fetched.get(customerBlob)
	if err != nil {
		return err
	}
	if o.customer, err = unsealCustomer(blob); err != nil {
		return contradiction(index, "customer: %v", err)
	}
	return nil
}

func (o *opened) openDetail(index uint64) error {
	blob, err := o.fetched.get(detailBlob)
	if err != nil {
		return err
	}
	if o.detail, err = o.detailRoom.Decode(blob); err != nil {
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

func (o *opened) openManifest(index uint64) error {
	blob, err := o.fetched.get(manifestBlob)
	if err != nil {
		return err
	}
	if o.entries, err = o.manifestRoom.Decode(blob); err != nil {
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

func (o *opened) openLabels(index uint64) error {
	if o.labels = o.labels[:0]; o.Labels == nil {
		return nil
	}
	blob, err := o.fetched.get(labelsBlob)
	if err != nil {
		return err
	}
	if o.labels, err = unsealLabels(blob, o.labels); err != nil {
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
	slices.SortFunc(o.labels, func(a, b codec.Label) int {
		return cmp.Or(strings.Compare(a.Label, b.Label), strings.Compare(a.Value, b.Value))
	})
	return nil
}

// ReplayToken identifies a computation completely (docs/formats/replay.md section
// 2.4). The entries are the settlement's manifest.
func ReplayToken(s *codec.Settlement, entries []codec.ShardEntry) codec.Hash {
	return codec.ReplayToken(codec.ProgramID(&s.Program), s.Seed, s.Args.Hash, appendBilled(nil, entries), s.Planner)
}

// replayToken returns the token of the settlement of a program.
func (o *opened) replayToken(program codec.Hash) codec.Hash {
	o.billed = appendBilled(o.billed[:0], o.entries)
	return codec.ReplayToken(program, o.Seed, o.Args.Hash, o.billed, o.Planner)
}

// appendBilled appends the entries of replica 0, by shard number.
func appendBilled(billed []*codec.ShardEntry, entries []codec.ShardEntry) []*codec.ShardEntry {
	for i := range entries {
		if entries[i].Replica == 0 {
			billed = append(billed, &entries[i])
		}
	}
	slices.SortFunc(billed, func(a, b *codec.ShardEntry) int { return cmp.Compare(a.Index, b.Index) })
	return billed
}
