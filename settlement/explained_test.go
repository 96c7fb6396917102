package settlement

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
)

// worked maps the functions of docs/accounting.md to the rules. Each gets the numbers
// of a line in their order, grouped by argument.
var worked = map[string]func(t *testing.T, args [][]uint64) string{
	"amount": func(t *testing.T, a [][]uint64) string {
		x, ok := mulDiv(a[0][0], a[1][0], a[2][0])
		if !ok || x > codec.MaxAmount {
			t.Errorf("%v leaves 63 bits", a)
		}
		return fmt.Sprint(x)
	},
	"charge": func(t *testing.T, a [][]uint64) string {
		var list []codec.Component
		for _, amount := range a[0] {
			list = append(list, codec.Component{Amount: amount})
		}
		x, r := Charge(list, a[2][0], a[1][0])
		if r != nil {
			t.Error(r)
		}
		return fmt.Sprint(x)
	},
	"split": func(_ *testing.T, a [][]uint64) string {
		s := SplitCharge(a[0][0], a[1][0], a[2][0])
		return list(s.Providers, s.Adapter, s.Platform)
	},
	"payouts": func(_ *testing.T, a [][]uint64) string {
		var weights []uint64
		for i, units := range a[1] {
			weights = append(weights, units*a[2][i])
		}
		return list(SplitPool(a[0][0], weights)...)
	},
	"left":       func(_ *testing.T, a [][]uint64) string { return list(a[0][0] - min(a[0][0], a[1][0])) },
	"excess":     func(_ *testing.T, a [][]uint64) string { return list(a[1][0] - min(a[0][0], a[1][0])) },
	"reversible": func(_ *testing.T, a [][]uint64) string { return list(a[0][0] - a[1][0]) },
	"hold": func(_ *testing.T, a [][]uint64) string {
		var disputes []*Dispute
		for _, claim := range a[0] {
			disputes = append(disputes, &Dispute{Lines: []codec.HeldLine{{Line: 1, Amount: claim}}})
		}
		return list(largestClaims([]codec.HeldLine{{Line: 1}}, disputes)...)
	},
	"moved": func(_ *testing.T, a [][]uint64) string {
		return fmt.Sprintf("held %d released %d", above(a[1][0], a[0][0]), above(a[0][0], a[1][0]))
	},
	"net": func(_ *testing.T, a [][]uint64) string {
		b := Balance{Credit: a[0][0], Debit: a[1][0], Held: a[2][0], Released: a[3][0]}
		amount, negative := b.Net()
		if negative {
			return "-" + fmt.Sprint(amount)
		}
		return fmt.Sprint(amount)
	},
}

func list(values ...uint64) string {
	return strings.Trim(fmt.Sprint(values), "[]")
}

var (
	workedBlock = regexp.MustCompile("(?s)```worked\n(.*?)```")
	workedLine  = regexp.MustCompile(`^([a-z]+)\((.*)\) = (.*)$`)
	number      = regexp.MustCompile(`\d+`)
)

// TestAccountingExplained computes every worked line of docs/accounting.md.
func TestAccountingExplained(t *testing.T) {
	text, err := os.ReadFile("../docs/accounting.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]int{}
	for _, block := range workedBlock.FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			line = strings.TrimSpace(line)
			m := workedLine.FindStringSubmatch(line)
			if m == nil || worked[m[1]] == nil {
				t.Errorf("not understood: %q", line)
				continue
			}
			lines[m[1]]++
			if got := worked[m[1]](t, numbers(t, m[2])); got != m[3] {
				t.Errorf("%s\nthe rules give %s", line, got)
			}
		}
	}
	for name := range worked {
		if lines[name] == 0 {
			t.Errorf("no line with %s: is the file read?", name)
		}
	}
}

// numbers returns the numbers of each argument of a worked line.
func numbers(t *testing.T, args string) (out [][]uint64) {
	for arg := range strings.SplitSeq(args, ",") {
		var values []uint64
		for _, digits := range number.FindAllString(arg, -1) {
			n, err := strconv.ParseUint(digits, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, n)
		}
		out = append(out, values)
	}
	return out
}
