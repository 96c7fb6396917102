package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// charges returns the rows of a settlement.
func (f *focus) charges(rec *Record, blobs Blobs) ([]row, error) {
	o, err := open(rec, blobs)
	if err != nil {
		return nil, err
	}
	costs, err := shareCharge(rec.Index, o.Charge, o.detail.Components)
	if err != nil {
		return nil, err
	}
	all := settlementRow(rec, o)
	if err := f.period(rec.Index, &all, o.Cycle, o.Times.Finalized); err != nil {
		return nil, err
	}
	rows := make([]row, len(costs))
	for i := range rows {
		rows[i] = all
		rows[i].price(o, &o.detail.Components[i], costs[i])
	}
	return rows, nil
}

// settlementRow is what all rows of a settlement have in common.
func settlementRow(rec *Record, o *opened) row {
	program, family := codec.ProgramID(&o.Program), fmt.Sprintf("%s@%d", o.Program.Family, o.Program.Version)
	r := row{
		billingAccountID: o.customer.String(), billingAccountName: strings.Join(o.label("organization"), ","),
		subAccountID: strings.Join(o.label("project"), ","), tags: o.tags(),
		chargePeriodStart: FormatTime(o.Times.Started / msPerSecond), chargePeriodEnd: FormatTime(o.Times.Finalized/msPerSecond + 1),
		chargeCategory: "Usage", serviceName: family, skuID: program.String(),
		index: strconv.FormatUint(rec.Index, 10), leaf: rec.Leaf.String(), record: o.ID.String(), author: o.Author.String(),
		workload: o.Workload.String(), cycle: strconv.FormatUint(o.Cycle, 10),
		replayToken: ReplayToken(o.Settlement, o.entries).String(), policy: o.Policy.String(),
		profile: o.Program.Profile, class: className(o.Class),
	}
	if o.Adapter != nil {
		r.adapter = o.Adapter.String()
	}
	return r
}

// price adds what one component has.
func (r *row) price(o *opened, c *codec.Component, cost uint64) {
	r.billedCost = FormatCredits(cost)
	r.effectiveCost, r.contractedCost, r.listCost = r.billedCost, r.billedCost, FormatCredits(c.Amount)
	r.pricingQuantity, r.pricingUnit = strconv.FormatUint(c.Qty, 10), unitName(c.Unit)
	r.consumedQuantity, r.consumedUnit = r.pricingQuantity, r.pricingUnit
	r.skuPriceID = fmt.Sprintf("%s/%d/%d", o.Policy, c.Code, c.Unit)
	r.component = componentName(c.Code)
	r.rateNumerator, r.rateDenominator = strconv.FormatUint(c.Num, 10), strconv.FormatUint(c.Den, 10)
	r.chargeDescription = fmt.Sprintf("%s of %s@%d %s", r.component, o.Program.Family, o.Program.Version, o.Program.Profile)
}

// shareCharge divides a charge among its components in proportion to their amounts, by
// the largest remainder: discount and minimum charge are spread, nothing is lost.
func shareCharge(index, charge uint64, components []codec.Component) ([]uint64, error) {
	gross, weights := uint64(0), make([]uint64, len(components))
	for i := range components {
		var carry uint64
		if gross, carry = bits.Add64(gross, components[i].Amount, 0); carry != 0 {
			return nil, contradiction(index, "the components add up to 2^64 or more")
		}
		weights[i] = components[i].Amount
	}
	if gross == 0 {
		weights[0] = 1
	}
	return settlement.SplitPool(charge, weights), nil
}

// tags returns the labels as a JSON object, names ascending; empty without labels.
func (o *opened) tags() string {
	if len(o.labels) == 0 {
		return ""
	}
	tags := map[string]string{}
	for i := range o.labels {
		name := o.labels[i].Label
		tags[name] = strings.Join(o.label(name), ",")
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(tags); err != nil {
		panic(fmt.Sprintf("export: texts as JSON: %v", err))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// corrections returns the rows of an adjustment: its customer lines.
func (f *focus) corrections(rec *Record, blobs Blobs) ([]row, error) {
	var a codec.Adjustment
	if err := codec.DecodeAdjustment(rec.Body, &a); err != nil {
		return nil, contradiction(rec.Index, "%v", err)
	}
	blob, err := blobs.fetch("correction", a.Detail)
	if err != nil {
		return nil, err
	}
	c, err := codec.DecodeCorrection(blob)
	if err != nil {
		return nil, contradiction(rec.Index, "%v", err)
	}
	if err := checkPostings(rec.Index, c.Postings, a.Postings, a.Totals); err != nil {
		return nil, err
	}
	var rows []row
	for i := range c.Postings {
		if p := &c.Postings[i]; p.Role == codec.RoleCustomer {
			r := adjustmentRow(rec, &a, p)
			if err := f.period(rec.Index, &r, a.Cycle, a.At); err != nil {
				return nil, err
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// adjustmentRow is the row of one customer line of an adjustment.
func adjustmentRow(rec *Record, a *codec.Adjustment, p *codec.Posting) row {
	cost := FormatCredits(p.Amount)
	if p.Side == codec.Credit && p.Amount > 0 {
		cost = "-" + cost
	}
	r := row{
		billedCost: cost, effectiveCost: cost, contractedCost: cost, listCost: cost,
		billingAccountID:  p.Party.String(),
		chargePeriodStart: FormatTime(a.At / msPerSecond), chargePeriodEnd: FormatTime(a.At/msPerSecond + 1),
		chargeCategory: "Adjustment", serviceName: "Adjustment",
		chargeDescription: fmt.Sprintf("correction of record %d: %s", a.Target.Index, causeName(a.Cause)),
		index:             strconv.FormatUint(rec.Index, 10), leaf: rec.Leaf.String(), record: a.ID.String(), author: a.Author.String(),
		cycle: strconv.FormatUint(a.Cycle, 10), target: strconv.FormatUint(a.Target.Index, 10),
	}
	if a.ServiceCycle != a.Cycle {
		r.chargeClass = "Correction"
	}
	return r
}
