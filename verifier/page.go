package verifier

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/forgepool/settle/codec"
)

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"group": group, "percent": percent, "count": count,
	"fault": func(f uint64) string { return Fault(f).String() },
	"clock": func(ms uint64) string { return time.UnixMilli(int64(ms)).UTC().Format("2006-01-02 15:04:05") },
}).Parse(pageSource))

// Page returns the report as one HTML file that needs nothing else: no script, no font,
// no network. It is readable in light and dark, on a telephone and on paper.
func (r *CycleReport) Page() ([]byte, error) {
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, &pageView{CycleReport: r})
	return b.Bytes(), err
}

// pageView is what the page shows.
type pageView struct{ *CycleReport }

// OpinionText is the opinion in words.
func (v *pageView) OpinionText() string { return opinionText(v.Opinion) }

// Note is the checkpoint as text.
func (v *pageView) Note() string { return string(v.Checkpoint) }

// Summary is the verdict in a sentence or two.
func (v *pageView) Summary() string {
	x := &v.Result
	if v.Frame.Value == 0 {
		return "The audit passes: nothing was paid to providers in this cycle, so there was nothing to draw."
	}
	bound := fmt.Sprintf("With %s confidence at most %s of the %s µC paid to providers is bad", percent(v.Target.ConfPPM, million),
		percent(v.Bounds.Upper, v.Frame.Value), group(v.Frame.Value))
	within := fmt.Sprintf("%s; %s is tolerable.", bound, percent(v.Target.FaultPPM, million))
	beyond := fmt.Sprintf("%s, and only %s is tolerable.", bound, percent(v.Target.FaultPPM, million))
	of := " of " + count(int(x.Distinct), "item", "items")
	failed, lost := group(x.Failed)+of+" drawn "+verb(x.Failed, "does", "do")+" not match", group(x.Unavailable)+of+" drawn could not be told"
	switch {
	case v.Opinion == codec.OpinionPass:
		return "The audit passes: everything that was drawn matches. " + within
	case v.Opinion == codec.OpinionFail && x.Unavailable > 0:
		return "The audit fails: " + failed + ", and " + lost + ". " + beyond
	case v.Opinion == codec.OpinionFail:
		return "The audit fails: " + failed + ". " + beyond
	case v.Opinion == codec.OpinionIncomplete && x.Unavailable > 0:
		return "The audit is incomplete: " + lost + ". " + beyond
	case v.Opinion == codec.OpinionIncomplete:
		return "The audit is incomplete: there were too few draws. " + beyond
	case x.Failed == 0:
		return "The audit passes with findings: " + lost + ". " + within
	case x.Unavailable == 0:
		return "The audit passes with findings: " + failed + ". " + within
	}
	return "The audit passes with findings: " + failed + ", and " + lost + ". " + within
}

// Method says how the sample was drawn.
func (v *pageView) Method() string {
	if v.Frame.Value == 0 {
		return ""
	}
	return fmt.Sprintf("%s fell on micro-Credits paid to providers, whose work was executed again, and %s on micro-Credits charged to customers, "+
		"which were traced into the accounts. Neither hub nor auditor could steer them.",
		count(v.kindCount(Vouching), "draw", "draws"), group(uint64(v.kindCount(Tracing))))
}

// pageItem is an item as the page shows it.
type pageItem struct {
	*CycleItem
	Number  int
	Draws   string // positions in the report
	Finding bool
}

// What names an item in words.
func (i *pageItem) What() string {
	of := "settlement"
	if i.Kind == ItemDocument {
		return fmt.Sprintf("adjustment %s, line %d", group(i.Record), i.Line)
	}
	if i.Kind == ItemTrace {
		of = "record"
	}
	return fmt.Sprintf("%s %s, %s", of, group(i.Record), i.what())
}

// Provider is whose shard it is, empty for other items.
func (i *pageItem) Provider() string {
	if i.Shard == nil {
		return ""
	}
	return i.Shard.Provider.String()
}

// Rows are all items with the draws that fell on them.
func (v *pageView) Rows() []*pageItem {
	draws := make([][]string, len(v.Items))
	for i := range v.Draws {
		at := v.Draws[i].Item
		draws[at] = append(draws[at], strconv.Itoa(i))
	}
	rows := make([]*pageItem, len(v.Items))
	for i := range v.Items {
		item := &v.Items[i]
		rows[i] = &pageItem{item, i, strings.Join(draws[i], ", "), item.Verdict != Match}
	}
	return rows
}

// Findings are the items that do not match, mismatches first.
func (v *pageView) Findings() (findings []*pageItem) {
	rows := v.Rows()
	for _, verdict := range []Verdict{Mismatch, Inconclusive} {
		for _, row := range rows {
			if row.Verdict == verdict {
				findings = append(findings, row)
			}
		}
	}
	return findings
}

// FaultyWorks are the settlements with something to be said about the whole of them.
func (v *pageView) FaultyWorks() (works []CycleWork) {
	for _, w := range v.Works {
		if w.Merge != Match || len(w.Missing) > 0 || w.Checks != "" {
			works = append(works, w)
		}
	}
	return works
}

// group writes a number with a comma before every three digits.
func group(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// count writes how many there are of something.
func count(n int, one, more string) string {
	return group(uint64(n)) + " " + verb(uint64(n), one, more)
}

// verb chooses the word that goes with a number.
func verb(n uint64, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}

// percent writes a share in percent with as many as three decimals, rounded up, as a bound
// must be.
func percent(part, whole uint64) string {
	if whole == 0 {
		return "0 %"
	}
	w := new(big.Int).SetUint64(whole)
	x := new(big.Int).Mul(new(big.Int).SetUint64(part), big.NewInt(100_000))
	n := x.Add(x, w).Sub(x, big.NewInt(1)).Quo(x, w).Uint64()
	text := strings.TrimRight(fmt.Sprintf("%d.%03d", n/1000, n%1000), "0")
	return strings.TrimSuffix(text, ".") + " %"
}
