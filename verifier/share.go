package verifier

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// MaxShare is the largest share file in bytes.
const MaxShare = 32 << 20

const shareHeader = "settle share v1"

// maxSharePart bounds the bytes of a posting or a shard entry.
const maxSharePart = 64 << 10

// LieShare: a share names what is not the party's, or what the record does not commit to.
const LieShare Lie = "bad_share"

// Share is what a record posted to a party and what the party executed for it, as a file
// that shows it to anybody (docs/formats/transparency.md section 8). It does not show that it
// is everything: the party may leave parts out.
type Share struct {
	Party    codec.ID
	Postings []SharedPosting // ascending by line
	Shards   []SharedShard   // in the order of the manifest
	Receipt  *proof.Receipt  // of the record; nil: not yet known to be in the log
}

// SharedPosting is a posting and its sum proof of type 3.
type SharedPosting struct {
	Posting codec.Posting
	Proof   []byte
}

// SharedShard is a shard entry and its sum proof of type 5.
type SharedShard struct {
	Entry codec.ShardEntry
	Proof []byte
}

// Shared is what a share shows.
type Shared struct {
	Kind     codec.Kind
	Cycle    uint64
	Postings uint64
	Credit   uint64 // micro-Credits
	Debit    uint64 // micro-Credits
	Shards   uint64
	Units    uint64 // of the shards
}

// Format returns the file of a share with a receipt.
func (s *Share) Format() []byte {
	b := fmt.Appendf(nil, "%s\nparty %s\n", shareHeader, s.Party)
	for i := range s.Postings {
		b = appendShared(b, "posting", codec.Encode(&s.Postings[i].Posting), s.Postings[i].Proof)
	}
	for i := range s.Shards {
		b = appendShared(b, "shard", codec.Encode(&s.Shards[i].Entry), s.Shards[i].Proof)
	}
	return append(append(b, '\n'), s.Receipt.Format()...)
}

func appendShared(b []byte, word string, part, path []byte) []byte {
	b = append(append(b, word...), ' ')
	b = append(base64.StdEncoding.AppendEncode(b, part), ' ')
	return append(base64.StdEncoding.AppendEncode(b, path), '\n')
}

// ParseShare reads a share file. It accepts exactly what Format writes; whether it is
// true is for Verify to say. Errors wrap proof.ErrTooLarge and proof.ErrMalformed, or are
// those of proof.ParseReceipt.
func ParseShare(file []byte) (*Share, error) {
	if len(file) > MaxShare {
		return nil, fmt.Errorf("%w: share of %d bytes", proof.ErrTooLarge, len(file))
	}
	head, receipt, found := bytes.Cut(file, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) < 2 || lines[0] != shareHeader {
		return nil, fmt.Errorf("%w: share header or lines", proof.ErrMalformed)
	}
	s := new(Share)
	for i, line := range lines[1:] {
		if err := s.parseLine(line); err != nil {
			return nil, fmt.Errorf("%w: share line %d: %w", proof.ErrMalformed, i+2, err)
		}
	}
	var err error
	if s.Receipt, err = proof.ParseReceipt(receipt); err != nil {
		return nil, err
	}
	if !bytes.Equal(s.Format(), file) {
		return nil, fmt.Errorf("%w: share in another form", proof.ErrMalformed)
	}
	return s, nil
}

func (s *Share) parseLine(line string) error {
	word, value, _ := strings.Cut(line, " ")
	var err error
	switch word {
	case "party":
		s.Party, err = codec.ParseID(value)
	case "posting":
		var p SharedPosting
		p.Proof, err = parseShared(value, &p.Posting)
		s.Postings = append(s.Postings, p)
	case "shard":
		var p SharedShard
		p.Proof, err = parseShared(value, &p.Entry)
		s.Shards = append(s.Shards, p)
	default:
		err = fmt.Errorf("unknown item %.40q", word)
	}
	return err
}

// parseShared reads a value and its path.
func parseShared(text string, v any) ([]byte, error) {
	part, path, _ := strings.Cut(text, " ")
	if base64.StdEncoding.DecodedLen(len(part)) > maxSharePart || base64.StdEncoding.DecodedLen(len(path)) > proof.MaxSumProof+2 {
		return nil, errors.New("longer than anything that may stand here")
	}
	data, err := base64.StdEncoding.DecodeString(part)
	if err != nil {
		return nil, err
	}
	if err := codec.Decode(data, v); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(path)
}

// Verify checks the file under a trust policy alone and returns what it shows, and the
// checkpoint that covers the record. Errors: those of proof.Receipt.Verify and Check.
func (s *Share) Verify(p *proof.TrustPolicy) (*Shared, *proof.Checkpoint, error) {
	c, err := s.Receipt.Verify(p)
	if err != nil {
		return nil, nil, err
	}
	shown, err := s.Check(s.Receipt.Record)
	return shown, c, err
}

// Check checks the parts against the bytes of the record, which somebody else has proven.
// Errors: LieRecord, LieShare and those of proof.CheckMember.
func (s *Share) Check(record []byte) (*Shared, error) {
	rec, err := codec.DecodeRecord(record)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", LieRecord, err)
	}
	frame, err := sharedFrame(&rec)
	if err != nil {
		return nil, err
	}
	if len(s.Postings)+len(s.Shards) == 0 {
		return nil, fmt.Errorf("%w: nothing is in it", LieShare)
	}
	shown := &Shared{Kind: rec.Kind, Cycle: frame.cycle, Postings: uint64(len(s.Postings)), Shards: uint64(len(s.Shards))}
	if err := s.checkPostings(frame, shown); err != nil {
		return nil, err
	}
	return shown, s.checkShards(frame, shown)
}

// shareFrame is what a record says that its parts are checked against.
type shareFrame struct {
	cycle    uint64
	postings proof.SumStatement
	shards   *proof.SumStatement // nil: the record has none
}

// sharedFrame reads it.
func sharedFrame(rec *codec.Record) (*shareFrame, error) {
	switch rec.Kind {
	case codec.KindSettlement:
		b := new(codec.Settlement)
		if err := codec.DecodeSettlement(rec.Body, b); err != nil {
			return nil, fmt.Errorf("%w: %w", LieRecord, err)
		}
		return &shareFrame{b.Cycle, statedPostings(b.Postings, b.Charge, b.Charge), &proof.SumStatement{
			Type: proof.SumShards, Root: b.Shards.Root, Sums: [2]uint64{b.Shards.Units},
			Unstated: proof.SumLeavesUnstated | proof.SumCountUnstated,
		}}, nil
	case codec.KindAdjustment:
		b := new(codec.Adjustment)
		if err := codec.DecodeAdjustment(rec.Body, b); err != nil {
			return nil, fmt.Errorf("%w: %w", LieRecord, err)
		}
		return &shareFrame{b.Cycle, statedPostings(b.Postings, b.Totals.Credit, b.Totals.Debit), nil}, nil
	}
	return nil, fmt.Errorf("%w: a record of kind %s has no shares", LieShare, rec.Kind)
}

func statedPostings(ref codec.PostingsRef, credit, debit uint64) proof.SumStatement {
	return proof.SumStatement{Type: proof.SumPostings, Root: ref.Root, Leaves: ref.N, Count: ref.N, Sums: [2]uint64{credit, debit}}
}

// checkPostings checks the postings and adds them up. They are parts of sums below 2^63.
func (s *Share) checkPostings(frame *shareFrame, shown *Shared) error {
	for i := range s.Postings {
		p := &s.Postings[i].Posting
		if p.Party != s.Party || i > 0 && p.Line <= s.Postings[i-1].Posting.Line {
			return fmt.Errorf("%w: posting of line %d is another party's, or stands twice", LieShare, p.Line)
		}
		sums, column := [2]uint64{}, proof.Credit
		if p.Side == codec.Debit {
			column = proof.Debit
		}
		sums[column] = p.Amount
		key := proof.LineKey(uint16(p.Line))
		if err := checkShared(frame.postings, key[:], s.Postings[i].Proof, sums, codec.PostingHash(p)); err != nil {
			return fmt.Errorf("posting of line %d: %w", p.Line, err)
		}
		shown.Credit, shown.Debit = shown.Credit+sums[proof.Credit], shown.Debit+sums[proof.Debit]
	}
	return nil
}

// checkShards checks the shard entries and adds them up.
func (s *Share) checkShards(frame *shareFrame, shown *Shared) error {
	if frame.shards == nil && len(s.Shards) > 0 {
		return fmt.Errorf("%w: a record of kind %s has no shards", LieShare, shown.Kind)
	}
	before := []byte{}
	for i := range s.Shards {
		e := &s.Shards[i].Entry
		key := proof.ShardKey(e.Provider, uint32(e.Index), uint8(e.Replica))
		if e.Provider != s.Party || bytes.Compare(key[:], before) <= 0 {
			return fmt.Errorf("%w: shard %d is another party's, or stands twice", LieShare, e.Index)
		}
		before = key[:]
		if err := checkShared(*frame.shards, key[:], s.Shards[i].Proof, [2]uint64{e.Units}, codec.ShardEntryHash(e)); err != nil {
			return fmt.Errorf("shard %d: %w", e.Index, err)
		}
		shown.Units += e.Units
	}
	return nil
}

// checkShared checks that a tree has exactly this leaf.
func checkShared(st proof.SumStatement, key, path []byte, sums [2]uint64, payload codec.Hash) error {
	p, err := proof.DecodeSumProof(st.Type, path)
	if err != nil {
		return err
	}
	leaf, err := proof.CheckMember(st, key, p)
	if err != nil {
		return err
	}
	if leaf.Sums != sums || leaf.Payload != payload || leaf.Count != 1 {
		return fmt.Errorf("%w: the record commits to other content", LieShare)
	}
	return nil
}
