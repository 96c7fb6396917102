package settlement

import (
	"encoding/binary"
	"testing"

	"github.com/forgepool/settle/codec"
)

// spoilReceipt flips a bit of the receipt of the shard at a place of the manifest.
func (j *job) spoilReceipt(at int) lie {
	return lie{blobs: func(manifest, detail []byte) ([]byte, []byte) {
		entries, err := codec.DecodeManifest(manifest)
		if err != nil {
			j.Fatal(err)
		}
		entries[at].Receipt[0] ^= 1
		return codec.EncodeManifest(entries), detail
	}}
}

func TestReceipts(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(5).run()
	other := w.newJob(1)
	pad := other.record(other.event(codec.StatePlanned))
	for at := range 5 {
		r, blobs := j.settle(j.spoilReceipt(at))
		p := Prepare(w.hub.signed(w.batch(w.hub, append(blobs, other.sealed), pad, r)))
		if p.Records[1].Settlement.shardsFault == nil {
			t.Fatal("the root stands for another receipt")
		}
		// The settlement states the root of the honest manifest; state that of the lie.
		r, blobs = j.settleOver(blobs[0])
		p = Prepare(w.hub.signed(w.batch(w.hub, append(blobs, other.sealed), pad, r)))
		fault := CheckReceipts(w, p)
		e := p.Records[1].Settlement.Manifest.Entries[at]
		if fault == nil || fault.Record != 1 || fault.Shard != e.Index || fault.Provider != e.Provider || fault.Refusal.Code != codec.CodeBadReceipt {
			t.Errorf("receipt %d: %v", at, fault)
		}
		before := w.clone()
		w.accepted(append(blobs, other.sealed), pad, r) // no rule of the state machine
		w.memory = before
	}
	r, blobs := j.settle(lie{})
	p := Prepare(w.hub.signed(w.batch(w.hub, blobs, r)))
	if fault := CheckReceipts(w, p); fault != nil {
		t.Errorf("honest: %v", fault)
	}
	s := p.Records[0].Settlement
	e := &s.Manifest.Entries[0]
	pub := w.Key(e.Agent).Pub
	if !VerifyReceipt(worldOrigin, j.by.id, j.id, s.Program, j.seed, pub, e) {
		t.Error("an honest receipt does not verify")
	}
	if VerifyReceipt(worldOrigin, j.by.id, w.newID(), s.Program, j.seed, pub, e) {
		t.Error("a receipt verifies for another workload")
	}
}

// With a share of receipts, those are verified whose digest says so.
func TestShareOfReceipts(t *testing.T) {
	for _, ppm := range []uint64{0, 300_000, million} {
		w := newWorld(t, func(p *codec.Policy) { p.Receipts = ppm })
		j := w.newJob(20).run()
		for at := range 20 {
			_, blobs := j.settle(j.spoilReceipt(at))
			r, blobs := j.settleOver(blobs[0])
			p := Prepare(w.hub.signed(w.batch(w.hub, blobs, r)))
			s := p.Records[0].Settlement
			digest := codec.ReceiptDigest(worldOrigin, j.by.id, j.id, s.Program, j.seed, &s.Manifest.Entries[at])
			chosen := binary.BigEndian.Uint64(digest[:8])%million < ppm
			if got := CheckReceipts(w, p); (got != nil) != chosen {
				t.Errorf("share %d, receipt %d: %v", ppm, at, got)
			}
		}
	}
}

// An agent that the batch itself registers can be checked too.
func TestReceiptsOfNewAgents(t *testing.T) {
	w := newWorld(t)
	a := newActor("provider 9", codec.RoleProvider, codec.UseAgent)
	w.actors[a.name] = a
	reg := w.registration(a)
	reg.Stake = ptr(uint64(5))
	j := w.newJob(1)
	j.entries[0].Provider, j.entries[0].Agent = a.id, keyID(a.keys[codec.UseAgent])
	j.run()
	_, blobs := j.settle(j.spoilReceipt(0))
	r, blobs := j.settleOver(blobs[0])
	registration := signedParty(a.prove(reg), a.owner(), w.hub.owner())
	p := Prepare(w.hub.signed(w.batch(w.hub, blobs, registration, r)))
	if fault := CheckReceipts(w, p); fault == nil || fault.Record != 1 {
		t.Errorf("%v", fault)
	}
	p = Prepare(w.hub.signed(w.batch(w.hub, blobs, r)))
	if fault := CheckReceipts(w, p); fault != nil { // nobody knows the key: Judge refuses
		t.Errorf("%v", fault)
	}
	w.refused(codec.CodeBadShard, blobs, r)
}

// A manifest of an earlier batch is checked as well; one that is nowhere is Judge's.
func TestReceiptsOfAnEarlierManifest(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(2).run()
	_, blobs := j.settle(j.spoilReceipt(1))
	r, blobs := j.settleOver(blobs[0])
	p := Prepare(w.hub.signed(w.batch(w.hub, blobs[1:], r)))
	if fault := CheckReceipts(w, p); fault != nil {
		t.Errorf("no manifest: %v", fault)
	}
	w.blobs[codec.BlobHash(blobs[0])] = blobs[0]
	if fault := CheckReceipts(w, p); fault == nil || fault.Error() == "" {
		t.Error("a bad receipt in an earlier manifest was not found")
	}
	r, blobs = j.settle(lie{blobs: func(_, d []byte) ([]byte, []byte) { return []byte{0xff}, d }})
	if fault := CheckReceipts(w, Prepare(w.hub.signed(w.batch(w.hub, blobs, r)))); fault != nil {
		t.Errorf("no manifest at all: %v", fault)
	}
}
