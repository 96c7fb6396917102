package verifier

import (
	"fmt"
	"html/template"
	"math/big"
	"strings"
)

// The plots of a report's page. Places along a plot are in percent of its width and places
// down it in pixels, so that letters keep their size on every screen.

const (
	barStep   = 46 // pixels from one bar to the next: its label stands above it
	barHeight = 14
	axisSpace = 26 // below the bars
	markSpace = 40 // of the line on which draws are marked
)

// axis is a scale from 0 to its end, with what its middle and its end are called.
type axis struct {
	end         uint64
	middle, top string
}

// place returns where a value stands on the axis, in percent with two decimals.
func (a *axis) place(value uint64) string {
	if a.end == 0 {
		return "0%"
	}
	x := new(big.Int).Mul(new(big.Int).SetUint64(min(value, a.end)), big.NewInt(10_000))
	n := x.Quo(x, new(big.Int).SetUint64(a.end)).Uint64()
	return fmt.Sprintf("%d.%02d%%", n/100, n%100)
}

// draw writes the axis with its three ticks at a height.
func (a *axis) draw(b *strings.Builder, y int) {
	fmt.Fprintf(b, `<line x1="0" x2="100%%" y1="%d" y2="%d"/>`, y, y)
	for _, t := range []struct{ at, anchor, text string }{{"0%", "start", "0"}, {"50%", "middle", a.middle}, {"100%", "end", a.top}} {
		fmt.Fprintf(b, `<line x1="%s" x2="%s" y1="%d" y2="%d"/><text class="tick" x="%s" y="%d" text-anchor="%s">%s</text>`,
			t.at, t.at, y, y+5, t.at, y+19, t.anchor, template.HTMLEscapeString(t.text))
	}
}

// bar is a labelled bar.
type bar struct {
	label, class string
	value        uint64
}

// draw writes a bar under its label on a track as wide as the axis.
func (x *bar) draw(b *strings.Builder, a *axis, y int) {
	fmt.Fprintf(b, `<text x="0" y="%d">%s</text><rect class="base" x="0" y="%d" width="100%%" height="%d"/><rect class="%s" x="0" y="%d" width="%s" height="%d"/>`,
		y+14, template.HTMLEscapeString(x.label), y+20, barHeight, x.class, y+20, a.place(x.value), barHeight)
}

// plot wraps a drawing in an image with title and description for those who cannot see it.
func plot(id, title, description string, height int, draw func(*strings.Builder)) template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg role="img" aria-labelledby="%s-title %s-text" height="%d"><title id="%s-title">%s</title><desc id="%s-text">%s</desc>`,
		id, id, height, id, template.HTMLEscapeString(title), id, template.HTMLEscapeString(description))
	draw(&b)
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

// bars draws bars over an axis; their labels are the description.
func bars(id, title string, a *axis, all []bar, more func(*strings.Builder)) template.HTML {
	var labels []string
	for i := range all {
		labels = append(labels, all[i].label)
	}
	height := len(all) * barStep
	return plot(id, title, strings.Join(labels, "; "), height+axisSpace, func(b *strings.Builder) {
		for i := range all {
			all[i].draw(b, a, i*barStep)
		}
		if more != nil {
			more(b)
		}
		a.draw(b, height)
	})
}

// VerdictPlot shows what became of the items.
func (v *pageView) VerdictPlot() template.HTML {
	x := &v.Result
	a := &axis{end: x.Distinct, top: count(int(x.Distinct), "item", "items")}
	if x.Distinct%2 == 0 && x.Distinct > 0 {
		a.middle = group(x.Distinct / 2)
	}
	return bars("verdicts", "Distinct items by verdict", a, []bar{
		{"match: " + group(x.Passed), "good", x.Passed},
		{"match, documents without work units: " + group(x.Documentary), "good", x.Documentary},
		{"mismatch: " + group(x.Failed), "bad", x.Failed},
		{"inconclusive: " + group(x.Unavailable), "open", x.Unavailable},
	}, nil)
}

// scale returns the least of 1, 2, 5, 10, 20, 50, ... 1,000,000 ppm that is not below a share.
func scale(part, whole uint64) uint64 {
	for step := uint64(1); step < million; step *= 10 {
		for _, ppm := range []uint64{step, 2 * step, 5 * step} {
			if tolerable(part, whole, ppm) {
				return ppm
			}
		}
	}
	return million
}

// partOfValue returns so many ppm of a value, rounded down.
func partOfValue(value, ppm uint64) uint64 {
	x := new(big.Int).Mul(new(big.Int).SetUint64(value), new(big.Int).SetUint64(ppm))
	return x.Quo(x, big.NewInt(million)).Uint64()
}

// BoundPlot compares the bound with what is tolerable, marked by a line through its bar.
func (v *pageView) BoundPlot() template.HTML {
	value := v.Frame.Value
	limit := partOfValue(value, v.Target.FaultPPM)
	ppm := max(scale(v.Bounds.Upper, value), scale(limit, value))
	a := &axis{partOfValue(value, ppm), percent(ppm, 2*million), percent(ppm, million) + " of what was paid"}
	class := "good"
	if !tolerable(v.Bounds.Upper, value, v.Target.FaultPPM) {
		class = "bad"
	}
	return bars("bound", "Upper bound on bad value, and what is tolerable", a, []bar{
		{fmt.Sprintf("bound: %s, %s µC", percent(v.Bounds.Upper, value), group(v.Bounds.Upper)), class, v.Bounds.Upper},
		{fmt.Sprintf("tolerable: %s, %s µC (dashed line above)", percent(v.Target.FaultPPM, million), group(limit)), "open", limit},
	}, func(b *strings.Builder) {
		fmt.Fprintf(b, `<line class="tolerable" x1="%s" x2="%s" y1="17" y2="%d"/>`, a.place(limit), a.place(limit), 17+barHeight+6)
	})
}

// coverMark is how draws of one verdict are marked, and how many there are.
type coverMark struct {
	Verdict   Verdict
	Marks     string // in words
	N         int
	class     string
	y, height int
}

// Covered counts the vouching draws by the verdict on what they fell on. What is worse
// comes later, so that it lies on top.
func (v *pageView) Covered() []coverMark {
	marks := []coverMark{
		{Verdict: Match, Marks: "short marks", class: "good", y: 24, height: 16},
		{Verdict: Inconclusive, Marks: "longer marks", class: "open", y: 12, height: 28},
		{Verdict: Mismatch, Marks: "longest marks", class: "bad", y: 0, height: 40},
	}
	for k := range marks {
		for i := range v.Draws {
			if d := &v.Draws[i]; d.Kind == Vouching && v.Items[d.Item].Verdict == marks[k].Verdict {
				marks[k].N++
			}
		}
	}
	return marks
}

// CoverPlot marks where the vouching draws fell in the value paid to providers. A verdict
// is told by the height of its mark too.
func (v *pageView) CoverPlot() template.HTML {
	value := v.Frame.Value
	a := &axis{value, group(value / 2), group(value) + " µC"}
	var legend []string
	marks := v.Covered()
	for _, k := range marks {
		legend = append(legend, fmt.Sprintf("%s: %s, %s", k.Verdict, count(k.N, "draw", "draws"), k.Marks))
	}
	return plot("cover", "Where the draws fell in all that was paid to providers", strings.Join(legend, "; "), markSpace+2+axisSpace, func(b *strings.Builder) {
		b.WriteString(`<rect class="base" x="0" y="24" width="100%" height="16"/>`)
		for _, k := range marks {
			for i := range v.Draws {
				if d := &v.Draws[i]; d.Kind == Vouching && v.Items[d.Item].Verdict == k.Verdict {
					fmt.Fprintf(b, `<rect class="%s" x="%s" y="%d" width="2" height="%d"/>`, k.class, a.place(d.U), k.y, k.height)
				}
			}
		}
		a.draw(b, markSpace+2)
	})
}
