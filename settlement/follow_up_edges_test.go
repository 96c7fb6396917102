package settlement

import (
	"testing"

	"github.com/forgepool/settle/codec"
)

// What follows on a dispute arrives like any record that owners sign: in time, in the open
// cycle, with its evidence.
func TestFollowUpsArrive(t *testing.T) {
	start := newSettled(t)
	by := start.actors["customer"]
	opened := start.opened(by, start.opening(by, codec.ClaimOvercharge, start.at, held(0, 9)))
	blob := []byte("evidence")
	evidence := func(d *codec.Dispute, size uint64) {
		d.Evidence = &[]codec.Artifact{{Kind: 1, Hash: codec.BlobHash(blob), Size: size}}
	}
	for _, c := range []struct {
		name  string
		code  codec.Code
		blobs [][]byte
		edit  func(*codec.Dispute)
	}{
		{"newest", "", nil, func(d *codec.Dispute) { d.At += 600_000 }},
		{"too new", codec.CodeOutOfTime, nil, func(d *codec.Dispute) { d.At += 600_001 }},
		{"oldest", "", nil, func(d *codec.Dispute) { d.At -= 7 * day }},
		{"too old", codec.CodeOutOfTime, nil, func(d *codec.Dispute) { d.At -= 7*day + 1 }},
		{"cycle before", codec.CodeClosedCycle, nil, func(d *codec.Dispute) { d.Cycle-- }},
		{"cycle after", codec.CodeClosedCycle, nil, func(d *codec.Dispute) { d.Cycle++ }},
		{"time 2^63", codec.CodeOutOfRange, nil, func(d *codec.Dispute) { d.At = 1 << 63 }},
		{"evidence that is not there", codec.CodeMissingAttachment, nil, func(d *codec.Dispute) { evidence(d, 8) }},
		{"evidence", "", [][]byte{blob}, func(d *codec.Dispute) { evidence(d, 8) }},
		{"one byte less", codec.CodeBadDispute, [][]byte{blob}, func(d *codec.Dispute) { evidence(d, 7) }},
		{"one byte more", codec.CodeBadDispute, [][]byte{blob}, func(d *codec.Dispute) { evidence(d, 9) }},
	} {
		for _, op := range []codec.DisputeOp{codec.DisputeEvidence, codec.DisputeAccept, codec.DisputeReject} {
			s := start.fork(t)
			who := s.actors["arbiter 1"]
			if op == codec.DisputeEvidence {
				who = by
			}
			d := s.followUp(op, opened, who)
			c.edit(d)
			t.Log(c.name, op)
			if r := signedDispute(d, who.owner()); c.code != "" {
				s.unmoved(func() { s.refused(c.code, c.blobs, r) })
			} else {
				s.accepted(c.blobs, r)
			}
		}
	}
}

// Times and cycles of adjustments and audits stay below 2^63, as of all records.
func TestHeadersOutOfRange(t *testing.T) {
	s := newSettled(t)
	a, blob := s.refund(1)
	a.At = 1 << 63
	s.refused(codec.CodeOutOfRange, [][]byte{blob}, signedAdjustment(a, s.hub.owner()))
	x := s.intent("auditor", worldCycle)
	x.At = 1 << 63
	s.refused(codec.CodeOutOfRange, nil, signedAudit(x, s.actors["auditor"].owner()))
}

// Only customers have quotas, also at their registration.
func TestQuotasOfAProvider(t *testing.T) {
	w := newWorld(t)
	blob, hash := codec.Seal(codec.ID{6}, []codec.Quota{{Dimension: uint64(ByClass), Value: "5", Limit: 1, Mode: codec.QuotaHard}})
	for role, code := range map[codec.Role]codec.Code{
		codec.RoleProvider: codec.CodeWrongRole, codec.RoleAdapter: codec.CodeWrongRole, codec.RoleCustomer: "",
	} {
		a := newActor("new "+role.String(), role)
		p := w.registration(a)
		p.Quotas = &hash
		if role == codec.RoleProvider {
			p.Stake = ptr(uint64(5))
		}
		r := signedParty(a.prove(p), a.owner(), w.hub.owner())
		if code != "" {
			w.unmoved(func() { w.refused(code, [][]byte{blob}, r) })
		} else {
			w.accepted([][]byte{blob}, r)
		}
	}
}
