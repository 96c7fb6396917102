package proof

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/zeebo/blake3"
)

// sumLeaves returns n leaves of a type in key order. Keys are even numbers in the
// first bytes, so that odd ones are absent; some sums are 0.
func sumLeaves(t SumType, n int) []SumLeaf {
	shape, err := t.shape()
	if err != nil {
		panic(err)
	}
	leaves := make([]SumLeaf, n)
	for i := range leaves {
		leaves[i] = SumLeaf{Key: sumKey(shape, 2*i+2), Count: 1, Payload: blake3.Sum256([]byte{byte(i)})}
		leaves[i].Sums[0] = uint64(i%3) * 1_000
		if shape.columns == 2 {
			leaves[i].Sums[1] = uint64(i*i) + 1
		}
		if !shape.unitCount {
			leaves[i].Count = uint64(i)
		}
	}
	return leaves
}

// sumKey returns a key of the type's length that orders like its number.
func sumKey(shape sumShape, number int) []byte {
	key := make([]byte, shape.keyLen)
	binary.BigEndian.PutUint16(key, uint16(number))
	return key
}

// stated returns the statement of a tree, as an honest record makes it.
func stated(t SumType, tree *SumTree) SumStatement {
	totals := tree.Totals()
	return SumStatement{Type: t, Root: tree.Root(), Sums: totals.Sums, Leaves: totals.Leaves, Count: totals.Count}
}

func TestSumTreeVectors(t *testing.T) {
	shape := sumShape{tag: 1, keyLen: 16, columns: 2}
	var leaves []SumLeaf
	for i := range uint64(11) {
		key := blake3.Sum256([]byte("provider" + strconv.FormatUint(i, 10)))
		leaves = append(leaves, SumLeaf{
			Key:     key[:16],
			Count:   i + 1,
			Sums:    [2]uint64{i * i * 1000003 % 1_000_000_000, i % 3},
			Payload: blake3.Sum256([]byte("lines" + strconv.FormatUint(i, 10))),
		})
	}
	slices.SortFunc(leaves, func(a, b SumLeaf) int { return bytes.Compare(a.Key, b.Key) })
	for n, want := range map[int]string{
		0:  "c7af568b34467ca011c48db23dfc1ba808bb0e098da0bb3cd48f173f3da94e45",
		1:  "706884c4e3a5a14f398b78e2cd57161d55f1cd055796e8e403deec46efb6635a",
		2:  "d32e30113c4da6a7696de4fa0a628bc4bdb45d8ff874734fa65b7bc85c699f6c",
		3:  "5c28408335470abeeac830597c1ee236e3ddfbfb95eb8bac0774ef11059bdf55",
		11: "5ce06c3cf68b63033210c4c2338d0c852dc900edda73ce22382b87d85459d117",
	} {
		root, _, err := shape.root(leaves[:n])
		if err != nil || root != fromHex(t, want) {
			t.Errorf("%d leaves: %x, %v", n, root, err)
		}
		tree := must2(shape.build(leaves[:n]))(t)
		if tree.Root() != fromHex(t, want) {
			t.Errorf("%d leaves, built: %x", n, tree.Root())
		}
	}
}

// ledgerVectors is the part of the golden ledger that this package can check.
type ledgerVectors struct {
	OriginA string `json:"origin_a"`
	Shards  struct {
		EntryHashes []string `json:"entry_hashes"`
		Root        string   `json:"manifest_root_tt5"`
		PlanLeaves  []string `json:"plan_leaves"`
		PlanRoot    string   `json:"plan_root"`
	} `json:"shards"`
	Postings struct {
		Hashes []string `json:"hashes"`
		Root   string   `json:"root_tt3"`
		Charge uint64   `json:"charge"`
		Split  []uint64 `json:"split"`
	} `json:"postings"`
	Records []struct {
		Hex   string `json:"record_hex"`
		LeafA string `json:"leaf_a"`
		LeafB string `json:"leaf_b"`
	} `json:"records"`
	Batch struct {
		Root string `json:"root"`
	} `json:"batch"`
	CycleTrees struct {
		Parties []struct {
			Key    string `json:"key"`
			Credit uint64 `json:"credit"`
			Debit  uint64 `json:"debit"`
			Root   string `json:"root"`
		} `json:"party_postings_tt2"`
		PartiesRoot string `json:"parties_root_tt1"`
		JournalRoot string `json:"journal_root_tt4"`
	} `json:"cycle_trees"`
	TreeA []sizedRoot `json:"tree_a"`
	TreeB []sizedRoot `json:"tree_b"`
}

type sizedRoot struct {
	Size int    `json:"size"`
	Root string `json:"root"`
}

func loadVectors(t *testing.T) *ledgerVectors {
	t.Helper()
	data := must2(os.ReadFile("../codec/testdata/vectors/ledger-1.json"))(t)
	v := new(ledgerVectors)
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
	return v
}

// records returns the record bytes of the golden ledger.
func (v *ledgerVectors) records(t *testing.T) [][]byte {
	var records [][]byte
	for _, r := range v.Records {
		records = append(records, must2(hex.DecodeString(r.Hex))(t))
	}
	return records
}

func TestGoldenLedgerTrees(t *testing.T) {
	v := loadVectors(t)
	records := v.records(t)
	var batch [][32]byte
	for i, r := range v.Records {
		if LeafA(records[i]) != fromHex(t, r.LeafA) || LeafB(records[i]) != fromHex(t, r.LeafB) {
			t.Errorf("leaf hashes of record %d", i)
		}
		if i > 0 {
			batch = append(batch, LeafA(records[i]))
		}
	}
	if MTH(batch) != fromHex(t, v.Batch.Root) {
		t.Error("batch root")
	}
	for h, roots := range map[Hasher][]sizedRoot{TreeA: v.TreeA, TreeB: v.TreeB} {
		if len(roots) == 0 {
			t.Error("no roots in the vectors")
		}
		for _, r := range roots {
			if rootOf(t, h, records[:r.Size]) != fromHex(t, r.Root) {
				t.Errorf("tree %v at size %d", h, r.Size)
			}
		}
	}
	var plan [][32]byte
	for _, leaf := range v.Shards.PlanLeaves {
		plan = append(plan, fromHex(t, leaf))
	}
	if err := CheckPlan(uint64(len(plan)), uint64(len(plan)), fromHex(t, v.Shards.PlanRoot), plan, nil); err != nil {
		t.Error(err)
	}
}

// posting is one line of the golden settlement.
type posting struct {
	party  string // key of its party in tt 1
	credit uint64
	debit  uint64
	hash   [32]byte
}

// goldenPostings returns customer debit, provider credit and platform credit.
func goldenPostings(t *testing.T, v *ledgerVectors) []posting {
	byRole := map[string]string{}
	for _, p := range v.CycleTrees.Parties {
		byRole[p.Key[:2]] = p.Key
	}
	return []posting{
		{byRole["03"], 0, v.Postings.Charge, fromHex(t, v.Postings.Hashes[0])},
		{byRole["01"], v.Postings.Split[0], 0, fromHex(t, v.Postings.Hashes[1])},
		{byRole["04"], v.Postings.Split[2], 0, fromHex(t, v.Postings.Hashes[2])},
	}
}

func TestGoldenSumTrees(t *testing.T) {
	v := loadVectors(t)
	const settlement = 5
	var lines []SumLeaf
	parties := map[string]SumLeaf{}
	for line, p := range goldenPostings(t, v) {
		key, inParty := LineKey(uint16(line)), PostingKey(settlement, uint16(line))
		sums := [2]uint64{p.credit, p.debit}
		lines = append(lines, SumLeaf{Key: key[:], Count: 1, Sums: sums, Payload: p.hash})
		root, totals, err := SumRoot(SumPartyPostings, []SumLeaf{{Key: inParty[:], Count: 1, Sums: sums, Payload: p.hash}})
		if err != nil {
			t.Fatal(err)
		}
		parties[p.party] = SumLeaf{Key: must2(hex.DecodeString(p.party))(t), Count: totals.Leaves, Sums: totals.Sums, Payload: root}
	}
	wantSumRoot(t, SumPostings, lines, v.Postings.Root)
	var ledger []SumLeaf
	for _, p := range v.CycleTrees.Parties {
		if parties[p.Key].Payload != fromHex(t, p.Root) {
			t.Errorf("tt 2 of %s", p.Key)
		}
		ledger = append(ledger, parties[p.Key])
	}
	slices.SortFunc(ledger, func(a, b SumLeaf) int { return bytes.Compare(a.Key, b.Key) })
	wantSumRoot(t, SumParties, ledger, v.CycleTrees.PartiesRoot)
	key := JournalKey(settlement)
	wantSumRoot(t, SumJournal, []SumLeaf{{
		Key: key[:], Count: 3, Sums: [2]uint64{v.Postings.Charge, v.Postings.Charge},
		Payload: fromHex(t, v.Records[settlement].LeafA),
	}}, v.CycleTrees.JournalRoot)
}

func TestGoldenManifest(t *testing.T) {
	v := loadVectors(t)
	provider := must2(hex.DecodeString(v.goldenProvider(t)))(t)
	var leaves []SumLeaf
	for idx, units := range []uint64{3, 2} {
		key := ShardKey([16]byte(provider), uint32(idx), 0)
		leaves = append(leaves, SumLeaf{Key: key[:], Count: 1, Sums: [2]uint64{units}, Payload: fromHex(t, v.Shards.EntryHashes[idx])})
	}
	wantSumRoot(t, SumShards, leaves, v.Shards.Root)
}

// goldenProvider returns the party id of the one provider.
func (v *ledgerVectors) goldenProvider(t *testing.T) string {
	for _, p := range v.CycleTrees.Parties {
		if p.Key[:2] == "01" {
			return p.Key[2:]
		}
	}
	t.Fatal("no provider")
	return ""
}

// wantSumRoot checks both ways of computing a root.
func wantSumRoot(t *testing.T, tt SumType, leaves []SumLeaf, want string) {
	t.Helper()
	root, totals, err := SumRoot(tt, leaves)
	if err != nil || root != fromHex(t, want) {
		t.Errorf("tt %d: %x, %v", tt, root, err)
	}
	tree := must2(BuildSumTree(tt, leaves))(t)
	if tree.Root() != root || tree.Totals() != totals {
		t.Errorf("tt %d: SumRoot and BuildSumTree differ", tt)
	}
}
