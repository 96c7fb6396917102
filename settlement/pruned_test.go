package settlement

import (
	"reflect"
	"testing"

	"github.com/forgepool/settle/codec"
)

// requirePruned judges an accepted record of any test once more with what the state
// keeps of it, and wants the same change.
func requirePruned(t testing.TB, v View, p *Prepared, i int, want *Change) {
	t.Helper()
	if !keepable(&p.Records[i]) {
		return
	}
	var got Change
	if v := JudgePruned(v, p, i, Kept{Posted: want.Posted, Dispute: want.Dispute}, &got); v.Kind != codec.Appended {
		t.Fatalf("judged by what was kept it is refused: %v", v.Refusal)
	}
	if !reflect.DeepEqual(&got, want) {
		t.Fatalf("change\n%+v, by what was kept\n%+v", *want, got)
	}
}

// keepable says whether something is kept that stands for a blob of the record.
func keepable(r *PreparedRecord) bool {
	switch r.Kind {
	case codec.KindSettlement, codec.KindAdjustment:
		return true
	case codec.KindDispute:
		return r.Dispute.Body.Shard != nil
	}
	return false
}

// keptLies are false records of what was posted, and the code that tells them.
var keptLies = map[string]struct {
	code codec.Code
	lie  func(p *Posted)
}{
	"amount":   {codec.CodeBadPostings, func(p *Posted) { p.Lines[0].Amount++ }},
	"side":     {codec.CodeBadPostings, func(p *Posted) { p.Lines[0].Side = 3 }},
	"hash":     {codec.CodeBadPostings, func(p *Posted) { p.Lines[1].Hash[0] ^= 1 }},
	"missing":  {codec.CodeBadPostings, func(p *Posted) { p.Lines = p.Lines[:1] }},
	"none":     {codec.CodeBadPostings, func(p *Posted) { p.Lines = nil }},
	"order":    {codec.CodeBadPostings, func(p *Posted) { p.Lines[0], p.Lines[1] = p.Lines[1], p.Lines[0] }},
	"customer": {codec.CodeBadPostings, func(p *Posted) { p.Lines[0].Party[0] ^= 1 }},
	"role":     {codec.CodeWrongSplit, func(p *Posted) { p.Lines[1].Role = codec.RoleAdapter }},
	"units":    {codec.CodeWrongSplit, func(p *Posted) { p.Lines[1].Units++ }},
	"overflow": {codec.CodeOverflow, func(p *Posted) { p.Lines[1].Units, p.Lines[2].Units = codec.MaxAmount, codec.MaxAmount }},
}

func TestKeptLies(t *testing.T) {
	w := newWorld(t)
	r, blobs := w.newJob(3).run().settle(lie{})
	p := Prepare(w.actors["hub"].signed(w.batch(w.actors["hub"], blobs, r)))
	w.moment.Stamp = w.now
	var honest Change
	if v := Judge(w, p, 0, &honest); v.Kind != codec.Appended {
		t.Fatal(v.Refusal)
	}
	for name, c := range keptLies {
		posted := *honest.Posted
		posted.Lines = append([]Line(nil), posted.Lines...)
		c.lie(&posted)
		var got Change
		v := JudgePruned(w, p, 0, Kept{Posted: &posted}, &got)
		if v.Refusal == nil || v.Refusal.Code != c.code {
			t.Errorf("%s: %+v", name, v.Refusal)
		}
		requireZero(t, &got)
	}
}

func TestKeptAdjustmentLies(t *testing.T) {
	s := newSettled(t)
	a, detail := s.refund(5)
	r := signedAdjustment(a, s.hub.owner())
	p := Prepare(s.actors["hub"].signed(s.batch(s.actors["hub"], [][]byte{detail}, r)))
	s.moment.Stamp = s.now
	var honest Change
	if v := Judge(s, p, 0, &honest); v.Kind != codec.Appended {
		t.Fatal(v.Refusal)
	}
	for name, lie := range map[string]func(p *Posted){
		"amount":  func(p *Posted) { p.Lines[0].Amount++ },
		"hash":    func(p *Posted) { p.Lines[0].Hash[0] ^= 1 },
		"missing": func(p *Posted) { p.Lines = p.Lines[:1] },
		"line":    func(p *Posted) { p.Lines[0].Ref = &LineRef{Index: p.Lines[0].Ref.Index, Line: 99} },
	} {
		posted := *honest.Posted
		posted.Lines = append([]Line(nil), posted.Lines...)
		lie(&posted)
		var got Change
		if v := JudgePruned(s, p, 0, Kept{Posted: &posted}, &got); v.Kind != codec.Refused {
			t.Errorf("%s: not told", name)
		}
		requireZero(t, &got)
	}
}

// TestNamings checks which blobs a record of each kind keeps, prepared and in the log.
func TestNamings(t *testing.T) {
	w := newWorld(t)
	r, blobs := w.newJob(2).run().settle(lie{})
	p := Prepare(w.actors["hub"].signed(w.batch(w.actors["hub"], blobs, r)))
	got := p.Records[0].AppendNamings(nil)
	until := p.Records[0].Settlement.Body.RetainUntil
	want := []Naming{{codec.BlobHash(blobs[0]), until}, {codec.BlobHash(blobs[1]), until}}
	if !reflect.DeepEqual(got, want) || until == 0 {
		t.Errorf("%v, want %v", got, want)
	}
	logged := Logged{Bytes: r}
	if got := logged.Namings(); !reflect.DeepEqual(got, want) {
		t.Errorf("in the log %v", got)
	}
}
