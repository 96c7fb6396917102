package verifier

import (
	"encoding/binary"
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// MaxStatement is the largest statement file in bytes, which is 1.3 million postings.
const MaxStatement = 1 << 26

// statementRow is the length of a posting in a statement.
const statementRow = 8 + 2 + 1 + 8 + 32

// Statement shows, to anybody who has the ledger's trust policy, that certain postings
// are all that a party got and owes in a closed cycle (docs/formats/evidence.md
// section 10).
type Statement struct {
	Version    uint64     `cbor:"1,keyasint"`           // 1
	Origin     string     `cbor:"2,keyasint"`           // of tree A
	Checkpoint []byte     `cbor:"3,keyasint"`           // signed note of tree A
	Close      Proved     `cbor:"4,keyasint"`           // of the cycle
	CloseKey   *Proved    `cbor:"5,keyasint,omitempty"` // the record that registers the key that signed it; absent if not known
	Role       codec.Role `cbor:"6,keyasint"`           // of the party
	Party      codec.ID   `cbor:"7,keyasint"`           //
	Path       []byte     `cbor:"8,keyasint,omitempty"` // sum proof of type 1; absent for an empty tree
	Rows       []byte     `cbor:"9,keyasint"`           // postings in order of the log: index, line, side, amount, hash
	Sum        codec.Hash `cbor:"10,keyasint"`          // BLAKE3 of this file's encoding with 32 zero bytes here
}

// StatementPosting is one posting of a statement.
type StatementPosting struct {
	Index  uint64 // of the record
	Line   uint16 // in the record
	Side   codec.Side
	Amount uint64     // micro-Credits, below 2^63
	Hash   codec.Hash // posting hash
}

// Add appends a posting.
func (s *Statement) Add(p *StatementPosting) {
	s.Rows = binary.BigEndian.AppendUint64(s.Rows, p.Index)
	s.Rows = append(binary.BigEndian.AppendUint16(s.Rows, p.Line), byte(p.Side))
	s.Rows = append(binary.BigEndian.AppendUint64(s.Rows, p.Amount), p.Hash[:]...)
}

// Postings returns the number of postings.
func (s *Statement) Postings() int { return len(s.Rows) / statementRow }

// Posting returns posting i, from 0 on.
func (s *Statement) Posting(i int) StatementPosting {
	row := s.Rows[i*statementRow:][:statementRow]
	return StatementPosting{
		Index: binary.BigEndian.Uint64(row), Line: binary.BigEndian.Uint16(row[8:]), Side: codec.Side(row[10]),
		Amount: binary.BigEndian.Uint64(row[11:]), Hash: codec.Hash(row[19:]),
	}
}

// Encode returns the statement file; it computes Sum.
func (s *Statement) Encode() []byte {
	s.Sum = codec.Hash{}
	s.Sum = codec.BlobHash(codec.Encode(s))
	return codec.Encode(s)
}

// DecodeStatement reads a statement file. It accepts exactly what Encode writes; whether
// it is true is for Check to say. Errors: LieMalformed, LieSum.
func DecodeStatement(file []byte) (*Statement, error) {
	if len(file) > MaxStatement {
		return nil, lie(LieMalformed, "statement of %d bytes", len(file))
	}
	s := new(Statement)
	if err := codec.Decode(file, s); err != nil {
		return nil, lie(LieMalformed, "statement: %v", err)
	}
	if s.Version != 1 || len(s.Rows)%statementRow != 0 {
		return nil, lie(LieMalformed, "statement of version %d with %d bytes of postings", s.Version, len(s.Rows))
	}
	bare := *s
	bare.Sum = codec.Hash{}
	if codec.BlobHash(codec.Encode(&bare)) != s.Sum {
		return nil, lie(LieSum, "the statement was changed after it was written")
	}
	return s, nil
}

// Account is what a statement shows.
type Account struct {
	Origin   string      `json:"origin"`
	Size     uint64      `json:"size"`     // of the checkpoint
	Attested []codec.ID  `json:"attested"` // operators that attested the checkpoint
	Cycle    uint64      `json:"cycle"`    //
	Close    uint64      `json:"close"`    // index of the close
	Range    codec.Range `json:"range"`    // indexes that it covers
	Hub      codec.ID    `json:"hub"`      // author of the close
	Signed   bool        `json:"signed"`   // its signature on the close was shown too
	Role     codec.Role  `json:"role"`
	Party    codec.ID    `json:"party"`
	Postings uint64      `json:"postings"`
	Credit   uint64      `json:"credit,string"` // micro-Credits
	Debit    uint64      `json:"debit,string"`  // micro-Credits
}

// Check confirms with the trust policy alone that the close stands in the log and that
// these are all postings of the party in it. Errors name what is false: a Lie or a
// proof.Rejection.
func (s *Statement) Check(policy *proof.TrustPolicy) (*Account, error) {
	if s.Origin != policy.Origin() {
		return nil, lie(LieOrigin, "statement about %q, trust policy of %q", s.Origin, policy.Origin())
	}
	a, body, err := s.checkClose(policy)
	if err != nil {
		return nil, err
	}
	key := proof.PartyKey(uint8(s.Role), s.Party)
	leaf, err := lookup(partiesStatement(body), key[:], s.Path)
	if err != nil {
		return nil, fmt.Errorf("parties of the close: %w", err)
	}
	if leaf == nil {
		if s.Postings() != 0 {
			return nil, lie(LieClaim, "the close has no postings of the party, the statement has %d", s.Postings())
		}
		return a, nil
	}
	tree, err := s.tree()
	if err != nil {
		return nil, err
	}
	totals := tree.Totals()
	if tree.Root() != leaf.Payload || totals.Leaves != leaf.Count || totals.Sums != leaf.Sums {
		return nil, lie(LieClaim, "%d postings of %d micro-Credits are not the %d of %d that the close has",
			totals.Leaves, totals.Sums, leaf.Count, leaf.Sums)
	}
	a.Postings, a.Credit, a.Debit = leaf.Count, leaf.Sums[proof.Credit], leaf.Sums[proof.Debit]
	return a, nil
}

// checkClose checks that the close stands in the log and, if its key is there, who
// signed it.
func (s *Statement) checkClose(policy *proof.TrustPolicy) (*Account, *codec.Cycle, error) {
	e := &Evidence{Checkpoint: s.Checkpoint}
	rec, checkpoint, err := e.open(&s.Close, policy)
	if err != nil {
		return nil, nil, fmt.Errorf("close: %w", err)
	}
	body, err := closeOf(rec, s.Close.Index)
	if err != nil {
		return nil, nil, err
	}
	a := &Account{Origin: s.Origin, Size: checkpoint.Size(), Attested: attested(checkpoint), Cycle: body.Cycle, Close: s.Close.Index,
		Range: *body.Range, Hub: body.Author, Role: s.Role, Party: s.Party}
	if s.CloseKey != nil {
		signer, _, err := e.open(s.CloseKey, policy)
		if err != nil {
			return nil, nil, fmt.Errorf("key of the close: %w", err)
		}
		if err := checkCloseSigned(s.Origin, rec, body, s.Close.Index, signer, s.CloseKey.Index); err != nil {
			return nil, nil, err
		}
		a.Signed = true
	}
	return a, body, nil
}

// tree builds sum tree 2 over the postings. Errors: LieClaim.
func (s *Statement) tree() (*proof.SumTree, error) {
	leaves := make([]proof.SumLeaf, s.Postings())
	for i := range leaves {
		p := s.Posting(i)
		if p.Side != codec.Credit && p.Side != codec.Debit {
			return nil, lie(LieClaim, "posting %d has side %d", i, p.Side)
		}
		key := proof.PostingKey(p.Index, p.Line)
		leaves[i] = proof.SumLeaf{Key: key[:], Count: 1, Payload: p.Hash}
		leaves[i].Sums[p.Side-codec.Credit] = p.Amount
	}
	tree, err := proof.BuildSumTree(proof.SumPartyPostings, leaves)
	if err != nil {
		return nil, lie(LieClaim, "postings: %v", err)
	}
	return tree, nil
}

// SignsClose checks that a record registers an owner key of a close's author that signed
// the close, without looking at where the two stand. Errors: LieRecord, LieKey,
// LieSignature.
func SignsClose(origin string, shut, signer *Proved) error {
	rec, err := codec.DecodeRecord(shut.Record)
	if err != nil {
		return lie(LieRecord, "record %d: %v", shut.Index, err)
	}
	body, err := closeOf(&rec, shut.Index)
	if err != nil {
		return err
	}
	from, err := codec.DecodeRecord(signer.Record)
	if err != nil {
		return lie(LieRecord, "record %d: %v", signer.Index, err)
	}
	return checkCloseSigned(origin, &rec, body, shut.Index, &from, signer.Index)
}
