package verifier

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
)

// TestLyingRecords names each way to lie about the records of a signed checkpoint.
func TestLyingRecords(t *testing.T) {
	for name, lie := range map[string]struct {
		change func([]Record) []Record
		want   error
	}{
		"a bit flipped":       {func(p []Record) []Record { p[0].Bytes[len(p[0].Bytes)/2] ^= 1; return p }, LieRoot},
		"a record repeated":   {func(p []Record) []Record { p[len(p)-1] = p[0]; return p }, LieOrder},
		"a record exchanged":  {func(p []Record) []Record { p[0].Bytes = p[len(p)-1].Bytes; return p }, LieRoot},
		"a record left out":   {func(p []Record) []Record { return p[1:] }, LieOrder},
		"wrong index":         {func(p []Record) []Record { p[0].Index++; return p }, LieOrder},
		"nothing":             {func([]Record) []Record { return nil }, LieOrder},
		"truncated":           {func(p []Record) []Record { p[0].Bytes = p[0].Bytes[:9]; return p }, LieRoot},
		"more than asked for": {func(p []Record) []Record { return append(p, make([]Record, 100)...) }, LieOrder},
	} {
		w := newWorld(t, 2)
		honest(w, 0)
		honest2(w, "one")
		w.tamper = tamper{records: lie.change}
		if _, err := Audit(context.Background(), w, w.options(1)); !errors.Is(err, lie.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFalseRecordsUnderTheRoot appends records that replicas should have refused.
func TestFalseRecordsUnderTheRoot(t *testing.T) {
	for name, c := range map[string]struct {
		record func(w *world) []byte
		want   error
	}{
		"not a record": {func(*world) []byte { return []byte{0xa0} }, LieRecord},
		"not a settlement": {func(*world) []byte {
			return codec.EncodeRecord(&codec.Record{Version: 1, Kind: codec.KindSettlement, Body: []byte{0xa0}})
		}, LieRecord},
		"party unsigned": {func(w *world) []byte {
			_, body := w.newActor("stranger", codec.RoleProvider)
			return w.signed(codec.KindParty, codec.Encode(body))
		}, LieSignature},
		"party signed for another ledger": {func(w *world) []byte {
			a, body := w.newActor("stranger", codec.RoleProvider)
			rec, _ := codec.DecodeRecord(w.signed(codec.KindParty, codec.Encode(body), a))
			rec.Signatures[0].Sig[0] ^= 1
			return codec.EncodeRecord(&rec)
		}, LieSignature},
		"party registered twice": {func(w *world) []byte { return w.register("provider 0", codec.RoleProvider) }, LieRecord},
		"policy signed by a stranger": {func(w *world) []byte {
			a, _ := w.newActor("stranger", codec.RoleProvider)
			return w.signed(codec.KindPolicy, w.policy, a)
		}, LieSignature},
	} {
		w := newWorld(t, 2)
		w.append(name, [][]byte{c.record(w)})
		if _, err := Audit(context.Background(), w, w.options(1)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLiesAboutOneSettlement changes what a node says after the log was read. Nothing
// of it may become a match, and none of it can be held against the hub.
func TestLiesAboutOneSettlement(t *testing.T) {
	for name, lie := range map[string]struct {
		tamper tamper
		reason string
	}{
		"path changed":          {tamper{inclusion: func(p [][32]byte) [][32]byte { p[0][0] ^= 1; return p }}, "root_mismatch"},
		"path too long":         {tamper{inclusion: func(p [][32]byte) [][32]byte { return append(p, [32]byte{}) }}, "path_length"},
		"batch signature":       {tamper{batch: func(b *Batch) { b.Signature[0] ^= 1 }}, "bad_batch"},
		"batch leaf":            {tamper{batch: func(b *Batch) { b.Leaves[2][0] ^= 1 }}, "bad_batch"},
		"batch time":            {tamper{batch: func(b *Batch) { b.Sent++ }}, "bad_batch"},
		"batch made atomic":     {tamper{batch: func(b *Batch) { b.Atomic = true }}, "bad_batch"},
		"batch of nobody":       {tamper{batch: func(b *Batch) { b.Key[0] ^= 1 }}, "bad_key"},
		"batch of another":      {tamper{batch: func(b *Batch) { b.Submitter[0] ^= 1 }}, "bad_batch"},
		"batch without records": {tamper{batch: func(b *Batch) { b.Leaves = nil }}, "bad_batch"},
	} {
		w := newWorld(t, 2)
		honest2(w, "one")
		w.tamper = lie.tamper
		r := w.audit(3)
		if r.Inconclusive != 3 || len(r.Evidence) != 0 || !strings.Contains(fmt.Sprint(r.Draws[0].Reasons), lie.reason) {
			t.Errorf("%s: %s %v", name, r.Draws[0].Verdict, r.Draws[0].Reasons)
		}
	}
}

// TestLyingArtifacts answers every question for a blob with other bytes.
func TestLyingArtifacts(t *testing.T) {
	w := newWorld(t, 2)
	index := w.settle(job{name: "one", shards: []shardSpec{{0, 5}}})
	s, e := w.body(index)
	for name, hash := range map[string]codec.Hash{"manifest": s.Shards.Blob, "args": e.Args, "customer": s.Customer} {
		w.tamper = tamper{artifact: func(h codec.Hash, data []byte) ([]byte, error) {
			if h == hash {
				data[0] ^= 1
			}
			return data, nil
		}}
		r := w.audit(2)
		if r.Inconclusive != 2 || !strings.Contains(fmt.Sprint(r.Draws[0].Reasons), string(LieBlob)) {
			t.Errorf("%s: %s %v", name, r.Draws[0].Verdict, r.Draws[0].Reasons)
		}
	}
}

// TestRevokedKeys revokes an agent's key before and after the plan.
func TestRevokedKeys(t *testing.T) {
	revoke := func(w *world) []byte {
		p := w.actors["provider 0"]
		id := registration(p.other, codec.UseAgent).ID
		return w.signed(codec.KindParty, codec.Encode(&codec.Party{ID: testID("revoke"), At: testTime, Cycle: testCycle,
			Author: p.id, Party: p.id, Op: codec.PartyRevokeKey, Keys: []codec.Key{{ID: id}}}), p)
	}
	w := newWorld(t, 1)
	w.settle(job{name: "before", shards: []shardSpec{{0, 5}}})
	w.append("revoke", [][]byte{revoke(w)})
	if r := w.audit(3); r.Matches != 3 {
		t.Errorf("revoked after the settlement: %v", r.Draws[0].Reasons)
	}
	after := w.settle(job{name: "after", shards: []shardSpec{{0, 500}}})
	r := w.audit(20)
	for i := range r.Draws {
		if d := &r.Draws[i]; (d.Verdict == Mismatch) != (d.Settlement == after) {
			t.Errorf("draw of settlement %d: %s %v", d.Settlement, d.Verdict, d.Reasons)
		}
	}
	if r.Mismatches == 0 {
		t.Error("a key revoked before the plan is accepted")
	}
}

// TestOtherOrigin reads a log whose genesis names another ledger.
func TestOtherOrigin(t *testing.T) {
	w := newWorld(t, 1)
	r := newRegistry("another.test")
	env, err := codec.DecodeRecord(w.records[0].Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.genesis(&env); !errors.Is(err, LieOrigin) {
		t.Errorf("%v", err)
	}
}
