package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/export"
)

// books is a ledger with five settlements and the hub's true list of them.
type books struct {
	*readers
	items []*export.Item
}

func newBooks(t *testing.T) *books {
	b := &books{readers: newReaders(t, 5)}
	records, err := drain(newStream(b.source(), b.pair(), 0, b.pair().Size()))
	if err != nil {
		t.Fatal(err)
	}
	for i := range records {
		rec, err := export.NewRecord(records[i].Index, records[i].Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if rec.Kind == codec.KindSettlement {
			it, _, err := export.SettledItem(rec)
			if err != nil {
				t.Fatal(err)
			}
			it.Customer = b.work.customer
			b.items = append(b.items, it)
		}
	}
	return b
}

// csv is the list with every column, changed before it is written.
func (b *books) csv(change func(items []*export.Item) []*export.Item) string {
	var items []*export.Item
	for _, it := range b.items {
		c := *it
		items = append(items, &c)
	}
	if change != nil {
		items = change(items)
	}
	var text strings.Builder
	text.WriteString("workload,charge,record,customer,finalized,cycle\n")
	for _, it := range items {
		fmt.Fprintf(&text, "%s,%d,%s,%s,%d,%d\n", it.Workload, it.Charge, it.Record, it.Customer, it.Finalized, it.Cycle)
	}
	return text.String()
}

// reconcile compares a list and returns the result.
func (b *books) reconcile(list string, args ...string) (int, *reconciliation) {
	b.t.Helper()
	code, stdout, stderr := b.run(list, append([]string{"reconcile", "-", "--json", "--hub", b.work.hub.String()}, args...)...)
	result := new(reconciliation)
	if err := json.Unmarshal([]byte(stdout), result); err != nil {
		b.t.Fatalf("exit %d, %v, %s", code, err, stderr)
	}
	return code, result
}

// TestReconcileEqual accepts the true list, whole and in few columns, in any order.
func TestReconcileEqual(t *testing.T) {
	b := newBooks(t)
	few := "credits,workload,zone\n"
	for _, it := range b.items {
		few += export.FormatCredits(it.Charge) + "," + it.Workload.String() + ",eu\n"
	}
	for name, list := range map[string]string{
		"whole":    b.csv(nil),
		"reversed": b.csv(func(items []*export.Item) []*export.Item { slices.Reverse(items); return items }),
		"few":      few,
	} {
		code, r := b.reconcile(list)
		if code != exitDone || r.Equal != 5 || r.differences() != 0 || len(r.Findings) != 0 || r.Listed != 5 || r.Settled != 5 ||
			r.ListedCharge != r.SettledCharge || r.Size != 18 || r.Root != codec.Hash(b.pair().A.Root()) {
			t.Errorf("%s: exit %d, %+v", name, code, r)
		}
		if (name == "few") != slices.Equal(r.Ignored, []string{"zone"}) {
			t.Errorf("%s: ignored %q", name, r.Ignored)
		}
	}
	if code, r := b.reconcile(b.csv(nil), "--cycle", "1"); code != exitDone || r.Equal != 5 {
		t.Errorf("the cycle: exit %d, %+v", code, r)
	}
	if code, r := b.reconcile("workload,charge\n", "--cycle", "2"); code != exitDone || r.Settled != 0 {
		t.Errorf("nothing in another cycle: exit %d, %+v", code, r)
	}
}

// TestReconcileDifferences has each class of differences, alone.
func TestReconcileDifferences(t *testing.T) {
	b := newBooks(t)
	unknown := codec.ID{7}
	index := b.items[1].At
	for name, c := range map[string]struct {
		change func(items []*export.Item) []*export.Item
		args   []string
		want   reconciliation // its counts
		what   string
		index  *uint64
		line   uint64
		field  string
	}{
		"missing": {change: func(x []*export.Item) []*export.Item { return append(x, &export.Item{Workload: unknown, Charge: 1}) },
			want: reconciliation{Equal: 5, Missing: 1}, what: "missing", line: 7},
		"extra": {change: func(x []*export.Item) []*export.Item { return slices.Delete(x, 1, 2) },
			want: reconciliation{Equal: 4, Extra: 1}, what: "extra", index: &index},
		"repeated": {change: func(x []*export.Item) []*export.Item { return append(x, x[1]) },
			want: reconciliation{Equal: 5, Repeated: 1}, what: "repeated", index: &index, line: 7},
		"charge": {change: func(x []*export.Item) []*export.Item { x[1].Charge++; return x },
			want: reconciliation{Equal: 4, Differing: 1}, what: "differing", index: &index, line: 3, field: "charge"},
		"record": {change: func(x []*export.Item) []*export.Item { x[1].Record = unknown; return x },
			want: reconciliation{Equal: 4, Differing: 1}, what: "differing", index: &index, line: 3, field: "record"},
		"customer": {change: func(x []*export.Item) []*export.Item { x[1].Customer = unknown; return x },
			want: reconciliation{Equal: 4, Differing: 1}, what: "differing", index: &index, line: 3, field: "customer"},
		"finalized": {change: func(x []*export.Item) []*export.Item { x[1].Finalized--; return x },
			want: reconciliation{Equal: 4, Differing: 1}, what: "differing", index: &index, line: 3, field: "finalized"},
		"cycle": {change: func(x []*export.Item) []*export.Item { x[1].Cycle = 2; return x },
			want: reconciliation{Equal: 4, Differing: 1}, what: "differing", index: &index, line: 3, field: "cycle"},
		"cycle of the list": {change: func(x []*export.Item) []*export.Item { return x[1:2] }, args: []string{"--cycle", "2"},
			want: reconciliation{Differing: 1}, what: "differing", index: &index, line: 2, field: "cycle"},
		"range": {change: func(x []*export.Item) []*export.Item { return x[1:] }, args: []string{"--from", strconv.FormatUint(index+1, 10)},
			want: reconciliation{Equal: 3, Missing: 1}, what: "missing", line: 2},
		"size": {change: func(x []*export.Item) []*export.Item { return x[:1] }, args: []string{"--size", strconv.FormatUint(index+1, 10)},
			want: reconciliation{Equal: 1, Extra: 1}, what: "extra", index: &index},
	} {
		code, r := b.reconcile(b.csv(c.change), c.args...)
		if code != exitFalse || r.Equal != c.want.Equal || r.Missing != c.want.Missing || r.Extra != c.want.Extra ||
			r.Differing != c.want.Differing || r.Repeated != c.want.Repeated || len(r.Findings) != 1 {
			t.Errorf("%s: exit %d, %+v", name, code, r)
			continue
		}
		f := r.Findings[0]
		if f.What != c.what || f.Line != c.line || (f.Index == nil) != (c.index == nil) || f.Index != nil && *f.Index != *c.index {
			t.Errorf("%s: %+v", name, f)
		}
		if (c.field == "") != (len(f.Differences) == 0) || c.field != "" && f.Differences[0].Field != c.field {
			t.Errorf("%s: differs in %v", name, f.Differences)
		}
	}
}

// TestReconcileOtherHub compares with the settlements of the hub that is named alone.
func TestReconcileOtherHub(t *testing.T) {
	b := newBooks(t)
	code, stdout, _ := b.run(b.csv(nil), "reconcile", "-", "--hub", codec.ID{1}.String())
	if code != exitFalse || !strings.Contains(stdout, "settled    0") || !strings.Contains(stdout, "missing    5") {
		t.Errorf("exit %d, %s", code, stdout)
	}
}

// TestReconcileOrder lists findings by index and line, at most as many as asked for,
// and counts all.
func TestReconcileOrder(t *testing.T) {
	b := newBooks(t)
	list := "workload,charge\n"
	for i := range 300 {
		list += codec.ID{9, byte(i), byte(i >> 8)}.String() + ",1\n"
	}
	for _, show := range []int{0, 1, 7, 304, 305, 1_000} {
		code, r := b.reconcile(list, "--show", strconv.Itoa(show))
		if code != exitFalse || r.Missing != 300 || r.Extra != 5 || len(r.Findings) != min(show, 305) || r.NotShown != uint64(305-len(r.Findings)) {
			t.Fatalf("--show %d: exit %d, %d findings, %+v", show, code, len(r.Findings), r.NotShown)
		}
		for i, f := range r.Findings {
			if i < 5 && (f.Index == nil || *f.Index != b.items[i].At) || i >= 5 && f.Line != uint64(i-3) {
				t.Fatalf("--show %d: finding %d is %+v", show, i, f)
			}
		}
	}
}

// TestReconcileRefuses tells wrong calls from lists that differ and from questions
// that stay open.
func TestReconcileRefuses(t *testing.T) {
	b := newBooks(t)
	hub := b.work.hub.String()
	for name, c := range map[string]struct {
		list string
		args []string
		code int
		want string
	}{
		"no hub":         {"", []string{"reconcile", "-"}, exitUsage, "--hub"},
		"no list":        {"", []string{"reconcile", "--hub", hub}, exitUsage, "takes 1 arguments"},
		"no such list":   {"", []string{"reconcile", "nowhere.csv", "--hub", hub}, exitUsage, "nowhere.csv"},
		"empty list":     {"", []string{"reconcile", "-", "--hub", hub}, exitUsage, "line 1"},
		"bad line":       {b.csv(nil) + "x,1,,,,\n", []string{"reconcile", "-", "--hub", hub}, exitUsage, "line 7: workload"},
		"too much":       {"workload,charge\n" + strings.Repeat(strings.Repeat("1", 32)+",9223372036854775807\n", 2), []string{"reconcile", "-", "--hub", hub}, exitUsage, "2^63"},
		"beyond the log": {b.csv(nil), []string{"reconcile", "-", "--hub", hub, "--from", "99"}, exitUsage, "beyond the checkpoint"},
		"negative":       {b.csv(nil), []string{"reconcile", "-", "--hub", hub, "--show", "-1"}, exitUsage, "negative"},
		"no checkpoint":  {b.csv(nil), []string{"reconcile", "-", "--hub", hub, "--size", "999"}, exitUnknown, "not_found"},
	} {
		code, _, stderr := b.run(c.list, c.args...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit %d, %s", name, code, stderr)
		}
	}
	b.failAfter(2)
	if code, _, stderr := b.run(b.csv(nil), "reconcile", "-", "--hub", hub); code != exitUnknown {
		t.Errorf("customers are gone: exit %d, %s", code, stderr)
	}
	if code, _ := b.reconcile("workload,charge\n", "--show", "0"); code != exitFalse {
		t.Errorf("without customers nothing is fetched: exit %d", code)
	}
	b.records = func(page []api.Record) []api.Record { page[len(page)/2].Bytes[40] ^= 1; return page }
	if code, _, stderr := b.run(b.csv(nil), "reconcile", "-", "--hub", hub); code != exitFalse || !strings.Contains(stderr, "root") {
		t.Errorf("a lie: exit %d, %s", code, stderr)
	}
}

// TestSpill gives back what was put in, each item once and those of a workload
// together.
func TestSpill(t *testing.T) {
	s, err := newSpill(t.TempDir(), "test")
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	const items = 5_000
	for i := range uint64(items) {
		if err := s.add(&export.Item{Workload: codec.ID{byte(i), byte(i >> 8)}, At: i, Charge: 1, Has: export.HasCycle, Cycle: i}); err != nil {
			t.Fatal(err)
		}
	}
	seen, parts := map[uint64]bool{}, 0
	for p := range spillParts {
		part, err := s.part(p)
		if err != nil {
			t.Fatal(err)
		}
		if len(part) > 0 {
			parts++
		}
		for _, it := range part {
			if seen[it.At] || it.Cycle != it.At || it.Has != export.HasCycle || it.Workload != (codec.ID{byte(it.At), byte(it.At >> 8)}) {
				t.Fatalf("item %+v", it)
			}
			seen[it.At] = true
		}
	}
	if len(seen) != items || parts != spillParts || s.items != items || s.charge != items {
		t.Errorf("%d items in %d parts, %d, %d", len(seen), parts, s.items, s.charge)
	}
	if err := s.add(&export.Item{Charge: codec.MaxAmount}); err == nil {
		t.Error("2^63 is an amount")
	}
	if _, err := newSpill("/dev/null/nowhere", "x"); err == nil {
		t.Error("files in no directory")
	}
}
