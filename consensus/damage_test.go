package consensus

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/forgepool/settle/ledger"
	"github.com/hashicorp/raft"
)

// damagedDir is one replica's directory whose log holds entries that its state has not
// applied (as after a crash that lost memory), and the bytes of those entries.
func damagedDir(t *testing.T) (n *node, older string, batches [][]byte) {
	c := newCluster(t, 1, nil)
	n = c.nodes[0]
	c.startAll()
	appended(t, c, c.f.first)
	n.stop()
	older = filepath.Join(t.TempDir(), "older")
	copyDir(t, n.ledgerDir(), older)
	must(t, n.start())
	n.waitJoined() // its announcement must not be the last entry
	for i := range 5 {
		batches = append(batches, c.f.batch(uint64(i), 3))
		appended(t, c, batches[i])
	}
	n.stop()
	return n, older, batches
}

// segments returns the log's files, oldest first.
func segments(t *testing.T, n *node) []string {
	files, err := filepath.Glob(filepath.Join(n.walDir(), "*.wal"))
	must(t, err)
	slices.Sort(files)
	return files
}

func flipIn(t *testing.T, files []string, what []byte, offset int) {
	found := 0
	for _, file := range files {
		found += flip(t, file, what, offset)
	}
	if found == 0 {
		t.Fatal("the bytes to damage were not found")
	}
}

// TestDamagedLog is the table of what can happen to a log behind the replica's back.
// Everything must be found before the replica votes, or be without effect.
func TestDamagedLog(t *testing.T) {
	cases := []struct {
		name    string
		back    bool // put the older state back first
		code    int  // 0: must start
		prepare func(t *testing.T, n *node, batches [][]byte)
	}{
		{"nothing", false, 0, func(*testing.T, *node, [][]byte) {}},
		{"older state, log complete", true, 0, func(*testing.T, *node, [][]byte) {}},
		{"bit flip in an entry to be applied", true, ExitStorage, func(t *testing.T, n *node, batches [][]byte) {
			flipIn(t, segments(t, n), batches[2], len(batches[2])/2)
		}},
		{"bit flip in the last entry", false, ExitTailLost, func(t *testing.T, n *node, batches [][]byte) {
			flipIn(t, segments(t, n), batches[4], len(batches[4])/2)
		}},
		{"last entries zeroed", false, ExitTailLost, func(t *testing.T, n *node, batches [][]byte) {
			file := segments(t, n)[len(segments(t, n))-1]
			text, err := os.ReadFile(file)
			must(t, err)
			at := bytes.Index(text, batches[3])
			clear(text[at-40:])
			must(t, os.WriteFile(file, text, 0o600))
		}},
		{"newest file deleted", false, ExitTailLost, func(t *testing.T, n *node, _ [][]byte) {
			must(t, os.Remove(segments(t, n)[len(segments(t, n))-1]))
		}},
		{"log and file of incarnations deleted", false, ExitTailLost, func(t *testing.T, n *node, _ [][]byte) {
			must(t, os.RemoveAll(n.raftDir()))
		}},
		{"files of the log deleted", false, ExitTailLost, func(t *testing.T, n *node, _ [][]byte) {
			must(t, os.RemoveAll(n.walDir()))
		}},
		{"log compacted past the state", true, ExitGap, func(t *testing.T, n *node, _ [][]byte) {
			w, err := openWAL(n.walDir(), 4<<20, quietLogger())
			must(t, err)
			last, err := w.LastIndex()
			must(t, err)
			must(t, w.DeleteRange(1, last-1))
			must(t, w.Close())
		}},
		{"list of files damaged", false, ExitStorage, func(t *testing.T, n *node, _ [][]byte) {
			flipIn(t, []string{filepath.Join(n.walDir(), "wal-meta.db")}, []byte(`"MinIndex":`), 12)
		}},
		{"file of incarnations deleted", false, ExitIncarnation, func(t *testing.T, n *node, _ [][]byte) {
			must(t, os.Remove(filepath.Join(n.raftDir(), incarnationFile)))
		}},
		{"file of incarnations damaged", false, ExitIncarnation, func(t *testing.T, n *node, _ [][]byte) {
			flipIn(t, []string{filepath.Join(n.raftDir(), incarnationFile)}, []byte("number "), 7)
		}},
	}
	n, older, batches := damagedDir(t)
	whole := filepath.Join(t.TempDir(), "whole")
	copyDir(t, n.dir, whole)
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			copyDir(t, whole, n.dir)
			if tc.back {
				copyDir(t, older, n.ledgerDir())
			}
			tc.prepare(t, n, batches)
			err := n.start()
			defer n.stop()
			var fatal *FatalError
			switch {
			case tc.code == 0 && err != nil:
				t.Fatal(err)
			case tc.code == 0:
				n.waitJoined()
				if a := n.c.agree(); a.Size != 6+15 {
					t.Fatalf("size %d", a.Size)
				}
			case !errors.As(err, &fatal) || fatal.Code != tc.code:
				t.Fatalf("start returned %v, want exit %d", err, tc.code)
			}
		})
	}
}

// TestDamageFoundWhileRunning reads a damaged entry for a follower that lags: the
// replica stops, and no bytes are returned.
func TestDamageFoundWhileRunning(t *testing.T) {
	n, _, batches := damagedDir(t)
	flipIn(t, segments(t, n), batches[2], 99)
	must(t, n.start())
	n.waitJoined()
	log := n.replica.log
	log.cache.clear()
	last, err := log.LastIndex()
	must(t, err)
	ended := make(chan bool, 1)
	go func() {
		defer func() { ended <- true }()
		for index := uint64(1); index <= last; index++ {
			var l raft.Log
			_ = log.GetLog(index, &l)
			if l.Index == index && bytes.Contains(l.Data, batches[2][:90]) {
				t.Error("damaged bytes were returned")
			}
		}
		t.Error("no damage was found")
	}()
	<-ended
	if fatal := n.died(); fatal == nil || fatal.Code != ExitStorage {
		t.Fatalf("the replica ended with %v", fatal)
	}
}

// memoryLog is a log without disk.
type memoryLog struct{ *raft.InmemStore }

func (memoryLog) Close() error { return nil }

func newMemoryLog(entries ...*raft.Log) *logStore {
	s := raft.NewInmemStore()
	_ = s.StoreLogs(entries)
	log := &logStore{
		wal: memoryLog{s}, guard: &diskGuard{stall: patience}, cache: &entryCache{limit: 1 << 20},
		backlog: newBacklog(1<<20, 0), ahead: newPreparer(), observe: func(time.Duration, int, int) {},
	}
	return log
}

// entry makes a log entry.
func entry(index, term uint64) *raft.Log {
	return &raft.Log{Index: index, Term: term, Type: raft.LogCommand, Data: []byte{byte(index)}}
}

func TestCheckLog(t *testing.T) {
	cases := []struct {
		name    string
		entries []*raft.Log
		applied ledger.Applied
		code    int
		last    uint64
	}{
		{"empty", nil, ledger.Applied{}, 0, 0},
		{"log ahead", []*raft.Log{entry(1, 1), entry(2, 2)}, ledger.Applied{Index: 1, Term: 1}, 0, 2},
		{"log adjoins", []*raft.Log{entry(5, 2)}, ledger.Applied{Index: 4, Term: 1}, 0, 5},
		{"gap of one", []*raft.Log{entry(6, 2)}, ledger.Applied{Index: 4, Term: 1}, ExitGap, 0},
		{"log short by one", []*raft.Log{entry(3, 1)}, ledger.Applied{Index: 4, Term: 1}, ExitTailLost, 0},
		{"other term", []*raft.Log{entry(4, 2)}, ledger.Applied{Index: 4, Term: 1}, ExitIntegrity, 0},
		{"log empty", nil, ledger.Applied{Index: 4, Term: 1}, ExitTailLost, 0},
		{"crash within an install", []*raft.Log{entry(1, 1), entry(2, 1)}, ledger.Applied{Index: 4, Term: 2, Installed: 4}, 0, 0},
		{"crash after an install", nil, ledger.Applied{Index: 4, Term: 2, Installed: 4}, 0, 0},
		{"tail lost after an install", []*raft.Log{entry(5, 2)}, ledger.Applied{Index: 6, Term: 2, Installed: 4}, ExitTailLost, 0},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			log := newMemoryLog(tc.entries...)
			defer log.ahead.close()
			log.applied.Store(tc.applied.Index)
			log.durable.Store(tc.applied.Index)
			stable := &stableStore{guard: log.guard, inner: make(memoryValues)}
			_, err := checkLog(log, stable, tc.applied)
			var fatal *FatalError
			if tc.code != 0 {
				if !errors.As(err, &fatal) || fatal.Code != tc.code {
					t.Fatalf("%v, want exit %d", err, tc.code)
				}
				return
			}
			must(t, err)
			if last, _ := log.LastIndex(); last != tc.last {
				t.Errorf("log ends at %d, want %d", last, tc.last)
			}
		})
	}
}

// TestDeleteRangeFences checks what raft may delete.
func TestDeleteRangeFences(t *testing.T) {
	fresh := func(applied, durable uint64) *logStore {
		log := newMemoryLog(entry(1, 1), entry(2, 1), entry(3, 1), entry(4, 1), entry(5, 1))
		t.Cleanup(log.ahead.close)
		log.applied.Store(applied)
		log.durable.Store(durable)
		return log
	}
	extent := func(log *logStore) [2]uint64 {
		first, _ := log.FirstIndex()
		last, _ := log.LastIndex()
		return [2]uint64{first, last}
	}
	log := fresh(4, 2)
	must(t, log.DeleteRange(1, 4))
	if got := extent(log); got != [2]uint64{3, 5} {
		t.Errorf("compaction went past what is durable: %v", got)
	}
	log = fresh(3, 0)
	must(t, log.DeleteRange(4, 5))
	if got := extent(log); got != [2]uint64{1, 3} {
		t.Errorf("conflicting tail was not deleted: %v", got)
	}
	log = fresh(4, 0)
	var fatal *FatalError
	if err := log.DeleteRange(4, 5); !errors.As(err, &fatal) || fatal.Code != ExitIntegrity {
		t.Errorf("an applied entry was deleted: %v", err)
	}
	log = fresh(4, 4)
	log.replaced.Store(true)
	must(t, log.DeleteRange(1, 5))
	if got := extent(log); got != [2]uint64{0, 0} {
		t.Errorf("after an install the log is %v", got)
	}
	if log.replaced.Load() {
		t.Error("the licence to delete everything holds for one time only")
	}
}

// memoryValues is a stable store without disk.
type memoryValues map[string][]byte

func (m memoryValues) Set(key, value []byte) error { m[string(key)] = value; return nil }

func (m memoryValues) Get(key []byte) ([]byte, error) { return m[string(key)], nil }

func TestStableValuesDetectFlips(t *testing.T) {
	for bit := range 8 * (8 + sumSize) {
		values := make(memoryValues)
		s := &stableStore{guard: &diskGuard{stall: patience}, inner: values}
		must(t, s.SetUint64(keyTerm, 7))
		if got, err := s.GetUint64(keyTerm); err != nil || got != 7 {
			t.Fatalf("%d, %v", got, err)
		}
		values[string(keyTerm)][bit/8] ^= 1 << (bit % 8)
		if got, err := s.GetUint64(keyTerm); err == nil {
			t.Fatalf("bit %d flipped: read %d", bit, got)
		}
	}
	values := make(memoryValues)
	s := &stableStore{guard: &diskGuard{stall: patience}, inner: values}
	must(t, s.Set([]byte("a"), []byte("x")))
	values["b"] = values["a"]
	if got, err := s.Get([]byte("b")); err == nil {
		t.Errorf("a value under another key was read as %q", got)
	}
	if got, err := (&stableStore{guard: &diskGuard{}, inner: memoryValues{}}).Get([]byte("none")); err != nil || got != nil {
		t.Errorf("a value never set is %q, %v", got, err)
	}
}

func TestEntryCodecDetectsFlips(t *testing.T) {
	l := &raft.Log{Index: 9, Term: 3, Type: raft.LogCommand, Data: []byte("data"), Extensions: []byte("ext")}
	var buf bytes.Buffer
	must(t, entryCodec{new(spareBuffers)}.Encode(l, &buf))
	var got raft.Log
	must(t, entryCodec{}.Decode(buf.Bytes(), &got))
	if got.Index != 9 || got.Term != 3 || got.Type != raft.LogCommand || string(got.Data) != "data" || string(got.Extensions) != "ext" {
		t.Fatalf("%+v", got)
	}
	if !got.AppendedAt.IsZero() {
		t.Errorf("appended at %v", got.AppendedAt)
	}
	for bit := range 8 * buf.Len() {
		b := bytes.Clone(buf.Bytes())
		b[bit/8] ^= 1 << (bit % 8)
		if err := (entryCodec{}).Decode(b, new(raft.Log)); !errors.Is(err, errEntryDamaged) {
			t.Fatalf("bit %d flipped: %v", bit, err)
		}
	}
	for size := range buf.Len() {
		if err := (entryCodec{}).Decode(buf.Bytes()[:size], new(raft.Log)); !errors.Is(err, errEntryDamaged) {
			t.Fatalf("cut to %d bytes: %v", size, err)
		}
	}
	other := new(bytes.Buffer)
	must(t, entryCodec{new(spareBuffers)}.Encode(l, struct{ io.Writer }{other}))
	if !bytes.Equal(other.Bytes(), buf.Bytes()) {
		t.Error("the encoding depends on the writer")
	}
}

// TestSpareBuffers checks that memory in use is never handed out again, and that what is
// kept is bounded.
func TestSpareBuffers(t *testing.T) {
	s := new(spareBuffers)
	a, b := s.take(10), s.take(10)
	if &a[:1][0] == &b[:1][0] {
		t.Fatal("memory in use was handed out again")
	}
	s.release()
	if c := s.take(8); &c[:1][0] != &a[:1][0] {
		t.Error("free memory is not used again")
	}
	for range 3 {
		s.take(maxSpare/2 + 1)
	}
	s.release()
	kept := 0
	for _, f := range s.free {
		kept += cap(f)
	}
	if kept > maxSpare || kept != s.bytes || len(s.inUse) != 0 {
		t.Errorf("%d bytes are kept, %d counted, at most %d", kept, s.bytes, maxSpare)
	}
}
