package export

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/forgepool/settle/codec"
)

// EventType is the CloudEvents type of a settlement.
const EventType = "com.forgepool.ledger.settlement.v1"

// cloudEvents writes settlements as CloudEvents 1.0 in JSON, one a line.
type cloudEvents struct{ source string }

func newCloudEvents(l *Ledger) *cloudEvents {
	return &cloudEvents{source: "urn:forge-ledger:" + escapeURN(l.Origin)}
}

// event is the envelope: the attributes in their order.
type event struct {
	SpecVersion string     `json:"specversion"`
	ID          codec.ID   `json:"id"`
	Source      string     `json:"source"`
	Type        string     `json:"type"`
	Subject     codec.ID   `json:"subject"`
	Time        string     `json:"time"`
	ContentType string     `json:"datacontenttype"`
	LogIndex    string     `json:"logindex"` // text: integers of CloudEvents have 32 bits
	LeafHash    codec.Hash `json:"leafhash"`
	Author      codec.ID   `json:"author"`
	Data        []byte     `json:"data_base64"`
}

// Head implements Format: a stream of events has no head.
func (*cloudEvents) Head() []byte { return nil }

// Append implements Format.
func (f *cloudEvents) Append(b []byte, r *Record, _ Blobs) ([]byte, error) {
	if r.Kind != codec.KindSettlement {
		return b, nil
	}
	s, err := r.settlement()
	if err != nil {
		return nil, err
	}
	return appendJSON(b, &event{
		SpecVersion: "1.0", ID: s.ID, Source: f.source, Type: EventType, Subject: s.Workload, Time: formatMS(s.At),
		ContentType: "application/cbor", LogIndex: strconv.FormatUint(r.Index, 10), LeafHash: r.Leaf, Author: s.Author, Data: r.Bytes,
	})
}

// appendJSON appends a value as one line.
func appendJSON(b []byte, v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return append(append(b, data...), '\n'), nil
}

// escapeURN percent-encodes what may not stand in a URN (RFC 8141 section 2).
func escapeURN(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~/:@!$&'()*,;=", c) >= 0:
			b.WriteByte(c)
		default:
			const digits = "0123456789ABCDEF"
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}
