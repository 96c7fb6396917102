package verifier

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
)

// pageOf renders a report and reads it as XML: every tag is closed, no id is there twice,
// every link within the page leads somewhere, and nothing is fetched or executed.
func pageOf(t *testing.T, r *CycleReport) string {
	t.Helper()
	page, err := r.Page()
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	for _, bad := range []string{"<script", "http://", "https://", "src=", "@import", "url(", "ZgotmplZ"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	ids, links := map[string]bool{}, []string{}
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range e.Attr {
			switch a.Name.Local {
			case "id":
				if ids[a.Value] {
					t.Errorf("the page has id %s twice", a.Value)
				}
				ids[a.Value] = true
			case "href":
				links = append(links, strings.TrimPrefix(a.Value, "#"))
			case "aria-labelledby":
				links = append(links, strings.Fields(a.Value)...)
			}
		}
	}
	for _, link := range links {
		if !ids[link] {
			t.Errorf("the page refers to %q, which is not there", link)
		}
	}
	return text
}

// falseAudit is the report of an audit in which a provider lied.
func falseAudit(t *testing.T) *CycleReport {
	w := closed(t, job{name: "false", shards: []shardSpec{{0, 50}, {1, 90}}, entry: func(i int, e *codec.ShardEntry) { e.Output.Hash[0] ^= byte(i) }})
	return w.auditCycle(w.cycleOptions(t.TempDir()))
}

// TestPage renders a report with findings, and what a provider wrote cannot become markup.
func TestPage(t *testing.T) {
	r := falseAudit(t)
	r.Deviations = append(r.Deviations, "<script>alert(1)</script>")
	text := pageOf(t, r)
	for _, want := range []string{
		"<svg", "prefers-color-scheme", "@media print", "Distinct items by verdict", r.Seed.String(), "&lt;script&gt;",
		"The audit fails: ", `<tr id="f`, "settlement ", group(r.Frame.Value) + " µC", r.Evidence[0].Name,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if got, want := strings.Count(text, `<rect class="bad" x=`)+strings.Count(text, `<rect class="good" x=`), r.kindCount(Vouching); got < want {
		t.Errorf("%d marks for %d draws", got, want)
	}
	if err := r.WriteTable(io.Discard); err != nil {
		t.Error(err)
	}
}

// TestPageSummary asks for the first sentence of every opinion.
func TestPageSummary(t *testing.T) {
	r := falseAudit(t)
	r.Frame.Value, r.Target.ConfPPM, r.Target.FaultPPM = 1_234_567, 950_000, 10_000
	for _, c := range []struct {
		opinion             codec.Opinion
		failed, unavailable uint64
		upper               uint64
		want                string
	}{
		{codec.OpinionPass, 0, 0, 12_345, "The audit passes: everything that was drawn matches. With 95 % confidence at most 1 % of the 1,234,567 µC paid to providers is bad; 1 % is tolerable."},
		{codec.OpinionWithFindings, 1, 0, 12_000, "The audit passes with findings: 1 of 1,000 items drawn does not match. With"},
		{codec.OpinionWithFindings, 0, 2, 12_000, "The audit passes with findings: 2 of 1,000 items drawn could not be told. With"},
		{codec.OpinionWithFindings, 2, 1, 12_000, "The audit passes with findings: 2 of 1,000 items drawn do not match, and 1 of 1,000 items drawn could not be told. With"},
		{codec.OpinionFail, 3, 0, 12_346, "The audit fails: 3 of 1,000 items drawn do not match. With 95 % confidence at most 1.001 % of the 1,234,567 µC paid to providers is bad, and only 1 % is tolerable."},
		{codec.OpinionFail, 3, 4, 500_000, "The audit fails: 3 of 1,000 items drawn do not match, and 4 of 1,000 items drawn could not be told. With"},
		{codec.OpinionIncomplete, 0, 4, 500_000, "The audit is incomplete: 4 of 1,000 items drawn could not be told. With"},
		{codec.OpinionIncomplete, 0, 0, 500_000, "The audit is incomplete: there were too few draws. With"},
	} {
		r.Opinion, r.Bounds.Upper = c.opinion, c.upper
		r.Result = codec.AuditResult{Distinct: 1_000, Passed: 1_000 - c.failed - c.unavailable, Failed: c.failed, Unavailable: c.unavailable}
		if got := (&pageView{r}).Summary(); !strings.HasPrefix(got, c.want) {
			t.Errorf("opinion %d: %q, want %q", c.opinion, got, c.want)
		}
		pageOf(t, r)
	}
}

// TestPageOfNothing renders an audit of a cycle in which nothing was paid.
func TestPageOfNothing(t *testing.T) {
	r := falseAudit(t)
	r.Frame.Value, r.Opinion, r.Result, r.Bounds = 0, codec.OpinionPass, codec.AuditResult{}, codec.Bounds{}
	r.Draws, r.Items, r.Works, r.Evidence = nil, nil, nil, nil
	if text := pageOf(t, r); !strings.Contains(text, "nothing was paid to providers") || strings.Contains(text, "<svg") {
		t.Error("the page of nothing has plots, or does not say so")
	}
}

// TestPageRows holds that findings stand in front of the others, mismatches first, and that
// every draw is named once.
func TestPageRows(t *testing.T) {
	r := falseAudit(t)
	inconclusive := slices.IndexFunc(r.Items, func(i CycleItem) bool { return i.Verdict == Match })
	r.Items[inconclusive].Verdict = Inconclusive
	v, named := &pageView{r}, 0
	for _, row := range v.Rows() {
		named += len(strings.Split(row.Draws, ", "))
	}
	if named != len(r.Draws) {
		t.Errorf("%d of %d draws are named", named, len(r.Draws))
	}
	findings := v.Findings()
	if last := findings[len(findings)-1]; last.Number != inconclusive || findings[0].Verdict != Mismatch {
		t.Errorf("findings begin with %s and end with item %d", findings[0].Verdict, last.Number)
	}
}

func TestPageNumbers(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 999: "999", 1_000: "1,000", 1_234_567: "1,234,567", 1<<64 - 1: "18,446,744,073,709,551,615"} {
		if got := group(n); got != want {
			t.Errorf("%d is written %s", n, got)
		}
	}
	for _, c := range []struct {
		part, whole uint64
		want        string
	}{
		{0, 0, "0 %"}, {0, 7, "0 %"}, {1, 1, "100 %"}, {1, 1 << 63, "0.001 %"}, {10_000, million, "1 %"}, {100_181, 10_000_000, "1.002 %"},
		{950_000, million, "95 %"}, {1<<64 - 1, 1<<64 - 1, "100 %"}, {1<<64 - 2, 1<<64 - 1, "100 %"},
	} {
		if got := percent(c.part, c.whole); got != c.want {
			t.Errorf("%d of %d is written %s, want %s", c.part, c.whole, got, c.want)
		}
	}
	for _, c := range []struct{ part, whole, want uint64 }{{0, 9, 1}, {1, 100, 10_000}, {1_001, 100_000, 20_000}, {1, 2, 500_000}, {501, 1_000, million}, {1, 1, million}} {
		if got := scale(c.part, c.whole); got != c.want {
			t.Errorf("the scale for %d of %d ends at %d ppm, want %d", c.part, c.whole, got, c.want)
		}
	}
	a := axis{end: 1<<64 - 1}
	for value, want := range map[uint64]string{0: "0.00%", 1 << 63: "50.00%", 1<<64 - 1: "100.00%"} {
		if got := a.place(value); got != want {
			t.Errorf("%s for %s", got, fmt.Sprint(value))
		}
	}
	if got := (&axis{}).place(5); got != "0%" {
		t.Errorf("%s on an empty axis", got)
	}
}
