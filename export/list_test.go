package export

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
)

var (
	one, two = strings.Repeat("1", 32), strings.Repeat("2", 32)
	oneID    = codec.ID([]byte(strings.Repeat("\x11", 16)))
	twoID    = codec.ID([]byte(strings.Repeat("\x22", 16)))
)

func readList(text string) (items []Item, l *List, err error) {
	if l, err = NewList(strings.NewReader(text)); err != nil {
		return nil, nil, err
	}
	for {
		it, err := l.Next()
		if err == io.EOF {
			return items, l, nil
		}
		if err != nil {
			return items, l, err
		}
		items = append(items, *it)
	}
}

// TestList reads the same items in every form.
func TestList(t *testing.T) {
	full := Item{Workload: oneID, Charge: 1_500_000, Record: twoID, Customer: oneID, Finalized: 7, Cycle: 202611,
		Has: HasRecord | HasCustomer | HasFinalized | HasCycle}
	bare := Item{Workload: twoID, Charge: 3}
	for name, c := range map[string]struct {
		text  string
		lines [2]uint64
	}{
		"CSV":                    {"workload,charge,record,customer,finalized,cycle\n" + one + ",1500000," + two + "," + one + ",7,202611\n" + two + ",3,,,,\n", [2]uint64{2, 3}},
		"CSV, order and capital": {"\ufeffCycle, Customer,FINALIZED,record,workload ,charge\r\n202611," + one + ",7," + two + "," + one + ",1500000\r\n,,,, " + two + " ,3", [2]uint64{2, 3}},
		"CSV, Credits":           {"workload,credits,record,customer,finalized,cycle\n\n" + one + ",\"1.50\"," + two + "," + one + ",7,202611\n" + two + ",0.000003,,,,\n", [2]uint64{3, 4}},
		"JSON": {`{"workload":"` + one + `","charge":1500000,"record":"` + two + `","customer":"` + one + `","finalized":7,"cycle":202611}` + "\n" +
			`{"workload":"` + two + `","charge":"3"}` + "\n", [2]uint64{1, 2}},
		"JSON, blank lines": {"\n \r\n" + `{"credits":1.5,"workload":"` + one + `","record":"` + two + `","customer":"` + one + `","finalized":"7","cycle":"202611"}` + "\r\n\n" +
			`{"workload":"` + two + `","credits":"0.000003","record":null,"cycle":""}`, [2]uint64{1, 3}},
	} {
		items, l, err := readList(c.text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		a, b := full, bare
		a.At, b.At = c.lines[0], c.lines[1]
		if !slices.Equal(items, []Item{a, b}) || len(l.Ignored()) != 0 {
			t.Errorf("%s: %+v, ignored %q", name, items, l.Ignored())
		}
	}
}

// TestListIgnores names the columns that mean nothing.
func TestListIgnores(t *testing.T) {
	for _, text := range []string{"workload,charge,zone,invoice\n" + one + ",1,x,y\n", `{"workload":"` + one + `","charge":1,"zone":{"a":[1]},"invoice":true}`} {
		items, l, err := readList(text)
		if err != nil || len(items) != 1 || !slices.Equal(l.Ignored(), []string{"invoice", "zone"}) {
			t.Errorf("%v, %v, %v", items, l, err)
		}
	}
}

// TestBadList refuses what cannot be read and names the line.
func TestBadList(t *testing.T) {
	head := "workload,charge,record,customer,finalized,cycle\n"
	good := one + ",1,,,,\n"
	for name, c := range map[string]struct {
		text string
		line uint64
	}{
		"empty":               {"", 1},
		"blank":               {"\n \n", 1},
		"no workload column":  {"job,charge\n1,2\n", 1},
		"column twice":        {"workload,charge,Charge\n", 1},
		"too few cells":       {head + good + one + ",1\n", 3},
		"quote":               {head + one + ",\"1,,,,\n", 2},
		"no workload":         {head + good + ",1,,,,\n", 3},
		"short workload":      {head + "11,1,,,,\n", 2},
		"no charge":           {head + one + ",,,,,\n", 2},
		"negative charge":     {head + one + ",-1,,,,\n", 2},
		"charge of 2^63":      {head + one + ",9223372036854775808,,,,\n", 2},
		"decimal charge":      {head + one + ",1.5,,,,\n", 2},
		"record":              {head + one + ",1,x,,,\n", 2},
		"customer":            {head + one + ",1,,x,,\n", 2},
		"finalized":           {head + one + ",1,,,2026-11-24,\n", 2},
		"cycle":               {head + one + ",1,,,,november\n", 2},
		"charge and credits":  {"workload,charge,credits\n" + one + ",1,0.000001\n", 2},
		"long line":           {head + good + one + "," + strings.Repeat("1", 5*MaxListLine) + ",,,,\n", 3},
		"JSON, broken":        {`{"workload":"` + one + `","charge":1}` + "\n{\"workload\"", 2},
		"JSON, two on a line": {`{"workload":"` + one + `","charge":1}{}`, 1},
		"JSON, an array":      {`{"workload":"` + one + `","charge":1}` + "\n[]", 2},
		"JSON, a float":       {`{"workload":"` + one + `","charge":1e3}`, 1},
		"JSON, long line":     {`{"workload":"` + strings.Repeat("1", MaxListLine) + `"}`, 1},
	} {
		_, _, err := readList(c.text)
		if e, ok := errors.AsType[*ListError](err); !ok || e.Line != c.line {
			t.Errorf("%s: %v, want an error on line %d", name, err, c.line)
		}
	}
}

// TestListStreams reads a list much longer than what a reader may hold.
func TestListStreams(t *testing.T) {
	const rows = 20_000
	for _, text := range []string{
		"workload,charge\n" + strings.Repeat(one+",1\n", rows),
		strings.Repeat(`{"workload":"`+one+`","charge":1}`+"\n", rows),
	} {
		items, _, err := readList(text)
		if err != nil || len(items) != rows {
			t.Errorf("%d items, %v", len(items), err)
		}
	}
}

// TestListReaderFails passes on the error of the reader.
func TestListReaderFails(t *testing.T) {
	for _, text := range []string{"", "workload,charge\n" + one + ",1\n", `{"workload":"` + one + `","charge":1}` + "\n"} {
		l, err := NewList(io.MultiReader(strings.NewReader(text), failing{}))
		for err == nil {
			_, err = l.Next()
		}
		if !errors.Is(err, errMissing) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errMissing }

// TestCompare has one difference of each kind, and none where a side has no value.
func TestCompare(t *testing.T) {
	w := newWorld(t)
	it, author, err := SettledItem(w.record(settled))
	if err != nil || author != w.settlement().Author {
		t.Fatalf("%v, %v", author, err)
	}
	if err := it.OpenCustomer(w.record(settled), w.get); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*Item){
		"":          func(*Item) {},
		"charge":    func(x *Item) { x.Charge++ },
		"record":    func(x *Item) { x.Record[0] ^= 1 },
		"customer":  func(x *Item) { x.Customer[0] ^= 1 },
		"finalized": func(x *Item) { x.Finalized-- },
		"cycle":     func(x *Item) { x.Cycle++ },
	} {
		listed := *it
		change(&listed)
		d := Compare(&listed, it)
		if field == "" && len(d) != 0 || field != "" && (len(d) != 1 || d[0].Field != field || d[0].Listed == d[0].Settled) {
			t.Errorf("%q: %v", field, d)
		}
		listed.Has = 0
		if d := Compare(&listed, it); field != "charge" && len(d) != 0 {
			t.Errorf("%q is not listed: %v", field, d)
		}
	}
	if _, _, err := SettledItem(w.record(1)); !errors.Is(err, ErrFalse) {
		t.Errorf("a party as settlement: %v", err)
	}
	gone := func(codec.Hash) ([]byte, error) { return nil, errMissing }
	if err := it.OpenCustomer(w.record(settled), gone); !errors.Is(err, errMissing) {
		t.Errorf("no blob: %v", err)
	}
}
