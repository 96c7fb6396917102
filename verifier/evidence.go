package verifier

import (
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// MaxEvidence is the largest evidence file in bytes: four records with their paths, a
// note, an entry and four sum proofs, rounded up.
const MaxEvidence = 512 << 10

// MaxAnswers is how many nodes' answers evidence of missing data may carry.
const MaxAnswers = 32

// Evidence shows that a settlement or a cycle close in the log is false, to anybody who
// has the ledger's trust policy and the bundle beside it, and nothing else
// (docs/formats/evidence.md).
type Evidence struct {
	Version    uint64      `cbor:"1,keyasint"` // 1
	Origin     string      `cbor:"2,keyasint"` // of tree A
	Fault      Fault       `cbor:"3,keyasint"`
	Checkpoint []byte      `cbor:"4,keyasint"`            // signed note of tree A; the records below stand under it
	Settlement Proved      `cbor:"5,keyasint"`            // what the fault is about; faults 7-12: the record compared with the close
	Shard      *ShardProof `cbor:"6,keyasint,omitempty"`  // faults 1-4; fault 6 when a shard names the bytes
	AgentKey   *Proved     `cbor:"7,keyasint,omitempty"`  // faults 1-4: the record that registers the agent's key
	Batch      *BatchProof `cbor:"8,keyasint,omitempty"`  // faults 1-6: who submitted the settlement; absent if the node did not say
	SubmitKey  *Proved     `cbor:"9,keyasint,omitempty"`  // with Batch: the record that registers the submitter's key
	Policy     *Proved     `cbor:"10,keyasint,omitempty"` // fault 5: the genesis or the record of the policy
	Recomputed Recomputed  `cbor:"11,keyasint"`           // what the checker finds; zero for fault 4
	Bundle     codec.Hash  `cbor:"12,keyasint"`           // BLAKE3 of the bundle file
	Sum        codec.Hash  `cbor:"13,keyasint"`           // BLAKE3 of this file's encoding with 32 zero bytes here
	Close      *Proved     `cbor:"14,keyasint,omitempty"` // faults 7-12
	CloseKey   *Proved     `cbor:"15,keyasint,omitempty"` // faults 7-12: the record that registers the key that signed the close
	Journal    []byte      `cbor:"16,keyasint,omitempty"` // fault 7: sum proof of type 4, absent for an empty tree
	Party      []byte      `cbor:"17,keyasint,omitempty"` // faults 8-10, and 12 in a tree of type 2: sum proof of type 1, as above
	Account    []byte      `cbor:"18,keyasint,omitempty"` // faults 8-10: sum proof of type 2, as above
	Line       []byte      `cbor:"19,keyasint,omitempty"` // faults 8-10: sum proof of type 3, as above
	Missing    *codec.Hash `cbor:"20,keyasint,omitempty"` // fault 6: of the bytes
	Answers    []Answer    `cbor:"21,keyasint,omitempty"` // fault 6: by nodes of the trust policy, ascending by operator
	Standing   *Proved     `cbor:"22,keyasint,omitempty"` // fault 5: the record that ends the party's chain, or the genesis
	Descent    *Descent    `cbor:"23,keyasint,omitempty"` // fault 12
}

// Proved is a record with its path under the evidence's checkpoint.
type Proved struct {
	_      struct{} `cbor:",toarray"`
	Index  uint64
	Record []byte
	Path   []codec.Hash
}

// Descent leads down into a tree of a close to a node that is described otherwise than it
// is.
type Descent struct {
	_    struct{} `cbor:",toarray"`
	Type proof.SumType
	Path []byte // proof.EncodeSumDescent
}

// ShardProof is an entry of a settlement's manifest with its path in sum tree 5.
type ShardProof struct {
	_     struct{} `cbor:",toarray"`
	Entry []byte   // canonical encoding of the entry
	Path  []byte   // proof.EncodeSumProof
}

// Encode returns the evidence file; it computes Sum.
func (e *Evidence) Encode() []byte {
	e.Sum = codec.Hash{}
	e.Sum = codec.BlobHash(codec.Encode(e))
	return codec.Encode(e)
}

// DecodeEvidence reads an evidence file. It accepts exactly what Encode writes; whether
// it is true is for Check to say. Errors: LieMalformed, LieSum.
func DecodeEvidence(file []byte) (*Evidence, error) {
	if len(file) > MaxEvidence {
		return nil, lie(LieMalformed, "evidence of %d bytes", len(file))
	}
	e := new(Evidence)
	if err := codec.Decode(file, e); err != nil {
		return nil, lie(LieMalformed, "evidence: %v", err)
	}
	if e.Version != 1 {
		return nil, lie(LieMalformed, "evidence of version %d", e.Version)
	}
	bare := *e
	bare.Sum = codec.Hash{}
	if codec.BlobHash(codec.Encode(&bare)) != e.Sum {
		return nil, lie(LieSum, "the evidence was changed after it was written")
	}
	return e, e.checkShape()
}

// checkShape checks that the fields are those of the fault.
func (e *Evidence) checkShape() error {
	f := e.Fault
	if f < FaultOutput || f > lastFault {
		return lie(LieMalformed, "unknown %s", f)
	}
	account := f >= FaultOmittedPosting && f <= FaultAmount
	ofParty := account || e.Descent != nil && e.Descent.Type == proof.SumPartyPostings
	fits := (e.AgentKey != nil) == f.ofShard() &&
		(e.Shard != nil == f.ofShard() || f == FaultMissing) &&
		(e.Policy != nil) == (f == FaultPayout) && (e.Standing == nil || f == FaultPayout) &&
		(e.Batch != nil) == (e.SubmitKey != nil) && (e.Batch == nil || !f.OfClose()) &&
		(e.Close != nil) == f.OfClose() && (e.CloseKey != nil) == f.OfClose() &&
		(e.Journal == nil || f == FaultOmittedRecord) &&
		(e.Party == nil || ofParty) && (e.Account == nil && e.Line == nil || account) && (e.Descent != nil) == (f == FaultTree) &&
		(e.Missing != nil) == (f == FaultMissing) && (len(e.Answers) > 0) == (f == FaultMissing)
	if !fits {
		return lie(LieMalformed, "fields do not fit %s", f)
	}
	if len(e.Answers) > MaxAnswers {
		return lie(LieMalformed, "%d answers", len(e.Answers))
	}
	return nil
}

// open checks that a record stands under the checkpoint, and decodes its envelope.
func (e *Evidence) open(p *Proved, policy *proof.TrustPolicy) (*codec.Record, *proof.Checkpoint, error) {
	receipt := proof.Receipt{Record: p.Record, Index: p.Index, Path: arrays(p.Path), Checkpoint: e.Checkpoint}
	checkpoint, err := receipt.Verify(policy)
	if err != nil {
		return nil, nil, err
	}
	rec, err := codec.DecodeRecord(p.Record)
	if err != nil {
		return nil, nil, lie(LieRecord, "record %d: %v", p.Index, err)
	}
	return &rec, checkpoint, nil
}

// Receipt returns the receipt of the settlement, as a file of its own.
func (e *Evidence) Receipt() *proof.Receipt {
	return &proof.Receipt{Record: e.Settlement.Record, Index: e.Settlement.Index, Path: arrays(e.Settlement.Path), Checkpoint: e.Checkpoint}
}

// Bundle carries the blobs that evidence needs, in an order that the fault says.
type Bundle struct {
	Blobs [][]byte
}

// Limits of a bundle.
const (
	// MaxBundleBlobs is arguments and as many inputs as a shard may have.
	MaxBundleBlobs = 1 + codec.MaxShardInputs
	// MaxBundle is the largest bundle in bytes: arguments, inputs and heads.
	MaxBundle = 1<<26 + 1<<16 + 1<<10
)

// Encode returns the bundle file: [1, [* blob]].
func (b *Bundle) Encode() []byte {
	out := codec.AppendUint(codec.AppendArray(nil, 2), 1)
	out = codec.AppendArray(out, len(b.Blobs))
	for _, blob := range b.Blobs {
		out = codec.AppendBytes(out, blob)
	}
	return out
}

// DecodeBundle reads a bundle file; its blobs alias data. Errors: LieMalformed.
func DecodeBundle(data []byte) (*Bundle, error) {
	if len(data) > MaxBundle {
		return nil, lie(LieMalformed, "bundle of %d bytes", len(data))
	}
	r := codec.NewReader(data)
	if r.Array(2) != 2 || r.Uint() != 1 {
		r.Fail("not a bundle of version 1")
	}
	b := &Bundle{Blobs: make([][]byte, r.Array(MaxBundleBlobs))}
	for i := range b.Blobs {
		b.Blobs[i] = r.Bytes(MaxBundle)
	}
	if err := r.Done(); err != nil {
		return nil, lie(LieMalformed, "bundle: %v", err)
	}
	return b, nil
}

// work returns the blobs as the bytes of a shard, checked against the entry's hashes.
func (b *Bundle) work(e *codec.ShardEntry) (*Work, error) {
	if oversized(e) {
		return new(Work), nil
	}
	if len(b.Blobs) != 1+len(e.Inputs) {
		return nil, lie(LieBundle, "%d blobs instead of %d", len(b.Blobs), 1+len(e.Inputs))
	}
	if codec.BlobHash(b.Blobs[0]) != e.Args {
		return nil, lie(LieBundle, "the arguments are not %s", e.Args)
	}
	for i := range e.Inputs {
		if codec.BlobHash(b.Blobs[1+i]) != e.Inputs[i].Hash {
			return nil, lie(LieBundle, "input %d is not %s", i, e.Inputs[i].Hash)
		}
	}
	return &Work{Args: b.Blobs[0], Inputs: b.Blobs[1:]}, nil
}

// bundleOf returns the bundle of a shard's bytes.
func bundleOf(e *codec.ShardEntry, w *Work) *Bundle {
	if oversized(e) {
		return &Bundle{}
	}
	return &Bundle{Blobs: append([][]byte{w.Args}, w.Inputs...)}
}
