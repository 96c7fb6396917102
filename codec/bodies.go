package codec

import "fmt"

// EncodeSettlement returns the canonical body of a settlement.
func EncodeSettlement(s *Settlement) []byte { return Encode(s) }

// DecodeSettlement reads a settlement's body into s.
func DecodeSettlement(data []byte, s *Settlement) error { return Decode(data, s) }

// AppendPosting appends the canonical encoding of a posting.
func AppendPosting(b []byte, p *Posting) []byte { return append(b, Encode(p)...) }

// AppendShardEntry appends the canonical encoding of a shard entry.
func AppendShardEntry(b []byte, e *ShardEntry) []byte { return append(b, Encode(e)...) }

// EncodeDetail returns the canonical bytes of a detail blob.
func EncodeDetail(d *Detail) []byte { return Encode(d) }

// DecodeDetail reads a detail blob.
func DecodeDetail(data []byte) (*Detail, error) {
	d := new(Detail)
	if err := Decode(data, d); err != nil {
		return nil, fmt.Errorf("detail: %w", err)
	}
	return d, nil
}

// EncodeManifest returns the canonical bytes of a shard manifest: an array of
// entries in the order of sum tree 5 (provider, index, replica).
func EncodeManifest(entries []ShardEntry) []byte {
	b := AppendArray(make([]byte, 0, 16+320*len(entries)), len(entries))
	for i := range entries {
		b = AppendShardEntry(b, &entries[i])
	}
	return b
}

// DecodeManifest reads a shard manifest of at most MaxShards entries.
func DecodeManifest(data []byte) ([]ShardEntry, error) {
	var entries []ShardEntry
	if err := Decode(data, &entries); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	if len(entries) > MaxShards {
		return nil, fmt.Errorf("manifest: %w: %d entries, at most %d", ErrNotCanonical, len(entries), MaxShards)
	}
	return entries, nil
}

// EncodeEvent returns the canonical body of a workload event.
func EncodeEvent(e *Event) []byte { return Encode(e) }

// DecodeEvent reads a workload event's body into e.
func DecodeEvent(data []byte, e *Event) error { return Decode(data, e) }
