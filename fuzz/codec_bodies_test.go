package fuzz

import (
	"bytes"
	"testing"

	"github.com/forgepool/settle/codec"
)

func FuzzCodecOutcomes(f *testing.F) {
	f.Add(codecDump(f, "outcomes"))
	f.Add(codecUnhex(f, codecLoad(f).Batch.OutcomesHex))
	f.Fuzz(func(t *testing.T, data []byte) {
		outcomes, err := codec.DecodeOutcomes(data)
		if err != nil {
			return
		}
		if again := codec.EncodeOutcomes(outcomes); !bytes.Equal(again, data) {
			t.Fatalf("written back as %x", again)
		}
	})
}

// FuzzCodecBody decodes a body of any kind: what is accepted is written back as it
// was, and its header is the one that DecodeHeader reads.
func FuzzCodecBody(f *testing.F) {
	for kind := range codec.Kind(codec.Kinds) {
		f.Add(uint8(kind), codecDump(f, kind.String()))
	}
	x := codecLoad(f)
	for _, r := range x.Records {
		f.Add(uint8(r.Kind), codecUnhex(f, r.BodyHex))
	}
	f.Add(uint8(codec.KindPolicy), codecUnhex(f, x.Policy.BodyHex))
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		body, err := codec.DecodeBody(codec.Kind(kind), data)
		header, headerErr := codec.DecodeHeader(codec.Kind(kind), data)
		if err != nil {
			return
		}
		if headerErr != nil || header != body.Header() {
			t.Fatalf("header %+v, %v, of %+v", header, headerErr, body)
		}
		if again := codec.EncodeBody(body); !bytes.Equal(again, data) {
			t.Fatalf("written back as %x", again)
		}
	})
}

// FuzzCodecBlob decodes the blobs that no body is: sealed values and corrections.
func FuzzCodecBlob(f *testing.F) {
	for _, name := range []string{"sealed-party", "sealed-cap", "sealed-discounts", "sealed-quotas", "sealed-labels", "correction"} {
		f.Add(codecDump(f, name))
	}
	codecAddBlob(f, "customer cap")
	codecAddBlob(f, "customer opening")
	f.Fuzz(func(t *testing.T, data []byte) {
		codecUnseal[codec.ID](t, data)
		codecUnseal[uint64](t, data)
		codecUnseal[[]codec.Discount](t, data)
		codecUnseal[[]codec.Quota](t, data)
		codecUnseal[[]codec.Label](t, data)
		c, err := codec.DecodeCorrection(data)
		if err == nil && !bytes.Equal(codec.EncodeCorrection(c), data) {
			t.Fatalf("correction written back as %x", codec.EncodeCorrection(c))
		}
	})
}

// codecUnseal checks that a sealed value gives its blob again.
func codecUnseal[T any](t *testing.T, data []byte) {
	t.Helper()
	value, err := codec.Unseal[T](data)
	if err != nil {
		return
	}
	var salt codec.ID
	r := codec.NewReader(data)
	r.Array(2)
	r.Fixed(salt[:])
	if blob, _ := codec.Seal(salt, value); !bytes.Equal(blob, data) {
		t.Fatalf("sealed again as %x", blob)
	}
}

// FuzzCodecProgram checks that a program that decodes is either valid or refused
// with a code, and has one encoding.
func FuzzCodecProgram(f *testing.F) {
	f.Add(codecDump(f, "program"))
	f.Add(codecUnhex(f, "a401626d6302010367706174682e76310400"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var p codec.Program
		if codec.Decode(data, &p) != nil {
			return
		}
		if again := codec.EncodeProgram(&p); !bytes.Equal(again, data) {
			t.Fatalf("written back as %x", again)
		}
		if err := p.Validate(); err != nil && codec.CodeOf(err) != codec.CodeMalformed {
			t.Fatalf("refused without a code: %v", err)
		}
	})
}
