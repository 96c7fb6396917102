package export

import (
	"io"
	"testing"

	"github.com/forgepool/settle/codec"
)

// benchSettlements is how many different settlements the benchmarks go round.
const benchSettlements = 2_000

// benchWorld has settlements of three components each, as proven records and blobs.
func benchWorld(b *testing.B) (records []*Record, blobs Blobs, f *FOCUS) {
	w := newWorld(b)
	for i := range uint64(benchSettlements) {
		p := usual()
		p.change = func(s *codec.Settlement, d *codec.Detail) {
			for k := range 8 {
				s.ID[k], s.Workload[k], s.Seed[k] = byte(i>>(8*k)), byte(i>>(8*k)), byte(i>>(8*k))
				d.Salt[k] = byte(i >> (8 * k))
			}
		}
		w.settle(p)
	}
	for i := settled + 1; i < len(w.records); i++ {
		records = append(records, w.record(uint64(i)))
	}
	f, err := NewFOCUS(w.ledger(), "")
	if err != nil {
		b.Fatal(err)
	}
	return records, w.get, f
}

// BenchmarkRows makes the rows of settlements of three components on one core.
func BenchmarkRows(b *testing.B) {
	records, blobs, f := benchWorld(b)
	b.ReportAllocs()
	rows := 0
	for i := 0; b.Loop(); i++ {
		made, err := f.Rows(records[i%len(records)], blobs)
		if err != nil {
			b.Fatal(err)
		}
		rows += len(made)
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkParquet writes rows that were made before, on all cores.
func BenchmarkParquet(b *testing.B) {
	records, blobs, f := benchWorld(b)
	var made []Rows
	for _, r := range records {
		rows, err := f.Rows(r, blobs)
		if err != nil {
			b.Fatal(err)
		}
		made = append(made, rows)
	}
	b.ReportAllocs()
	p, rows := NewParquet(io.Discard, f), 0
	for i := 0; b.Loop(); i++ {
		rows += len(made[i%len(made)])
		if err := p.Write(made[i%len(made)]); err != nil {
			b.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkAppend turns settlements into text on one core, records decoded before.
func BenchmarkAppend(b *testing.B) {
	records, blobs, f := benchWorld(b)
	for name, format := range map[string]Format{FormatCSV: f, FormatJSONLines: jsonLines{}, FormatCloudEvents: newCloudEvents(f.ledger)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var out []byte
			for i := 0; b.Loop(); i++ {
				var err error
				if out, err = format.Append(out[:0], records[i%len(records)], blobs); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
