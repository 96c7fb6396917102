package export

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// FuzzList: whatever the bytes are, a list ends, fails on a line, or gives items that
// read the same when they are written again.
func FuzzList(f *testing.F) {
	f.Add([]byte("workload,charge,record,customer,finalized,cycle\n" + one + ",1500000," + two + "," + one + ",7,202611\n"))
	f.Add([]byte("\ufeffworkload,credits\r\n" + one + ",\"1.50\"\r\n"))
	f.Add([]byte(`{"workload":"` + one + `","charge":"3","zone":[1]}` + "\n" + `{"workload":"` + two + `","credits":0.5}`))
	f.Add([]byte("workload,charge\n\"" + one + ",1\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		items, _, err := readList(string(file))
		if _, ok := errors.AsType[*ListError](err); err != nil && !ok {
			t.Fatalf("an error without a line: %v", err)
		}
		var again strings.Builder
		again.WriteString("workload,credits,record,customer,finalized,cycle\n")
		for i := range items {
			writeItem(&again, &items[i])
		}
		read, _, err := readList(again.String())
		for i := range read {
			read[i].At = items[i].At
		}
		if err != nil || !slices.Equal(items, read) {
			t.Fatalf("%+v became %+v, %v", items, read, err)
		}
	})
}

// writeItem writes an item as a line of CSV.
func writeItem(w io.Writer, it *Item) {
	cell := func(has Fields, v any) string {
		if it.Has&has == 0 {
			return ""
		}
		return fmt.Sprint(v)
	}
	fmt.Fprintf(w, "%s,%s,%s,%s,%s,%s\n", it.Workload, FormatCredits(it.Charge), cell(HasRecord, it.Record),
		cell(HasCustomer, it.Customer), cell(HasFinalized, it.Finalized), cell(HasCycle, it.Cycle))
}
