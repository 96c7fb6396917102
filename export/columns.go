package export

import "strconv"

// columns are all columns of FOCUS rows (docs/formats/exports.md section 4) in ASCII
// order, which puts those of FOCUS before ours.
var columns = []column{
	amount("BilledCost", func(r *row) int64 { return r.billed }),
	text("BillingAccountId", few, func(b []byte, _ *FOCUS, r *row) []byte { return appendHex(b, r.account[:]) }),
	text("BillingAccountName", few|optional|shared, func(b []byte, _ *FOCUS, r *row) []byte { return append(b, r.accountName...) }),
	text("BillingCurrency", few|shared|constant, func(b []byte, f *FOCUS, _ *row) []byte { return append(b, f.currency...) }),
	moment("BillingPeriodEnd", func(r *row) uint64 { return r.billing.end }),
	moment("BillingPeriodStart", func(r *row) uint64 { return r.billing.start }),
	text("ChargeCategory", few|shared, func(b []byte, _ *FOCUS, r *row) []byte { return append(b, r.category()...) }),
	text("ChargeClass", few|optional|shared, func(b []byte, _ *FOCUS, r *row) []byte { return append(b, r.chargeClass...) }),
	text("ChargeDescription", few, func(b []byte, _ *FOCUS, r *row) []byte { return r.describe(b) }),
	moment("ChargePeriodEnd", func(r *row) uint64 { return r.charged.end }),
	moment("ChargePeriodStart", func(r *row) uint64 { return r.charged.start }),
	usageNumber("ConsumedQuantity", func(r *row) uint64 { return r.component.Qty }),
	usageText("ConsumedUnit", few, func(b []byte, r *row) []byte { return append(b, unitName(r.component.Unit)...) }),
	amount("ContractedCost", func(r *row) int64 { return r.billed }),
	amount("EffectiveCost", func(r *row) int64 { return r.billed }),
	text("HostProviderName", few|shared|constant, provider),
	text("InvoiceIssuerName", few|shared|constant, provider),
	amount("ListCost", func(r *row) int64 { return r.list }),
	text("PricingCurrency", few|shared|constant, func(b []byte, _ *FOCUS, _ *row) []byte { return append(b, credit...) }),
	amount("PricingCurrencyEffectiveCost", func(r *row) int64 { return r.credits }),
	usageNumber("PricingQuantity", func(r *row) uint64 { return r.component.Qty }),
	usageText("PricingUnit", few, func(b []byte, r *row) []byte { return append(b, unitName(r.component.Unit)...) }),
	text("ProviderName", few|shared|constant, provider),
	text("PublisherName", few|shared|constant, provider),
	text("ServiceCategory", few|shared|constant, func(b []byte, _ *FOCUS, _ *row) []byte { return append(b, "Compute"...) }),
	text("ServiceName", few|shared, func(b []byte, _ *FOCUS, r *row) []byte { return append(b, r.service...) }),
	text("ServiceProviderName", few|shared|constant, provider),
	usageText("SkuId", few|shared, func(b []byte, r *row) []byte { return appendHex(b, r.program[:]) }),
	usageText("SkuPriceId", few, func(b []byte, r *row) []byte {
		b = strconv.AppendUint(append(appendHex(b, r.policy[:]), '/'), r.component.Code, 10)
		return strconv.AppendUint(append(b, '/'), r.component.Unit, 10)
	}),
	text("SubAccountId", few|optional|shared, func(b []byte, _ *FOCUS, r *row) []byte { return append(b, r.subAccount...) }),
	text("Tags", few|optional|shared, func(b []byte, _ *FOCUS, r *row) []byte { return append(b, r.tags...) }),
	text("x_AdapterId", few|optional|shared, func(b []byte, _ *FOCUS, r *row) []byte {
		if r.adapter == nil {
			return b
		}
		return appendHex(b, r.adapter[:])
	}),
	text("x_AuthorId", few|shared, func(b []byte, _ *FOCUS, r *row) []byte { return appendHex(b, r.author[:]) }),
	usageText("x_Class", few|shared, func(b []byte, r *row) []byte { return append(b, className(r.class)...) }),
	usageText("x_Component", few, func(b []byte, r *row) []byte { return append(b, componentName(r.component.Code)...) }),
	number("x_Cycle", shared, func(r *row) (uint64, bool) { return r.cycle, true }),
	text("x_LeafHash", shared, func(b []byte, _ *FOCUS, r *row) []byte { return appendHex(b, r.leaf[:]) }),
	number("x_LogIndex", shared, func(r *row) (uint64, bool) { return r.index, true }),
	usageText("x_PolicyHash", few|shared, func(b []byte, r *row) []byte { return appendHex(b, r.policy[:]) }),
	number("x_PriceDenominator", shared, func(r *row) (uint64, bool) { return r.price.Den, true }),
	number("x_PriceNumerator", shared, func(r *row) (uint64, bool) { return r.price.Num, true }),
	usageText("x_Profile", few|shared, func(b []byte, r *row) []byte { return append(b, r.profile...) }),
	usageNumber("x_RateDenominator", func(r *row) uint64 { return r.component.Den }),
	usageNumber("x_RateNumerator", func(r *row) uint64 { return r.component.Num }),
	text("x_RecordId", shared, func(b []byte, _ *FOCUS, r *row) []byte { return appendHex(b, r.record[:]) }),
	usageText("x_ReplayToken", shared, func(b []byte, r *row) []byte { return appendHex(b, r.token[:]) }),
	number("x_TargetIndex", optional|shared, func(r *row) (uint64, bool) { return r.target, r.component == nil }),
	usageText("x_WorkloadId", shared, func(b []byte, r *row) []byte { return appendHex(b, r.workload[:]) }),
}

// provider is the one who runs the ledger, in all the parts that FOCUS knows.
func provider(b []byte, f *FOCUS, _ *row) []byte { return append(b, f.ledger.Name...) }
