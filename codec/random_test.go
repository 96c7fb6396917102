package codec

import (
	"bytes"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// random fills v, a pointer, with values drawn at every size that matters to an
// encoding. Lists have up to most elements.
func random(t *rapid.T, v reflect.Value, most int) {
	switch v.Kind() {
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "present") {
			v.Set(reflect.New(v.Type().Elem()))
			random(t, v.Elem(), most)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				random(t, v.Field(i), most)
			}
		}
	case reflect.Uint64:
		v.SetUint(rapid.Uint64().Draw(t, "uint") >> rapid.IntRange(0, 63).Draw(t, "shift"))
	case reflect.Uint8:
		v.SetUint(uint64(rapid.Uint8().Draw(t, "small")))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.String:
		v.SetString(rapid.StringN(0, 12, 48).Draw(t, "text"))
	case reflect.Array:
		fill := rapid.Byte().Draw(t, "fill")
		for i := range v.Len() {
			v.Index(i).SetUint(uint64(fill) + uint64(i)&0x0f)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes(rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "bytes"))
			return
		}
		n := rapid.IntRange(0, most).Draw(t, "elements")
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			random(t, v.Index(i), most)
		}
	default:
		panic(v.Type().String())
	}
}

// tame brings a random value into the form that the codec asks for.
func tame(v any) {
	switch x := v.(type) {
	case *Record:
		x.Version, x.Kind = 1, x.Kind%Kinds
		for i := range x.Signatures {
			x.Signatures[i].Key[0] = byte(i)
		}
		if len(x.Signatures) == 0 {
			x.Signatures = nil
		}
	case *Batch:
		x.Version = 1
		x.Records = append(x.Records, []byte{0xa0})
		if x.Atomic != nil {
			*x.Atomic = 1
		}
	case *Detail:
		x.Components, x.Postings = append(x.Components, Component{}), append(x.Postings, Posting{})
	case *Correction:
		x.Postings = append(x.Postings, Posting{})
	case *Command:
		tameCommand(x)
	case *Genesis:
		x.Parties = append(x.Parties, []byte{0xa0})
	case *Policy:
		x.Floors = append(x.Floors, make([]Floor, Classes)...)[:Classes]
		x.Limits.MaxUnits = append(x.Limits.MaxUnits, make([]uint64, Classes)...)[:Classes]
		for i := range x.Programs {
			x.Programs[i].Code = make([]byte, 32*(i%2))
		}
		if !x.Audit.Beacon.Present {
			x.Audit.Beacon = Beacon{}
		}
		if x.Prices != nil {
			for i := range *x.Prices {
				(*x.Prices)[i].Currency = "EUR"[:i%4]
			}
		}
	case *Party:
		if len(x.Keys) == 0 {
			x.Keys = nil
		}
		if len(x.Pop) == 0 {
			x.Pop = nil
		}
	case *Cycle:
		if x.Counts = append(x.Counts, make([]uint64, Kinds)...)[:Kinds]; x.Op%2 == 0 {
			x.Counts = nil
		}
	}
}

// tameCommand leaves the fields of one kind.
func tameCommand(c *Command) {
	batches := append(c.Batches, []byte{0xa0})
	*c = Command{Version: 1, Kind: c.Kind%4 + 1, Stamp: c.Stamp}
	switch c.Kind {
	case CommandBatches:
		c.Batches = batches
	case CommandCheckpointIntent:
		c.Size = new(c.Stamp)
	case CommandCheckpointCommit:
		c.Commit = &CheckpointCommit{Size: c.Stamp, NoteA: []byte{1}, NoteB: []byte{}}
	default:
		c.Start = &NodeStart{Server: "n1", LastIndex: c.Stamp}
	}
}

// encodeAny writes by hand if there is a way.
func encodeAny(v any) []byte {
	switch x := v.(type) {
	case *Settlement:
		return EncodeSettlement(x)
	case *Event:
		return EncodeEvent(x)
	case *Detail:
		return EncodeDetail(x)
	case *[]ShardEntry:
		return EncodeManifest(*x)
	case *Record:
		return EncodeRecord(x)
	case *Batch:
		return EncodeBatch(x)
	case *Command:
		return EncodeCommand(x)
	case *Program:
		return EncodeProgram(x)
	case *Posting:
		return AppendPosting(nil, x)
	case *ShardEntry:
		return AppendShardEntry(nil, x)
	default:
		return Encode(v)
	}
}

// TestRandom checks that any value is written as the oracle writes it and read back
// as it was, and that any two codecs agree on its bytes with one byte changed.
func TestRandom(t *testing.T) {
	for _, s := range allSamples() {
		t.Run(s.name, rapid.MakeCheck(func(t *rapid.T) {
			v := fresh(s.value)
			random(t, reflect.ValueOf(v).Elem(), 5)
			tame(v)
			data := encodeAny(v)
			if want := Encode(v); !bytes.Equal(data, want) {
				t.Fatalf("encoder writes\n%x, oracle\n%x", data, want)
			}
			for way, decode := range s.decoders() {
				got, err := decode(data)
				if err != nil {
					t.Fatalf("%s refuses %x: %v", way, data, err)
				}
				if !reflect.DeepEqual(got, v) {
					t.Fatalf("%s reads %+v, wrote %+v", way, got, v)
				}
			}
			i := rapid.IntRange(0, len(data)-1).Draw(t, "position")
			data[i] = rapid.Byte().Draw(t, "byte")
			s.mustAgree(t, data)
		}))
	}
}
