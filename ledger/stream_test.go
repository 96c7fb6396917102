package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func memory() Options { return Options{FS: vfs.NewMem()} }

// stream returns a whole snapshot stream.
func stream(t testing.TB, l *Ledger) ([]byte, Meta) {
	t.Helper()
	r, m, size, err := l.OpenSnapshotReader()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil || int64(len(data)) != size {
		t.Fatalf("%d bytes of %d: %v", len(data), size, err)
	}
	return data, m
}

// install gives a stream to a ledger in pieces.
func install(l *Ledger, data []byte, piece int) error {
	in, err := l.NewInstaller()
	if err != nil {
		return err
	}
	for len(data) > 0 {
		n := min(piece, len(data))
		if _, err := in.Write(data[:n]); err != nil {
			return errors.Join(err, in.Abort())
		}
		data = data[n:]
	}
	if _, err := in.Finish(); err != nil {
		return errors.Join(err, in.Abort())
	}
	if err := l.Swap(in); err != nil {
		return errors.Join(err, in.Abort())
	}
	return nil
}

// pairOf makes a ledger with history and another one at the genesis.
func pairOf(t testing.TB) (w *world, ahead, behind *Ledger) {
	w = newWorld(t)
	ahead = w.create(Options{})
	for range 3 {
		records, blobs := w.planned(150)
		w.apply(ahead, w.batch(blobs, records...))
	}
	_, records, blobs := w.workload(5)
	w.apply(ahead, w.batch(blobs, records...))
	w.intent(ahead, 1)
	behind, err := Create("db", w.genesis, memory())
	if err != nil {
		t.Fatal(err)
	}
	return w, ahead, behind
}

func TestInstall(t *testing.T) {
	w, ahead, behind := pairOf(t)
	defer ahead.Close()
	old := behind.Read()
	data, meta := stream(t, ahead)
	if meta.Index != ahead.Applied().Index || meta.Term != 1 {
		t.Fatalf("%+v", meta)
	}
	if err := install(behind, data, 1000); err != nil {
		t.Fatal(err)
	}
	want := ahead.Applied()
	want.Installed = want.Index
	if behind.Applied() != want {
		t.Fatalf("%+v, want %+v", behind.Applied(), want)
	}
	if _, err := old.Record(0); err != nil || old.Size() != 1 {
		t.Fatal("an open snapshot lost its store", err)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	if err := install(behind, data, 1<<20); !errors.Is(err, ErrStale) {
		t.Fatalf("the same snapshot again: %v", err)
	}
	_, records, blobs := w.workload(4)
	e := w.batches(w.batch(blobs, records...))
	a, b := ahead.Apply([]Entry{e}), behind.Apply([]Entry{e})
	if describe(a) != describe(b) || ahead.Applied().RootA != behind.Applied().RootA || ahead.Applied().StateSum != behind.Applied().StateSum {
		t.Fatal("the replicas went apart")
	}
	behind = reopen(t, behind)
	defer behind.Close()
	names, err := behind.o.FS.List("db")
	if err != nil || len(names) != 2 {
		t.Fatalf("left over: %v %v", names, err)
	}
	report, err := Fsck("db", FsckOptions{FS: ahead.o.FS})
	if err == nil && !report.OK() {
		t.Fatal(report.Findings)
	}
}

// TestBadStreams checks that no damaged stream replaces anything.
func TestBadStreams(t *testing.T) {
	_, ahead, behind := pairOf(t)
	defer ahead.Close()
	defer behind.Close()
	data, _ := stream(t, ahead)
	flip := func(at int) []byte {
		bad := bytes.Clone(data)
		bad[at] ^= 0x20
		return bad
	}
	cases := map[string][]byte{
		"empty": nil, "cut in the magic": data[:5], "cut in the header": data[:100], "cut in a file": data[:len(data)/2],
		"cut in the digest": data[:len(data)-1], "longer": append(bytes.Clone(data), 0), "other magic": flip(3),
		"huge header": flip(len(streamMagic)), "origin": flip(len(streamMagic) + 8), "digest": flip(len(data) - 5),
	}
	for i := 40; i < len(data); i += len(data)/60 + 1 {
		cases[fmt.Sprintf("flip at %d", i)] = flip(i)
	}
	before := behind.Applied()
	for name, bad := range cases {
		if err := install(behind, bad, 4096); err == nil {
			t.Fatalf("%s: installed", name)
		}
		if behind.Applied() != before {
			t.Fatalf("%s: state changed", name)
		}
	}
	other := newWorld(t)
	other.now++
	stranger, err := Create("db", loadGenesis(t), memory())
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	if err := install(stranger, data, 4096); !errors.Is(err, ErrBadSnapshot) {
		t.Fatalf("of another ledger: %v", err)
	}
	if err := install(behind, data, 1); err != nil {
		t.Fatalf("the good one afterwards: %v", err)
	}
}

func loadGenesis(t testing.TB) []byte { return unhex(t, loadExample(t).Records[0].RecordHex) }
