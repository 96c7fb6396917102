package verifier

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// Report is what an audit found. With the log and the secret in it, anybody can draw
// the same list and execute the same shards.
type Report struct {
	Origin     string     `json:"origin"`
	Auditor    codec.ID   `json:"auditor"`
	Cycle      uint64     `json:"cycle"`
	Commitment codec.Hash `json:"commitment"` // made before the data existed
	Secret     codec.Hash `json:"secret"`     // revealed now
	Seed       codec.Hash `json:"seed"`
	Size       uint64     `json:"size"` // of the checkpoint that ends the range
	Root       codec.Hash `json:"root"` // of tree A at Size
	Checkpoint string     `json:"checkpoint"`

	Frame FrameReport `json:"frame"`
	Draws []Item      `json:"draws"` // in the order of their numbers, duplicates included

	Distinct     int `json:"distinct"`     // shards that were drawn
	Matches      int `json:"matches"`      // draws
	Mismatches   int `json:"mismatches"`   // draws
	Inconclusive int `json:"inconclusive"` // draws

	Evidence []EvidenceFile `json:"evidence"`
	State    []byte         `json:"-"` // of the follower, to be saved
}

// FrameReport is what the audit drew from.
type FrameReport struct {
	First       uint64     `json:"first"`
	Last        uint64     `json:"last"`
	Value       uint64     `json:"value"` // V, micro-Credits
	Settlements uint64     `json:"settlements"`
	Parties     int        `json:"parties"`
	Postings    uint64     `json:"postings"`
	Credit      uint64     `json:"credit"` // micro-Credits
	Debit       uint64     `json:"debit"`  // micro-Credits
	PartiesRoot codec.Hash `json:"parties_root"`
	JournalRoot codec.Hash `json:"journal_root"`
	Basis       string     `json:"basis"` // who built it
}

// Item is one draw and what became of it.
type Item struct {
	I          uint64      `json:"i"`
	U          uint64      `json:"u"`
	Party      codec.ID    `json:"party"`
	Settlement uint64      `json:"settlement"`
	Line       uint64      `json:"line"`
	Unit       uint64      `json:"unit"`
	Program    string      `json:"program,omitempty"`
	Shard      *uint64     `json:"shard,omitempty"`
	Replica    *uint64     `json:"replica,omitempty"`
	Args       *codec.Hash `json:"args,omitempty"`
	Claimed    *Claimed    `json:"claimed,omitempty"`
	Recomputed *Recomputed `json:"recomputed,omitempty"`
	Verdict    Verdict     `json:"verdict"`
	Fault      string      `json:"fault,omitempty"`
	Reasons    []string    `json:"reasons,omitempty"`
	SameAs     *uint64     `json:"same_as,omitempty"` // first draw of the same shard
	Evidence   string      `json:"evidence,omitempty"`
}

// EvidenceFile is evidence of one mismatch, with a name for its files.
type EvidenceFile struct {
	Name   string     `json:"name"` // without extension
	Fault  Fault      `json:"fault"`
	Hash   codec.Hash `json:"hash"` // BLAKE3 of the file
	File   []byte     `json:"-"`    // Name.evidence
	Bundle []byte     `json:"-"`    // Name.bundle
}

// newReport draws the seed and describes what is drawn from.
func (a *audit) newReport() *Report {
	c, o, f := a.log.Pair.A, a.options, a.frame
	in := SeedInputs{Origin: c.Origin(), Size: c.Size(), Root: c.Root(), Secret: o.Secret}
	a.seed = in.Seed()
	return &Report{
		Origin: c.Origin(), Auditor: o.Auditor, Cycle: o.Cycle,
		Commitment: codec.AuditCommitment(o.Auditor, o.Cycle, o.Secret), Secret: o.Secret, Seed: codec.Hash(a.seed),
		Size: c.Size(), Root: c.Root(), Checkpoint: string(c.Note()),
		Frame: FrameReport{
			First: f.First, Last: f.Last, Value: f.Value, Settlements: f.Settlements,
			Parties: f.Parties(), Postings: f.Postings, Credit: f.Credit, Debit: f.Debit,
			PartiesRoot: f.PartiesRoot, JournalRoot: f.JournalRoot, Basis: "full rebuild by the auditor",
		},
		Draws: []Item{}, Evidence: []EvidenceFile{},
	}
}

// fill adds the draws, their verdicts and the evidence.
func (a *audit) fill(ctx context.Context, r *Report) {
	first := map[shardRef]int{}
	for i := range a.drawn {
		item := a.item(i)
		ref := a.located[i]
		if earlier, ok := first[ref]; ok {
			n := r.Draws[earlier].I
			item.SameAs, item.Evidence = &n, r.Draws[earlier].Evidence
			item.Reasons, item.Verdict = r.Draws[earlier].Reasons, r.Draws[earlier].Verdict
		} else if ref.entry >= 0 {
			first[ref] = i
			a.attach(ctx, r, &item, a.shards[ref])
		}
		r.count(&item)
		r.Draws = append(r.Draws, item)
	}
	r.Distinct = len(first)
}

// item describes draw i.
func (a *audit) item(i int) Item {
	d := &a.drawn[i]
	item := Item{I: d.I, U: d.U, Party: d.Party, Settlement: d.Settlement, Line: d.Line, Unit: d.Unit}
	dossier := a.dossiers[d.Settlement]
	if dossier.body.Program.Family != "" {
		item.Program = programName(&dossier.body.Program)
	}
	x := a.shards[a.located[i]]
	if x == nil {
		item.Verdict, item.Reasons = unlocated(dossier, a.failures[i])
		return item
	}
	e := x.entry
	item.Shard, item.Replica, item.Args = &e.Index, &e.Replica, &e.Args
	item.Claimed = claimed(e)
	item.Recomputed, item.Verdict, item.Reasons = x.recomputed, x.verdict, x.reasons
	if x.fault != 0 {
		item.Fault = x.fault.String()
	}
	return item
}

// unlocated is the verdict on a draw that led to no shard.
func unlocated(d *dossier, why error) (Verdict, []string) {
	if len(d.findings) > 0 {
		return Mismatch, texts(d.findings)
	}
	if len(d.open) > 0 {
		return Inconclusive, texts(d.open)
	}
	return Mismatch, texts([]error{why})
}

// attach completes the evidence of a mismatch and adds it to the report.
func (a *audit) attach(ctx context.Context, r *Report, item *Item, x *examination) {
	if x.evidence == nil {
		return
	}
	if err := a.complete(ctx, a.dossiers[x.ref.settlement], x, a.options.Policy); err != nil {
		item.Reasons = append(item.Reasons, "no evidence file: "+err.Error())
		return
	}
	file := x.evidence.Encode()
	item.Evidence = fmt.Sprintf("settlement-%d-shard-%d.%d", x.ref.settlement, x.entry.Index, x.entry.Replica)
	r.Evidence = append(r.Evidence, EvidenceFile{
		Name: item.Evidence, Fault: x.evidence.Fault, Hash: codec.BlobHash(file), File: file, Bundle: x.bundle.Encode(),
	})
}

// count adds a draw to the totals.
func (r *Report) count(item *Item) {
	switch item.Verdict {
	case Match:
		r.Matches++
	case Mismatch:
		r.Mismatches++
	default:
		r.Inconclusive++
	}
}

// WriteTable writes the report for a person: what was drawn from, every draw that is
// not a match, and the totals.
func (r *Report) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(t, "ledger\t%s\n", r.Origin)
	fmt.Fprintf(t, "checkpoint\tsize %d, root %s\n", r.Size, r.Root)
	fmt.Fprintf(t, "commitment\t%s\n", r.Commitment)
	fmt.Fprintf(t, "seed\t%s\n", r.Seed)
	fmt.Fprintf(t, "range\t%d to %d: %d settlements, %d postings of %d parties\n",
		r.Frame.First, r.Frame.Last, r.Frame.Settlements, r.Frame.Postings, r.Frame.Parties)
	fmt.Fprintf(t, "paid to providers\t%d micro-Credits\n", r.Frame.Value)
	fmt.Fprintf(t, "draws\t%d of %d distinct shards\n", len(r.Draws), r.Distinct)
	fmt.Fprintf(t, "match\t%d\nmismatch\t%d\ninconclusive\t%d\n", r.Matches, r.Mismatches, r.Inconclusive)
	if err := t.Flush(); err != nil {
		return err
	}
	return r.writeOdd(w)
}

// writeOdd lists the draws that are no match, each shard once.
func (r *Report) writeOdd(w io.Writer) error {
	if r.Mismatches+r.Inconclusive == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprint(t, "\ndraw\tsettlement\tshard\tprovider\tverdict\treason\n")
	for i := range r.Draws {
		d := &r.Draws[i]
		if d.Verdict == Match || d.SameAs != nil {
			continue
		}
		shard, reason := "-", ""
		if d.Shard != nil {
			shard = fmt.Sprint(*d.Shard)
		}
		if len(d.Reasons) > 0 {
			reason = d.Reasons[0]
		}
		fmt.Fprintf(t, "%d\t%d\t%s\t%s\t%s\t%s\n", d.I, d.Settlement, shard, d.Party, d.Verdict, reason)
	}
	return t.Flush()
}

// recomputedView is Recomputed in JSON: without what its status leaves empty.
type recomputedView struct {
	Status replay.Status `json:"status"`
	Output *BlobName     `json:"output,omitempty"`
	Units  uint64        `json:"units,omitempty"`
	Field  string        `json:"field,omitempty"`
}

// MarshalJSON shows the status as text.
func (r Recomputed) MarshalJSON() ([]byte, error) {
	view := recomputedView{Status: r.Status, Units: r.Units, Field: r.Field}
	if r.Status == replay.OK && r.Field == "" {
		view.Output = &BlobName{r.Output.Hash, r.Output.Size}
	}
	return json.Marshal(view)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *Recomputed) UnmarshalJSON(data []byte) error {
	var view recomputedView
	if err := json.Unmarshal(data, &view); err != nil {
		return err
	}
	*r = Recomputed{Status: view.Status, Units: view.Units, Field: view.Field}
	if view.Output != nil {
		r.Output = codec.Blob{Hash: view.Output.Hash, Size: view.Output.Size}
	}
	return nil
}
