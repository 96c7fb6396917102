package verifier

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
)

// TestAuditAccusesAClose audits cycles with false closes: of one that contradicts itself
// the audit leaves evidence, of one that only contradicts the log it leaves none.
func TestAuditAccusesAClose(t *testing.T) {
	for name, c := range map[string]struct {
		bend  func(*codec.Cycle)
		field string // "": no evidence
	}{
		"journal":   {func(c *codec.Cycle) { c.Journal.Debit++ }, fieldJournal},
		"parties":   {func(c *codec.Cycle) { c.Parties.Credit-- }, fieldParties},
		"subtotals": {func(c *codec.Cycle) { (*c.Subtotals)[0].N++ }, fieldSubtotals},
		"root":      {func(c *codec.Cycle) { c.Journal.Root[0] ^= 1 }, ""},
		"counts":    {func(c *codec.Cycle) { c.Counts[1]++ }, ""},
		"all more": {func(c *codec.Cycle) {
			c.Journal.Credit, c.Journal.Debit, c.Parties.Credit, c.Parties.Debit = c.Journal.Credit+1, c.Journal.Debit+1, c.Parties.Credit+1, c.Parties.Debit+1
			(*c.Subtotals)[0].Credit++
			(*c.Subtotals)[0].Debit++
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 2)
			w.promise(800_000, 100_000, 500_000)
			w.settle(job{name: "one", shards: []shardSpec{{0, 3}, {1, 4}}})
			at := w.closeCycle(c.bend)
			dir := t.TempDir()
			_, err := AuditCycle(context.Background(), w, w.cycleOptions(dir))
			if !errors.Is(err, LieClose) {
				t.Fatalf("got %v", err)
			}
			base := filepath.Join(dir, fmt.Sprintf("close-%d", at))
			file, lost := os.ReadFile(base + ".evidence")
			if c.field == "" {
				if lost == nil || strings.Contains(err.Error(), "evidence") {
					t.Errorf("there is evidence: %v", err)
				}
				return
			}
			bundle, also := os.ReadFile(base + ".bundle")
			if lost != nil || also != nil || !strings.Contains(err.Error(), base+".evidence") {
				t.Fatalf("%v, %v: %v", lost, also, err)
			}
			got := confirm(t, w, &EvidenceFile{File: file, Bundle: bundle})
			if got.Fault != FaultUnbalanced || got.Recomputed.Field != c.field || *got.Close != at {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestAuditAccusesWithoutTheKey has a close that contradicts itself, and loses the way to
// its evidence: the close is false all the same.
func TestAuditAccusesWithoutTheKey(t *testing.T) {
	w := newWorld(t, 2)
	w.promise(800_000, 100_000, 500_000)
	w.settle(job{name: "one", shards: []shardSpec{{0, 3}, {1, 4}}})
	w.closeCycle(func(c *codec.Cycle) { c.Journal.Debit++ })
	_, err := AuditCycle(context.Background(), pathless{w}, w.cycleOptions(t.TempDir()))
	if !errors.Is(err, LieClose) || errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "could not be written") {
		t.Errorf("got %v", err)
	}
}

// pathless hands out no paths of records.
type pathless struct{ *world }

// Inclusion implements Source.
func (pathless) Inclusion(context.Context, uint64, uint64) ([][32]byte, error) {
	return nil, errors.New("no paths here")
}
