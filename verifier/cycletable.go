package verifier

import (
	"fmt"
	"io"
	"math/big"
	"strings"
	"text/tabwriter"

	"github.com/forgepool/settle/codec"
)

// opinionText says an opinion in words.
func opinionText(o codec.Opinion) string {
	switch o {
	case codec.OpinionPass:
		return "pass"
	case codec.OpinionWithFindings:
		return "pass with findings"
	case codec.OpinionFail:
		return "fail"
	case codec.OpinionIncomplete:
		return "incomplete"
	}
	return fmt.Sprintf("opinion %d", o)
}

// partOf returns a share in percent with three decimals, rounded down.
func partOf(part, whole uint64) string {
	if whole == 0 {
		return "0.000 %"
	}
	x := new(big.Int).Mul(new(big.Int).SetUint64(part), big.NewInt(100_000))
	n := x.Quo(x, new(big.Int).SetUint64(whole)).Uint64()
	return fmt.Sprintf("%d.%03d %%", n/1000, n%1000)
}

// kindCount returns how many draws of a kind there are.
func (r *CycleReport) kindCount(kind DrawKind) (n int) {
	for i := range r.Draws {
		if r.Draws[i].Kind == kind {
			n++
		}
	}
	return n
}

// WriteTable writes the report for a person: what was drawn from, what was found, and
// every item that did not pass.
func (r *CycleReport) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(t, "ledger\t%s\ncycle\t%d, closed at %d\n", r.Origin, r.Cycle, r.Close.Index)
	fmt.Fprintf(t, "auditor\t%s, intent %d\nseed\t%s\n", r.Auditor, r.Intent, r.Seed)
	fmt.Fprintf(t, "paid to providers\t%d micro-Credits\n", r.Frame.Value)
	fmt.Fprintf(t, "frame\t%d records, %d postings of %d parties\n", r.Frame.Journal.N, r.Frame.Parties.Postings, r.Frame.Parties.N)
	fmt.Fprintf(t, "draws\t%d vouching, %d tracing: %d distinct items\n", r.kindCount(Vouching), r.kindCount(Tracing), r.Result.Distinct)
	fmt.Fprintf(t, "passed\t%d\nfailed\t%d\nunavailable\t%d\ndocuments\t%d\n", r.Result.Passed, r.Result.Failed, r.Result.Unavailable, r.Result.Documentary)
	fmt.Fprintf(t, "bound on bad value\t%d micro-Credits, %s of all; %d ppm are tolerable\n", r.Bounds.Upper, partOf(r.Bounds.Upper, r.Frame.Value), r.Target.FaultPPM)
	fmt.Fprintf(t, "opinion\t%s\n", opinionText(r.Opinion))
	for _, d := range r.Deviations {
		fmt.Fprintf(t, "deviation\t%s\n", d)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if r.Result.Failed+r.Result.Unavailable == 0 {
		return nil
	}
	fmt.Fprint(t, "\nitem\trecord\twhat\tverdict\treason\n")
	for i := range r.Items {
		if item := &r.Items[i]; item.Verdict != Match {
			fmt.Fprintf(t, "%d\t%d\t%s\t%s\t%s\n", i, item.Record, item.what(), item.Verdict, strings.Join(item.Reasons, "; "))
		}
	}
	return t.Flush()
}

// what names what was drawn.
func (i *CycleItem) what() string {
	switch i.Kind {
	case ItemShard:
		return fmt.Sprintf("shard %d.%d", i.Shard.Index, i.Shard.Replica)
	case ItemDocument:
		return fmt.Sprintf("adjustment, line %d", i.Line)
	case ItemTrace:
		return "postings"
	}
	return fmt.Sprintf("work unit of line %d", i.Line)
}
