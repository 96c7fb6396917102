package verifier

import "github.com/forgepool/settle/codec"

// MaxReport is the largest report in bytes: it travels with the attestation.
const MaxReport = codec.MaxAttachment

// CycleReport is what an audit of a closed cycle found (docs/formats/sampling.md section
// 7). Its encoding is the blob that the attestation names.
type CycleReport struct {
	Version    uint64            `cbor:"1,keyasint" json:"version"` // 1
	Origin     string            `cbor:"2,keyasint" json:"origin"`
	Auditor    codec.ID          `cbor:"3,keyasint" json:"auditor"`
	Key        codec.Hash        `cbor:"4,keyasint" json:"key"` // that is to sign the attestation
	Cycle      uint64            `cbor:"5,keyasint" json:"cycle"`
	Close      codec.RecordRef   `cbor:"6,keyasint" json:"close"`
	Checkpoint []byte            `cbor:"7,keyasint" json:"checkpoint"` // signed note of tree A
	Intent     uint64            `cbor:"8,keyasint" json:"intent"`     // index
	Secret     codec.Hash        `cbor:"9,keyasint" json:"secret"`
	Beacon     *BeaconOpened     `cbor:"10,keyasint,omitempty" json:"beacon,omitempty"`
	Seed       codec.Hash        `cbor:"11,keyasint" json:"seed"`
	Frame      CycleFrame        `cbor:"12,keyasint" json:"frame"`
	Target     codec.AuditTarget `cbor:"13,keyasint" json:"target"`
	Draws      []CycleDraw       `cbor:"14,keyasint" json:"draws"` // vouching, then tracing, by number
	Items      []CycleItem       `cbor:"15,keyasint" json:"items"` // in order of their first draw
	Works      []CycleWork       `cbor:"16,keyasint" json:"works"` // settlements drawn, ascending
	Result     codec.AuditResult `cbor:"17,keyasint" json:"result"`
	Bounds     codec.Bounds      `cbor:"18,keyasint" json:"bounds"`
	Opinion    codec.Opinion     `cbor:"19,keyasint" json:"opinion"`
	Span       codec.Span        `cbor:"20,keyasint" json:"span"` // ms
	Build      Build             `cbor:"21,keyasint" json:"build"`
	Context    codec.Hash        `cbor:"22,keyasint" json:"context"`    // proofs of close and intent
	Deviations []string          `cbor:"23,keyasint" json:"deviations"` // from the whole procedure
	Evidence   []EvidenceName    `cbor:"24,keyasint" json:"evidence"`
}

// CycleFrame is what was drawn from, as the close states it and the auditor rebuilt it.
type CycleFrame struct {
	Value     uint64            `cbor:"1,keyasint" json:"value"` // V, micro-Credits
	Journal   codec.Journal     `cbor:"2,keyasint" json:"journal"`
	Parties   codec.PartyTotals `cbor:"3,keyasint" json:"parties"`
	Subtotals []codec.Subtotal  `cbor:"4,keyasint" json:"subtotals"`
	Basis     uint64            `cbor:"5,keyasint" json:"basis"` // 1 full rebuild, 2 proofs
}

// CycleDraw is one draw.
type CycleDraw struct {
	_      struct{}   `cbor:",toarray"`
	Kind   DrawKind   `json:"kind"`
	I      uint64     `json:"i"`
	U      uint64     `json:"u"` // micro-Credit of V, or of the journal's debit
	Role   codec.Role `json:"role"`
	Party  codec.ID   `json:"party"`
	Record uint64     `json:"record"` // index of the settlement or adjustment
	Line   uint64     `json:"line"`
	Unit   uint64     `json:"unit"`  // work unit, 0 without units
	Item   uint64     `json:"item"`  // position in Items
	Proof  codec.Hash `json:"proof"` // blob of its paths, zero if they could not be had
}

// ItemKind says what a draw led to.
type ItemKind uint64

// The kinds of items.
const (
	ItemShard    ItemKind = 1 // executed again
	ItemDocument ItemKind = 2 // an adjustment's posting
	ItemTrace    ItemKind = 3 // a record whose postings were looked up
	ItemLost     ItemKind = 4 // a work unit whose shard could not be found
)

// CycleItem is one thing that was drawn, with what became of it.
type CycleItem struct {
	Kind       ItemKind    `cbor:"1,keyasint" json:"kind"`
	Record     uint64      `cbor:"2,keyasint" json:"record"`
	Line       uint64      `cbor:"3,keyasint" json:"line"` // documents, lost shards
	Shard      *ShardItem  `cbor:"4,keyasint,omitempty" json:"shard,omitempty"`
	Recomputed *Recomputed `cbor:"5,keyasint,omitempty" json:"recomputed,omitempty"`
	Verdict    Verdict     `cbor:"6,keyasint" json:"verdict"`
	Fault      uint64      `cbor:"7,keyasint" json:"fault"` // 0 none
	Taint      uint64      `cbor:"8,keyasint" json:"taint"` // ppm
	Reasons    []string    `cbor:"9,keyasint" json:"reasons"`
	Asked      uint64      `cbor:"10,keyasint" json:"asked"` // ms when bytes were first missing, 0 = they were not
}

// ShardItem names a shard and what its agent claims.
type ShardItem struct {
	_        struct{}     `cbor:",toarray"`
	Program  codec.Hash   `json:"program"`
	Provider codec.ID     `json:"provider"`
	Index    uint64       `json:"index"`
	Replica  uint64       `json:"replica"`
	Args     codec.Hash   `json:"args"`
	Inputs   []codec.Blob `json:"inputs"`
	Output   codec.Blob   `json:"output"`
	Units    uint64       `json:"units"`
}

// CycleWork is what was seen of a settlement as a whole.
type CycleWork struct {
	_       struct{} `cbor:",toarray"`
	Record  uint64   `json:"record"`
	Merge   Verdict  `json:"merge"`   // of the result merged from the shards' outputs
	Reason  string   `json:"reason"`  // why it is not a match
	Missing []uint64 `json:"missing"` // shards that had to be executed twice and were not, by the evidence
	Checks  string   `json:"checks"`  // what is wrong with the evidence of verification, empty: nothing
}

// Build identifies the program that audited.
type Build struct {
	_        struct{}   `cbor:",toarray"`
	Binary   codec.Hash `json:"binary"` // BLAKE3
	Platform string     `json:"platform"`
	Module   string     `json:"module"` // path and version
	Revision string     `json:"revision"`
}

// EvidenceName names an evidence file beside the report.
type EvidenceName struct {
	_     struct{}   `cbor:",toarray"`
	Name  string     `json:"name"`
	Fault uint64     `json:"fault"`
	Hash  codec.Hash `json:"hash"` // BLAKE3 of NAME.evidence
}

// Encode returns the one encoding of the report.
func (r *CycleReport) Encode() []byte { return codec.Encode(r) }

// DecodeCycleReport reads a report; whether it is true is for Check to say. Errors:
// LieMalformed.
func DecodeCycleReport(data []byte) (*CycleReport, error) {
	if len(data) > MaxReport {
		return nil, lie(LieMalformed, "report of %d bytes", len(data))
	}
	r := new(CycleReport)
	if err := codec.Decode(data, r); err != nil {
		return nil, lie(LieMalformed, "report: %v", err)
	}
	if r.Version != 1 {
		return nil, lie(LieMalformed, "report of version %d", r.Version)
	}
	for i := range r.Draws {
		if item := r.Draws[i].Item; item >= uint64(len(r.Items)) {
			return nil, lie(LieMalformed, "report: draw %d is of item %d of %d", i, item, len(r.Items))
		}
	}
	return r, nil
}

// DrawProof shows that a draw leads where the report says: blob of its own.
type DrawProof struct {
	Record  Proved      `cbor:"1,keyasint"`           // the settlement or adjustment
	Party   []byte      `cbor:"2,keyasint"`           // sum tree 1, located or found
	Lines   []byte      `cbor:"3,keyasint"`           // sum tree 2
	Posting []byte      `cbor:"4,keyasint"`           // its canonical encoding
	Line    []byte      `cbor:"5,keyasint"`           // sum tree 3
	Shard   *ShardProof `cbor:"6,keyasint,omitempty"` // sum tree 5
	Journal []byte      `cbor:"7,keyasint,omitempty"` // sum tree 4, tracing
}

// CycleContext shows the close and the intent under the report's checkpoint.
type CycleContext struct {
	Close       Proved       `cbor:"1,keyasint"`
	Intent      Proved       `cbor:"2,keyasint"`
	Cut         Proved       `cbor:"3,keyasint"`
	Root        codec.Hash   `cbor:"4,keyasint"` // of tree A at the close's index + 1
	Consistency []codec.Hash `cbor:"5,keyasint"` // from there to the checkpoint
}

// seedInputs returns what the seed of the report must be made from.
func (r *CycleReport) seedInputs(root codec.Hash) *SeedInputs {
	in := &SeedInputs{Origin: r.Origin, Size: r.Close.Index + 1, Root: root, CloseIndex: r.Close.Index, Secret: r.Secret}
	if r.Beacon != nil {
		in.Round, in.BeaconHash = r.Beacon.Round, beaconHash(r.Beacon.Signature)
	}
	return in
}
