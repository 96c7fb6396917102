package verifier

import (
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// drawn is one draw of a report with its proof, opened.
type drawn struct {
	*recheck
	d       *CycleDraw
	p       DrawProof
	entry   entry
	rec     *codec.Record
	posting codec.Posting
	hash    codec.Hash // of the posting
	rest    uint64     // offset of the micro-Credit in the posting
}

// draw checks where a draw leads, by the paths of its proof.
func (c *recheck) draw(d *CycleDraw, item *CycleItem) error {
	x := &drawn{recheck: c, d: d}
	if err := c.blob(d.Proof, "proof", &x.p); err != nil {
		return err
	}
	var err error
	if x.rec, err = c.under(&x.p.Record); err != nil {
		return err
	}
	if x.entry, err = entryIn(x.p.Record.Record, x.p.Record.Index); err != nil {
		return err
	}
	if err := codec.Decode(x.p.Posting, &x.posting); err != nil {
		return lie(LieReport, "posting of %s draw %d: %v", d.Kind, d.I, err)
	}
	x.hash = codec.PostingHash(&x.posting)
	if d.Record != x.entry.index || d.Record != item.Record || d.Line != x.posting.Line || d.Role != x.posting.Role || d.Party != x.posting.Party {
		return x.wrong("another posting")
	}
	if d.Kind == Tracing {
		return x.tracing(item)
	}
	return x.vouching(item)
}

func (x *drawn) wrong(what string) error {
	return lie(LieReport, "%s draw %d: %s", x.d.Kind, x.d.I, what)
}

// tree decodes a path of the proof.
func (x *drawn) tree(t proof.SumType, data []byte) (*proof.SumProof, error) {
	p, err := proof.DecodeSumProof(t, data)
	if err != nil {
		return nil, x.wrong(err.Error())
	}
	return p, nil
}

// partiesStated is what the close states of the tree of parties.
func (c *recheck) partiesStated() proof.SumStatement {
	t := &c.r.Frame.Parties
	return proof.SumStatement{Type: proof.SumParties, Root: t.Root, Sums: [2]uint64{t.Credit, t.Debit}, Leaves: t.N, Count: t.Postings}
}

// linesStated is what a leaf of that tree states of the party's postings.
func linesStated(leaf *proof.SumLeaf) proof.SumStatement {
	return proof.SumStatement{Type: proof.SumPartyPostings, Root: leaf.Payload, Sums: leaf.Sums, Leaves: leaf.Count, Count: leaf.Count}
}

// recordStated is what the record states of its postings.
func (x *drawn) recordStated() proof.SumStatement {
	e := &x.entry
	return proof.SumStatement{Type: proof.SumPostings, Root: e.root, Sums: [2]uint64{e.amount, e.amount}, Leaves: e.n, Count: e.n}
}

// isPosting says whether a leaf is that of the posting.
func (x *drawn) isPosting(leaf *proof.SumLeaf, key []byte) bool {
	return isKey(leaf, key) && leaf.Payload == x.hash && leaf.Sums == sides(&x.posting)
}

// vouching checks a draw by credit: party, posting, record, shard.
func (x *drawn) vouching(item *CycleItem) error {
	parties, err := x.tree(proof.SumParties, x.p.Party)
	if err != nil {
		return err
	}
	party, below, err := proof.CheckLocate(x.partiesStated(), x.d.U, proof.Credit, parties)
	key := proof.PartyKey(uint8(codec.RoleProvider), x.d.Party)
	if err != nil || !isKey(&party, key[:]) {
		return x.wrong("the tree of parties leads elsewhere")
	}
	lines, err := x.tree(proof.SumPartyPostings, x.p.Lines)
	if err != nil {
		return err
	}
	line, before, err := proof.CheckLocate(linesStated(&party), x.d.U-below, proof.Credit, lines)
	at := proof.PostingKey(x.d.Record, uint16(x.d.Line))
	if err != nil || !x.isPosting(&line, at[:]) {
		return x.wrong("the party's postings lead elsewhere")
	}
	x.rest = x.d.U - below - before
	own, err := x.tree(proof.SumPostings, x.p.Line)
	if err != nil {
		return err
	}
	number := proof.LineKey(uint16(x.d.Line))
	if leaf, err := proof.CheckMember(x.recordStated(), number[:], own); err != nil || !x.isPosting(&leaf, number[:]) {
		return x.wrong("the record has no such posting")
	}
	return x.shard(item)
}

// shard checks the last step, from a posting to a shard.
func (x *drawn) shard(item *CycleItem) error {
	if x.entry.kind == codec.KindAdjustment {
		if item.Kind != ItemDocument || item.Line != x.d.Line || x.d.Unit != 0 {
			return x.wrong("an adjustment is a document")
		}
		return nil
	}
	unit, err := unitOf(x.seed, x.d.I, x.rest, &x.posting)
	if err != nil || unit != x.d.Unit {
		return x.wrong("another work unit")
	}
	if x.p.Shard == nil {
		if item.Kind != ItemLost || item.Verdict == Match {
			return x.wrong("no path to a shard")
		}
		return nil
	}
	var s codec.Settlement
	if err := codec.DecodeSettlement(x.rec.Body, &s); err != nil {
		return x.wrong(err.Error())
	}
	path, err := x.tree(proof.SumShards, x.p.Shard.Path)
	if err != nil {
		return err
	}
	var e codec.ShardEntry
	if err := codec.Decode(x.p.Shard.Entry, &e); err != nil {
		return x.wrong(err.Error())
	}
	leaf, _, err := proof.CheckLocate(shardStatement(&s), unit, 0, path)
	if err != nil || leaf.Payload != codec.ShardEntryHash(&e) || e.Provider != x.d.Party {
		return x.wrong("the manifest leads elsewhere")
	}
	if !sameShard(item.Shard, codec.ProgramID(&s.Program), &e) {
		return x.wrong("another shard")
	}
	return nil
}

// tracing checks a draw by debit: journal, record, posting, and the party's account.
func (x *drawn) tracing(item *CycleItem) error {
	f := &x.r.Frame
	journal, err := x.tree(proof.SumJournal, x.p.Journal)
	if err != nil {
		return err
	}
	stated := proof.SumStatement{Type: proof.SumJournal, Root: f.Journal.Root, Sums: [2]uint64{f.Journal.Credit, f.Journal.Debit},
		Leaves: f.Journal.N, Count: f.Parties.Postings}
	leaf, below, err := proof.CheckLocate(stated, x.d.U, proof.Debit, journal)
	key := proof.JournalKey(x.d.Record)
	if err != nil || !isKey(&leaf, key[:]) || leaf.Payload != x.entry.leaf || item.Kind != ItemTrace {
		return x.wrong("the journal leads elsewhere")
	}
	own, err := x.tree(proof.SumPostings, x.p.Line)
	if err != nil {
		return err
	}
	number := proof.LineKey(uint16(x.d.Line))
	if leaf, _, err = proof.CheckLocate(x.recordStated(), x.d.U-below, proof.Debit, own); err != nil || !x.isPosting(&leaf, number[:]) {
		return x.wrong("the record's postings lead elsewhere")
	}
	parties, err := x.tree(proof.SumParties, x.p.Party)
	if err != nil {
		return err
	}
	account := proof.PartyKey(uint8(x.d.Role), x.d.Party)
	party, err := proof.CheckMember(x.partiesStated(), account[:], parties)
	if err != nil {
		return x.wrong("the party has no account")
	}
	lines, err := x.tree(proof.SumPartyPostings, x.p.Lines)
	if err != nil {
		return err
	}
	at := proof.PostingKey(x.d.Record, uint16(x.d.Line))
	if leaf, err = proof.CheckMember(linesStated(&party), at[:], lines); err != nil || !x.isPosting(&leaf, at[:]) {
		return x.wrong("the posting is not in the party's account")
	}
	return nil
}
