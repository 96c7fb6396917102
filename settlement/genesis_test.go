package settlement

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
)

// genesisLies are the ways to lie in a genesis: what is said about the error.
var genesisLies = []struct {
	name string
	says string
	lie  func(*codec.Genesis, *codec.Policy)
}{
	{"origin missing", "origins", func(g *codec.Genesis, _ *codec.Policy) { g.OriginB = "" }},
	{"origins equal", "origins", func(g *codec.Genesis, _ *codec.Policy) { g.OriginB = g.OriginA }},
	{"origin with a space", "origins", func(g *codec.Genesis, _ *codec.Policy) { g.OriginB = "a b" }},
	{"origin with a plus", "origins", func(g *codec.Genesis, _ *codec.Policy) { g.OriginB = "a+b" }},
	{"origin with a newline", "origins", func(g *codec.Genesis, _ *codec.Policy) { g.OriginB = "a\nb" }},
	{"name missing", "name", func(g *codec.Genesis, _ *codec.Policy) { g.Name = "" }},
	{"scale", "scale", func(g *codec.Genesis, _ *codec.Policy) { g.Scale = 5 }},
	{"suites", "suites", func(g *codec.Genesis, _ *codec.Policy) { g.Suites = []uint64{1} }},
	{"month 13", "cycle", func(g *codec.Genesis, _ *codec.Policy) { g.Cycle, g.Cycles.First = 202613, 202613 }},
	{"month 0", "cycle", func(g *codec.Genesis, _ *codec.Policy) { g.Cycle, g.Cycles.First = 202600, 202600 }},
	{"numbering", "cycle", func(g *codec.Genesis, _ *codec.Policy) { g.Cycles.Numbering = 2 }},
	{"another cycle first", "cycle", func(g *codec.Genesis, _ *codec.Policy) { g.Cycle++ }},
	{"created", "created", func(g *codec.Genesis, _ *codec.Policy) { g.Created++ }},
	{"author", "author", func(g *codec.Genesis, _ *codec.Policy) { g.Author[0]++ }},
	{"no hub", "hub", func(g *codec.Genesis, _ *codec.Policy) {
		g.Parties = slices.Delete(slices.Delete(g.Parties, 7, 8), 0, 1)
	}},
	{"no governance", "governance", func(g *codec.Genesis, _ *codec.Policy) { g.Parties = slices.Delete(g.Parties, 1, 2) }},
	{"no platform", "platform", func(g *codec.Genesis, _ *codec.Policy) { g.Parties = slices.Delete(g.Parties, 2, 3) }},
	{"no auditor", "auditors", func(g *codec.Genesis, _ *codec.Policy) { g.Parties = slices.Delete(g.Parties, 3, 4) }},
	{"one arbiter", "arbiters", func(g *codec.Genesis, _ *codec.Policy) { g.Parties = slices.Delete(g.Parties, 4, 5) }},
	{"a party twice", string(codec.CodePartyExists), func(g *codec.Genesis, _ *codec.Policy) { g.Parties = append(g.Parties, g.Parties[0]) }},
	{"a party that is none", "party 0", func(g *codec.Genesis, _ *codec.Policy) { g.Parties[0] = []byte{0x80} }},
	{"policy version 2", string(codec.CodeBadPolicy), func(_ *codec.Genesis, p *codec.Policy) { p.Version = 2 }},
	{"policy of a later cycle", "first cycle", func(_ *codec.Genesis, p *codec.Policy) { p.EffectiveFrom++ }},
	{"policy by a stranger", "author", func(_ *codec.Genesis, p *codec.Policy) { p.Author[0]++ }},
	{"policy with prev", string(codec.CodeWrongPrev), func(_ *codec.Genesis, p *codec.Policy) { p.Prev[0]++ }},
	{"policy with discounts", "discounts", func(_ *codec.Genesis, p *codec.Policy) { p.Discounts = &codec.Hash{} }},
	{"policy with code", "code", func(_ *codec.Genesis, p *codec.Policy) { p.Programs[0].Code = make([]byte, 32) }},
	{"policy rule", string(codec.CodeBadPolicy), func(_ *codec.Genesis, p *codec.Policy) { p.Rounding = 0 }},
	{"policy range", string(codec.CodeOutOfRange), func(_ *codec.Genesis, p *codec.Policy) { p.Grace = 1 << 63 }},
}

func TestGenesisLies(t *testing.T) {
	for _, c := range genesisLies {
		t.Run(c.name, func(t *testing.T) {
			w := emptyWorld(t)
			var policy *codec.Policy
			g, owners := w.draftGenesis(func(p *codec.Policy) { policy = p })
			c.lie(g, policy)
			g.Policy = codec.Encode(policy)
			change, _, err := JudgeGenesis(sign(codec.KindGenesis, codec.Encode(g), owners...))
			if err == nil || change != nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want a word of %s", err, c.says)
			}
		})
	}
}

func TestGenesisOfNothing(t *testing.T) {
	w := emptyWorld(t)
	g, owners := w.draftGenesis(func(*codec.Policy) {})
	g.Policy = []byte{0x80}
	if _, _, err := JudgeGenesis(sign(codec.KindGenesis, codec.Encode(g), owners...)); err == nil {
		t.Error("a policy that is none")
	}
}

// The ways to lie in the registration of a founder.
func TestGenesisFounders(t *testing.T) {
	for _, c := range []struct {
		name string
		says string
		lie  func(*codec.Party)
	}{
		{"another op", "registration", func(p *codec.Party) { p.Op = codec.PartyExit }},
		{"another author", "registration", func(p *codec.Party) { p.Author[0]++ }},
		{"another cycle", "registration", func(p *codec.Party) { p.Cycle++ }},
		{"cap", "cap", func(p *codec.Party) { p.Cap = &codec.Hash{} }},
		{"party id", string(codec.CodeBadParty), func(p *codec.Party) { p.Party[0]++; p.Author[0]++ }},
		{"role", string(codec.CodeBadParty), func(p *codec.Party) { p.Role = ptr(codec.Role(11)) }},
		{"reason", string(codec.CodeMalformed), func(p *codec.Party) { p.Reason = ptr(uint64(1)) }},
		{"no owner key", string(codec.CodeBadParty), func(p *codec.Party) { *ownerOf(p).Use = codec.UseSubmit }},
		{"node key", string(codec.CodeBadKeys), func(p *codec.Party) {
			for i := range p.Keys {
				if *p.Keys[i].Use == codec.UseSubmit {
					*p.Keys[i].Use = codec.UseNode
				}
			}
		}},
		{"key order", string(codec.CodeBadKeys), func(p *codec.Party) { p.Keys[0], p.Keys[1] = p.Keys[1], p.Keys[0] }},
		{"prev", string(codec.CodeWrongPrev), func(p *codec.Party) { p.Prev[0]++ }},
		{"threshold", string(codec.CodeBadParty), func(p *codec.Party) { p.Threshold = ptr(uint64(2)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := emptyWorld(t)
			g, owners := w.draftGenesis(func(*codec.Policy) {})
			p := w.registration(w.hub)
			c.lie(p)
			g.Parties[0] = codec.Encode(w.hub.prove(p))
			_, _, err := JudgeGenesis(sign(codec.KindGenesis, codec.Encode(g), owners...))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want a word of %s", err, c.says)
			}
		})
	}
}

func TestGenesisPossessionAndKeys(t *testing.T) {
	w := emptyWorld(t)
	g, owners := w.draftGenesis(func(*codec.Policy) {})
	p := w.hub.prove(w.registration(w.hub))
	p.Pop[0][0]++
	g.Parties[0] = codec.Encode(p)
	_, _, err := JudgeGenesis(sign(codec.KindGenesis, codec.Encode(g), owners...))
	requireCode(t, err, codec.CodeBadPossession)

	thief := newActor("thief", codec.RoleHub)
	thief.keys[codec.UseSubmit] = w.hub.keys[codec.UseSubmit]
	g, owners = w.draftGenesis(func(*codec.Policy) {})
	g.Parties = append(g.Parties, codec.Encode(thief.prove(w.registration(thief))))
	_, _, err = JudgeGenesis(sign(codec.KindGenesis, codec.Encode(g), append(owners, thief.owner())...))
	requireCode(t, err, codec.CodeKeyExists)
}

func requireCode(t *testing.T, err error, code codec.Code) {
	t.Helper()
	var r *codec.Refusal
	if !errors.As(err, &r) || r.Code != code {
		t.Errorf("%v, want %s", err, code)
	}
}

func TestGenesisSigners(t *testing.T) {
	w := emptyWorld(t)
	g, owners := w.draftGenesis(func(*codec.Policy) {})
	body := codec.Encode(g)
	judge := func(keys ...ed25519.PrivateKey) error {
		_, _, err := JudgeGenesis(sign(codec.KindGenesis, body, keys...))
		return err
	}
	if err := judge(owners...); err != nil {
		t.Fatal(err)
	}
	for i := range owners {
		requireCode(t, judge(slices.Delete(slices.Clone(owners), i, i+1)...), codec.CodeUnsigned)
	}
	requireCode(t, judge(), codec.CodeUnsigned)
	requireCode(t, judge(append(owners, seeded("stranger"))...), codec.CodeWrongSigners)
	requireCode(t, judge(append(owners, w.hub.keys[codec.UseSubmit])...), codec.CodeWrongSigners)
	record := sign(codec.KindGenesis, body, owners...)
	record[len(record)-1]++
	_, _, err := JudgeGenesis(record)
	requireCode(t, err, codec.CodeBadSignature)
}

func TestGenesisForms(t *testing.T) {
	w := emptyWorld(t)
	g, owners := w.draftGenesis(func(*codec.Policy) {})
	body := codec.Encode(g)
	for name, record := range map[string][]byte{
		"nothing":      nil,
		"another kind": sign(codec.KindPolicy, body, owners...),
		"truncated":    sign(codec.KindGenesis, body[:100], owners...),
	} {
		if _, _, err := JudgeGenesis(record); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestGenesisFounds(t *testing.T) {
	w := newWorld(t)
	f := w.Facts()
	if f.Governance != w.actors["governance"].id || f.Platform != w.actors["platform"].id || f.OriginA != worldOrigin || f.Created != worldStart {
		t.Errorf("%+v", f)
	}
	for _, name := range []string{"hub", "operator"} {
		a := w.actors[name]
		p := w.Party(a.id)
		if p.Prev != f.Leaf || p.Status() != Active || p.Threshold != 1 || p.Weight != startWeight {
			t.Errorf("%s: %+v", name, p)
		}
		for use, k := range a.keys {
			got := w.Key(keyID(k))
			if got == nil || got.Use != use || got.ValidFrom != 0 || !got.ValidAt(0) || !got.ValidAt(Forever-1) || !bytes.Equal(got.Party[:], a.id[:]) {
				t.Errorf("%s: key %+v", name, got)
			}
		}
	}
	if p := w.LastPolicy(); p.Index != 0 || p.Body.Version != 1 {
		t.Errorf("policy %+v", p)
	}
}

// A counter may begin at 0.
func TestGenesisWithCounter(t *testing.T) {
	w := emptyWorld(t)
	g, owners := w.draftGenesis(func(p *codec.Policy) { p.Cycle, p.EffectiveFrom = 0, 0 })
	g.Cycle, g.Cycles = 0, codec.Cycles{}
	for i, body := range g.Parties {
		p := new(codec.Party)
		if err := codec.Decode(body, p); err != nil {
			t.Fatal(err)
		}
		p.Cycle = 0
		var keys []ed25519.PrivateKey
		for _, a := range w.actors {
			for _, k := range a.keys {
				keys = append(keys, k)
			}
		}
		g.Parties[i] = codec.Encode(prove(p, append(keys, w.governance()...)...))
	}
	if _, _, err := JudgeGenesis(sign(codec.KindGenesis, codec.Encode(g), owners...)); err != nil {
		t.Error(err)
	}
}
