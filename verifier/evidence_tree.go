package verifier

import (
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// brokenTree follows the descent from the root that the close states. A node that is not
// what its children add up to hides every leaf below it: no path shows them, and none
// shows their absence, so no other fault can be about them.
func (x *closeCheck) brokenTree() (string, error) {
	if x.Settlement.Index != x.Close.Index {
		return "", lie(LieRecord, "record %d is not the close", x.Settlement.Index)
	}
	stated, err := x.statedTree()
	if err != nil {
		return "", err
	}
	d, err := proof.DecodeSumDescent(x.Descent.Type, x.Descent.Path)
	if err != nil {
		return "", fmt.Errorf("descent: %w", err)
	}
	field, err := d.CheckSplit(stated)
	if err != nil {
		return "", fmt.Errorf("descent: %w", err)
	}
	x.c.Tree = x.Descent.Type
	return field, nil
}

// statedTree returns what the close states about the tree that the descent is in, or what
// the leaf of a party states that the close commits to.
func (x *closeCheck) statedTree() (proof.SumStatement, error) {
	switch x.Descent.Type {
	case proof.SumParties:
		return partiesStatement(x.body), nil
	case proof.SumJournal:
		return journalStatement(x.body), nil
	case proof.SumPartyPostings:
		key, err := leafKey(proof.SumParties, x.Party)
		if err != nil {
			return proof.SumStatement{}, fmt.Errorf("parties: %w", err)
		}
		leaf, err := lookup(partiesStatement(x.body), key, x.Party)
		if err != nil {
			return proof.SumStatement{}, fmt.Errorf("parties: %w", err)
		}
		party := codec.ID(key[1:])
		x.c.Role, x.c.Party = codec.Role(key[0]), &party
		return accountStatement(leaf), nil
	}
	return proof.SumStatement{}, lie(LieMalformed, "a close has no sum tree of type %d", x.Descent.Type)
}
