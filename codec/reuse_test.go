package codec

import (
	"reflect"
	"testing"
)

// buffers are the decoders that reuse memory, each with the values that it decodes
// in turn: full, bare, full.
func buffers() map[string]func([]byte) (any, error) {
	settlement, event, detail, manifest := new(SettlementBuffer), new(EventBuffer), new(DetailBuffer), new(ManifestBuffer)
	batch := new(Batch)
	return map[string]func([]byte) (any, error){
		"settlement": func(b []byte) (any, error) { return settlement.Decode(b) },
		"event":      func(b []byte) (any, error) { return event.Decode(b) },
		"detail":     func(b []byte) (any, error) { return detail.Decode(b) },
		"manifest":   func(b []byte) (any, error) { x, err := manifest.Decode(b); return &x, err },
		"batch":      func(b []byte) (any, error) { return batch, DecodeBatchInto(b, batch) },
	}
}

func bareValues() map[string]any {
	s, e, d, b := *sampleSettlement(), *sampleEvent(), *sampleDetail(), *sampleBatch()
	s.Adapter, s.Planner, s.ReplayOf, s.Labels = nil, nil, nil, nil
	s.Program.Code, s.Program.Fuel, s.Program.Pages = nil, nil, nil
	s.Disclosures, s.Artifacts, s.PlanProof = []Hash{}, []Artifact{}, []Hash{}
	e.Estimate, e.Plan, e.Reason, e.Adapter = nil, nil, nil, nil
	d.Postings = d.Postings[:1]
	b.Atomic, b.Attachments = nil, [][]byte{}
	return map[string]any{"settlement": &s, "event": &e, "detail": &d, "manifest": &[]ShardEntry{}, "batch": &b}
}

// TestReuse checks that nothing of one value shows in the next.
func TestReuse(t *testing.T) {
	bare := bareValues()
	for _, s := range handSamples() {
		decode := buffers()[s.name]
		if decode == nil {
			continue
		}
		for turn, want := range []any{s.value, bare[s.name], s.value, bare[s.name]} {
			got, err := decode(encodeAny(want))
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s, turn %d: reads %+v, want %+v: %v", s.name, turn, got, want, err)
			}
			if _, err := decode([]byte{0xa1}); err == nil {
				t.Errorf("%s: takes rubbish", s.name)
			}
		}
	}
}

// TestDecodeAfterUse checks that Decode drops what the destination held.
func TestDecodeAfterUse(t *testing.T) {
	full, bare := sampleParty(), sampleParty()
	bare.Role, bare.Keys, bare.Capabilities, bare.Threshold = nil, nil, nil, nil
	if err := DecodeParty(EncodeParty(bare), full); err != nil || !reflect.DeepEqual(full, bare) {
		t.Errorf("reads %+v: %v", full, err)
	}
}

// TestNoAllocation checks that the buffers do not allocate once they are warm, and
// that appending does not either.
func TestNoAllocation(t *testing.T) {
	for _, s := range handSamples() {
		decode := buffers()[s.name]
		if decode == nil || s.name == "batch" || s.name == "manifest" {
			continue // key 10 of a batch is new; the test's wrapper of a manifest is
		}
		data := s.encode()
		decode(data)
		if n := testing.AllocsPerRun(100, func() { decode(data) }); n != 0 {
			t.Errorf("%s: decoding allocates %v times", s.name, n)
		}
	}
	b := make([]byte, 0, 8_192)
	settlement, event, detail, manifest, batch, record := sampleSettlement(), sampleEvent(), sampleDetail(), sampleManifest(), sampleBatch(), sampleRecord()
	if n := testing.AllocsPerRun(100, func() {
		b = AppendSettlement(b[:0], settlement)
		b = AppendEvent(b, event)
		b = AppendDetail(b, detail)
		b = AppendManifest(b, manifest)
		b = AppendBatch(b, batch)
		b = AppendRecord(b, record)
	}); n != 0 {
		t.Errorf("appending allocates %v times", n)
	}
}

// TestDetailRoom checks that optional values survive when their room moves.
func TestDetailRoom(t *testing.T) {
	want := &Detail{Components: []Component{{}}, Salt: hash(1)}
	for i := range uint64(300) {
		p := Posting{Line: i, Salt: id(byte(i))}
		if i%3 != 0 {
			p.Units, p.UnitBase, p.Shards, p.Weight = new(i), new(i+1), new(i+2), new(i+3)
		}
		if i%5 == 0 {
			p.Reason, p.RefIndex, p.RefLine = new(i+4), new(i+5), new(i+6)
		}
		want.Postings = append(want.Postings, p)
	}
	var x DetailBuffer
	for range 3 {
		if got, err := x.Decode(EncodeDetail(want)); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("postings differ: %v", err)
		}
	}
}
