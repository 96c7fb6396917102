package verifier

import (
	"encoding/binary"
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// omittedPosting looks for a posting of the record in the postings of its party.
func (x *closeCheck) omittedPosting() (string, error) {
	if err := x.needRecord(); err != nil {
		return "", err
	}
	p := new(codec.Posting)
	if err := codec.Decode(x.bundle.Blobs[0], p); err != nil {
		return "", lie(LieBundle, "posting: %v", err)
	}
	line := proof.LineKey(uint16(min(p.Line, 0xffff)))
	own, err := lookup(x.record.statement(), line[:], x.Line)
	if err != nil {
		return "", fmt.Errorf("line %d: %w", p.Line, err)
	}
	if own == nil || p.Line > 0xffff || own.Payload != codec.PostingHash(p) {
		return "", lie(LieBundle, "the posting is not line %d of the record", p.Line)
	}
	x.account(p.Role, p.Party, p.Line)
	x.c.Stated = amounts(own)
	key := proof.PartyKey(uint8(p.Role), p.Party)
	party, err := lookup(partiesStatement(x.body), key[:], x.Party)
	if err != nil {
		return "", fmt.Errorf("parties: %w", err)
	}
	if party == nil {
		if x.Account != nil {
			return "", lie(LieMalformed, "postings of a party without any")
		}
		return fieldParty, nil
	}
	posting := proof.PostingKey(x.record.index, uint16(p.Line))
	listed, err := lookup(accountStatement(party), posting[:], x.Account)
	if err != nil {
		return "", fmt.Errorf("postings of the party: %w", err)
	}
	if listed == nil {
		return fieldAbsent, nil
	}
	return "", nil
}

// listed looks at a posting of a party: faults 9 and 10.
func (x *closeCheck) listed() (string, error) {
	leaf, err := x.listedLeaf()
	if err != nil {
		return "", err
	}
	index := binary.BigEndian.Uint64(leaf.Key)
	x.c.Listed = amounts(leaf)
	field, err := x.compare(leaf, index)
	if err != nil {
		return "", err
	}
	if field != "" && (field == fieldAmount) != (x.Fault == FaultAmount) {
		return "", lie(LieClaim, "found %q, which is not %s", field, x.Fault)
	}
	return field, nil
}

// listedLeaf checks both paths to a posting of a party and returns its leaf.
func (x *closeCheck) listedLeaf() (*proof.SumLeaf, error) {
	key, err := leafKey(proof.SumParties, x.Party)
	if err != nil {
		return nil, fmt.Errorf("parties: %w", err)
	}
	party, err := lookup(partiesStatement(x.body), key, x.Party)
	if err != nil {
		return nil, fmt.Errorf("parties: %w", err)
	}
	posting, err := leafKey(proof.SumPartyPostings, x.Account)
	if err != nil {
		return nil, fmt.Errorf("postings of the party: %w", err)
	}
	leaf, err := lookup(accountStatement(party), posting, x.Account)
	if err != nil {
		return nil, fmt.Errorf("postings of the party: %w", err)
	}
	x.account(codec.Role(key[0]), codec.ID(key[1:]), uint64(binary.BigEndian.Uint16(posting[8:])))
	return leaf, nil
}

// compare compares a party's posting with the record that it names.
func (x *closeCheck) compare(leaf *proof.SumLeaf, index uint64) (string, error) {
	if !x.inRange(index) {
		if x.Settlement.Index != x.Close.Index || x.Line != nil {
			return "", lie(LieRecord, "the posting names record %d, which needs no showing", index)
		}
		return fieldRange, nil
	}
	if x.Settlement.Index != index {
		return "", lie(LieRecord, "the posting names record %d, not %d", index, x.Settlement.Index)
	}
	if x.record == nil {
		if x.Line != nil {
			return "", lie(LieMalformed, "a line of a record without postings")
		}
		return fieldRecord, nil
	}
	line := proof.LineKey(uint16(*x.c.Line))
	own, err := lookup(x.record.statement(), line[:], x.Line)
	switch {
	case err != nil:
		return "", fmt.Errorf("line %d: %w", *x.c.Line, err)
	case own == nil:
		return fieldLine, nil
	case own.Sums != leaf.Sums:
		x.c.Stated = amounts(own)
		return fieldAmount, nil
	case own.Payload != leaf.Payload:
		return fieldPosting, nil
	}
	return x.ofAnother(own)
}

// ofAnother says whether a posting that the party lists is another party's.
func (x *closeCheck) ofAnother(own *proof.SumLeaf) (string, error) {
	if len(x.bundle.Blobs) == 0 {
		return "", nil
	}
	p := new(codec.Posting)
	if err := codec.Decode(x.bundle.Blobs[0], p); err != nil {
		return "", lie(LieBundle, "posting: %v", err)
	}
	if own.Payload != codec.PostingHash(p) {
		return "", lie(LieBundle, "the posting is not line %d of the record", *x.c.Line)
	}
	if p.Role != x.c.Role || p.Party != *x.c.Party {
		return fieldParty, nil
	}
	return "", nil
}

// account notes whose postings the evidence is about.
func (x *closeCheck) account(role codec.Role, party codec.ID, line uint64) {
	x.c.Role, x.c.Party, x.c.Line = role, &party, &line
}

func amounts(leaf *proof.SumLeaf) *Amounts {
	return &Amounts{Credit: leaf.Sums[proof.Credit], Debit: leaf.Sums[proof.Debit]}
}

// lookup returns the leaf with a key, nil if the path shows that there is none. An empty
// path is that of the empty tree.
func lookup(st proof.SumStatement, key, path []byte) (*proof.SumLeaf, error) {
	if len(path) == 0 {
		return nil, proof.CheckAbsent(st, key, nil)
	}
	p, err := proof.DecodeSumProof(st.Type, path)
	if err != nil {
		return nil, err
	}
	if string(p.Leaf.Key) != string(key) {
		return nil, proof.CheckAbsent(st, key, p)
	}
	leaf, err := proof.CheckMember(st, key, p)
	return &leaf, err
}

// leafKey returns the key that a path leads to.
func leafKey(t proof.SumType, path []byte) ([]byte, error) {
	p, err := proof.DecodeSumProof(t, path)
	if err != nil {
		return nil, err
	}
	return p.Leaf.Key, nil
}
