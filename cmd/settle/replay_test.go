package main

import (
	"bytes"
	"testing"

	"github.com/forgepool/settle/verifier"
)

func TestOutcomesTable(t *testing.T) {
	var out bytes.Buffer
	a := &app{stdout: &out}
	o := &verifier.Outcomes{Count: 2, Mean: 3 << 15, Min: 0, Max: 3 << 16, Levels: []verifier.OutcomeLevel{
		{Level: 500_000, Quantile: 0, TailMean: 3 << 16}, {Level: 990_000, Quantile: 1<<36<<16 - 1, TailMean: 1 << 36 << 16}}}
	if err := a.outcomesTable(o); err != nil {
		t.Fatal(err)
	}
	const want = `
2 outcomes from 0.000 to 3.000, mean 1.500
level  quantile, VaR    TVaR
P50    0.000            3.000
P99    68719476735.999  68719476736.000
`
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
