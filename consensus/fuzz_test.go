package consensus

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// FuzzEntry: what decodes is what was encoded, to the byte; nothing panics.
func FuzzEntry(f *testing.F) {
	for _, l := range []*raft.Log{
		{Index: 1, Term: 2, Data: []byte("data"), AppendedAt: time.Unix(3, 4)},
		{Index: 1 << 60, Type: raft.LogConfiguration, Extensions: []byte{5}}, {},
	} {
		var b bytes.Buffer
		if err := (entryCodec{new(spareBuffers)}).Encode(l, &b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
		f.Add(b.Bytes()[:b.Len()-1])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var l raft.Log
		if (entryCodec{}).Decode(data, &l) != nil {
			return
		}
		var again bytes.Buffer
		if err := (entryCodec{new(spareBuffers)}).Encode(&l, &again); err != nil || !bytes.Equal(again.Bytes(), data) {
			t.Errorf("%x is encoded as %x, %v", data, again.Bytes(), err)
		}
	})
}

// FuzzPeerFrame reads a frame as any peer may send it, and the status in it.
func FuzzPeerFrame(f *testing.F) {
	var b bytes.Buffer
	if err := writeFrame(&b, askStatus, peerStatus{Incarnation: 1, Applied: 2, Last: 3, Term: 4, Size: 5}.encode()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		_, body, err := readFrame(bytes.NewReader(data))
		if err != nil {
			return
		}
		if len(body) > maxPeerPayload {
			t.Fatalf("%d bytes", len(body))
		}
		if s, err := decodePeerStatus(body); err == nil && !bytes.Equal(s.encode(), body) {
			t.Errorf("%x is encoded as %x", body, s.encode())
		}
	})
}

// FuzzIncarnation: only what the writer writes is read.
func FuzzIncarnation(f *testing.F) {
	f.Add(incarnation{Server: "n1", Number: 7, Log: "ab"}.format())
	f.Add([]byte("settle incarnation v1\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if i, err := parseIncarnation(text); err == nil && !bytes.Equal(i.format(), text) {
			t.Errorf("%q is written as %q", text, i.format())
		}
	})
}

// FuzzConfiguration: raft's decoder panics on damage; here that is an error.
func FuzzConfiguration(f *testing.F) {
	f.Add(raft.EncodeConfiguration(raft.Configuration{Servers: bootstrapServers([]Peer{{ID: "n1", Address: "127.0.0.1:1"}})}))
	f.Add([]byte{0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		before := slices.Clone(data)
		_, _ = decodeConfiguration(data)
		if !bytes.Equal(before, data) {
			t.Error("the input was changed")
		}
	})
}
