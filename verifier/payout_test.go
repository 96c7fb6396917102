package verifier

import (
	"errors"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// sale is a settlement with everything that its payout is recomputed from: two
// providers, an adapter, a discount.
type sale struct {
	body   codec.Settlement
	policy []byte
	blobs  [][]byte // manifest, detail, customer, discounts
	detail *codec.Detail
}

// newSale prices the sale; spoil may change the detail before hashes are taken.
func newSale(t *testing.T, spoil func(*codec.Settlement, *codec.Detail)) *sale {
	t.Helper()
	adapter, customer, platform := testID("adapter"), testID("customer"), testID("platform")
	p := testPolicy(testID("hub"))
	discounts, seal := codec.Seal(testID("salt"), []codec.Discount{{Customer: customer, PPM: 100_000}})
	p.Discounts = &seal
	s := &sale{policy: codec.Encode(p)}
	entries := []codec.ShardEntry{
		{Index: 1, Provider: codec.ID{1}, Units: 7, Output: codec.Blob{Size: 1}},
		{Index: 0, Provider: codec.ID{2}, Units: 5, Output: codec.Blob{Size: 1}},
	}
	m, err := settlement.NewManifest(entries)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := settlement.NewPolicy(s.policy, discounts, 0)
	if err != nil {
		t.Fatal(err)
	}
	in := &settlement.Inputs{Program: mcName.ID(), Components: []codec.Component{{Code: 1, Unit: 1, Qty: 12}},
		Customer: customer, Adapter: &adapter, Providers: m.Shares}
	in.Providers[0].Weight, in.Providers[1].Weight = 1_500_000, 500_000
	x, err := settlement.Compute(policy, in)
	if err != nil {
		t.Fatal(err)
	}
	s.detail = settlement.BuildDetail(platform, in, x, codec.Hash{}, func(line int) codec.ID { return codec.ID{byte(line)} })
	s.body = codec.Settlement{Policy: codec.BlobHash(s.policy), Adapter: &adapter, Program: mcName.Program(), Charge: x.Charge, Split: x.Split}
	if spoil != nil {
		spoil(&s.body, s.detail)
	}
	root, _, _, err := settlement.PostingsRoot(s.detail.Postings)
	if err != nil {
		t.Fatal(err)
	}
	if s.body.Postings.N == 0 {
		s.body.Postings = codec.PostingsRef{N: uint64(len(s.detail.Postings)), Root: root}
	}
	manifest, detail := codec.EncodeManifest(entries), codec.EncodeDetail(s.detail)
	s.body.Shards = codec.ShardsRef{Count: 2, Root: m.Root, Units: 12, Blob: codec.BlobHash(manifest), Size: uint64(len(manifest))}
	s.body.Detail = codec.BlobHash(detail)
	sealed, hash := codec.Seal(testID("salt"), customer)
	s.body.Customer = hash
	s.blobs = [][]byte{manifest, detail, sealed, discounts}
	return s
}

func (s *sale) wrong(t *testing.T) string {
	t.Helper()
	p, err := openPayout(&s.body, s.policy, s.blobs)
	if err != nil {
		t.Fatal(err)
	}
	return p.wrong(&s.body)
}

func TestPayout(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*codec.Settlement, *codec.Detail)
		want  string
	}{
		"right":           {nil, ""},
		"charge":          {func(s *codec.Settlement, _ *codec.Detail) { s.Charge++ }, "charge"},
		"adapter's share": {func(s *codec.Settlement, _ *codec.Detail) { s.Split.Adapter++; s.Split.Platform-- }, "split"},
		"no adapter":      {func(s *codec.Settlement, _ *codec.Detail) { s.Adapter = nil }, "split"},
		"price":           {func(_ *codec.Settlement, d *codec.Detail) { d.Components[0].Num++ }, "components"},
		"amount":          {func(_ *codec.Settlement, d *codec.Detail) { d.Components[0].Amount++ }, "components"},
		"quantity":        {func(_ *codec.Settlement, d *codec.Detail) { d.Components[0].Qty++ }, "components"},
		"payouts exchanged": {func(_ *codec.Settlement, d *codec.Detail) {
			a, b := &d.Postings[1].Amount, &d.Postings[2].Amount
			*a, *b = *b, *a
		}, "postings"},
		"another customer":     {func(_ *codec.Settlement, d *codec.Detail) { d.Postings[0].Party[0] ^= 1 }, "postings"},
		"another provider":     {func(_ *codec.Settlement, d *codec.Detail) { d.Postings[1].Party[0] ^= 1 }, "postings"},
		"units":                {func(_ *codec.Settlement, d *codec.Detail) { *d.Postings[1].Units++ }, "postings"},
		"weight":               {func(_ *codec.Settlement, d *codec.Detail) { *d.Postings[1].Weight-- }, "postings"},
		"platform left out":    {func(_ *codec.Settlement, d *codec.Detail) { d.Postings = d.Postings[:4] }, "postings"},
		"providers left out":   {func(_ *codec.Settlement, d *codec.Detail) { d.Postings = d.Postings[:1] }, "postings"},
		"postings miscounted":  {func(s *codec.Settlement, _ *codec.Detail) { s.Postings.N = 9 }, "postings"},
		"provider's line gone": {func(_ *codec.Settlement, d *codec.Detail) { d.Postings[2].Role = codec.RoleAdapter }, "postings"},
	} {
		if got := newSale(t, c.spoil).wrong(t); got != c.want {
			t.Errorf("%s: wrong %q, want %q", name, got, c.want)
		}
	}
}

// TestPayoutBlobs exchanges each blob for another.
func TestPayoutBlobs(t *testing.T) {
	for i, want := range []error{LieManifest, LieBundle, LieBundle, LieBundle} {
		s := newSale(t, nil)
		s.blobs[i] = []byte{0x80}
		if i == 3 {
			s.blobs[3], _ = codec.Seal(testID("other"), []codec.Discount{})
		}
		if _, err := openPayout(&s.body, s.policy, s.blobs); !errors.Is(err, want) {
			t.Errorf("blob %d: %v", i, err)
		}
	}
	s := newSale(t, nil)
	if _, err := openPayout(&s.body, s.policy, s.blobs[:3]); err == nil {
		t.Error("without the discounts")
	}
	if _, err := openPayout(&s.body, append(s.policy, 0), s.blobs); !errors.Is(err, LieRecord) {
		t.Errorf("another policy: %v", err)
	}
}

// TestManifestMustRebuild states something else about a manifest, one thing at a time.
func TestManifestMustRebuild(t *testing.T) {
	for name, change := range map[string]func(*codec.Settlement){
		"root":  func(s *codec.Settlement) { s.Shards.Root[0] ^= 1 },
		"units": func(s *codec.Settlement) { s.Shards.Units++ },
		"count": func(s *codec.Settlement) { s.Shards.Count++ },
		"size":  func(s *codec.Settlement) { s.Shards.Size++ },
		"hash":  func(s *codec.Settlement) { s.Shards.Blob[0] ^= 1 },
	} {
		s := newSale(t, nil)
		change(&s.body)
		if _, err := openManifest(&s.body, s.blobs[0]); !errors.Is(err, LieManifest) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
