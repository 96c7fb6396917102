package consensus

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

func someAppend() *raft.AppendEntriesRequest {
	return &raft.AppendEntriesRequest{
		RPCHeader: raft.RPCHeader{ProtocolVersion: 3, ID: []byte("n1"), Addr: []byte("n1.example:7000")},
		Term:      7, PrevLogEntry: 40, PrevLogTerm: 6, LeaderCommitIndex: 39,
		Entries: []*raft.Log{
			{Index: 41, Term: 7, Type: raft.LogNoop, Data: []byte{}},
			{Index: 42, Term: 7, Type: raft.LogCommand, Data: bytes.Repeat([]byte("data"), 300_000), AppendedAt: time.Unix(5, 6)},
			{Index: 43, Term: 7, Type: raft.LogConfiguration, Data: []byte("c"), Extensions: []byte("extensions")},
		},
	}
}

func written(t testing.TB, q *raft.AppendEntriesRequest) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := writeAppend(&b, q); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAppendMessages(t *testing.T) {
	heartbeat := &raft.AppendEntriesRequest{
		RPCHeader: raft.RPCHeader{ProtocolVersion: 3, ID: []byte("n1"), Addr: []byte("a:1")}, Term: 9,
	}
	for _, q := range []*raft.AppendEntriesRequest{someAppend(), heartbeat} {
		r := bytes.NewReader(written(t, q))
		got, err := readAppend(r)
		if err != nil || r.Len() != 0 {
			t.Fatalf("%v, %d bytes left", err, r.Len())
		}
		if !reflect.DeepEqual(got, q) {
			t.Errorf("read back %+v", got)
		}
	}
	for _, a := range []raft.AppendEntriesResponse{
		{RPCHeader: raft.RPCHeader{ProtocolVersion: 3, ID: []byte("n2"), Addr: []byte("b:1")}, Term: 9, LastLog: 43, Success: true},
		{RPCHeader: raft.RPCHeader{ID: []byte{}, Addr: []byte{}}, NoRetryBackoff: true},
	} {
		var got raft.AppendEntriesResponse
		if err := readAnswer(bytes.NewReader(appendAnswer(nil, &a, nil)), &got); err != nil || !reflect.DeepEqual(got, a) {
			t.Errorf("read back %+v, %v", got, err)
		}
	}
	var said peerError
	err := readAnswer(bytes.NewReader(appendAnswer(nil, nil, errors.New("not now"))), new(raft.AppendEntriesResponse))
	if !errors.As(err, &said) || said != "not now" {
		t.Errorf("the peer's error came as %v", err)
	}
}

// TestAppendMalformed cuts a message at every length of its header, and makes lengths
// that are too large.
func TestAppendMalformed(t *testing.T) {
	whole := written(t, someAppend())
	head := int(binary.BigEndian.Uint32(whole)) + 4
	for n := range head + 1 {
		if _, err := readAppend(bytes.NewReader(whole[:n])); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
		if n < 4 || n == head {
			continue
		}
		short := bytes.Clone(whole[:n])
		binary.BigEndian.PutUint32(short, uint32(n-4))
		if q, err := readAppend(bytes.NewReader(short)); err == nil && len(q.Entries) > 2 {
			t.Fatalf("a header of %d bytes has all entries", n-4)
		}
	}
	long := bytes.Clone(whole)
	binary.BigEndian.PutUint32(long, maxAppendHead+1)
	heavy := bytes.Clone(whole)
	binary.BigEndian.PutUint32(heavy[head-8:], maxAppendBytes)
	for name, b := range map[string][]byte{"header": long, "data": heavy} {
		if _, err := readAppend(bytes.NewReader(b)); !errors.Is(err, errAppendMalformed) {
			t.Errorf("%s beyond its bound: %v", name, err)
		}
	}
	answer := appendAnswer(nil, &raft.AppendEntriesResponse{Term: 9}, nil)
	for n := 4; n < len(answer); n++ {
		short := bytes.Clone(answer[:n])
		binary.BigEndian.PutUint32(short, uint32(n-4))
		if err := readAnswer(bytes.NewReader(short), new(raft.AppendEntriesResponse)); !errors.Is(err, errAppendMalformed) && n > 5 {
			t.Errorf("an answer of %d bytes: %v", n-4, err)
		}
	}
}

func FuzzAppendMessage(f *testing.F) {
	q := someAppend()
	q.Entries[1].Data = []byte("short")
	f.Add(written(f, q))
	f.Add(written(f, &raft.AppendEntriesRequest{Term: 1}))
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := readAppend(bytes.NewReader(b))
		if err != nil {
			return
		}
		again, err := readAppend(bytes.NewReader(written(t, q)))
		if err != nil || !reflect.DeepEqual(again, q) {
			t.Errorf("%+v came back as %+v, %v", q, again, err)
		}
	})
}
