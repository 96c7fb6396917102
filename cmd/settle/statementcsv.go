package main

import (
	"encoding/csv"
	"io"
	"strconv"
	"time"

	"github.com/forgepool/settle/export"
)

// statementColumns are the columns of a statement as CSV (docs/formats/exports.md section 7).
var statementColumns = []string{"party", "cycle", "index", "line", "time", "kind", "workload", "program", "class", "side",
	"credits", "units", "held", "reversed", "posting"}

// csv writes the lines of a statement as CSV.
func (v *statementView) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	rows := [][]string{statementColumns}
	decimal := func(n uint64) string { return strconv.FormatUint(n, 10) }
	for i := range v.Lines {
		r := &v.Lines[i].Record
		workload, program, class := "", "", ""
		if r.Workload != nil {
			workload, program, class = r.Workload.String(), r.Program.String(), decimal(r.Class)
		}
		for _, l := range v.Lines[i].Lines {
			rows = append(rows, []string{v.Party.String(), decimal(r.Cycle), decimal(r.Index), decimal(l.Line),
				time.UnixMilli(int64(r.Time)).UTC().Format("2006-01-02T15:04:05.000Z"), r.Kind.String(), workload, program, class, sideName(l.Side),
				export.FormatCredits(l.Amount), decimal(l.Units), export.FormatCredits(l.Held), export.FormatCredits(l.Reversed), l.Hash.String()})
		}
	}
	return out.WriteAll(rows)
}
