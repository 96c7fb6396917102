package replay

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"reflect"
	"testing"
)

// A largeQuestion is about a shard of aggregate@1 that is too large to write out: row i has
// the key i mod Keys, four bytes and zeros up to Size, and Value; the last row has a key of
// Last bytes, and End.
type largeQuestion struct{ Rows, Keys, Size, Last, Value, End uint64 }

func (q *largeQuestion) input() []byte {
	b := make([]byte, 0, 4+q.Rows*(2+q.Size+8)+q.Last)
	b = binary.LittleEndian.AppendUint32(b, uint32(q.Rows))
	for i := range q.Rows {
		size, value := q.Size, q.Value
		if i == q.Rows-1 {
			size, value = q.Last, q.End
		}
		b = binary.LittleEndian.AppendUint16(b, uint16(size))
		b = binary.LittleEndian.AppendUint32(b, uint32(i%q.Keys))
		b = append(b, make([]byte, size-4)...)
		b = binary.LittleEndian.AppendUint64(b, value)
	}
	return b
}

// hashed256 names bytes by size and SHA-256, which Python has in its library.
func hashed256(b []byte) map[string]any {
	h := sha256.Sum256(b)
	return map[string]any{"bytes": len(b), "sha256": hex.EncodeToString(h[:])}
}

// TestReferenceEdges runs shards whose input or output has 2^26 bytes, and one more.
func TestReferenceEdges(t *testing.T) {
	data, err := os.ReadFile(reference + "edges.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Name     string
			Question largeQuestion
			Answer   any
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) != 8 {
		t.Errorf("%d cases, want 8", len(file.Cases))
	}
	for _, c := range file.Cases {
		input := c.Question.input()
		r := groupReduce{}.Run(Task{Args: noArgs, Input: input})
		own, err := json.Marshal(map[string]any{
			"status": r.Status, "units": r.Units, "field": r.Field,
			"input": hashed256(input), "output": hashed256(r.Output),
		})
		if err != nil {
			t.Fatal(err)
		}
		var got any
		if err := json.Unmarshal(own, &got); err != nil || !reflect.DeepEqual(got, c.Answer) {
			t.Errorf("%s:\ngot  %v\nwant %v", c.Name, got, c.Answer)
		}
	}
}
