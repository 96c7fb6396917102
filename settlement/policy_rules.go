package settlement

import (
	"bytes"
	"strings"

	"github.com/forgepool/settle/codec"
)

// Bounds of policies (docs/formats/records.md section 6.3).
const (
	scale       = 6                  // decimal places of a Credit
	day         = 24 * 3600 * second // ms
	second      = 1_000              // ms
	roundingOne = 1                  // docs/formats/accounting.md section 1
)

// checkRates is row 13.
func checkRates(b *codec.Policy) *codec.Refusal {
	for i := range b.Rates {
		r := &b.Rates[i]
		switch {
		case i > 0 && !rateBefore(&b.Rates[i-1], r):
			return badPolicy("rates not ascending by program, component and unit")
		case r.Den == 0:
			return badPolicy("a rate per zero units")
		case r.Component < ComponentVolume || r.Component > ComponentReserved:
			return badPolicy("unknown component")
		case !lists(b, r.Program):
			return badPolicy("a rate of a program that is not allowed")
		}
	}
	return nil
}

func rateBefore(a, b *codec.Rate) bool {
	if c := bytes.Compare(a.Program[:], b.Program[:]); c != 0 {
		return c < 0
	}
	return a.Component < b.Component || a.Component == b.Component && a.Unit < b.Unit
}

func lists(b *codec.Policy, program codec.Hash) bool {
	for i := range b.Programs {
		if b.Programs[i].Program == program {
			return true
		}
	}
	return false
}

// checkShares is row 14.
func checkShares(b *codec.Policy) *codec.Refusal {
	if s := b.Shares; s.Provider > million || s.Adapter > million-s.Provider {
		return badPolicy("shares exceed the whole")
	}
	return nil
}

// checkWeights is row 17.
func checkWeights(b *codec.Policy) *codec.Refusal {
	if w := b.Weights; w.Min == 0 || w.Min > w.Max || w.Max > codec.MaxPPM {
		return badPolicy("range of weights")
	}
	return nil
}

// checkFloors is row 18.
func checkFloors(b *codec.Policy) *codec.Refusal {
	for i := range b.Floors {
		f := &b.Floors[i]
		if f.Class != uint64(i)+1 || f.Mode > maxMode || f.SamplePPM > million {
			return badPolicy("floor of a class")
		}
	}
	return nil
}

// checkAudit is row 19.
func checkAudit(b *codec.Policy) *codec.Refusal {
	a := &b.Audit
	switch {
	case a.ConfPPM == 0 || a.ConfPPM >= million || a.FaultPPM == 0 || a.FaultPPM >= million:
		return badPolicy("audit confidence or tolerated fault")
	case a.TracingPPM > codec.MaxPPM || a.MinAuditors == 0:
		return badPolicy("audit tracing or number of auditors")
	case a.Beacon.Present && a.Beacon.Period == 0:
		return badPolicy("beacon without a period")
	case !EnoughDraws(a.MaxDraws, a.ConfPPM, a.FaultPPM):
		return badPolicy("n_max draws do not reach the audit's confidence")
	}
	return nil
}

// checkPeriods is rows 20 to 22.
func checkPeriods(b *codec.Policy) *codec.Refusal {
	least, ok := sum(b.DisputeWindow, b.Audit.Deadline)
	switch {
	case b.DisputeWindow < day:
		return badPolicy("dispute window under 24 h")
	case !ok || b.Retention < least:
		return badPolicy("retention shorter than dispute window and audit deadline")
	case b.Rounding != roundingOne:
		return badPolicy("unknown rounding")
	}
	return nil
}

// checkPrograms is row 23 without the presence of the code, which is A7.
func checkPrograms(b *codec.Policy) *codec.Refusal {
	for i := range b.Programs {
		p := &b.Programs[i]
		switch {
		case i > 0 && bytes.Compare(b.Programs[i-1].Program[:], p.Program[:]) >= 0:
			return badPolicy("programs not ascending")
		case p.Class == 0 || p.Class > codec.Classes:
			return badPolicy("unknown class of a program")
		}
	}
	return nil
}

// checkLimits is row 24.
func checkLimits(b *codec.Policy) *codec.Refusal {
	l := &b.Limits
	if l.MaxShards > codec.MaxShards || l.MaxFuel > codec.MaxFuel || l.MaxPages > codec.MaxPages {
		return badPolicy("limits beyond those of the formats")
	}
	for _, units := range l.MaxUnits {
		if units > codec.MaxUnits {
			return badPolicy("work units of a shard beyond those of a settlement")
		}
	}
	return nil
}

// checkPolicyWindows is rows 29 to 33.
func checkPolicyWindows(b *codec.Policy) *codec.Refusal {
	switch {
	case b.Windows.Near < second || b.Windows.Older < second:
		return badPolicy("clock windows under 1 s")
	case b.Events > 1:
		return badPolicy("events is neither 0 nor 1")
	case b.Receipts > million:
		return badPolicy("share of receipts above the whole")
	}
	return nil
}

// checkPrices is row 34.
func checkPrices(b *codec.Policy) *codec.Refusal {
	if b.Prices == nil {
		return nil
	}
	for i, p := range *b.Prices {
		switch {
		case len(p.Currency) != codec.MaxCurrency || strings.Trim(p.Currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "":
			return badPolicy("a currency is three capital letters")
		case p.Num == 0 || p.Den == 0:
			return badPolicy("a Credit costs more than nothing")
		case i > 0 && (*b.Prices)[i-1].Currency >= p.Currency:
			return badPolicy("prices not ascending by currency")
		}
	}
	return nil
}
