package ledger

import (
	"encoding/binary"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

func encodeCycle(b []byte, c *settlement.Cycle) []byte {
	b = appendUvarints(b, c.Before, c.First, c.Intents, c.Carried)
	return appendBoundary(appendBoundary(b, c.Cut), c.Close)
}

func decodeCycle(number uint64, data []byte) (*settlement.Cycle, bool) {
	v := values{b: data}
	c := &settlement.Cycle{Number: number, Before: v.uvarint(), First: v.uvarint(), Intents: v.uvarint(), Carried: v.uvarint()}
	c.Cut, c.Close = v.boundary(), v.boundary()
	return c, v.done()
}

func appendBoundary(b []byte, x *settlement.Boundary) []byte {
	if x == nil {
		return append(b, 0)
	}
	b = appendUvarints(appendRecordRef(append(b, 1), &x.RecordRef), x.Stamp, x.Time)
	if x.Beacon == nil {
		return append(b, 0)
	}
	return appendUvarints(append(append(b, 1), x.Beacon.Chain[:]...), x.Beacon.Round, x.Beacon.NotBefore)
}

func (v *values) boundary() *settlement.Boundary {
	if !v.flag() {
		return nil
	}
	x := &settlement.Boundary{RecordRef: v.recordRef(), Stamp: v.uvarint(), Time: v.uvarint()}
	if v.flag() {
		x.Beacon = &codec.BeaconRound{Chain: v.hash(), Round: v.uvarint(), NotBefore: v.uvarint()}
	}
	return x
}

// audit names an intent: there is one per auditor and cycle.
type audit struct {
	cycle   uint64
	auditor codec.ID
}

func appendAudit(k []byte, a audit) []byte {
	return append(appendNumber(k, spaceIntent, a.cycle), a.auditor[:]...)
}

func encodeIntent(b []byte, i *settlement.Intent) []byte {
	b = append(binary.AppendUvarint(b, i.Index), i.Commit[:]...)
	t := &i.Target
	return appendUvarints(b, t.ConfPPM, t.FaultPPM, t.Draws, t.TracingPPM, i.Attested)
}

func decodeIntent(a audit, data []byte) (*settlement.Intent, bool) {
	v := values{b: data}
	i := &settlement.Intent{Auditor: a.auditor, Cycle: a.cycle, Index: v.uvarint(), Commit: v.hash()}
	t := &i.Target
	t.ConfPPM, t.FaultPPM, t.Draws, t.TracingPPM, i.Attested = v.uvarint(), v.uvarint(), v.uvarint(), v.uvarint(), v.uvarint()
	return i, v.done()
}

func encodeCommit(b []byte, index uint64) []byte { return binary.AppendUvarint(b, index) }

func decodeCommit(_ codec.Hash, data []byte) (uint64, bool) { return decodeIndex(0, data) }

func encodeAttestation(b []byte, a *settlement.Attestation) []byte {
	b = append(binary.AppendUvarint(append(b, a.Auditor[:]...), a.Cycle), byte(a.Opinion))
	return appendUvarints(appendIndexes(b, a.Findings), a.Adjusted, a.Penalized)
}

func decodeAttestation(index uint64, data []byte) (*settlement.Attestation, bool) {
	v := values{b: data}
	a := &settlement.Attestation{Index: index, Auditor: v.id(), Cycle: v.uvarint(), Opinion: codec.Opinion(v.u8())}
	a.Findings, a.Adjusted, a.Penalized = v.indexes(), v.uvarint(), v.uvarint()
	return a, v.done()
}
