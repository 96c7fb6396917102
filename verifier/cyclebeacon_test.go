package verifier

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/cloudflare/circl/sign/bls"
	"github.com/forgepool/settle/codec"
)

// What relays of drand publish of two chains and of one round of each.
const (
	quicknetInfo = `{"public_key":"83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a","period":3,"genesis_time":1692803367,"groupHash":"f477d5c89f21a17c863a7f937c6a6d15859414d2be09cd448d4279af331c5d3e","schemeID":"bls-unchained-g1-rfc9380","metadata":{"beaconID":"quicknet"}}`
	quicknet123  = `{"round":123,"signature":"b75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482e26cd02df835d3546d23c4b13e0dfc92"}`
	quicknetHash = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
	defaultInfo  = `{"public_key":"868f005eb8e6e4ca0a47c8a77ceaa5309a47978a7c71bc5cce96366b5d7a569937c529eeda66c7293784a9402801af31","period":30,"genesis_time":1595431050,"groupHash":"176f93498eac9ca337150b46d21dd58673ea4e3581185f869672e59fa4cb390a","schemeID":"pedersen-bls-chained","metadata":{"beaconID":"default"}}`
	default1     = `{"round":1,"signature":"8d61d9100567de44682506aea1a7a6fa6e5491cd27a0a0ed349ef6910ac5ac20ff7bc3e09d7c046566c9f7f3c6f3b10104990e7cb424998203d8f7de586fb7fa5f60045417a432684f85093b06ca91c769f0e7ca19268375e659c2a2352b4655","previous_signature":"176f93498eac9ca337150b46d21dd58673ea4e3581185f869672e59fa4cb390a"}`
	defaultHash  = "8990e7a9aaed2ffed73dbd7092123d6f289930540d7651336225dc172e51b2ce"
)

// opened reads a published round with what a cut would name of it.
func openedRound(t testing.TB, info, round, chain string) (*BeaconOpened, *codec.BeaconRound) {
	t.Helper()
	b, err := ParseBeacon([]byte(info), []byte(round))
	if err != nil {
		t.Fatal(err)
	}
	hash, err := codec.ParseHash(chain)
	if err != nil {
		t.Fatal(err)
	}
	return b, &codec.BeaconRound{Chain: hash, Round: b.Round, NotBefore: (b.Chain.Genesis + (b.Round-1)*b.Chain.Period) * 1000}
}

// TestPublishedRounds verifies published rounds of both schemes of drand's mainnet, and
// one of the third scheme that is signed here.
func TestPublishedRounds(t *testing.T) {
	for _, x := range [][3]string{{quicknetInfo, quicknet123, quicknetHash}, {defaultInfo, default1, defaultHash}} {
		b, named := openedRound(t, x[0], x[1], x[2])
		if err := b.Check(named); err != nil {
			t.Error(err)
		}
	}
	key, err := bls.KeyGen[bls.KeyG1SigG2](make([]byte, 32), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	pub, _ := key.PublicKey().MarshalBinary()
	message := sha256.Sum256(binary.BigEndian.AppendUint64(nil, 5))
	b := &BeaconOpened{Round: 5, Signature: bls.Sign(key, message[:]), Chain: BeaconChain{Period: 2, Genesis: 7, Key: pub}}
	if err := b.Check(&codec.BeaconRound{Chain: b.Chain.Hash(), Round: 5, NotBefore: 15_000}); err != nil {
		t.Error(err)
	}
}

// TestFalseRounds changes one thing of a published round at a time.
func TestFalseRounds(t *testing.T) {
	for name, change := range map[string]func(*BeaconOpened, *codec.BeaconRound){
		"signature":        func(b *BeaconOpened, _ *codec.BeaconRound) { b.Signature[20] ^= 1 },
		"no signature":     func(b *BeaconOpened, _ *codec.BeaconRound) { b.Signature = nil },
		"infinity":         func(b *BeaconOpened, _ *codec.BeaconRound) { b.Signature = append([]byte{0xc0}, make([]byte, 47)...) },
		"round":            func(b *BeaconOpened, _ *codec.BeaconRound) { b.Round++ },
		"both rounds":      func(b *BeaconOpened, n *codec.BeaconRound) { b.Round++; n.Round++; n.NotBefore += 3000 },
		"round 0":          func(b *BeaconOpened, n *codec.BeaconRound) { b.Round, n.Round = 0, 0 },
		"time":             func(_ *BeaconOpened, n *codec.BeaconRound) { n.NotBefore++ },
		"chain":            func(_ *BeaconOpened, n *codec.BeaconRound) { n.Chain[0] ^= 1 },
		"key":              func(b *BeaconOpened, _ *codec.BeaconRound) { b.Chain.Key[50] ^= 1 },
		"own key":          func(b *BeaconOpened, n *codec.BeaconRound) { b.Chain.Key[50] ^= 1; n.Chain = b.Chain.Hash() },
		"short key":        func(b *BeaconOpened, n *codec.BeaconRound) { b.Chain.Key = b.Chain.Key[:95]; n.Chain = b.Chain.Hash() },
		"period":           func(b *BeaconOpened, _ *codec.BeaconRound) { b.Chain.Period++ },
		"period of 2^32+3": func(b *BeaconOpened, _ *codec.BeaconRound) { b.Chain.Period += 1 << 32 },
		"name":             func(b *BeaconOpened, _ *codec.BeaconRound) { b.Chain.ID = "default" },
	} {
		b, named := openedRound(t, quicknetInfo, quicknet123, quicknetHash)
		change(b, named)
		if err := b.Check(named); !errors.Is(err, LieBeacon) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b, named := openedRound(t, defaultInfo, default1, defaultHash)
	b.Previous[0] ^= 1
	if err := b.Check(named); !errors.Is(err, LieBeacon) {
		t.Errorf("signature before: %v", err)
	}
	for _, bad := range [][2]string{{"", quicknet123}, {quicknetInfo, "{"}, {`{"public_key":"x"}`, quicknet123}} {
		if _, err := ParseBeacon([]byte(bad[0]), []byte(bad[1])); !errors.Is(err, LieBeacon) {
			t.Errorf("%q was read: %v", bad, err)
		}
	}
}

// TestAuditWithABeacon audits a cycle whose close names a round, and checks the report
// without and with another one.
func TestAuditWithABeacon(t *testing.T) {
	w := newWorld(t, 2)
	w.promise(800_000, 100_000, 0)
	w.settle(job{name: "one", shards: []shardSpec{{0, 3}, {1, 4}}})
	b, named := openedRound(t, quicknetInfo, quicknet123, quicknetHash)
	w.closeCycle(func(c *codec.Cycle) { c.Beacon = named })
	o := w.cycleOptions(t.TempDir())
	if _, err := AuditCycle(context.Background(), w, o); !errors.Is(err, ErrNotReady) {
		t.Errorf("without the round: %v", err)
	}
	false1 := *b
	false1.Round++
	o.Beacon = &false1
	if _, err := AuditCycle(context.Background(), w, o); !errors.Is(err, LieBeacon) {
		t.Errorf("with another round: %v", err)
	}
	o.Beacon = b
	r := w.auditCycle(o)
	if err := r.Check(w.trust, proofsIn(o.Dir)); err != nil || len(r.Deviations) > 0 || r.Seed == (codec.Hash{}) {
		t.Errorf("%v, deviations %q", err, r.Deviations)
	}
	r.Beacon.Signature[9] ^= 1
	if err := r.Check(w.trust, proofsIn(o.Dir)); !errors.Is(err, LieReport) {
		t.Errorf("another signature: %v", err)
	}
	r.Beacon = nil
	if err := r.Check(w.trust, proofsIn(o.Dir)); !errors.Is(err, LieReport) {
		t.Errorf("no beacon: %v", err)
	}
}
