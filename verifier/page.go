package verifier

import (
	"bytes"
	"fmt"
	"html/template"
	"math/big"
	"strings"

	"github.com/forgepool/settle/codec"
)

// Page returns the report as one HTML file that needs nothing else: no script, no font,
// no network. It is readable in light and dark.
func (r *CycleReport) Page() ([]byte, error) {
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, &pageView{CycleReport: r})
	return b.Bytes(), err
}

// pageView is what the page shows.
type pageView struct{ *CycleReport }

// OpinionText is the opinion in words.
func (v *pageView) OpinionText() string { return opinionText(v.Opinion) }

// UpperPart is the bound in percent of V.
func (v *pageView) UpperPart() string { return partOf(v.Bounds.Upper, v.Frame.Value) }

// FaultPart is what is tolerable in percent.
func (v *pageView) FaultPart() string { return partOf(v.Target.FaultPPM, million) }

// Confidence is the confidence in percent.
func (v *pageView) Confidence() string { return partOf(v.Target.ConfPPM, million) }

// Vouching is the number of vouching draws.
func (v *pageView) Vouching() int { return v.kindCount(Vouching) }

// Tracing is the number of tracing draws.
func (v *pageView) Tracing() int { return v.kindCount(Tracing) }

// Note is the checkpoint as text.
func (v *pageView) Note() string { return string(v.Checkpoint) }

// RoleText names a role.
func (v *pageView) RoleText(r codec.Role) string { return r.String() }

// What names an item.
func (v *pageView) What(i *CycleItem) string { return i.what() }

// Pointers lets the template call methods of items.
func (v *pageView) Pointers() []*CycleItem {
	out := make([]*CycleItem, len(v.Items))
	for i := range v.Items {
		out[i] = &v.Items[i]
	}
	return out
}

const plotWidth = 640

// share returns part/whole of a width.
func share(part, whole uint64, width int) int {
	if whole == 0 {
		return 0
	}
	x := new(big.Int).Mul(new(big.Int).SetUint64(part), big.NewInt(int64(width)))
	return int(min(uint64(width), x.Quo(x, new(big.Int).SetUint64(whole)).Uint64()))
}

// bar draws one labelled bar at a height.
func bar(b *strings.Builder, y int, label, class string, width int, value string) {
	fmt.Fprintf(b, `<text x="0" y="%d">%s</text><rect class="%s" x="150" y="%d" width="%d" height="16"/><text x="%d" y="%d">%s</text>`,
		y+13, template.HTMLEscapeString(label), class, y, width, 150+width+8, y+13, template.HTMLEscapeString(value))
}

// plot wraps bars in an image with a title for those who cannot see it.
func plot(title string, rows int, draw func(*strings.Builder)) template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg role="img" viewBox="0 0 %d %d" width="100%%"><title>%s</title>`, plotWidth+150, rows*26, template.HTMLEscapeString(title))
	draw(&b)
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

// VerdictPlot shows what became of the items.
func (v *pageView) VerdictPlot() template.HTML {
	x := &v.Result
	return plot("Distinct items by verdict", 4, func(b *strings.Builder) {
		for i, row := range []struct {
			label, class string
			n            uint64
		}{{"passed", "good", x.Passed}, {"documents", "good", x.Documentary}, {"failed", "bad", x.Failed}, {"unavailable", "open", x.Unavailable}} {
			bar(b, i*26, row.label, row.class, share(row.n, x.Distinct, plotWidth-200), fmt.Sprint(row.n))
		}
	})
}

// BoundPlot compares the bound with what is tolerable, on a scale that ends at the larger
// one.
func (v *pageView) BoundPlot() template.HTML {
	limit := new(big.Int).Mul(new(big.Int).SetUint64(v.Frame.Value), new(big.Int).SetUint64(v.Target.FaultPPM))
	tolerated := limit.Quo(limit, big.NewInt(million)).Uint64()
	scale := max(tolerated, v.Bounds.Upper, 1)
	class := "good"
	if v.Bounds.Upper > tolerated {
		class = "bad"
	}
	return plot("Upper bound on bad value, and what is tolerable", 2, func(b *strings.Builder) {
		bar(b, 0, "bound", class, share(v.Bounds.Upper, scale, plotWidth-300), fmt.Sprintf("%d µC, %s", v.Bounds.Upper, v.UpperPart()))
		bar(b, 26, "tolerable", "open", share(tolerated, scale, plotWidth-300), fmt.Sprintf("%d µC, %s", tolerated, v.FaultPart()))
	})
}

// CoverPlot marks where the vouching draws fell in the value paid to providers.
func (v *pageView) CoverPlot() template.HTML {
	return plot("Where the draws fell in all that was paid to providers", 2, func(b *strings.Builder) {
		fmt.Fprintf(b, `<rect class="base" x="0" y="8" width="%d" height="18"/>`, plotWidth)
		for i := range v.Draws {
			d := &v.Draws[i]
			if d.Kind != Vouching {
				continue
			}
			class := map[Verdict]string{Match: "good", Mismatch: "bad"}[v.Items[d.Item].Verdict]
			if class == "" {
				class = "open"
			}
			fmt.Fprintf(b, `<rect class="%s" x="%d" y="4" width="2" height="26"/>`, class, share(d.U, v.Frame.Value, plotWidth-2))
		}
		fmt.Fprintf(b, `<text x="0" y="48">0</text><text x="%d" y="48" text-anchor="end">%d µC</text>`, plotWidth, v.Frame.Value)
	})
}

var pageTemplate = template.Must(template.New("report").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>Audit of cycle {{.Cycle}}</title>
<style>
:root{color-scheme:light dark;--fg:#1b1f24;--bg:#fff;--line:#d0d7de;--good:#1a7f37;--bad:#cf222e;--open:#9a6700;--base:#d8dee4}
@media (prefers-color-scheme:dark){:root{--fg:#e6edf3;--bg:#0d1117;--line:#30363d;--good:#3fb950;--bad:#f85149;--open:#d29922;--base:#30363d}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg);max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;display:block;overflow-x:auto}td,th{border-bottom:1px solid var(--line);padding:.25rem .6rem;text-align:left;vertical-align:top}
code,pre{font:13px ui-monospace,monospace;overflow-wrap:anywhere}pre{overflow-x:auto;border:1px solid var(--line);padding:.6rem}
svg text{fill:var(--fg);font:13px system-ui,sans-serif}.good{fill:var(--good)}.bad{fill:var(--bad)}.open{fill:var(--open)}.base{fill:var(--base)}
b.mismatch{color:var(--bad)}b.inconclusive{color:var(--open)}b.match{color:var(--good)}
</style></head><body>
<h1>Audit of cycle {{.Cycle}}: {{.OpinionText}}</h1>
<p>{{.Vouching}} micro-Credits of {{.Frame.Value}} paid to providers were drawn, and {{.Tracing}} of those charged were traced.
With {{.Confidence}} confidence at most {{.UpperPart}} of what was paid is bad; {{.FaultPart}} are tolerable.</p>
<h2>Verdicts</h2>{{.VerdictPlot}}
<h2>Bound on bad value</h2>{{.BoundPlot}}
<h2>Value covered</h2>{{.CoverPlot}}
<h2>What was audited</h2>
<table>
<tr><th>Ledger</th><td>{{.Origin}}</td></tr>
<tr><th>Auditor</th><td><code>{{.Auditor}}</code>, key <code>{{.Key}}</code></td></tr>
<tr><th>Close</th><td>record {{.Close.Index}}, leaf <code>{{.Close.Leaf}}</code></td></tr>
<tr><th>Intent</th><td>record {{.Intent}}: {{.Target.ConfPPM}} ppm confidence, {{.Target.FaultPPM}} ppm tolerable, {{.Target.Draws}} draws, {{.Target.TracingPPM}} ppm tracing</td></tr>
<tr><th>Secret</th><td><code>{{.Secret}}</code></td></tr>
<tr><th>Seed</th><td><code>{{.Seed}}</code></td></tr>
<tr><th>Journal</th><td>{{.Frame.Journal.N}} records, <code>{{.Frame.Journal.Root}}</code></td></tr>
<tr><th>Parties</th><td>{{.Frame.Parties.N}} parties, {{.Frame.Parties.Postings}} postings, <code>{{.Frame.Parties.Root}}</code></td></tr>
<tr><th>Program</th><td>{{.Build.Module}} {{.Build.Revision}} {{.Build.Platform}} <code>{{.Build.Binary}}</code></td></tr>
</table>
<h2>Conservation</h2>
<table><tr><th>Role</th><th>Parties</th><th>Credit µC</th><th>Debit µC</th></tr>
{{range .Frame.Subtotals}}<tr><td>{{$.RoleText .Role}}</td><td>{{.N}}</td><td>{{.Credit}}</td><td>{{.Debit}}</td></tr>{{end}}
<tr><th>all</th><td></td><td>{{.Frame.Parties.Credit}}</td><td>{{.Frame.Parties.Debit}}</td></tr></table>
<h2>Items</h2>
<table><tr><th>#</th><th>Record</th><th>What</th><th>Verdict</th><th>Taint ppm</th><th>Reason</th></tr>
{{range $i, $item := .Pointers}}<tr><td>{{$i}}</td><td>{{$item.Record}}</td><td>{{$.What $item}}</td><td><b class="{{$item.Verdict}}">{{$item.Verdict}}</b></td><td>{{$item.Taint}}</td><td>{{range $item.Reasons}}{{.}} {{end}}</td></tr>{{end}}</table>
<h2>Settlements as a whole</h2>
<table><tr><th>Record</th><th>Merged result</th><th>Reason</th><th>Not executed twice</th><th>Verification</th></tr>
{{range .Works}}<tr><td>{{.Record}}</td><td><b class="{{.Merge}}">{{.Merge}}</b></td><td>{{.Reason}}</td><td>{{len .Missing}}</td><td>{{.Checks}}</td></tr>{{end}}</table>
<h2>Deviations</h2><ul>{{range .Deviations}}<li>{{.}}</li>{{end}}</ul>
<h2>Checkpoint</h2><pre>{{.Note}}</pre>
<p>The report itself is report.cbor; settle audit verify derives it again.</p>
</body></html>
`))
