package consensus

import (
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/settlement"
	"github.com/hashicorp/raft"
	"golang.org/x/mod/modfile"
)

// TestPinnedVersions keeps the two libraries at the versions whose faults the guards
// were made for. What the module list offers as the latest raft-wal is broken.
func TestPinnedVersions(t *testing.T) {
	text, err := os.ReadFile("../go.mod")
	must(t, err)
	file, err := modfile.Parse("go.mod", text, nil)
	must(t, err)
	want := map[string]string{"github.com/hashicorp/raft": "v1.8.0", "github.com/hashicorp/raft-wal": "v0.4.2"}
	for _, r := range file.Require {
		if v, ok := want[r.Mod.Path]; ok && v == r.Mod.Version {
			delete(want, r.Mod.Path)
		}
	}
	if len(want) > 0 {
		t.Errorf("go.mod does not require %v", want)
	}
	for _, r := range file.Replace {
		if _, ok := want[r.Old.Path]; ok || strings.HasPrefix(r.Old.Path, "github.com/hashicorp/raft") {
			t.Errorf("go.mod replaces %v", r.Old)
		}
	}
}

// TestSettingsThatStayOff guards settings that are harmful in this version of raft.
func TestSettingsThatStayOff(t *testing.T) {
	config := (&Replica{}).raftConfig(quietLogger())
	if config.RestoreCommittedLogs {
		t.Error("RestoreCommittedLogs hangs the start")
	}
	if !config.NoSnapshotRestoreOnStart {
		t.Error("raft would restore a snapshot over a state that is the snapshot")
	}
	if config.BatchApplyCh {
		t.Error("a timeout of Apply would no longer mean that nothing was proposed")
	}
	if config.PreVoteDisabled {
		t.Error("pre-vote is off")
	}
	var trans raft.Transport = &transport{}
	if _, ok := trans.(raft.WithPreVote); !ok {
		t.Error("the transport hides pre-vote")
	}
}

// TestAppendBytes checks that a message is cut where its bytes exceed the limit, and
// never to nothing.
func TestAppendBytes(t *testing.T) {
	appends := &appendClient{timeout: patience, idle: make(map[raft.ServerAddress][]*appendConn), dial: noting(t)}
	defer appends.close()
	trans := &transport{appends: appends, maxBytes: 100}
	sizes := func(n ...int) (logs []*raft.Log) {
		for i, size := range n {
			logs = append(logs, &raft.Log{Index: uint64(i + 1), Data: make([]byte, size)})
		}
		return logs
	}
	for _, tc := range []struct {
		sizes []int
		want  uint64
	}{
		{[]int{50, 50}, 2}, {[]int{50, 50, 1}, 2}, {[]int{101}, 1}, {[]int{101, 1}, 1}, {[]int{1, 1, 1}, 3}, {[]int{50, 51}, 1},
	} {
		req := &raft.AppendEntriesRequest{Term: 1, Entries: sizes(tc.sizes...)}
		var resp raft.AppendEntriesResponse
		must(t, trans.AppendEntries("b", "b:1", req, &resp))
		if resp.LastLog != tc.want || uint64(len(req.Entries)) != tc.want {
			t.Errorf("%v: %d sent, %d noted, want %d", tc.sizes, resp.LastLog, len(req.Entries), tc.want)
		}
	}
}

// noting returns a dialer to a peer that answers each request with its last index.
func noting(t *testing.T) func(raft.ServerAddress, time.Duration) (net.Conn, error) {
	return func(raft.ServerAddress, time.Duration) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			for {
				q, err := readAppend(there)
				if err != nil {
					return
				}
				last := q.Entries[len(q.Entries)-1].Index
				if _, err := there.Write(appendAnswer(nil, &raft.AppendEntriesResponse{LastLog: last}, nil)); err != nil {
					t.Error(err)
					return
				}
			}
		}()
		return here, nil
	}
}

func TestIncarnationFile(t *testing.T) {
	dir := t.TempDir()
	if i, err := readIncarnation(dir); err != nil || i != (incarnation{}) {
		t.Fatalf("no file: %+v, %v", i, err)
	}
	want := incarnation{Server: "n1", Number: 1<<64 - 1, Log: "00ff"}
	must(t, want.write(dir))
	if got, err := readIncarnation(dir); err != nil || got != want {
		t.Fatalf("%+v, %v", got, err)
	}
	text := want.format()
	for i := range text {
		bad := slices.Clone(text)
		bad[i] ^= 1
		if got, err := parseIncarnation(bad); err == nil {
			t.Errorf("byte %d flipped: %+v", i, got)
		}
		if got, err := parseIncarnation(text[:i]); err == nil {
			t.Errorf("cut to %d bytes: %+v", i, got)
		}
	}
	if _, err := parseIncarnation(append(slices.Clone(text), '\n')); err == nil {
		t.Error("bytes after the end are ignored")
	}
}

func TestEntryCache(t *testing.T) {
	c := &entryCache{limit: 3}
	c.add([]*raft.Log{entry(1, 1), entry(2, 1), entry(3, 1)})
	if c.get(1) == nil || c.get(0) != nil || c.get(4) != nil {
		t.Error("three entries of one byte do not fit three bytes")
	}
	c.add([]*raft.Log{entry(4, 1)})
	if c.get(1) != nil || c.get(4).Index != 4 || c.get(2).Index != 2 {
		t.Error("the oldest entry should have gone")
	}
	c.trim(3)
	if c.get(3) != nil || c.get(4) == nil {
		t.Error("trim")
	}
	c.add([]*raft.Log{entry(3, 2)})
	if c.get(4) != nil || c.get(3).Term != 2 {
		t.Error("a replaced tail is still served")
	}
	c.add([]*raft.Log{{Index: 4, Data: make([]byte, 100)}})
	if c.get(4) == nil || c.get(3) != nil || c.bytes != 100 {
		t.Errorf("an entry over the limit alone: %d bytes", c.bytes)
	}
	c.clear()
	if c.get(4) != nil || c.bytes != 0 {
		t.Error("clear")
	}
}

func TestBacklog(t *testing.T) {
	b := newBacklog(10, 5)
	b.add(5, 100) // applied already
	b.add(6, 8)
	b.add(6, 8) // counted already
	b.wait()
	b.add(7, 8)
	if b.size() != 16 {
		t.Fatalf("%d bytes wait", b.size())
	}
	waited := make(chan time.Duration, 1)
	start := time.Now()
	go func() { b.wait(); waited <- time.Since(start) }()
	b.done(6)
	<-waited
	b.add(8, 100)
	start = time.Now()
	b.wait()
	if time.Since(start) < maxBacklogWait {
		t.Error("a full backlog did not hold the log up")
	}
	b.cut(8)
	if b.size() != 8 {
		t.Errorf("%d bytes after the tail was cut", b.size())
	}
	b.done(9)
	if b.size() != 0 {
		t.Errorf("%d bytes at the end", b.size())
	}
}

// TestPreparer checks that a preparation is found by its bytes alone, once, and that
// what is held is bounded.
func TestPreparer(t *testing.T) {
	f := loadFixture(t)
	p := newPreparer()
	defer p.close()
	data := codec.EncodeCommand(&codec.Command{Version: 1, Kind: codec.CommandBatches, Batches: [][]byte{f.batch(1, 2)}})
	l := &raft.Log{Type: raft.LogCommand, Data: data}
	p.start(l)
	if c, _ := p.take(slices.Clone(data)); c != nil {
		t.Error("a preparation was used for other memory")
	}
	c, prepared := p.take(data)
	if c == nil || len(prepared) != 1 || prepared[0].Fault != nil || len(prepared[0].Records) != 2 {
		t.Fatalf("%+v, %+v", c, prepared)
	}
	if c, _ := p.take(data); c != nil {
		t.Error("a preparation was used twice")
	}
	p.start(&raft.Log{Type: raft.LogConfiguration, Data: data})
	if len(p.order) != 0 {
		t.Error("a membership entry was prepared")
	}
	malformed := []byte{0xff}
	p.start(&raft.Log{Type: raft.LogCommand, Data: malformed})
	if c, prepared := p.take(malformed); c != nil || prepared != nil {
		t.Error("a malformed command was prepared")
	}
	for range 3 * maxPreparedEntries {
		p.put([]byte{1, 2, 3}, nil, []*settlement.Prepared{})
	}
	if len(p.order) != maxPreparedEntries || len(p.known) != maxPreparedEntries || p.bytes != 3*maxPreparedEntries {
		t.Errorf("%d kept, %d bytes", len(p.order), p.bytes)
	}
}

func TestTrailing(t *testing.T) {
	r := &retention{o: Options{TrailingBytes: 1000, TrailingEntries: 3}, mean: 10}
	r.stats = func() AppendStats { return AppendStats{} }
	if got := r.trailing(); got != 100 {
		t.Errorf("%d entries of 10 bytes", got)
	}
	r.stats = func() AppendStats { return AppendStats{Entries: 2, Bytes: 2000} }
	if got := r.trailing(); got != 3 {
		t.Errorf("%d entries of 1000 bytes", got)
	}
}

// divergent is a ledger whose state is not the majority's.
type divergent struct{ Machine }

func (divergent) Apply(entries []ledger.Entry) []ledger.Result {
	return []ledger.Result{{Divergence: &ledger.Divergence{Own: ledger.Roots{Size: 7}}}}
}

func TestDivergenceStops(t *testing.T) {
	log := newMemoryLog()
	defer log.ahead.close()
	var told *FatalError
	log.guard.run(func(err *FatalError) { told = err })
	f := &fsm{machine: divergent{}, log: log, ahead: log.ahead, guard: log.guard, moved: make(chan struct{})}
	if inGoroutine(func() { f.Apply(&raft.Log{Index: 1, Type: raft.LogCommand, Data: []byte{1}}) }) {
		t.Error("the replica went on")
	}
	var d *DivergenceError
	if told == nil || told.Code != ExitDivergence || !errors.As(told, &d) || d.Divergence.Own.Size != 7 {
		t.Errorf("%v", told)
	}
}

// broken is a ledger whose store contradicts itself.
type broken struct{ Machine }

func (broken) Apply([]ledger.Entry) []ledger.Result {
	panic(&ledger.IntegrityError{What: "a test", Index: 3})
}

func TestBrokenStoreStops(t *testing.T) {
	log := newMemoryLog()
	defer log.ahead.close()
	var told *FatalError
	log.guard.run(func(err *FatalError) { told = err })
	f := &fsm{machine: broken{}, log: log, ahead: log.ahead, guard: log.guard, moved: make(chan struct{})}
	if inGoroutine(func() { f.Apply(&raft.Log{Index: 1, Type: raft.LogCommand, Data: []byte{1}}) }) {
		t.Error("the replica went on")
	}
	if told == nil || told.Code != ExitIntegrity {
		t.Errorf("%v", told)
	}
}

// TestTornBootstrap starts a node whose first start ended after the term was stored.
func TestTornBootstrap(t *testing.T) {
	c := newCluster(t, 1, nil)
	n := c.nodes[0]
	i := incarnation{Server: n.id, Number: 1, Log: "00"}
	must(t, os.MkdirAll(n.raftDir(), 0o700))
	must(t, i.write(n.raftDir()))
	w, err := openWAL(n.walDir(), 4<<20, quietLogger())
	must(t, err)
	stable := &stableStore{guard: &diskGuard{stall: patience}, inner: w}
	must(t, stable.Set(keyLogName, []byte(i.Log)))
	must(t, stable.SetUint64(keyTerm, 1))
	must(t, w.Close())
	c.startAll()
	appended(t, c, c.f.first)
}

func TestOptionsRefuseNonsense(t *testing.T) {
	c := newCluster(t, 1, nil)
	valid := func() Options {
		o, err := c.nodes[0].options()
		must(t, err)
		must(t, o.Listener.Close())
		o.Machine = new(ledger.Ledger)
		return o
	}
	if _, err := valid().withDefaults(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Options){
		"no id":             func(o *Options) { o.ID = "" },
		"other certificate": func(o *Options) { o.ID = "n2" },
		"no fatal":          func(o *Options) { o.Fatal = nil },
		"negative":          func(o *Options) { o.MaxInFlight = -1 },
		"lease":             func(o *Options) { o.LeaseTimeout = time.Hour },
		"not in bootstrap":  func(o *Options) { o.Bootstrap = []Peer{{ID: "n2", Address: "x"}} },
		"long api":          func(o *Options) { o.API = strings.Repeat("a", 256) },
	} {
		o := valid()
		spoil(&o)
		if _, err := o.withDefaults(); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
