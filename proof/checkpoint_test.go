package proof

import (
	"crypto/ed25519"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

const (
	originA = "ledger.example/settle/blake3"
	originB = "ledger.example/settle"
)

// testKey returns a fixed private key.
func testKey(label string) ed25519.PrivateKey {
	seed := LeafB([]byte("test key " + label))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(priv ed25519.PrivateKey) ed25519.PublicKey { return priv.Public().(ed25519.PublicKey) }

// testLedger is a log with its keys, able to publish any size.
type testLedger struct {
	t       testing.TB
	records [][]byte
	log     ed25519.PrivateKey
	nodes   []ed25519.PrivateKey
	names   []string
	policy  *TrustPolicy
}

// newTestLedger has three nodes and a threshold of two.
func newTestLedger(t testing.TB, records [][]byte) *testLedger {
	t.Helper()
	l := &testLedger{t: t, records: records, log: testKey("log")}
	spec := PolicySpec{Origin: originA, Twin: originB, Threshold: 2}
	for _, origin := range []string{originA, originB} {
		spec.Checkpoints = append(spec.Checkpoints, must2(FormatCheckpointKey(origin, public(l.log)))(t))
	}
	for i := range byte(3) {
		key := testKey("node " + string('0'+i))
		name := NodeName(originA, [16]byte{i})
		l.nodes, l.names = append(l.nodes, key), append(l.names, name)
		spec.Nodes = append(spec.Nodes, must2(FormatNodeKey(name, public(key)))(t))
	}
	l.policy = must2(NewTrustPolicy(spec))(t)
	return l
}

// attest returns node n's attestation at a size.
func (l *testLedger) attest(n, size int) Attestation {
	l.t.Helper()
	a := Attestation{
		Name: l.names[n], Origin: originA, Size: uint64(size), Time: 1_790_000_000_000 + uint64(size),
		RootA: rootOf(l.t, TreeA, l.records[:size]), RootB: rootOf(l.t, TreeB, l.records[:size]),
		StateSum: LeafB([]byte{byte(size)}),
	}
	return must2(SignAttestation(a, l.nodes[n]))(l.t)
}

// sign returns the note of a tree at a size with the log's signature only.
func (l *testLedger) sign(h Hasher, size int) []byte {
	l.t.Helper()
	origin := originA
	if h == TreeB {
		origin = originB
	}
	text := FormatCheckpoint(origin, uint64(size), rootOf(l.t, h, l.records[:size]))
	return must2(SignCheckpoint(text, must2(NewCheckpointSigner(origin, l.log))(l.t)))(l.t)
}

// publish returns the note of a tree at a size as a good ledger publishes it.
func (l *testLedger) publish(h Hasher, size int) []byte {
	l.t.Helper()
	signed := l.sign(h, size)
	for n := range 2 {
		a := l.attest(n, size)
		signed = must2(a.AppendLine(signed, public(l.nodes[n])))(l.t)
	}
	return signed
}

// open publishes and opens.
func (l *testLedger) open(h Hasher, size int) *Checkpoint {
	l.t.Helper()
	return must2(l.policy.OpenCheckpoint(l.publish(h, size)))(l.t)
}

// testCheckpoint returns an opened checkpoint over records.
func testCheckpoint(t testing.TB, h Hasher, records [][]byte) *Checkpoint {
	t.Helper()
	return newTestLedger(t, records).open(h, len(records))
}

var _ note.Verifiers = (*opening)(nil)
