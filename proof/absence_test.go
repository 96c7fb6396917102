package proof

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"testing"
)

// absenceTrust returns a policy with one node, and the node's key.
func absenceTrust(t *testing.T, operator [16]byte) (*TrustPolicy, ed25519.PrivateKey) {
	t.Helper()
	node, log := ed25519.NewKeyFromSeed(make([]byte, 32)), ed25519.NewKeyFromSeed(append(make([]byte, 31), 1))
	spec := PolicySpec{Origin: "a.example", Twin: "b.example", Threshold: 1}
	for _, origin := range []string{spec.Origin, spec.Twin} {
		vkey, err := FormatCheckpointKey(origin, log.Public().(ed25519.PublicKey))
		if err != nil {
			t.Fatal(err)
		}
		spec.Checkpoints = append(spec.Checkpoints, vkey)
	}
	vkey, err := FormatNodeKey(NodeName(spec.Origin, operator), node.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	spec.Nodes = []string{vkey}
	p, err := NewTrustPolicy(spec)
	if err != nil {
		t.Fatal(err)
	}
	return p, node
}

// TestAbsenceVector pins the signed bytes of docs/formats/evidence.md section 9.
func TestAbsenceVector(t *testing.T) {
	a := Absence{Origin: "a.example", Operator: [16]byte{1}, Hash: [32]byte{2}, Index: 3, Time: 4}
	want := hex.EncodeToString([]byte("settle/v1 absent\n\x00\x09a.example")) + "01" + hex.EncodeToString(make([]byte, 15)) +
		"02" + hex.EncodeToString(make([]byte, 31)) + "0000000000000003" + "0000000000000004"
	if got := hex.EncodeToString(a.message()); got != want {
		t.Errorf("%s", got)
	}
}

// TestCheckAbsence changes each part of a signed absence.
func TestCheckAbsence(t *testing.T) {
	policy, node := absenceTrust(t, [16]byte{1})
	signed, err := SignAbsence(Absence{Origin: "a.example", Operator: [16]byte{1}, Hash: [32]byte{2}, Index: MaxSize, Time: MaxSize}, node)
	if err != nil {
		t.Fatal(err)
	}
	if err := policy.CheckAbsence(&signed); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(a *Absence)
		want   error
	}{
		"origin":    {func(a *Absence) { a.Origin = "b.example" }, ErrOrigin},
		"operator":  {func(a *Absence) { a.Operator[0]++ }, ErrKey},
		"hash":      {func(a *Absence) { a.Hash[0]++ }, ErrSignature},
		"index":     {func(a *Absence) { a.Index-- }, ErrSignature},
		"time":      {func(a *Absence) { a.Time-- }, ErrSignature},
		"signature": {func(a *Absence) { a.Sig[0]++ }, ErrSignature},
		"beyond":    {func(a *Absence) { a.Index++ }, ErrMalformed},
		"too late":  {func(a *Absence) { a.Time++ }, ErrMalformed},
	} {
		a := signed
		c.change(&a)
		if err := policy.CheckAbsence(&a); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := SignAbsence(Absence{Origin: "a.example", Index: MaxSize + 1}, node); !errors.Is(err, ErrMalformed) {
		t.Errorf("sign beyond: %v", err)
	}
	if _, err := SignAbsence(Absence{Origin: "a.example"}, node[:3]); !errors.Is(err, ErrKey) {
		t.Errorf("sign without key: %v", err)
	}
}
