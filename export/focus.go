package export

import (
	"bytes"
	"encoding/csv"
	"fmt"

	"github.com/forgepool/settle/codec"
)

// focus writes FOCUS cost and usage rows as CSV: one per component of a settlement's
// charge, one per customer line of an adjustment (docs/formats/exports.md section 4).
type focus struct{ ledger *Ledger }

// credit is the currency of everything: the policy has no price of a Credit.
const credit = "Credit"

// row is one FOCUS row. The columns are its fields, in their order.
type row struct {
	billedCost, effectiveCost, contractedCost, listCost string
	billingAccountID, billingAccountName, subAccountID  string
	billingPeriodStart, billingPeriodEnd                string
	chargePeriodStart, chargePeriodEnd                  string
	chargeCategory, chargeClass, chargeDescription      string
	pricingQuantity, pricingUnit                        string
	consumedQuantity, consumedUnit                      string
	serviceName, skuID, skuPriceID, tags                string
	index, leaf, record, author                         string
	workload, cycle, replayToken, policy                string
	adapter, profile, class                             string
	component, rateNumerator, rateDenominator           string
	target                                              string
}

// columns names each column and says where its value is.
var columns = []struct {
	name  string
	value func(l *Ledger, r *row) string
}{
	{"BilledCost", func(_ *Ledger, r *row) string { return r.billedCost }},
	{"BillingAccountId", func(_ *Ledger, r *row) string { return r.billingAccountID }},
	{"BillingAccountName", func(_ *Ledger, r *row) string { return r.billingAccountName }},
	{"BillingCurrency", func(*Ledger, *row) string { return credit }},
	{"BillingPeriodEnd", func(_ *Ledger, r *row) string { return r.billingPeriodEnd }},
	{"BillingPeriodStart", func(_ *Ledger, r *row) string { return r.billingPeriodStart }},
	{"ChargeCategory", func(_ *Ledger, r *row) string { return r.chargeCategory }},
	{"ChargeClass", func(_ *Ledger, r *row) string { return r.chargeClass }},
	{"ChargeDescription", func(_ *Ledger, r *row) string { return r.chargeDescription }},
	{"ChargePeriodEnd", func(_ *Ledger, r *row) string { return r.chargePeriodEnd }},
	{"ChargePeriodStart", func(_ *Ledger, r *row) string { return r.chargePeriodStart }},
	{"ConsumedQuantity", func(_ *Ledger, r *row) string { return r.consumedQuantity }},
	{"ConsumedUnit", func(_ *Ledger, r *row) string { return r.consumedUnit }},
	{"ContractedCost", func(_ *Ledger, r *row) string { return r.contractedCost }},
	{"EffectiveCost", func(_ *Ledger, r *row) string { return r.effectiveCost }},
	{"HostProviderName", func(l *Ledger, _ *row) string { return l.Name }},
	{"InvoiceIssuerName", func(l *Ledger, _ *row) string { return l.Name }},
	{"ListCost", func(_ *Ledger, r *row) string { return r.listCost }},
	{"PricingCurrency", func(*Ledger, *row) string { return credit }},
	{"PricingCurrencyEffectiveCost", func(_ *Ledger, r *row) string { return r.effectiveCost }},
	{"PricingQuantity", func(_ *Ledger, r *row) string { return r.pricingQuantity }},
	{"PricingUnit", func(_ *Ledger, r *row) string { return r.pricingUnit }},
	{"ProviderName", func(l *Ledger, _ *row) string { return l.Name }},
	{"PublisherName", func(l *Ledger, _ *row) string { return l.Name }},
	{"ServiceCategory", func(*Ledger, *row) string { return "Compute" }},
	{"ServiceName", func(_ *Ledger, r *row) string { return r.serviceName }},
	{"ServiceProviderName", func(l *Ledger, _ *row) string { return l.Name }},
	{"SkuId", func(_ *Ledger, r *row) string { return r.skuID }},
	{"SkuPriceId", func(_ *Ledger, r *row) string { return r.skuPriceID }},
	{"SubAccountId", func(_ *Ledger, r *row) string { return r.subAccountID }},
	{"Tags", func(_ *Ledger, r *row) string { return r.tags }},
	{"x_AdapterId", func(_ *Ledger, r *row) string { return r.adapter }},
	{"x_AuthorId", func(_ *Ledger, r *row) string { return r.author }},
	{"x_Class", func(_ *Ledger, r *row) string { return r.class }},
	{"x_Component", func(_ *Ledger, r *row) string { return r.component }},
	{"x_Cycle", func(_ *Ledger, r *row) string { return r.cycle }},
	{"x_LeafHash", func(_ *Ledger, r *row) string { return r.leaf }},
	{"x_LogIndex", func(_ *Ledger, r *row) string { return r.index }},
	{"x_PolicyHash", func(_ *Ledger, r *row) string { return r.policy }},
	{"x_Profile", func(_ *Ledger, r *row) string { return r.profile }},
	{"x_RateDenominator", func(_ *Ledger, r *row) string { return r.rateDenominator }},
	{"x_RateNumerator", func(_ *Ledger, r *row) string { return r.rateNumerator }},
	{"x_RecordId", func(_ *Ledger, r *row) string { return r.record }},
	{"x_ReplayToken", func(_ *Ledger, r *row) string { return r.replayToken }},
	{"x_TargetIndex", func(_ *Ledger, r *row) string { return r.target }},
	{"x_WorkloadId", func(_ *Ledger, r *row) string { return r.workload }},
}

// Head implements Format: the names of the columns.
func (f *focus) Head() []byte {
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = columns[i].name
	}
	return appendCSV(nil, names)
}

// Append implements Format.
func (f *focus) Append(b []byte, r *Record, blobs Blobs) ([]byte, error) {
	var rows []row
	var err error
	switch r.Kind {
	case codec.KindSettlement:
		rows, err = f.charges(r, blobs)
	case codec.KindAdjustment:
		rows, err = f.corrections(r, blobs)
	}
	if err != nil {
		return nil, err
	}
	values := make([]string, len(columns))
	for i := range rows {
		for j := range columns {
			values[j] = columns[j].value(f.ledger, &rows[i])
		}
		b = appendCSV(b, values)
	}
	return b, nil
}

// appendCSV appends one line as RFC 4180 has it, but ended by LF.
func appendCSV(b []byte, values []string) []byte {
	var line bytes.Buffer
	w := csv.NewWriter(&line)
	if err := w.Write(values); err != nil {
		panic(fmt.Sprintf("export: writing to memory: %v", err))
	}
	w.Flush()
	return append(b, line.Bytes()...)
}

// period fills in the billing period of a cycle: its month, or, where cycles are only
// counted, the month of the moment the charge arose.
func (f *focus) period(index uint64, r *row, cycle, ms uint64) error {
	start := dateOf(ms / msPerSecond / secondsADay)
	if f.ledger.Numbering == codec.CyclesMonths {
		start = date{year: cycle / 100, month: cycle % 100}
		if start.month < 1 || start.month > 12 || start.year < 1000 || start.year > 9999 {
			return contradiction(index, "cycle %d is no month", cycle)
		}
	}
	r.billingPeriodStart, r.billingPeriodEnd = start.formatMonth(0), start.formatMonth(1)
	return nil
}
