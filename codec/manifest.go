package codec

import "fmt"

// ShardEntry is one row of a shard manifest (records.md section 6.2).
type ShardEntry struct {
	Index    uint64 `cbor:"1,keyasint"` // shard number
	Replica  uint64 `cbor:"2,keyasint"` // 0 = the billable result
	Provider ID     `cbor:"3,keyasint"`
	Agent    Hash   `cbor:"4,keyasint"` // key id
	Args     Hash   `cbor:"5,keyasint"`
	Inputs   []Blob `cbor:"6,keyasint"`
	Output   Blob   `cbor:"7,keyasint"`
	Units    uint64 `cbor:"8,keyasint"`
	Started  uint64 `cbor:"9,keyasint"`  // ms
	Finished uint64 `cbor:"10,keyasint"` // ms
	Attempt  uint64 `cbor:"11,keyasint"`
	Receipt  Sig    `cbor:"12,keyasint"` // Ed25519 by Agent over ReceiptDigest
}

const (
	entryKeys  = 12
	leastEntry = 1 + 12 + 6 + 17 + 2*34 + 1 + 36 + 66 // bytes
	leastBlob  = 36                                   // bytes
)

// AppendShardEntry appends the canonical encoding of a shard entry.
func AppendShardEntry(b []byte, e *ShardEntry) []byte {
	b = AppendMap(b, entryKeys)
	b = appendUintAt(appendUintAt(b, 1, e.Index), 2, e.Replica)
	b = appendIDAt(b, 3, &e.Provider)
	b = appendHashAt(appendHashAt(b, 4, &e.Agent), 5, &e.Args)
	b = appendBlobs(appendKey(b, 6), e.Inputs)
	b = appendBlob(appendKey(b, 7), &e.Output)
	b = appendUintAt(appendUintAt(b, 8, e.Units), 9, e.Started)
	b = appendUintAt(appendUintAt(b, 10, e.Finished), 11, e.Attempt)
	return AppendBytes(appendKey(b, 12), e.Receipt[:])
}

// EncodeManifest returns the canonical bytes of a shard manifest: an array of
// entries in the order of sum tree 5 (provider, index, replica).
func EncodeManifest(entries []ShardEntry) []byte {
	return AppendManifest(make([]byte, 0, 16+320*len(entries)), entries)
}

// AppendManifest appends the canonical bytes of a shard manifest.
func AppendManifest(b []byte, entries []ShardEntry) []byte {
	b = AppendArray(b, len(entries))
	for i := range entries {
		b = AppendShardEntry(b, &entries[i])
	}
	return b
}

// ManifestBuffer decodes one shard manifest after another without allocating.
type ManifestBuffer struct {
	entries []ShardEntry
	inputs  []Blob // of all entries
}

// DecodeManifest reads a shard manifest of at most MaxShards entries and
// MaxManifestInputs inputs. Errors wrap ErrNotCanonical or ErrTooLarge.
func DecodeManifest(data []byte) ([]ShardEntry, error) {
	return new(ManifestBuffer).Decode(data)
}

// Decode reads a shard manifest. The result is valid until the next call.
func (x *ManifestBuffer) Decode(data []byte) ([]ShardEntry, error) {
	if err := checkSize("manifest", len(data), MaxAttachment); err != nil {
		return nil, err
	}
	r := NewReader(data)
	x.entries = resize(x.entries, r.list(MaxShards, leastEntry))
	if x.inputs = x.inputs[:0]; cap(x.inputs) == 0 {
		x.inputs = make([]Blob, 0, len(x.entries))
	}
	total := 0
	for i := range x.entries {
		e := &x.entries[i]
		x.entry(&r, e)
		if total += len(e.Inputs); total > MaxManifestInputs {
			r.fault(ErrTooLarge, "more inputs than allowed")
		}
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return x.entries, nil
}

func (x *ManifestBuffer) entry(r *Reader, e *ShardEntry) {
	f := r.fields(entryKeys)
	e.Index, e.Replica = f.uintAt(1), f.uintAt(2)
	f.idAt(3, &e.Provider)
	f.hashAt(4, &e.Agent)
	f.hashAt(5, &e.Args)
	f.at(6)
	e.Inputs = x.list(r)
	f.at(7)
	f.blob(&e.Output)
	e.Units, e.Started = f.uintAt(8), f.uintAt(9)
	e.Finished, e.Attempt = f.uintAt(10), f.uintAt(11)
	f.sigAt(12, &e.Receipt)
	f.end()
}

// list reads the inputs of one entry. When the room for all inputs moves, earlier
// entries keep theirs in the old one.
func (x *ManifestBuffer) list(r *Reader) []Blob {
	n := r.list(MaxShardInputs, leastBlob)
	first := len(x.inputs)
	for range n {
		x.inputs = append(x.inputs, Blob{})
		r.blob(&x.inputs[len(x.inputs)-1])
	}
	return x.inputs[first:len(x.inputs):len(x.inputs)]
}

// checkInputs checks the limit that spans entries, for Decode.
func checkInputs(entries []ShardEntry) error {
	total := 0
	for i := range entries {
		total += len(entries[i].Inputs)
	}
	if total > MaxManifestInputs {
		return fmt.Errorf("manifest: %w: %d inputs, at most %d", ErrTooLarge, total, MaxManifestInputs)
	}
	return nil
}

func appendBlob(b []byte, x *Blob) []byte {
	return AppendUint(appendHash(AppendArray(b, 2), &x.Hash), x.Size)
}

func appendBlobs(b []byte, list []Blob) []byte {
	b = AppendArray(b, len(list))
	for i := range list {
		b = appendBlob(b, &list[i])
	}
	return b
}
