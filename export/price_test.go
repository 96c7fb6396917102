package export

import (
	"bytes"
	"encoding/csv"
	"errors"
	"math/big"
	"testing"

	"github.com/forgepool/settle/codec"
	"pgregory.net/rapid"
)

// TestConvert rounds at the half, and at the limits.
func TestConvert(t *testing.T) {
	for _, c := range []struct{ amount, num, den, want uint64 }{
		{0, 1, 1, 0}, {7, 1, 1, 7}, {1, 1, 2, 1}, {1, 1, 3, 0}, {2, 1, 3, 1}, {1, 49, 100, 0}, {1, 50, 100, 1}, {3, 1, 2, 2}, {5, 1, 2, 3},
		{codec.MaxAmount, 1, 1, codec.MaxAmount}, {codec.MaxAmount, codec.MaxAmount, codec.MaxAmount, codec.MaxAmount},
		{codec.MaxAmount, codec.MaxAmount - 1, codec.MaxAmount, codec.MaxAmount - 1}, {1, 1, codec.MaxAmount, 0}, {1, codec.MaxAmount, 1, codec.MaxAmount},
	} {
		p := &Price{"EUR", c.num, c.den}
		if got, err := p.convert(c.amount); err != nil || got != c.want {
			t.Errorf("%d at %d/%d is %d, %v; want %d", c.amount, c.num, c.den, got, err, c.want)
		}
	}
	for _, c := range []struct{ amount, num, den uint64 }{{codec.MaxAmount, 2, 1}, {2, codec.MaxAmount, 1}, {codec.MaxAmount, codec.MaxAmount, 1}, {codec.MaxAmount, 3, 2}} {
		p := &Price{"EUR", c.num, c.den}
		if got, err := p.convert(c.amount); !errors.Is(err, ErrPrice) {
			t.Errorf("%d at %d/%d is %d, %v", c.amount, c.num, c.den, got, err)
		}
	}
}

// TestConvertPlainly compares with rational numbers.
func TestConvertPlainly(t *testing.T) {
	amounts := rapid.Uint64Range(0, codec.MaxAmount)
	positive := rapid.OneOf(rapid.Uint64Range(1, 1_000), rapid.Uint64Range(1, codec.MaxAmount))
	rapid.Check(t, func(t *rapid.T) {
		amount, p := amounts.Draw(t, "amount"), Price{"EUR", positive.Draw(t, "num"), positive.Draw(t, "den")}
		want := new(big.Int).Mul(new(big.Int).SetUint64(amount), new(big.Int).SetUint64(p.Num))
		den := new(big.Int).SetUint64(p.Den)
		want.Mul(want, big.NewInt(2)).Add(want, den).Div(want, den.Mul(den, big.NewInt(2))) // ⌊x + 1/2⌋
		got, err := p.convert(amount)
		if want.IsUint64() && want.Uint64() <= codec.MaxAmount {
			if err != nil || got != want.Uint64() {
				t.Fatalf("%d at %d/%d is %d, %v; want %s", amount, p.Num, p.Den, got, err, want)
			}
		} else if !errors.Is(err, ErrPrice) {
			t.Fatalf("%d at %d/%d is %d, %v; want none", amount, p.Num, p.Den, got, err)
		}
	})
}

// TestCurrency prices settlements by their policy, adjustments by that of their service
// cycle, and adds up.
func TestCurrency(t *testing.T) {
	w := newWorld(t)
	w.settle(usual())
	w.adjust(202608, nil)
	w.adjust(202609, nil)
	ledger := w.ledger()
	ledger.calendar.policies[0].prices = []Price{{"CHF", 1, 1}, {"EUR", 7, 30}}
	f, err := NewFOCUS(ledger, "EUR")
	if err != nil {
		t.Fatal(err)
	}
	out := f.Head()
	for i := settled; i < settled+2; i++ {
		if out, err = f.Append(out, w.record(uint64(i)), w.get); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Append(nil, w.record(settled+2), w.get); !errors.Is(err, ErrFalse) {
		t.Errorf("a service cycle before all policies: %v", err)
	}
	if out, err = f.Append(out, w.record(settled+3), w.get); err != nil {
		t.Fatal(err)
	}
	rows := focusRows(t, out)
	// 2.500007, then 1.350003 as 0.3150007 shared among 1200000, 3 and 300000.
	for i, want := range []struct{ billed, list, credits string }{
		{"0.583335", "0.583335", "2.500007"}, {"0.252", "0.28", "1.08"}, {"0.000001", "0.000001", "0.000003"}, {"0.063", "0.07", "0.27"},
		{"-0.35", "-0.35", "-1.5"}, {"0.116667", "0.116667", "0.5"},
	} {
		r := rows[i]
		if r["BilledCost"] != want.billed || r["EffectiveCost"] != want.billed || r["ContractedCost"] != want.billed || r["ListCost"] != want.list ||
			r["PricingCurrencyEffectiveCost"] != want.credits || r["BillingCurrency"] != "EUR" || r["PricingCurrency"] != "Credit" ||
			r["x_PriceNumerator"] != "7" || r["x_PriceDenominator"] != "30" {
			t.Errorf("row %d: %v", i, r)
		}
	}
	for _, code := range []string{"USD", "CHF"} {
		f, err := NewFOCUS(ledger, code)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Rows(w.record(settled), w.get); errors.Is(err, ErrPrice) != (code == "USD") {
			t.Errorf("%s: %v", code, err)
		}
	}
	for _, code := range []string{"EU", "EURO", "eur", "E R", "ÄÖ", "Credit"} {
		if _, err := NewFOCUS(ledger, code); err == nil {
			t.Errorf("%q is a currency", code)
		}
	}
}

// TestQuote reads cells back with the standard library's reader.
func TestQuote(t *testing.T) {
	cell := rapid.StringOf(rapid.RuneFrom([]rune("a ,\"\n;\tü\\.")))
	rapid.Check(t, func(t *rapid.T) {
		cells := rapid.SliceOfN(cell, 2, 4).Draw(t, "cells")
		var line []byte
		for _, c := range cells {
			start := len(line)
			line = append(quote(append(line, c...), start), ',')
		}
		line[len(line)-1] = '\n'
		got, err := csv.NewReader(bytes.NewReader(line)).Read()
		if err != nil || len(got) != len(cells) {
			t.Fatalf("%q: %q, %v", line, got, err)
		}
		for i := range got {
			if got[i] != cells[i] {
				t.Fatalf("%q became %q", cells[i], got[i])
			}
		}
	})
}
