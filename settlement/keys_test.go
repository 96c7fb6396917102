package settlement

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"math/big"
	"testing"

	"github.com/forgepool/settle/codec"
)

// curve25519 arithmetic with math/big, only to find the points of small order.
var (
	primeBig = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	dBig     = func() *big.Int { // -121665/121666
		d := new(big.Int).ModInverse(big.NewInt(121666), primeBig)
		return d.Mod(d.Mul(d, big.NewInt(-121665)), primeBig)
	}()
)

type point struct{ x, y *big.Int }

func (a point) add(b point) point {
	mod := func(x *big.Int) *big.Int { return x.Mod(x, primeBig) }
	mul := func(x, y *big.Int) *big.Int { return mod(new(big.Int).Mul(x, y)) }
	k := mul(mul(dBig, mul(a.x, b.x)), mul(a.y, b.y))
	one := big.NewInt(1)
	x := mod(new(big.Int).Add(mul(a.x, b.y), mul(a.y, b.x)))
	y := mod(new(big.Int).Add(mul(a.y, b.y), mul(a.x, b.x)))
	return point{
		mul(x, new(big.Int).ModInverse(mod(new(big.Int).Add(one, k)), primeBig)),
		mul(y, new(big.Int).ModInverse(mod(new(big.Int).Sub(one, k)), primeBig)),
	}
}

// onCurve returns the point with this y and the smaller or larger x, if there is one.
func onCurve(y *big.Int) (point, bool) {
	y2 := new(big.Int).Mul(y, y)
	u := new(big.Int).Sub(y2, big.NewInt(1))
	v := new(big.Int).Add(new(big.Int).Mul(dBig, y2), big.NewInt(1))
	x2 := u.Mul(u, v.ModInverse(v.Mod(v, primeBig), primeBig))
	x := new(big.Int).ModSqrt(x2.Mod(x2, primeBig), primeBig)
	return point{x, y}, x != nil
}

func littleEndian(h codec.Hash) *big.Int {
	var b [32]byte
	for i := range h {
		b[31-i] = h[i]
	}
	return new(big.Int).SetBytes(b[:])
}

func encodeY(y *big.Int) (h codec.Hash) {
	b := y.FillBytes(make([]byte, 32))
	for i := range b {
		h[31-i] = b[i]
	}
	return h
}

// The table holds y of exactly the points whose order divides 8.
func TestSmallOrderTable(t *testing.T) {
	for i, h := range smallOrder {
		p, ok := onCurve(littleEndian(h))
		if !ok {
			t.Fatalf("row %d is not on the curve", i)
		}
		for range 3 {
			p = p.add(p)
		}
		if p.x.Sign() != 0 || p.y.Cmp(big.NewInt(1)) != 0 {
			t.Errorf("row %d is not of order 1, 2, 4 or 8", i)
		}
	}
	// The 8 points of the subgroup, from one of order 8: no y outside the table.
	base, _ := onCurve(littleEndian(smallOrder[3]))
	table := map[codec.Hash]bool{}
	for _, h := range smallOrder {
		table[h] = true
	}
	seen := map[string]bool{}
	p := point{big.NewInt(0), big.NewInt(1)}
	for range 8 {
		if !table[encodeY(p.y)] {
			t.Errorf("y %x is of small order and not in the table", encodeY(p.y))
		}
		seen[fmt.Sprint(p.x, p.y)] = true
		p = p.add(base)
	}
	if len(seen) != 8 {
		t.Errorf("%d points of small order, want 8", len(seen))
	}
}

func TestUsableKey(t *testing.T) {
	signed := func(h codec.Hash) codec.Hash { h[31] |= 0x80; return h }
	for i, h := range smallOrder {
		if usableKey(h) || usableKey(signed(h)) {
			t.Errorf("small order %d is usable", i)
		}
	}
	least := fieldPrime // p and everything above it up to 2^255-1 is not canonical
	for range 19 {
		if usableKey(least) || usableKey(signed(least)) {
			t.Errorf("%x is not canonical and usable", least)
		}
		least[0]++
	}
	below := fieldPrime
	below[0] -= 2 // p-2; p-1 is of order 2
	if !usableKey(below) {
		t.Error("p-2 is canonical and not usable")
	}
	for i := range uint64(50) {
		seed := make([]byte, 32)
		binary.BigEndian.PutUint64(seed, i)
		if !usableKey(public(ed25519.NewKeyFromSeed(seed))) {
			t.Errorf("honest key %d is not usable", i)
		}
	}
}
