package main

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
)

// cmdDispute writes a customer's dispute of 1,000 micro-Credits on line 0 of a settlement;
// arguments are the file to write, the settlement as JSON, the customer and the index.
func cmdDispute(ts *testscript.TestScript, _ bool, args []string) {
	var r struct {
		Leaf codec.Hash `json:"leaf"`
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &r))
	text := fmt.Sprintf(`{"origin": "localhost/settle/blake3", "author": %q, "cycle": 1, "op": "open",
		"target": {"index": %s, "leaf": %q}, "role": "customer", "claim": "overcharge",
		"lines": [{"line": 0, "amount": 1000}], "amount": 1000, "deadline": %d}`, args[2], args[3], r.Leaf, client.Now()+3_600_000)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// TestParseQuota reads every form.
func TestParseQuota(t *testing.T) {
	for text, want := range map[string]codec.Quota{
		"project=a=b=5":    {Dimension: 1, Value: "a=b", Limit: 5, Mode: codec.QuotaHard},
		"class=1=0:soft":   {Dimension: 3, Value: "1", Mode: codec.QuotaSoft},
		"organization=ü=9": {Dimension: 5, Value: "ü", Limit: 9, Mode: codec.QuotaHard},
	} {
		if got, err := parseQuota(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "project", "project=5", "project==5", "team=a=5", "project=a=", "project=a=-1", "project=a=9223372036854775808"} {
		if _, err := parseQuota(text); exitCode(err) != exitUsage {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestPages reads lists of every length in parts, with and without a limit.
func TestPages(t *testing.T) {
	for total := range 2*api.MaxItems + 2 {
		if total > 3 && total < api.MaxItems-1 || total > api.MaxItems+1 && total < 2*api.MaxItems-1 {
			continue
		}
		for _, limit := range []int{0, 1, api.MaxItems, api.MaxItems + 1} {
			got := 0
			err := pages(limit, func(p api.Page) (int, uint64, uint64, error) {
				if got > 0 && p.Size != 7 || p.Limit < 1 || p.Limit > api.MaxItems {
					t.Fatalf("asked for %+v", p)
				}
				n := min(p.Limit, total-int(p.From))
				got += n
				next := uint64(got)
				if got == total {
					next = 0
				}
				return n, 7, next, nil
			})
			want := total
			if limit > 0 {
				want = min(limit, total)
			}
			if err != nil || got != want {
				t.Errorf("%d of %d, limit %d: %v", got, total, limit, err)
			}
		}
	}
}
