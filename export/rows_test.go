package export

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
)

// TestGolden compares each format with what the published text describes.
func TestGolden(t *testing.T) {
	w := newWorld(t)
	w.everything()
	for name, file := range map[string]string{
		FormatJSONLines: "ledger.jsonl", FormatCloudEvents: "ledger.cloudevents.jsonl", FormatCSV: "ledger.focus.csv",
	} {
		golden(t, file, w.export(name, 0))
	}
}

// TestSplitExport checks that an export in parts is the whole export, wherever it is
// cut.
func TestSplitExport(t *testing.T) {
	w := newWorld(t)
	w.everything()
	for _, name := range []string{FormatJSONLines, FormatCloudEvents, FormatCSV} {
		whole := w.export(name, 0)
		for cut := 1; cut <= len(w.records); cut++ {
			if got := append(w.part(name, 0, cut), w.export(name, cut)...); !bytes.Equal(got, whole) {
				t.Errorf("%s cut at %d is another file", name, cut)
			}
		}
	}
}

// TestRoundTrip checks that a line of JSON and an event give back the record.
func TestRoundTrip(t *testing.T) {
	w := newWorld(t)
	w.everything()
	for i, text := range bytes.Split(bytes.TrimSpace(w.export(FormatJSONLines, 0)), []byte("\n")) {
		var l struct {
			Index  int        `json:"index"`
			Leaf   codec.Hash `json:"leaf"`
			Record []byte     `json:"record"`
		}
		if err := json.Unmarshal(text, &l); err != nil {
			t.Fatal(err)
		}
		if l.Index != i || !bytes.Equal(l.Record, w.records[i]) || l.Leaf != w.record(uint64(i)).Leaf {
			t.Errorf("line %d does not give back its record", i)
		}
	}
	events := strings.Split(strings.TrimSpace(string(w.export(FormatCloudEvents, 0))), "\n")
	if len(events) != 2 {
		t.Fatalf("%d events of 2 settlements", len(events))
	}
	var e map[string]string
	if err := json.Unmarshal([]byte(events[0]), &e); err != nil {
		t.Fatal(err)
	}
	data, err := base64.StdEncoding.DecodeString(e["data_base64"])
	if err != nil || !bytes.Equal(data, w.records[settled]) {
		t.Error("the event does not give back its record")
	}
	s := w.settlement()
	for name, want := range map[string]string{
		"specversion": "1.0", "id": s.ID.String(), "source": "urn:forge-ledger:ledger.example/settle/blake3", "type": EventType,
		"subject": s.Workload.String(), "logindex": "5", "leafhash": w.record(settled).Leaf.String(), "time": "2026-09-21T14:14:19.000Z",
	} {
		if e[name] != want {
			t.Errorf("%s is %q, want %q", name, e[name], want)
		}
	}
}

// TestEverythingIsTold compares the values of a body with those of its line: every
// leaf of the decoded record is there.
func TestEverythingIsTold(t *testing.T) {
	w := newWorld(t)
	s := w.settlement()
	line, err := w.format(FormatJSONLines).Append(nil, w.record(settled), w.get)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{s.Workload.String(), s.Seed.String(), s.Detail.String(), s.Disclosures[1].String(),
		`"charge":2500007`, `"split":{"providers":1750004,"adapter":0,"platform":750003}`, `"retain_until":1795184060000`} {
		if !strings.Contains(string(line), want) {
			t.Errorf("the line does not tell %s", want)
		}
	}
}

// focusRows reads a FOCUS export as maps.
func focusRows(t *testing.T, file []byte) []map[string]string {
	t.Helper()
	all, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = cells[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// mandatory are the 21 mandatory columns of FOCUS 1.2 and the two of 1.3.
const mandatory = `BilledCost BillingAccountId BillingAccountName BillingCurrency BillingPeriodEnd BillingPeriodStart ChargeCategory
ChargeClass ChargeDescription ChargePeriodEnd ChargePeriodStart ContractedCost EffectiveCost InvoiceIssuerName ListCost PricingQuantity
PricingUnit ProviderName PublisherName ServiceCategory ServiceName ServiceProviderName HostProviderName`

// nullable are the mandatory columns that may be empty here.
const nullable = "BillingAccountName ChargeClass PricingQuantity PricingUnit"

// TestFOCUSColumns checks presence, emptiness and order of the columns.
func TestFOCUSColumns(t *testing.T) {
	w := newWorld(t)
	w.everything()
	rows := focusRows(t, w.export(FormatCSV, 0))
	if len(rows) != 1+3+2+2 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, row := range rows {
		for _, name := range strings.Fields(mandatory) {
			value, ok := row[name]
			if !ok || value == "" && !strings.Contains(nullable, name) {
				t.Errorf("row %d: %s is %q, present %v", i, name, value, ok)
			}
		}
		for _, name := range []string{"x_LogIndex", "x_LeafHash", "x_Cycle"} {
			if row[name] == "" {
				t.Errorf("row %d has no %s", i, name)
			}
		}
		if row["BillingCurrency"] != "Credit" || row["PricingCurrency"] != "Credit" || row["PricingCurrencyEffectiveCost"] != row["EffectiveCost"] {
			t.Errorf("row %d: currencies", i)
		}
	}
	for i := 1; i < len(columns); i++ {
		if a, b := columns[i-1].name, columns[i].name; strings.HasPrefix(a, "x_") == strings.HasPrefix(b, "x_") && a >= b {
			t.Errorf("column %s before %s", a, b)
		}
	}
}

// TestFOCUSSettlement checks the values of a settlement's rows by hand.
func TestFOCUSSettlement(t *testing.T) {
	w := newWorld(t)
	w.everything()
	rows := focusRows(t, w.export(FormatCSV, 0))
	for name, want := range map[string]string{
		"BilledCost": "2.500007", "ListCost": "2.500007", "BillingAccountId": "fe61bcd41d3cd94a69eb523a544c341e", "ChargeCategory": "Usage",
		"BillingPeriodStart": "2026-09-21T14:13:20Z", "BillingPeriodEnd": "2026-09-21T14:14:40Z",
		"ChargePeriodStart": "2026-09-21T14:13:55Z", "ChargePeriodEnd": "2026-09-21T14:14:19Z", "PricingQuantity": "5", "PricingUnit": "Work Units",
		"ServiceName": "aggregate@1", "InvoiceIssuerName": "Example ledger", "x_Class": "aggregation", "x_ReplayToken": w.token, "Tags": "",
	} {
		if got := rows[0][name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	var total uint64
	for i, want := range []string{"1.08", "0.000003", "0.27"} {
		row := rows[1+i]
		if row["BilledCost"] != want || row["SubAccountId"] != "atlas" || row["BillingAccountName"] != "Foo & Co, Ltd" {
			t.Errorf("component %d: %v", i, row)
		}
		if row["Tags"] != `{"organization":"Foo & Co, Ltd","project":"atlas","tag":"\"eu\",nightly"}` {
			t.Errorf("tags are %s", row["Tags"])
		}
		cost, err := ParseCredits(row["BilledCost"])
		if err != nil {
			t.Fatal(err)
		}
		total += cost
	}
	if total != usual().charge {
		t.Errorf("the rows add up to %d, the charge is %d", total, usual().charge)
	}
	if rows[3]["PricingUnit"] != "Unit 9" || rows[3]["x_Component"] != "retention" || rows[3]["ListCost"] != "0.3" {
		t.Errorf("last component: %v", rows[3])
	}
}

// TestFOCUSAdjustment checks signs and the class of corrections.
func TestFOCUSAdjustment(t *testing.T) {
	w := newWorld(t)
	w.adjust(202608, nil)
	w.adjust(202609, nil)
	rows := focusRows(t, w.export(FormatCSV, 0))[1:]
	for i, want := range []struct{ cost, class string }{{"-1.5", "Correction"}, {"0.5", "Correction"}, {"-1.5", ""}, {"0.5", ""}} {
		row := rows[i]
		if row["BilledCost"] != want.cost || row["ChargeClass"] != want.class || row["ChargeCategory"] != "Adjustment" || row["x_TargetIndex"] != "5" {
			t.Errorf("row %d: %v", i, row)
		}
	}
}

// TestShareCharge checks that nothing is lost, whatever a discount or a minimum makes of
// the amounts.
func TestShareCharge(t *testing.T) {
	for _, c := range []struct {
		charge  uint64
		amounts []uint64
		want    []uint64
	}{
		{0, []uint64{0}, []uint64{0}},
		{1_000, []uint64{0, 0}, []uint64{1_000, 0}}, // a minimum where nothing was priced
		{10, []uint64{1, 1, 1}, []uint64{4, 3, 3}},  // raised to a minimum
		{2, []uint64{1, 1, 1}, []uint64{1, 1, 0}},   // discounted
		{1<<63 - 1, []uint64{1<<63 - 1}, []uint64{1<<63 - 1}},
	} {
		components := make([]codec.Component, len(c.amounts))
		for i, a := range c.amounts {
			components[i].Amount = a
		}
		got, err := shareCharge(1, c.charge, components)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%d among %d: %d, want %d", c.charge, c.amounts, got, c.want)
				break
			}
		}
	}
	if _, err := shareCharge(1, 1, []codec.Component{{Amount: 1 << 63}, {Amount: 1 << 63}}); !errors.Is(err, ErrFalse) {
		t.Errorf("2^64: %v", err)
	}
}
