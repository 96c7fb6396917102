package settlement

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/zeebo/blake3"

	"github.com/forgepool/settle/codec"
)

// fingerprint hashes every byte that the memory holds of the ledger: facts, parties, keys,
// workloads, accounts, openings, disputes, cycles, policies, and the log with its next
// index. Unlike a comparison with a clone it shows what was changed in place. The clocks
// and the commitments to batches are left out: a refused record moves them too.
func (m *memory) fingerprint() codec.Hash {
	still := *m
	still.moment.Stamp, still.moment.Time, still.batches = 0, 0, nil
	h := blake3.New()
	printValue(h, reflect.ValueOf(&still).Elem())
	return codec.Hash(h.Sum(nil))
}

// printValue prints a value with everything that it points to; maps in the order of what
// their keys print as.
func printValue(to *blake3.Hasher, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			to.WriteString("nil;")
			return
		}
		printValue(to, v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			printValue(to, v.Field(i))
		}
	case reflect.Map:
		printMap(to, v)
	case reflect.Slice, reflect.Array:
		fmt.Fprintf(to, "%d:", v.Len())
		if v.Type().Elem().Kind() == reflect.Uint8 && (v.Kind() == reflect.Slice || v.CanAddr()) {
			to.Write(v.Bytes())
			return
		}
		for i := range v.Len() {
			printValue(to, v.Index(i))
		}
	case reflect.String:
		fmt.Fprintf(to, "%d:%s", v.Len(), v.String())
	case reflect.Bool:
		fmt.Fprintf(to, "%t;", v.Bool())
	case reflect.Int, reflect.Int64:
		fmt.Fprintf(to, "%d;", v.Int())
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		fmt.Fprintf(to, "%d;", v.Uint())
	default:
		panic("settlement: a state with a value of kind " + v.Kind().String())
	}
}

func printMap(to *blake3.Hasher, v reflect.Value) {
	rows := make([][]byte, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		h := blake3.New()
		printValue(h, it.Key())
		key := h.Sum(nil)
		h.Reset()
		printValue(h, it.Value())
		rows = append(rows, h.Sum(key))
	}
	slices.SortFunc(rows, bytes.Compare)
	fmt.Fprintf(to, "%d rows:", len(rows))
	for _, row := range rows {
		to.Write(row)
	}
}

// A fingerprint that is blind to a part of the state would let every refusal pass.
func TestFingerprintSeesEverything(t *testing.T) {
	s := newSettled(t)
	by := s.behind(s.at, 1)
	s.accepted(nil, signedDispute(s.opening(by, codec.ClaimOvercharge, s.at, held(1, 1)), by.owner()))
	last := s.fingerprint()
	for name, change := range map[string]func(){
		"index":       func() { s.moment.Index++ },
		"cycle":       func() { s.moment.Cycle++ },
		"facts":       func() { s.facts.Governance[0]++ },
		"party":       func() { s.Party(by.id).Threshold++ },
		"status":      func() { s.Party(by.id).History[0].Status++ },
		"key":         func() { s.Key(keyID(by.owner())).RevokedAt-- },
		"policy":      func() { s.policies[0].Body.Shares.Provider++ },
		"bytes":       func() { s.policies[0].Bytes[0]++ },
		"balance":     func() { s.balances[Account{worldCycle, by.role, by.id}].Held++ },
		"posting":     func() { s.posted[s.at].Lines[0].Amount++ },
		"hold":        func() { s.holds[LineRef{Index: s.at, Line: 1}].Now++ },
		"new account": func() { s.balances[Account{}] = new(Balance) },
		"record":      func() { s.log[1][0]++ },
		"opening":     func() { s.openings[codec.Hash{}] = nil },
		"blob":        func() { s.blobs[codec.Hash{}] = nil },
	} {
		change()
		if got := s.fingerprint(); got == last {
			t.Errorf("a change of %s goes unnoticed", name)
		} else {
			last = got
		}
	}
	s.moment.Time, s.moment.Stamp = s.moment.Time+1, s.moment.Stamp+1
	if s.fingerprint() != last {
		t.Error("a clock counts")
	}
}
