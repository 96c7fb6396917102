package settlement

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"github.com/forgepool/settle/codec"
)

// boundarySigners are sets of signers to choose from.
var boundarySigners = []string{"hub", "auditor", "governance", "hub, governance", "hub 2", "provider 1"}

// judgeBoundary judges one record, signed by a set, on the world as it is. A refusal must
// leave the change empty.
func (w *world) judgeBoundary(t *testing.T, kind codec.Kind, body []byte, signers byte, blobs ...[]byte) (Verdict, *Change) {
	var keys []ed25519.PrivateKey
	switch names := boundarySigners[int(signers)%len(boundarySigners)]; names {
	case "governance":
		keys = w.governance()
	case "hub, governance":
		keys = append(w.governance(), w.hub.owner())
	default:
		keys = append(keys, w.actors[names].owner())
	}
	p := Prepare(w.hub.signed(w.batch(w.hub, blobs, sign(kind, body, keys...))))
	w.moment.Stamp = w.now
	c := new(Change)
	v := Judge(w, p, 0, c)
	if v.Kind != codec.Appended {
		requireZero(t, c)
	}
	return v, c
}

// FuzzJudgeCut: whatever a cut says and whoever signs it, judging does not panic, and one
// that is admitted opens the following month right behind itself.
func FuzzJudgeCut(f *testing.F) {
	w := newWorld(f, withBeacon)
	w.promise("auditor", worldCycle)
	w.now = october + day
	for signers := range byte(len(boundarySigners)) {
		f.Add(codec.Encode(w.cutting()), signers)
	}
	f.Fuzz(func(t *testing.T, body []byte, signers byte) {
		v, c := w.judgeBoundary(t, codec.KindCycle, body, signers)
		if v.Kind != codec.Appended {
			return
		}
		ended, opened := c.Cycles[0], c.Cycles[1]
		if ended.Number != worldCycle || opened.Number != worldCycle+1 || opened.First != ended.Cut.Index+1 || opened.Before != worldCycle ||
			ended.Cut.Beacon.NotBefore < w.now+beaconLead {
			t.Fatalf("%+v, %+v", ended, opened)
		}
	})
}

// FuzzJudgeClose: the only close that is admitted is the one that the plain model makes,
// but for its id, time and author.
func FuzzJudgeClose(f *testing.F) {
	w := halfClosed(f).world
	for signers := range byte(len(boundarySigners)) {
		f.Add(codec.Encode(w.closingBody()), signers)
	}
	for _, c := range closeLies {
		body := w.closingBody()
		c.lie(body)
		f.Add(codec.Encode(body), byte(0))
	}
	want := w.closingBody()
	f.Fuzz(func(t *testing.T, body []byte, signers byte) {
		if v, _ := w.judgeBoundary(t, codec.KindCycle, body, signers); v.Kind != codec.Appended {
			return
		}
		got := new(codec.Cycle)
		if err := codec.Decode(body, got); err != nil {
			t.Fatal(err)
		}
		want.ID, want.At, want.Author = got.ID, got.At, got.Author
		if !bytes.Equal(codec.Encode(want), body) {
			t.Fatalf("closed with %+v", got)
		}
	})
}

// FuzzJudgeAudit: whatever an audit record says and whoever signs it, judging does not
// panic; an intent that is admitted declares the number of draws that the formula gives,
// and an attestation reveals what was promised. The blobs that it names are there.
func FuzzJudgeAudit(f *testing.F) {
	a := newAudited(f, withBeacon)
	f.Add(codec.Encode(a.attestation()), byte(1))
	f.Add(codec.Encode(a.world.intent("auditor", worldCycle+3)), byte(1))
	for _, c := range attestationLies {
		x := a.attestation()
		x.Intent = ptr(*x.Intent)
		c.lie(x)
		f.Add(codec.Encode(x), byte(1))
	}
	f.Fuzz(func(t *testing.T, body []byte, signers byte) {
		x := new(codec.Audit)
		var blobs [][]byte
		if codec.Decode(body, x) == nil && x.Items != nil {
			x.Items, blobs = ptr(codec.BlobHash(a.report)), [][]byte{a.report}
			body = codec.Encode(x)
		}
		v, c := a.judgeBoundary(t, codec.KindAudit, body, signers, blobs...)
		if v.Kind != codec.Appended {
			return
		}
		if i := c.Intent; c.Attestation == nil {
			if i.Target.Draws != Draws(i.Target.ConfPPM, i.Target.FaultPPM) || c.Cycles[0].Intents != 1 {
				t.Fatalf("promised %+v", i)
			}
			return
		}
		if codec.AuditCommitment(x.Auditor, worldCycle, *x.Secret) != c.Intent.Commit || x.Frame.Value != a.value() {
			t.Fatalf("attested %+v", x)
		}
	})
}
