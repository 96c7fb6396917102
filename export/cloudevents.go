package export

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/forgepool/settle/codec"
)

// EventType is the CloudEvents type of a settlement.
const EventType = "com.forgepool.ledger.settlement.v1"

// usualEvent is about the length of an event without the record.
const usualEvent = 1 << 9

// cloudEvents writes settlements as CloudEvents 1.0 in JSON, one a line.
type cloudEvents struct {
	fixed []byte // source and type, the same in all events
}

func newCloudEvents(l *Ledger) *cloudEvents {
	source, err := json.Marshal("urn:forge-ledger:" + escapeURN(l.Origin))
	if err != nil {
		panic(fmt.Sprintf("export: a text as JSON: %v", err))
	}
	return &cloudEvents{fmt.Appendf(nil, `,"source":%s,"type":"%s"`, source, EventType)}
}

// Head implements Format: a stream of events has no head.
func (*cloudEvents) Head() []byte { return nil }

// Append implements Format: the attributes in their order.
func (f *cloudEvents) Append(b []byte, r *Record, _ Blobs) ([]byte, error) {
	if r.Kind != codec.KindSettlement {
		return b, nil
	}
	s, err := r.settlement()
	if err != nil {
		return nil, err
	}
	b = slices.Grow(b, usualEvent+base64.StdEncoding.EncodedLen(len(r.Bytes)))
	b = appendMember(append(b, `{"specversion":"1.0"`...), "id", s.ID[:])
	b = append(b, f.fixed...)
	b = appendMember(b, "subject", s.Workload[:])
	b = append(appendMS(append(b, `,"time":"`...), s.At), `","datacontenttype":"application/cbor","logindex":"`...)
	b = append(strconv.AppendUint(b, r.Index, 10), '"') // text: integers of CloudEvents have 32 bits
	b = appendMember(appendMember(b, "leafhash", r.Leaf[:]), "author", s.Author[:])
	return appendBase64(append(b, `,"data_base64":"`...), r.Bytes), nil
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
