package codec

import "testing"

// typical values: a settlement as hubs write it, without the rare keys; its detail
// with three payouts and its manifest of eight shards.
func typicalSettlement() *Settlement {
	s := sampleSettlement()
	s.Planner, s.ReplayOf, s.Artifacts, s.PlanProof = nil, nil, []Artifact{}, []Hash{}
	s.Program.Kind, s.Program.Code, s.Program.Fuel, s.Program.Pages = ProgramBuiltIn, nil, nil, nil
	return s
}

func typicalDetail() *Detail {
	d := sampleDetail()
	provider := d.Postings[1]
	provider.Reason, provider.RefIndex, provider.RefLine = nil, nil, nil
	d.Postings = []Posting{d.Postings[0], provider, provider, provider, d.Postings[0]}
	return d
}

func typicalManifest() []ShardEntry {
	entry := *sampleEntry()
	entry.Inputs = entry.Inputs[:1]
	return repeat(entry, 8)
}

func benchmark(b *testing.B, size int, f func()) {
	b.ReportAllocs()
	b.SetBytes(int64(size))
	for b.Loop() {
		f()
	}
}

func BenchmarkSettlement(b *testing.B) {
	s, room := typicalSettlement(), make([]byte, 0, 2_048)
	data := EncodeSettlement(s)
	var buffer SettlementBuffer
	b.Run("append", func(b *testing.B) { benchmark(b, len(data), func() { room = AppendSettlement(room[:0], s) }) })
	b.Run("decode-buffer", func(b *testing.B) { benchmark(b, len(data), func() { buffer.Decode(data) }) })
	b.Run("decode-fresh", func(b *testing.B) { benchmark(b, len(data), func() { DecodeSettlement(data, new(Settlement)) }) })
	b.Run("oracle-encode", func(b *testing.B) { benchmark(b, len(data), func() { Encode(s) }) })
	b.Run("oracle-decode", func(b *testing.B) { benchmark(b, len(data), func() { Decode(data, new(Settlement)) }) })
}

func BenchmarkEvent(b *testing.B) {
	e, room := sampleEvent(), make([]byte, 0, 2_048)
	e.Reason = nil
	data := EncodeEvent(e)
	var buffer EventBuffer
	b.Run("append", func(b *testing.B) { benchmark(b, len(data), func() { room = AppendEvent(room[:0], e) }) })
	b.Run("decode-buffer", func(b *testing.B) { benchmark(b, len(data), func() { buffer.Decode(data) }) })
	b.Run("decode-fresh", func(b *testing.B) { benchmark(b, len(data), func() { DecodeEvent(data, new(Event)) }) })
}

func BenchmarkDetail(b *testing.B) {
	d, room := typicalDetail(), make([]byte, 0, 2_048)
	data := EncodeDetail(d)
	var buffer DetailBuffer
	b.Run("append", func(b *testing.B) { benchmark(b, len(data), func() { room = AppendDetail(room[:0], d) }) })
	b.Run("decode-buffer", func(b *testing.B) { benchmark(b, len(data), func() { buffer.Decode(data) }) })
	b.Run("decode-fresh", func(b *testing.B) { benchmark(b, len(data), func() { DecodeDetail(data) }) })
}

func BenchmarkManifest(b *testing.B) {
	m, room := typicalManifest(), make([]byte, 0, 4_096)
	data := EncodeManifest(m)
	var buffer ManifestBuffer
	b.Run("append", func(b *testing.B) { benchmark(b, len(data), func() { room = AppendManifest(room[:0], m) }) })
	b.Run("decode-buffer", func(b *testing.B) { benchmark(b, len(data), func() { buffer.Decode(data) }) })
	b.Run("decode-fresh", func(b *testing.B) { benchmark(b, len(data), func() { DecodeManifest(data) }) })
}

func BenchmarkBatch(b *testing.B) {
	x := sampleBatch()
	x.Atomic, x.Records, x.Attachments = nil, repeat(make([]byte, 700), 300), repeat(make([]byte, 400), 400)
	room, data := make([]byte, 0, 1<<20), EncodeBatch(x)
	reused := new(Batch)
	b.Run("append", func(b *testing.B) { benchmark(b, len(data), func() { room = AppendBatch(room[:0], x) }) })
	b.Run("decode-into", func(b *testing.B) { benchmark(b, len(data), func() { DecodeBatchInto(data, reused) }) })
	b.Run("decode-fresh", func(b *testing.B) { benchmark(b, len(data), func() { DecodeBatch(data) }) })
}

func BenchmarkRecord(b *testing.B) {
	r := &Record{Version: 1, Kind: KindSettlement, Body: make([]byte, 700)}
	room, data := make([]byte, 0, 1_024), EncodeRecord(r)
	b.Run("append", func(b *testing.B) { benchmark(b, len(data), func() { room = AppendRecord(room[:0], r) }) })
	b.Run("decode", func(b *testing.B) { benchmark(b, len(data), func() { DecodeRecord(data) }) })
}
