package verifier

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/bits"

	"github.com/cloudflare/circl/sign/bls"
	"github.com/forgepool/settle/codec"
)

// BeaconOpened is the round of a drand chain that seeded a sample, with all that a third
// party needs to verify it (docs/formats/sampling.md section 2).
type BeaconOpened struct {
	_         struct{}    `cbor:",toarray"`
	Round     uint64      `json:"round"`
	Signature []byte      `json:"signature"`
	Previous  []byte      `json:"previous"` // signature of the round before, in a chained scheme
	Chain     BeaconChain `json:"chain"`
}

// BeaconChain is a drand chain: what its hash commits to.
type BeaconChain struct {
	_       struct{} `cbor:",toarray"`
	Period  uint64   `json:"period"`  // s
	Genesis uint64   `json:"genesis"` // time of round 1, s
	Key     []byte   `json:"key"`     // compressed BLS12-381 point of the group
	Seed    []byte   `json:"seed"`    // group hash
	ID      string   `json:"id"`      // "default" and "" are the same
}

// Sizes of compressed points, in bytes: keys in one group sign in the other one.
const (
	pointG1 = 48
	pointG2 = 96
)

// maxBeaconText bounds the seed and the id of a chain, in bytes.
const maxBeaconText = 255

// ParseBeacon reads the two answers of a drand relay: about the chain (/CHAIN/info) and
// about the round (/CHAIN/public/ROUND). Whether they are true is for Check to say.
// Errors: LieBeacon.
func ParseBeacon(info, round []byte) (*BeaconOpened, error) {
	var c struct {
		Key      string `json:"public_key"`
		Period   uint64 `json:"period"`
		Genesis  uint64 `json:"genesis_time"`
		Seed     string `json:"groupHash"`
		Metadata struct {
			ID string `json:"beaconID"`
		} `json:"metadata"`
	}
	var r struct {
		Round     uint64 `json:"round"`
		Signature string `json:"signature"`
		Previous  string `json:"previous_signature"`
	}
	if err := json.Unmarshal(info, &c); err != nil {
		return nil, lie(LieBeacon, "the chain: %v", err)
	}
	if err := json.Unmarshal(round, &r); err != nil {
		return nil, lie(LieBeacon, "the round: %v", err)
	}
	b := &BeaconOpened{Round: r.Round, Chain: BeaconChain{Period: c.Period, Genesis: c.Genesis, ID: c.Metadata.ID}}
	for _, f := range []struct {
		name, text string
		to         *[]byte
	}{
		{"public_key", c.Key, &b.Chain.Key}, {"groupHash", c.Seed, &b.Chain.Seed},
		{"signature", r.Signature, &b.Signature}, {"previous_signature", r.Previous, &b.Previous},
	} {
		data, err := hex.DecodeString(f.text)
		if err != nil {
			return nil, lie(LieBeacon, "%s: %v", f.name, err)
		}
		*f.to = data
	}
	return b, nil
}

// Hash returns the hash of the chain, by which policies name it.
func (c *BeaconChain) Hash() codec.Hash {
	b := binary.BigEndian.AppendUint32(nil, uint32(c.Period))
	b = binary.BigEndian.AppendUint64(b, c.Genesis)
	b = append(append(b, c.Key...), c.Seed...)
	if c.ID != "default" {
		b = append(b, c.ID...)
	}
	return sha256.Sum256(b)
}

// Check checks that this is the round that a cut or a close names: of the chain with that
// hash, at that time, signed by the key of the chain. Errors: LieBeacon.
func (b *BeaconOpened) Check(named *codec.BeaconRound) error {
	c := &b.Chain
	if c.Period == 0 || c.Period > 1<<31 || c.Genesis > 1<<62 || len(c.Seed) > maxBeaconText || len(c.ID) > maxBeaconText {
		return lie(LieBeacon, "the chain is out of range")
	}
	if c.Hash() != named.Chain {
		return lie(LieBeacon, "the chain has the hash %s, not %s", c.Hash(), named.Chain)
	}
	if b.Round != named.Round || b.Round == 0 {
		return lie(LieBeacon, "round %d instead of %d", b.Round, named.Round)
	}
	over, after := bits.Mul64(b.Round-1, c.Period)
	at, carry := bits.Add64(after, c.Genesis, 0)
	if over+carry > 0 || at > 1<<53 || at*1000 != named.NotBefore {
		return lie(LieBeacon, "the round is not of the time %d", named.NotBefore)
	}
	if !b.signed() {
		return lie(LieBeacon, "the signature of round %d does not verify", b.Round)
	}
	return nil
}

// signed verifies the signature by the scheme that the key's group tells: with keys in G2
// bls-unchained-g1-rfc9380; with keys in G1 pedersen-bls-chained where there is a
// signature before, else pedersen-bls-unchained.
func (b *BeaconOpened) signed() bool {
	previous := b.Previous
	if len(b.Chain.Key) == pointG2 {
		previous = nil // the scheme does not sign it
	}
	if len(previous) > maxBeaconText {
		return false
	}
	message := sha256.Sum256(binary.BigEndian.AppendUint64(append([]byte(nil), previous...), b.Round))
	switch {
	case len(b.Chain.Key) == pointG2 && len(b.Signature) == pointG1:
		return verifyBLS[bls.KeyG2SigG1](b.Chain.Key, message[:], b.Signature)
	case len(b.Chain.Key) == pointG1 && len(b.Signature) == pointG2:
		return verifyBLS[bls.KeyG1SigG2](b.Chain.Key, message[:], b.Signature)
	}
	return false
}

func verifyBLS[K bls.KeyGroup](key, message, signature []byte) bool {
	var k bls.PublicKey[K]
	return k.UnmarshalBinary(key) == nil && k.Validate() && bls.Verify(&k, message, signature)
}

// beaconHash is what a round enters the seed with.
func beaconHash(signature []byte) [32]byte { return sha256.Sum256(signature) }

// openBeacon checks and takes the round of the cycle's beacon.
func (a *cycleAudit) openBeacon(r *CycleReport) error {
	named, given := a.frame.books.beacon(), a.options.Beacon
	switch {
	case named == nil && given != nil:
		return lie(LieBeacon, "the cycle has no beacon, but one was given")
	case named != nil && given == nil:
		return fmt.Errorf("%w: round %d of the beacon %s is needed", ErrNotReady, named.Round, named.Chain)
	case named != nil:
		if err := given.Check(named); err != nil {
			return err
		}
		r.Beacon = given
	}
	return nil
}
