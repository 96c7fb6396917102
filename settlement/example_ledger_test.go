package settlement

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// published is the part of the published example ledger that the rules can check.
type published struct {
	Policy struct {
		Hash string `json:"hash"`
	} `json:"policy"`
	Shards struct {
		ManifestRoot string   `json:"manifest_root_tt5"`
		PlanLeaves   []string `json:"plan_leaves"`
		PlanRoot     string   `json:"plan_root"`
		WorkKey      string   `json:"work_key"`
	} `json:"shards"`
	Postings struct {
		Root   string    `json:"root_tt3"`
		Charge uint64    `json:"charge"`
		Split  [3]uint64 `json:"split"`
	} `json:"postings"`
	Records []struct {
		Name      string `json:"name"`
		RecordHex string `json:"record_hex"`
		LeafA     string `json:"leaf_a"`
		LeafB     string `json:"leaf_b"`
	} `json:"records"`
	Batch struct {
		Root        string `json:"root"`
		Digest      string `json:"digest"`
		BatchHex    string `json:"batch_hex"`
		Stamp       uint64 `json:"stamp"`
		OutcomesHex string `json:"outcomes_hex"`
	} `json:"batch"`
	CycleTrees struct {
		PartyPostings []struct {
			Key    string `json:"key"`
			Credit uint64 `json:"credit"`
			Debit  uint64 `json:"debit"`
		} `json:"party_postings_tt2"`
	} `json:"cycle_trees"`
}

func loadPublished(t testing.TB) *published {
	t.Helper()
	data, err := os.ReadFile("../codec/testdata/vectors/ledger-1.json")
	if err != nil {
		t.Fatal(err)
	}
	x := new(published)
	if err := json.Unmarshal(data, x); err != nil {
		t.Fatal(err)
	}
	return x
}

func fromHex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestExampleLedgerIsAccepted(t *testing.T) {
	x := loadPublished(t)
	m := newMemory(t, fromHex(t, x.Records[0].RecordHex))
	if got := m.LastPolicy().Hash.String(); got != x.Policy.Hash {
		t.Errorf("policy hash %s, want %s", got, x.Policy.Hash)
	}
	batch := fromHex(t, x.Batch.BatchHex)
	p := Prepare(batch)
	if p.Root.String() != x.Batch.Root || p.Digest.String() != x.Batch.Digest {
		t.Errorf("root %v or digest %v differs", p.Root, p.Digest)
	}
	if fault := CheckReceipts(m, p); fault != nil {
		t.Errorf("receipts: %v", fault)
	}
	verdicts, fault := m.apply(t, batch, x.Batch.Stamp)
	if fault != nil {
		t.Fatal(fault)
	}
	outcomes := make([]codec.Outcome, len(verdicts))
	for i := range verdicts {
		if verdicts[i].Refusal != nil {
			t.Errorf("%s: %v", x.Records[i+1].Name, verdicts[i].Refusal)
		}
		outcomes[i] = verdicts[i].Outcome()
	}
	if got := hex.EncodeToString(codec.EncodeOutcomes(outcomes)); got != x.Batch.OutcomesHex {
		t.Errorf("outcomes\n%s\nwant\n%s", got, x.Batch.OutcomesHex)
	}
	checkExampleState(t, x, m, p)
}

func checkExampleState(t *testing.T, x *published, m *memory, p *Prepared) {
	for i := range p.Records {
		r := &p.Records[i]
		if r.LeafA.String() != x.Records[i+1].LeafA || r.LeafB.String() != x.Records[i+1].LeafB {
			t.Errorf("%s: leaf hashes differ", x.Records[i+1].Name)
		}
	}
	s := p.Records[4].Settlement
	for _, c := range []struct{ what, got, want string }{
		{"manifest root", codec.Hash(s.Manifest.Root).String(), x.Shards.ManifestRoot},
		{"plan root", s.PlanRoot.String(), x.Shards.PlanRoot},
		{"plan leaf 1", s.Manifest.Plan[1].String(), x.Shards.PlanLeaves[1]},
		{"work key", s.WorkKey.String(), x.Shards.WorkKey},
		{"postings root", s.PostingsRoot.String(), x.Postings.Root},
	} {
		if c.got != c.want {
			t.Errorf("%s %s, want %s", c.what, c.got, c.want)
		}
	}
	if len(m.balances) != len(x.CycleTrees.PartyPostings) {
		t.Errorf("%d balances, want %d", len(m.balances), len(x.CycleTrees.PartyPostings))
	}
	for _, want := range x.CycleTrees.PartyPostings {
		key := fromHex(t, want.Key)
		b := m.Balance(Account{m.moment.Cycle, codec.Role(key[0]), codec.ID(key[1:])})
		if b.Credit != want.Credit || b.Debit != want.Debit || b.Postings != 1 {
			t.Errorf("balance of %s: %+v", want.Key, b)
		}
	}
	w := m.Workload(s.Body.Author, s.Body.Workload)
	if w.State != codec.StateFinalized || w.SettledAt != 5 || w.PlannedAt != 3 {
		t.Errorf("workload %+v", w)
	}
	if use := m.WorkUse(s.WorkKey); use == nil || use.Workload != w.ID {
		t.Errorf("use of the work: %+v", use)
	}
	if got := m.log[5]; proof.LeafA(got) != p.Records[4].LeafA {
		t.Error("the settlement is not at index 5")
	}
}

// A batch that was applied before is refused nowhere: every record repeats.
func TestExampleLedgerRepeats(t *testing.T) {
	x := loadPublished(t)
	m := newMemory(t, fromHex(t, x.Records[0].RecordHex))
	batch := fromHex(t, x.Batch.BatchHex)
	if _, fault := m.apply(t, batch, x.Batch.Stamp); fault != nil {
		t.Fatal(fault)
	}
	again, fault := m.apply(t, batch, x.Batch.Stamp)
	if fault != nil {
		t.Fatal(fault)
	}
	for i, v := range again {
		if v.Kind != codec.Repeated || v.Index != uint64(i+1) || v.Leaf.String() != x.Records[i+1].LeafA {
			t.Errorf("record %d: %+v", i, v)
		}
	}
}
