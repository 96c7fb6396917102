package verifier

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// falseBooks is a ledger with a closed cycle, whose close states these books.
type falseBooks struct {
	*world
	books   *plainBooks
	settled uint64 // index of a settlement that pays two providers
	at      uint64 // index of the close
}

// closeWith closes a cycle with books that lie changed and a close that bend changed.
func closeWith(t *testing.T, lie func(x *falseBooks), bend func(*codec.Cycle)) *falseBooks {
	t.Helper()
	x := &falseBooks{world: newWorld(t, 2)}
	honest2(x.world, "first")
	x.settled = x.settle(job{name: "second", shards: []shardSpec{{0, 5}, {1, 3}}})
	x.adjust("present", x.settled, x.goodwill(5), nil, "hub")
	x.at = x.closeCycle(func(c *codec.Cycle) {
		x.books = x.plain()
		if lie != nil {
			lie(x)
			x.books.state(t, c)
		}
		if bend != nil {
			bend(c)
		}
	})
	return x
}

// key is an account of the books.
func (x *falseBooks) key(name string) [17]byte {
	a := x.actors[name]
	return proof.PartyKey(uint8(a.role), a.id)
}

// leaf returns the position of a line of the settlement in an account.
func (x *falseBooks) leaf(name string, line uint16) int {
	key := proof.PostingKey(x.settled, line)
	i := slices.IndexFunc(x.books.postings[x.key(name)], func(l proof.SumLeaf) bool { return bytes.Equal(l.Key, key[:]) })
	if i < 0 {
		x.t.Fatalf("%s has no line %d", name, line)
	}
	return i
}

// insert adds a posting to an account of the books.
func (x *falseBooks) insert(name string, index uint64, line uint16, like proof.SumLeaf) {
	key, account := proof.PostingKey(index, line), x.key(name)
	like.Key = key[:]
	list := append(x.books.postings[account], like)
	slices.SortFunc(list, func(a, b proof.SumLeaf) int { return bytes.Compare(a.Key, b.Key) })
	x.books.postings[account] = list
}

// under returns a record under the checkpoint of the whole log.
func (x *falseBooks) under(index uint64) *Proved {
	size := uint64(len(x.records))
	path, err := proof.ProveInclusion(x.leaves(proof.TreeA, size), proof.TreeA, index, size)
	if err != nil {
		x.t.Fatal(err)
	}
	return &Proved{Index: index, Record: x.records[index].Bytes, Path: hashes(path)}
}

// path returns the sum proof of a key or of its absence.
func (x *falseBooks) path(kind proof.SumType, leaves []proof.SumLeaf, key []byte) []byte {
	tree, err := proof.BuildSumTree(kind, leaves)
	if err != nil {
		x.t.Fatal(err)
	}
	at, _ := tree.Find(key)
	p, err := tree.Prove(at)
	if err != nil {
		x.t.Fatal(err)
	}
	data, err := proof.EncodeSumProof(kind, p)
	if err != nil {
		x.t.Fatal(err)
	}
	return data
}

// parties returns the leaves of the tree of parties.
func (x *falseBooks) parties() []proof.SumLeaf {
	var parties []proof.SumLeaf
	for key, lines := range x.books.postings {
		root, totals, err := proof.SumRoot(proof.SumPartyPostings, lines)
		if err != nil {
			x.t.Fatal(err)
		}
		parties = append(parties, proof.SumLeaf{Key: bytes.Clone(key[:]), Count: totals.Leaves, Sums: totals.Sums, Payload: root})
	}
	slices.SortFunc(parties, func(a, b proof.SumLeaf) int { return bytes.Compare(a.Key, b.Key) })
	return parties
}

// statement returns the statement of a party out of the books.
func (x *falseBooks) statement(name string) *Statement {
	a := x.actors[name]
	s := &Statement{Version: 1, Origin: testOrigin, Checkpoint: x.notes(uint64(len(x.records))).A, Close: *x.under(x.at),
		CloseKey: x.under(0), Role: a.role, Party: a.id}
	key := x.key(name)
	s.Path = x.path(proof.SumParties, x.parties(), key[:])
	for _, l := range x.books.postings[key] {
		p := StatementPosting{Index: u64(l.Key), Line: uint16(l.Key[8])<<8 | uint16(l.Key[9]), Side: codec.Credit,
			Amount: l.Sums[proof.Credit] + l.Sums[proof.Debit], Hash: l.Payload}
		if l.Sums[proof.Debit] > 0 {
			p.Side = codec.Debit
		}
		s.Add(&p)
	}
	return s
}

func u64(b []byte) (n uint64) {
	for _, c := range b[:8] {
		n = n<<8 | uint64(c)
	}
	return n
}

// line returns a line of the settlement as its own record has it.
func (x *falseBooks) line(line uint16) *RecordLine {
	rec, err := codec.DecodeRecord(x.records[x.settled].Bytes)
	if err != nil {
		x.t.Fatal(err)
	}
	var s codec.Settlement
	if err := codec.DecodeSettlement(rec.Body, &s); err != nil {
		x.t.Fatal(err)
	}
	d, err := codec.DecodeDetail(x.blobs[s.Detail])
	if err != nil {
		x.t.Fatal(err)
	}
	leaves, err := postingLeaves(d.Postings)
	if err != nil {
		x.t.Fatal(err)
	}
	key := proof.LineKey(line)
	out := &RecordLine{Index: x.settled, Record: x.under(x.settled), Line: line, Path: x.path(proof.SumPostings, leaves, key[:])}
	if int(line) < len(d.Postings) {
		out.Posting = &d.Postings[line]
	}
	return out
}

// ofProvider is the line of the settlement that pays a provider.
func (x *falseBooks) ofProvider(name string) uint16 {
	for line := uint16(1); line <= 2; line++ {
		if x.line(line).Posting.Party == x.actors[name].id {
			return line
		}
	}
	x.t.Fatalf("%s is not paid", name)
	return 0
}

// closeLies are the ways to lie about postings, with the fault and field that show it.
var closeLies = map[string]struct {
	fault  Fault
	field  string
	lie    func(x *falseBooks)
	accuse func(x *falseBooks) *RecordLine
}{
	"omitted": {FaultOmittedPosting, fieldAbsent, func(x *falseBooks) {
		key, i := x.key("provider 0"), x.leaf("provider 0", x.ofProvider("provider 0"))
		x.books.postings[key] = slices.Delete(x.books.postings[key], i, i+1)
	}, func(x *falseBooks) *RecordLine { return x.line(x.ofProvider("provider 0")) }},
	"all omitted": {FaultOmittedPosting, fieldParty, func(x *falseBooks) { delete(x.books.postings, x.key("provider 0")) },
		func(x *falseBooks) *RecordLine { return x.line(x.ofProvider("provider 0")) }},
	"no such line": {FaultPhantomPosting, fieldLine, func(x *falseBooks) {
		x.insert("provider 0", x.settled, 77, x.books.postings[x.key("provider 0")][0])
	}, func(x *falseBooks) *RecordLine { return x.line(77) }},
	"no such record": {FaultPhantomPosting, fieldRange, func(x *falseBooks) {
		x.insert("provider 0", 1<<40, 1, x.books.postings[x.key("provider 0")][0])
	}, func(x *falseBooks) *RecordLine { return &RecordLine{Index: 1 << 40, Record: x.under(x.at), Line: 1} }},
	"an event": {FaultPhantomPosting, fieldRecord, func(x *falseBooks) {
		x.insert("provider 0", x.settled-1, 1, x.books.postings[x.key("provider 0")][0])
	}, func(x *falseBooks) *RecordLine {
		return &RecordLine{Index: x.settled - 1, Record: x.under(x.settled - 1), Line: 1}
	}},
	"another posting": {FaultPhantomPosting, fieldPosting, func(x *falseBooks) {
		x.books.postings[x.key("provider 0")][x.leaf("provider 0", x.ofProvider("provider 0"))].Payload[0] ^= 1
	}, func(x *falseBooks) *RecordLine { return x.line(x.ofProvider("provider 0")) }},
	"another party's": {FaultPhantomPosting, fieldParty, func(x *falseBooks) {
		line := x.ofProvider("provider 1")
		x.insert("provider 0", x.settled, line, x.books.postings[x.key("provider 1")][x.leaf("provider 1", line)])
	}, func(x *falseBooks) *RecordLine { return x.line(x.ofProvider("provider 1")) }},
	"amount": {FaultAmount, fieldAmount, func(x *falseBooks) {
		x.books.postings[x.key("provider 0")][x.leaf("provider 0", x.ofProvider("provider 0"))].Sums[proof.Credit]--
	}, func(x *falseBooks) *RecordLine { return x.line(x.ofProvider("provider 0")) }},
	"side": {FaultAmount, fieldAmount, func(x *falseBooks) {
		l := &x.books.postings[x.key("provider 0")][x.leaf("provider 0", x.ofProvider("provider 0"))]
		l.Sums[0], l.Sums[1] = l.Sums[1], l.Sums[0]
	}, func(x *falseBooks) *RecordLine { return x.line(x.ofProvider("provider 0")) }},
}

// TestFalsePostingsOfAClose shows each lie about a party's postings to a third party.
func TestFalsePostingsOfAClose(t *testing.T) {
	for name, c := range closeLies {
		t.Run(name, func(t *testing.T) {
			x := closeWith(t, c.lie, nil)
			s := x.statement("provider 0")
			if _, err := s.Check(x.trust); err != nil {
				t.Fatalf("the statement agrees with its close: %v", err)
			}
			f, err := s.Accuse(x.trust, c.accuse(x))
			if err != nil {
				t.Fatal(err)
			}
			got := confirm(t, x.world, f)
			if got.Fault != c.fault || got.Recomputed.Field != c.field || *got.Close != x.at || *got.Party != x.actors["provider 0"].id ||
				!got.Signed || got.Cycle != testCycle || len(got.Attested) != 1 {
				t.Errorf("%+v", got)
			}
			flipEach(t, x.world, f)
			t.Logf("%d and %d bytes", len(f.File), len(f.Bundle))
		})
	}
}

// flipEach expects that each changed byte is found, also when the sum was repaired.
func flipEach(t *testing.T, w *world, f *EvidenceFile) {
	t.Helper()
	check := func(file, bundle []byte) error {
		e, err := DecodeEvidence(file)
		if err != nil {
			return err
		}
		_, err = e.Check(w.trust, bundle)
		return err
	}
	for i := range f.File {
		spoiled := bytes.Clone(f.File)
		spoiled[i] ^= 1
		if err := check(spoiled, f.Bundle); !errors.Is(err, LieSum) && !errors.Is(err, LieMalformed) {
			t.Fatalf("byte %d of the evidence: %v", i, err)
		}
	}
	e, err := DecodeEvidence(f.File)
	if err != nil {
		t.Fatal(err)
	}
	for i := range f.Bundle {
		spoiled := bytes.Clone(f.Bundle)
		spoiled[i] ^= 1
		if _, err := e.Check(w.trust, spoiled); !errors.Is(err, LieBundle) {
			t.Fatalf("byte %d of the bundle: %v", i, err)
		}
	}
}

// journalDraft is evidence that the journal lacks the settlement.
func (x *falseBooks) journalDraft() *Evidence {
	key := proof.JournalKey(x.settled)
	return &Evidence{Fault: FaultOmittedRecord, Checkpoint: x.notes(uint64(len(x.records))).A, Settlement: *x.under(x.settled),
		Close: x.under(x.at), CloseKey: x.under(0), Journal: x.path(proof.SumJournal, x.books.journal, key[:])}
}

// TestFalseJournal shows a record that the journal lacks or has otherwise.
func TestFalseJournal(t *testing.T) {
	at := func(x *falseBooks) int {
		return slices.IndexFunc(x.books.journal, func(l proof.SumLeaf) bool { return u64(l.Key) == x.settled })
	}
	for field, lies := range map[string][]func(x *falseBooks){
		fieldAbsent: {func(x *falseBooks) { x.books.journal = slices.Delete(x.books.journal, at(x), at(x)+1) }},
		fieldLeaf: {
			func(x *falseBooks) { x.books.journal[at(x)].Payload[0] ^= 1 },
			func(x *falseBooks) { x.books.journal[at(x)].Count++ },
			func(x *falseBooks) { x.books.journal[at(x)].Sums[1]++ },
		},
	} {
		for _, lie := range lies {
			x := closeWith(t, lie, nil)
			f, err := AccuseClose(x.trust, x.journalDraft(), &Bundle{})
			if err != nil {
				t.Fatalf("%s: %v", field, err)
			}
			if got := confirm(t, x.world, f); got.Recomputed.Field != field || got.Settlement != x.settled {
				t.Errorf("%+v", got)
			}
			flipEach(t, x.world, f)
		}
	}
}

// unbalancedDraft is evidence that a close contradicts itself.
func (x *falseBooks) unbalancedDraft() *Evidence {
	return &Evidence{Fault: FaultUnbalanced, Checkpoint: x.notes(uint64(len(x.records))).A, Settlement: *x.under(x.at),
		Close: x.under(x.at), CloseKey: x.under(0)}
}

// TestUnbalancedClose shows totals that contradict each other.
func TestUnbalancedClose(t *testing.T) {
	for field, bends := range map[string][]func(*codec.Cycle){
		fieldJournal: {func(c *codec.Cycle) { c.Journal.Debit++ }},
		fieldParties: {func(c *codec.Cycle) { c.Parties.Credit++ }, func(c *codec.Cycle) { c.Parties.Debit-- }},
		fieldSubtotals: {
			func(c *codec.Cycle) { (*c.Subtotals)[0].Credit++ },
			func(c *codec.Cycle) { (*c.Subtotals)[0].N-- },
			func(c *codec.Cycle) { *c.Subtotals = (*c.Subtotals)[1:] },
			func(c *codec.Cycle) { (*c.Subtotals)[0].Debit = 1 << 62 },
		},
	} {
		for i, bend := range bends {
			x := closeWith(t, nil, bend)
			f, err := AccuseClose(x.trust, x.unbalancedDraft(), &Bundle{})
			if err != nil {
				t.Fatalf("%s %d: %v", field, i, err)
			}
			if got := confirm(t, x.world, f); got.Recomputed.Field != field {
				t.Errorf("%s %d: %+v", field, i, got)
			}
			flipEach(t, x.world, f)
		}
	}
}

// TestHonestClose accuses a right close of everything, also with a forged finding.
func TestHonestClose(t *testing.T) {
	x := closeWith(t, nil, nil)
	s := x.statement("provider 0")
	for line := range uint16(5) {
		if _, err := s.Accuse(x.trust, x.line(line)); !errors.Is(err, ErrAgrees) {
			t.Errorf("line %d: %v", line, err)
		}
	}
	own := x.line(x.ofProvider("provider 0"))
	key := proof.PostingKey(x.settled, own.Line)
	account := x.path(proof.SumPartyPostings, x.books.postings[x.key("provider 0")], key[:])
	for fault := FaultOmittedRecord; fault <= FaultUnbalanced; fault++ {
		e, b := x.journalDraft(), &Bundle{}
		if fault != FaultOmittedRecord {
			e.Journal = nil
		}
		if fault == FaultUnbalanced {
			e = x.unbalancedDraft()
		} else if fault != FaultOmittedRecord {
			e.Party, e.Account, e.Line = s.Path, account, own.Path
		}
		if fault == FaultOmittedPosting {
			b.Blobs = [][]byte{codec.AppendPosting(nil, own.Posting)}
		}
		e.Fault = fault
		if _, err := AccuseClose(x.trust, e, b); !errors.Is(err, ErrAgrees) {
			t.Errorf("%s: %v", fault, err)
		}
		for _, field := range []string{"", fieldAbsent, fieldLeaf, fieldParty, fieldRange, fieldRecord, fieldLine, fieldPosting,
			fieldAmount, fieldJournal, fieldParties, fieldSubtotals} {
			e.Version, e.Origin, e.Bundle, e.Recomputed = 1, testOrigin, codec.BlobHash(b.Encode()), Recomputed{Field: field}
			again, err := DecodeEvidence(e.Encode())
			if err == nil {
				_, err = again.Check(x.trust, b.Encode())
			}
			if !errors.Is(err, LieClaim) {
				t.Errorf("%s of %q: %v", fault, field, err)
			}
		}
	}
}

// TestForgedCloseEvidence changes one thing of right evidence and repairs the sum.
func TestForgedCloseEvidence(t *testing.T) {
	c := closeLies["amount"]
	x := closeWith(t, c.lie, nil)
	f, err := x.statement("provider 0").Accuse(x.trust, c.accuse(x))
	if err != nil {
		t.Fatal(err)
	}
	for name, forge := range map[string]func(e *Evidence){
		"fault":           func(e *Evidence) { e.Fault = FaultPhantomPosting },
		"field":           func(e *Evidence) { e.Recomputed.Field = fieldAbsent },
		"units":           func(e *Evidence) { e.Recomputed.Units = 1 },
		"record":          func(e *Evidence) { e.Settlement = *x.under(x.settled - 3) },
		"no close":        func(e *Evidence) { e.Close = nil },
		"a cut":           func(e *Evidence) { e.Close = x.under(x.at - 1) },
		"another's key":   func(e *Evidence) { e.CloseKey = x.under(1) },
		"no key":          func(e *Evidence) { e.CloseKey = nil },
		"close changed":   func(e *Evidence) { e.Close.Record = bytes.Clone(e.Close.Record); e.Close.Record[60] ^= 1 },
		"party's path":    func(e *Evidence) { e.Party[len(e.Party)-1] ^= 1 },
		"party's leaf":    func(e *Evidence) { e.Party[20] ^= 1 },
		"no party":        func(e *Evidence) { e.Party = nil },
		"account's path":  func(e *Evidence) { e.Account[len(e.Account)-1] ^= 1 },
		"no account":      func(e *Evidence) { e.Account = nil },
		"line's path":     func(e *Evidence) { e.Line[len(e.Line)-1] ^= 1 },
		"no line":         func(e *Evidence) { e.Line = nil },
		"a journal":       func(e *Evidence) { e.Journal = []byte{1} },
		"missing bytes":   func(e *Evidence) { e.Missing = new(codec.Hash) },
		"beyond the last": func(e *Evidence) { e.Fault = lastFault + 1 },
	} {
		e, err := DecodeEvidence(f.File)
		if err != nil {
			t.Fatal(err)
		}
		forge(e)
		again, err := DecodeEvidence(e.Encode())
		if err == nil {
			_, err = again.Check(x.trust, f.Bundle)
		}
		if err == nil || errors.Is(err, LieSum) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
