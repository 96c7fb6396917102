package node

import (
	"testing"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// TestTreesOfAClosedCycle proves a party and a record to the roots that the close states.
func TestTreesOfAClosedCycle(t *testing.T) {
	h := newHostile(t, 1)
	_, index := h.settled()
	service, who := h.nodes[0].service(true), &asked{key: h.agent}
	provider := who.sign(t.Context(), "/")
	party := h.provider
	if _, err := service.PartyPath(provider, party, cycle); api.CodeOf(err) != codec.CodeNotFound {
		t.Errorf("before the cut: %v", err)
	}
	if _, err := service.JournalPath(t.Context(), index); api.CodeOf(err) != codec.CodeNotFound {
		t.Errorf("before the cut: %v", err)
	}
	owners := []*client.Key{h.hub.Keys[0], h.governance.Keys[0]}
	h.commit(0, client.DraftCut(h.hub.Party(), client.Now(), cycle, codec.CyclesMonths, nil).Sign(originA, owners...).Item())
	x, err := service.Closing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path, err := service.PartyPath(provider, party, cycle)
	if err != nil {
		t.Fatal(err)
	}
	p, err := proof.DecodeSumProof(proof.SumParties, path.Path)
	if err != nil {
		t.Fatal(err)
	}
	key := proof.PartyKey(uint8(codec.RoleProvider), party)
	leaf, err := proof.CheckMember(proof.SumStatement{Type: proof.SumParties, Root: x.Parties.Root, Leaves: x.Parties.N,
		Count: x.Parties.Postings, Sums: [2]uint64{x.Parties.Credit, x.Parties.Debit}}, key[:], p)
	if err != nil || leaf.Count != 1 || path.Cycle != cycle {
		t.Errorf("%+v of cycle %d: %v", leaf, path.Cycle, err)
	}
	if path, err = service.JournalPath(t.Context(), index); err != nil {
		t.Fatal(err)
	}
	if p, err = proof.DecodeSumProof(proof.SumJournal, path.Path); err != nil {
		t.Fatal(err)
	}
	record := proof.JournalKey(index)
	if _, err := proof.CheckMember(proof.SumStatement{Type: proof.SumJournal, Root: x.Journal.Root, Leaves: x.Journal.N,
		Sums: [2]uint64{x.Journal.Credit, x.Journal.Debit}, Unstated: proof.SumCountUnstated}, record[:], p); err != nil {
		t.Error(err)
	}
	stranger := client.GenerateKey(codec.UseAgent)
	if _, err := service.PartyPath((&asked{key: stranger}).sign(t.Context(), "/"), party, cycle); api.CodeOf(err) != codec.CodeUnknownKey {
		t.Errorf("a stranger: %v", err)
	}
	if _, err := service.PartyPath((&asked{key: h.customerKey}).sign(t.Context(), "/"), party, cycle); api.CodeOf(err) != codec.CodeForbidden {
		t.Errorf("another party: %v", err)
	}
}

// TestAbsence has a node sign that bytes are not there, and refuse to when they are.
func TestAbsence(t *testing.T) {
	h := newHostile(t, 1)
	s, index := h.settled()
	service := h.nodes[0].service(true)
	hub := (&asked{key: h.submit}).sign(t.Context(), "/")
	lost := s.Body.Result.Hash
	if body, _, err := service.Artifact(hub, lost, index); err == nil {
		body.Close()
		t.Fatal("the result was uploaded: nothing is absent")
	}
	a, err := service.Absence(hub, lost, index)
	if err != nil {
		t.Fatal(err)
	}
	signed := proof.Absence{Origin: originA, Operator: a.Operator, Hash: a.Hash, Index: a.Index, Time: a.Time, Sig: a.Signature}
	if err := h.trust.CheckAbsence(&signed); err != nil || a.Hash != lost || a.Index != index || a.Time+60_000 < client.Now() {
		t.Errorf("%+v: %v", a, err)
	}
	if _, err := service.Absence(hub, s.Body.Detail, index); api.CodeOf(err) != codec.CodeNotFound {
		t.Errorf("of what is there: %v", err)
	}
	if _, err := service.Absence((&asked{key: h.customerKey}).sign(t.Context(), "/"), codec.Hash{0xee, 0x77}, index); api.CodeOf(err) != codec.CodeForbidden {
		t.Errorf("of what is not named: %v", err)
	}
	if _, err := service.Absence(t.Context(), lost, index); api.CodeOf(err) != codec.CodeUnsigned {
		t.Errorf("to nobody: %v", err)
	}
}
