package codec

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"testing"
)

// decodeAny reads into a value like v by hand if there is a way.
func decodeAny(data []byte, v any) error {
	switch v.(type) {
	case *Settlement:
		return DecodeSettlement(data, new(Settlement))
	case *Detail:
		_, err := DecodeDetail(data)
		return err
	case *[]ShardEntry:
		_, err := DecodeManifest(data)
		return err
	case *Record:
		_, err := DecodeRecord(data)
		return err
	case *Batch:
		_, err := DecodeBatch(data)
		return err
	case *Command:
		_, err := DecodeCommand(data)
		return err
	default:
		return Decode(data, fresh(v))
	}
}

// TestLimits takes every limit at its edge and refuses one beyond, in both codecs.
func TestLimits(t *testing.T) {
	for _, e := range edges {
		t.Run(e.name, func(t *testing.T) {
			at, beyond := e.with(e.most), e.with(e.most+1)
			data := Encode(at)
			if err := decodeAny(data, at); err != nil {
				t.Errorf("decoder refuses %d: %v", e.most, err)
			}
			if err := Decode(data, fresh(at)); err != nil {
				t.Errorf("oracle refuses %d: %v", e.most, err)
			}
			data = Encode(beyond)
			if err := decodeAny(data, at); CodeOf(err) != CodeTooLarge {
				t.Errorf("decoder on %d: %v", e.most+1, err)
			}
			if err := Decode(data, fresh(at)); CodeOf(err) != CodeTooLarge {
				t.Errorf("oracle on %d: %v", e.most+1, err)
			}
		})
	}
}

// TestLeast refuses lists that are shorter than they must be.
func TestLeast(t *testing.T) {
	for i, v := range []any{
		batchWith(func(b *Batch) { b.Records = nil }),
		genesisWith(func(g *Genesis) { g.Parties = nil }),
		policyWith(func(p *Policy) { p.Floors = p.Floors[:Classes-1] }),
		policyWith(func(p *Policy) { p.Limits.MaxUnits = p.Limits.MaxUnits[:Classes-1] }),
		&Detail{Components: nil, Postings: repeat(*samplePosting(), 1)},
		&Detail{Components: repeat(Component{}, 1)},
		&Correction{},
		commandOf(Command{Kind: CommandBatches}),
	} {
		data := Encode(v)
		if CodeOf(decodeAny(data, v)) != CodeMalformed || CodeOf(Decode(data, fresh(v))) != CodeMalformed {
			t.Errorf("value %d is taken: %+v", i, v)
		}
	}
}

// TestHugeHeaders checks that a head that promises much makes nobody allocate.
func TestHugeHeaders(t *testing.T) {
	for _, s := range allSamples() {
		data := s.encode()
		r := NewReader(data)
		parse(&r).each(func(n *node) {
			if n.major < MajorBytes {
				return
			}
			for _, promise := range []uint64{64, MaxShards, MaxBatchRecords, MaxAttachments, 1<<32 - 1, 1 << 63} {
				bad := slices.Concat(data[:n.start], appendHead(nil, n.major, promise), data[n.body:min(n.end, n.body+40)])
				for way, decode := range s.decoders() {
					if spent := allocated(func() { decode(bad) }); spent > 128<<10 {
						t.Errorf("%s: %s allocates %d bytes for a head of %d at byte %d", s.name, way, spent, promise, n.start)
					}
				}
			}
		})
	}
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestCodeOf(t *testing.T) {
	large, odd := bytes.Repeat([]byte{0}, MaxRecord+1), []byte{0xa3, 1, 1, 2, 9, 3, 0x40}
	_, tooLarge := DecodeRecord(large)
	_, unknown := DecodeRecord(odd)
	_, malformed := DecodeRecord([]byte{0xa0})
	for _, c := range []struct {
		err  error
		want Code
	}{
		{nil, ""}, {tooLarge, CodeTooLarge}, {unknown, CodeUnknownKind}, {malformed, CodeMalformed},
		{fmt.Errorf("apply: %w", Refuse(CodeOverCap, "x")), CodeOverCap}, {fmt.Errorf("other"), CodeInternal},
	} {
		if got := CodeOf(c.err); got != c.want {
			t.Errorf("CodeOf(%v) = %q, want %q", c.err, got, c.want)
		}
	}
}
