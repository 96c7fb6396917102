package api

import "github.com/forgepool/settle/codec"

// Answers that evidence and statements are made of (docs/formats/evidence.md).

// SumPath is a path in a sum tree of a cycle (docs/formats/sum-trees.md section 3).
type SumPath struct {
	Cycle uint64 `cbor:"1,keyasint" json:"cycle"`
	Path  []byte `cbor:"2,keyasint" json:"path"` // of the leaf, or of its absence; empty for an empty tree
	Size  uint64 `cbor:"3,keyasint" json:"size"`
}

// Absence is a node's signed word that it could not serve bytes.
type Absence struct {
	Operator  codec.ID   `cbor:"1,keyasint" json:"operator"`
	Hash      codec.Hash `cbor:"2,keyasint" json:"hash"`
	Index     uint64     `cbor:"3,keyasint" json:"index"` // of the record that names the bytes
	Time      uint64     `cbor:"4,keyasint" json:"time"`  // the node's clock, ms
	Signature codec.Sig  `cbor:"5,keyasint" json:"signature"`
}
