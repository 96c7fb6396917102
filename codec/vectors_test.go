package codec

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
)

// example is the part of the published example ledger that this package can check.
type example struct {
	OriginA string `json:"origin_a"`
	Policy  struct {
		BodyHex string `json:"body_hex"`
		Hash    string `json:"hash"`
	} `json:"policy"`
	Program struct {
		ID string `json:"program_id"`
	} `json:"program"`
	Blobs []struct {
		Name   string `json:"name"`
		Hex    string `json:"hex"`
		Blake3 string `json:"blake3"`
	} `json:"blobs"`
	Shards struct {
		EntryHashes    []string `json:"entry_hashes"`
		ReceiptDigests []string `json:"receipt_digests"`
		WorkKey        string   `json:"work_key"`
	} `json:"shards"`
	Postings struct {
		Hashes []string `json:"hashes"`
	} `json:"postings"`
	Records []struct {
		Name          string `json:"name"`
		Kind          Kind   `json:"kind"`
		BodyHex       string `json:"body_hex"`
		SigningDigest string `json:"signing_digest"`
		RecordHex     string `json:"record_hex"`
	} `json:"records"`
	Batch struct {
		Root        string `json:"root"`
		Digest      string `json:"digest"`
		BatchHex    string `json:"batch_hex"`
		Stamp       uint64 `json:"stamp"`
		OutcomesHex string `json:"outcomes_hex"`
		OutcomeHash string `json:"outcome_hash"`
		Commitment  string `json:"commitment"`
	} `json:"batch"`
}

func loadExample(t testing.TB) *example {
	data, err := os.ReadFile("testdata/vectors/ledger-1.json")
	if err != nil {
		t.Fatal(err)
	}
	x := new(example)
	if err := json.Unmarshal(data, x); err != nil {
		t.Fatal(err)
	}
	return x
}

func unhexString(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (x *example) blob(t testing.TB, name string) []byte {
	for _, b := range x.Blobs {
		if b.Name == name {
			return unhexString(t, b.Hex)
		}
	}
	t.Fatalf("no blob %q", name)
	return nil
}

func TestExampleRecords(t *testing.T) {
	x := loadExample(t)
	for _, r := range x.Records {
		data := unhexString(t, r.RecordHex)
		rec, err := DecodeRecord(data)
		if err != nil {
			t.Fatalf("%s: %v", r.Name, err)
		}
		if rec.Kind != r.Kind || hex.EncodeToString(rec.Body) != r.BodyHex {
			t.Errorf("%s: kind %v or body differs", r.Name, rec.Kind)
		}
		if !bytes.Equal(EncodeRecord(&rec), data) {
			t.Errorf("%s: re-encoding differs", r.Name)
		}
		if r.SigningDigest != "" && RecordDigest(x.OriginA, rec.Kind, rec.Body).String() != r.SigningDigest {
			t.Errorf("%s: signing digest differs", r.Name)
		}
		var body any
		switch rec.Kind {
		case KindGenesis:
			body = new(Genesis)
		case KindParty:
			body = new(Party)
		case KindEvent:
			body = new(Event)
		case KindSettlement:
			body = new(Settlement)
		}
		if err := Decode(rec.Body, body); err != nil {
			t.Errorf("%s: body: %v", r.Name, err)
		}
	}
}

func TestExampleBatch(t *testing.T) {
	x := loadExample(t)
	data := unhexString(t, x.Batch.BatchHex)
	b, err := DecodeBatch(data)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(EncodeBatch(b), data) {
		t.Error("re-encoding differs")
	}
	root, _ := ParseHash(x.Batch.Root)
	digest := BatchDigest(x.OriginA, b, len(b.Records), root)
	if digest.String() != x.Batch.Digest {
		t.Errorf("digest %v, want %s", digest, x.Batch.Digest)
	}
	encoded := unhexString(t, x.Batch.OutcomesHex)
	outcomes, err := DecodeOutcomes(encoded)
	if err != nil || !bytes.Equal(EncodeOutcomes(outcomes), encoded) {
		t.Errorf("outcomes do not survive decoding and encoding: %v", err)
	}
	if OutcomeHash(encoded).String() != x.Batch.OutcomeHash {
		t.Error("outcome hash differs")
	}
	if got := BatchCommitment(digest, b.Signature, x.Batch.Stamp, OutcomeHash(encoded)); got.String() != x.Batch.Commitment {
		t.Error("batch commitment differs")
	}
}

func TestExampleDigests(t *testing.T) {
	x := loadExample(t)
	var policy Policy
	body := unhexString(t, x.Policy.BodyHex)
	if err := Decode(body, &policy); err != nil {
		t.Fatal(err)
	}
	if BlobHash(body).String() != x.Policy.Hash {
		t.Error("policy hash differs")
	}
	var s Settlement
	if err := DecodeSettlement(unhexString(t, x.Records[5].BodyHex), &s); err != nil {
		t.Fatal(err)
	}
	if ProgramID(&s.Program).String() != x.Program.ID {
		t.Error("program id differs")
	}
	entries, err := DecodeManifest(x.blob(t, "shard manifest"))
	if err != nil {
		t.Fatal(err)
	}
	var replica0 []*ShardEntry
	for i := range entries {
		e := &entries[i]
		replica0 = append(replica0, e)
		if ShardEntryHash(e).String() != x.Shards.EntryHashes[i] {
			t.Errorf("entry hash %d differs", i)
		}
		got := ReceiptDigest(x.OriginA, s.Author, s.Workload, ProgramID(&s.Program), s.Seed, e)
		if got.String() != x.Shards.ReceiptDigests[i] {
			t.Errorf("receipt digest %d differs", i)
		}
	}
	if got := WorkKey(ProgramID(&s.Program), s.Seed, s.Args.Hash, replica0); got.String() != x.Shards.WorkKey {
		t.Error("work key differs")
	}
	detail, err := DecodeDetail(x.blob(t, "settlement detail"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range detail.Postings {
		if PostingHash(&detail.Postings[i]).String() != x.Postings.Hashes[i] {
			t.Errorf("posting hash %d differs", i)
		}
	}
}
