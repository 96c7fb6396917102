package fuzz

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
)

const codecVectors = "../codec/testdata/vectors"

// codecDump returns the bytes in an annotated hex dump.
func codecDump(f *testing.F, name string) []byte {
	data, err := os.ReadFile(filepath.Join(codecVectors, name+".txt"))
	if err != nil {
		f.Fatal(err)
	}
	var digits strings.Builder
	for line := range strings.Lines(string(data)) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	return codecUnhex(f, digits.String())
}

func codecUnhex(f *testing.F, digits string) []byte {
	b, err := hex.DecodeString(digits)
	if err != nil {
		f.Fatal(err)
	}
	return b
}

// codecExample is the published example ledger.
type codecExample struct {
	Blobs []struct {
		Name, Hex string
	}
	Records []struct {
		Kind      codec.Kind
		BodyHex   string `json:"body_hex"`
		RecordHex string `json:"record_hex"`
	}
	Batch struct {
		BatchHex    string `json:"batch_hex"`
		OutcomesHex string `json:"outcomes_hex"`
	}
	Policy struct {
		BodyHex string `json:"body_hex"`
	}
}

func codecLoad(f *testing.F) (x codecExample) {
	data, err := os.ReadFile(filepath.Join(codecVectors, "ledger-1.json"))
	if err == nil {
		err = json.Unmarshal(data, &x)
	}
	if err != nil {
		f.Fatal(err)
	}
	return x
}

// codecAgree checks one decoder against the library path on one input. decode returns a
// pointer to what it read, encode writes it again.
func codecAgree[T any](t *testing.T, data []byte, decode func([]byte) (*T, error), encode func(*T) []byte) {
	t.Helper()
	want := new(T)
	oracle := codec.Decode(data, want)
	got, err := decode(data)
	if (err == nil) != (oracle == nil) {
		t.Fatalf("decoder says %v, oracle %v", err, oracle)
	}
	if err != nil {
		if code := codec.CodeOf(err); code == codec.CodeInternal {
			t.Fatalf("error without a code: %v", err)
		}
		return
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("decoder reads %+v, oracle %+v", got, want)
	}
	if again := encode(got); !bytes.Equal(again, data) {
		t.Fatalf("written back as %x", again)
	}
	if again := codec.Encode(got); !bytes.Equal(again, data) {
		t.Fatalf("written back by the oracle as %x", again)
	}
}

func FuzzCodecRecord(f *testing.F) {
	f.Add(codecDump(f, "record"))
	for _, r := range codecLoad(f).Records {
		f.Add(codecUnhex(f, r.RecordHex))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		codecAgree(t, data, func(b []byte) (*codec.Record, error) {
			r, err := codec.DecodeRecord(b)
			return &r, err
		}, codec.EncodeRecord)
	})
}

func FuzzCodecBatch(f *testing.F) {
	f.Add(codecDump(f, "batch"))
	f.Add(codecUnhex(f, codecLoad(f).Batch.BatchHex))
	var used codec.Batch
	f.Fuzz(func(t *testing.T, data []byte) {
		codecAgree(t, data, codec.DecodeBatch, codec.EncodeBatch)
		codecAgree(t, data, func(b []byte) (*codec.Batch, error) { return &used, codec.DecodeBatchInto(b, &used) }, codec.EncodeBatch)
	})
}

func FuzzCodecCommand(f *testing.F) {
	for _, name := range []string{"command-batches", "command-intent", "command-commit", "command-start"} {
		f.Add(codecDump(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) { codecAgree(t, data, codec.DecodeCommand, codec.EncodeCommand) })
}

func FuzzCodecSettlement(f *testing.F) {
	f.Add(codecDump(f, "settlement"))
	f.Add(codecUnhex(f, codecLoad(f).Records[5].BodyHex))
	var buffer codec.SettlementBuffer
	f.Fuzz(func(t *testing.T, data []byte) {
		codecAgree(t, data, buffer.Decode, codec.EncodeSettlement)
		codecAgree(t, data, func(b []byte) (*codec.Settlement, error) {
			s := new(codec.Settlement)
			return s, codec.DecodeSettlement(b, s)
		}, codec.EncodeSettlement)
	})
}

func FuzzCodecEvent(f *testing.F) {
	f.Add(codecDump(f, "event"))
	for _, r := range codecLoad(f).Records[3:5] {
		f.Add(codecUnhex(f, r.BodyHex))
	}
	var buffer codec.EventBuffer
	f.Fuzz(func(t *testing.T, data []byte) {
		codecAgree(t, data, buffer.Decode, codec.EncodeEvent)
		codecAgree(t, data, func(b []byte) (*codec.Event, error) {
			e := new(codec.Event)
			return e, codec.DecodeEvent(b, e)
		}, codec.EncodeEvent)
	})
}

func FuzzCodecDetail(f *testing.F) {
	f.Add(codecDump(f, "detail"))
	codecAddBlob(f, "settlement detail")
	var buffer codec.DetailBuffer
	f.Fuzz(func(t *testing.T, data []byte) {
		codecAgree(t, data, buffer.Decode, codec.EncodeDetail)
		codecAgree(t, data, codec.DecodeDetail, codec.EncodeDetail)
	})
}

func FuzzCodecManifest(f *testing.F) {
	f.Add(codecDump(f, "manifest"))
	codecAddBlob(f, "shard manifest")
	var buffer codec.ManifestBuffer
	encode := func(x *[]codec.ShardEntry) []byte { return codec.EncodeManifest(*x) }
	pointer := func(decode func([]byte) ([]codec.ShardEntry, error)) func([]byte) (*[]codec.ShardEntry, error) {
		return func(b []byte) (*[]codec.ShardEntry, error) { x, err := decode(b); return &x, err }
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		codecAgree(t, data, pointer(buffer.Decode), encode)
		codecAgree(t, data, pointer(codec.DecodeManifest), encode)
	})
}

func codecAddBlob(f *testing.F, name string) {
	for _, b := range codecLoad(f).Blobs {
		if b.Name == name {
			f.Add(codecUnhex(f, b.Hex))
			return
		}
	}
	f.Fatalf("no blob %q", name)
}
