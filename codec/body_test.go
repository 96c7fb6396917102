package codec

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

func sampleBodies() map[Kind]Body {
	return map[Kind]Body{
		KindGenesis: sampleGenesis(), KindSettlement: sampleSettlement(), KindPolicy: samplePolicy(),
		KindParty: sampleParty(), KindEvent: sampleEvent(), KindDispute: sampleDispute(),
		KindAdjustment: sampleAdjustment(), KindCycle: sampleCycle(), KindAudit: sampleAudit(),
	}
}

func TestBodies(t *testing.T) {
	for kind := range Kind(Kinds) {
		want := sampleBodies()[kind]
		data := EncodeBody(want)
		if !bytes.Equal(data, Encode(want)) {
			t.Errorf("%v: encodings differ", kind)
		}
		got, err := DecodeBody(kind, data)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v: reads %+v: %v", kind, got, err)
		}
		header, err := DecodeHeader(kind, data)
		if err != nil || header != want.Header() {
			t.Errorf("%v: header %+v: %v", kind, header, err)
		}
		if header.At < t0 || header.Cycle != cycle || header.ID != id(0x01) {
			t.Errorf("%v: header %+v", kind, header)
		}
		for cut := range 1 + 1 + 17 + 1 + 9 + 1 + 5 + 1 + 17 {
			if _, err := DecodeHeader(kind, data[:cut]); CodeOf(err) != CodeMalformed {
				t.Errorf("%v: header out of %d bytes: %v", kind, cut, err)
			}
		}
	}
}

// TestWrongKind reads each body as each other kind.
func TestWrongKind(t *testing.T) {
	for kind, body := range sampleBodies() {
		for other := range Kind(Kinds) {
			if _, err := DecodeBody(other, EncodeBody(body)); (err == nil) != (other == kind) {
				t.Errorf("%v read as %v: %v", kind, other, err)
			}
		}
	}
}

func TestUnknownKind(t *testing.T) {
	for _, kind := range []Kind{Kinds, 255} {
		if _, err := DecodeBody(kind, []byte{0xa0}); !errors.Is(err, ErrUnknownKind) {
			t.Errorf("body of %v: %v", kind, err)
		}
		if _, err := DecodeHeader(kind, EncodeEvent(sampleEvent())); !errors.Is(err, ErrUnknownKind) {
			t.Errorf("header of %v: %v", kind, err)
		}
		if NewBody(kind) != nil {
			t.Errorf("there is a body of %v", kind)
		}
	}
	if _, err := DecodeHeader(KindEvent, make([]byte, MaxRecord+1)); CodeOf(err) != CodeTooLarge {
		t.Errorf("large body: %v", err)
	}
}

// TestEnvelopes changes one thing of an envelope at a time.
func TestEnvelopes(t *testing.T) {
	record := func(change func(*Record)) any { x := sampleRecord(); change(x); return x }
	one := new(uint64(1))
	for name, v := range map[string]any{
		"record of version 0":         record(func(r *Record) { r.Version = 0 }),
		"record of version 2":         record(func(r *Record) { r.Version = 2 }),
		"signatures out of order":     record(func(r *Record) { r.Signatures[0].Key = hash(0x99) }),
		"two signatures of one key":   record(func(r *Record) { r.Signatures[1].Key = r.Signatures[0].Key }),
		"batch of version 2":          batchWith(func(b *Batch) { b.Version = 2 }),
		"batch with atomic 0":         batchWith(func(b *Batch) { b.Atomic = new(uint64(0)) }),
		"batch with atomic 2":         batchWith(func(b *Batch) { b.Atomic = new(uint64(2)) }),
		"command of version 2":        &Command{Version: 2, Kind: CommandCheckpointIntent, Size: one},
		"command of kind 0":           &Command{Version: 1, Kind: 0},
		"command of kind 5":           &Command{Version: 1, Kind: 5},
		"intent without size":         &Command{Version: 1, Kind: CommandCheckpointIntent},
		"intent with batches":         &Command{Version: 1, Kind: CommandCheckpointIntent, Size: one, Batches: [][]byte{{0}}},
		"batches with size":           &Command{Version: 1, Kind: CommandBatches, Size: one, Batches: [][]byte{{0}}},
		"commit without content":      &Command{Version: 1, Kind: CommandCheckpointCommit},
		"start with an intent's size": &Command{Version: 1, Kind: CommandNodeStart, Size: one, Start: &NodeStart{}},
		"policy with odd code":        policyWith(func(p *Policy) { p.Programs[0].Code = []byte{1} }),
	} {
		data := Encode(v)
		if err := decodeAny(data, v); CodeOf(err) != CodeMalformed {
			t.Errorf("%s: decoder says %v", name, err)
		}
		if err := Decode(data, fresh(v)); CodeOf(err) != CodeMalformed {
			t.Errorf("%s: oracle says %v", name, err)
		}
	}
}

func TestBeacon(t *testing.T) {
	for _, want := range []Beacon{{}, {Present: true}, {Chain: hash(1), Genesis: 5, Period: 3, Present: true}} {
		var got Beacon
		if err := Decode(Encode(want), &got); err != nil || got != want {
			t.Errorf("reads %+v, wrote %+v: %v", got, want, err)
		}
	}
	for _, bad := range []string{"81", "8100", "820000", "f6", "a0", "84"} {
		if err := Decode(unhexString(t, bad), new(Beacon)); err == nil {
			t.Errorf("takes %s", bad)
		}
	}
}
