package verifier

import "github.com/forgepool/settle/codec"

// Records are read before the roots over them are compared, so a source may hand out any
// bytes. These functions decode bodies whose operations have keys of their own, and miss
// none of the keys that this package looks at.

// readCycle decodes a cut or a close. Errors: LieRecord.
func readCycle(body []byte, index uint64, c *codec.Cycle) error {
	if err := codec.DecodeCycle(body, c); err != nil {
		return lie(LieRecord, "cycle record %d: %v", index, err)
	}
	whole := false
	switch c.Op {
	case codec.CycleCut:
		whole = c.Next != nil
	case codec.CycleClose:
		whole = c.Range != nil && c.Prev != nil && c.Journal != nil && c.Parties != nil && c.Subtotals != nil && c.Held != nil &&
			c.Policy != nil && c.Log != nil && c.Unfinished != nil && c.Batches != nil && c.Cut != nil
	}
	if !whole {
		return lie(LieRecord, "cycle record %d lacks a key", index)
	}
	return nil
}

// readAudit decodes an intent or an attestation. Errors: LieRecord.
func readAudit(body []byte, index uint64, a *codec.Audit) error {
	if err := codec.DecodeAudit(body, a); err != nil {
		return lie(LieRecord, "audit record %d: %v", index, err)
	}
	whole := false
	switch a.Op {
	case codec.AuditIntent:
		whole = a.Commit != nil && a.Target != nil && a.Audited != nil
	case codec.AuditAttestation:
		whole = a.Intent != nil && a.Opinion != nil
	}
	if !whole {
		return lie(LieRecord, "audit record %d lacks a key", index)
	}
	return nil
}

// readDispute decodes a dispute record. Errors: LieRecord.
func readDispute(body []byte, index uint64, d *codec.Dispute) error {
	if err := codec.DecodeDispute(body, d); err != nil {
		return lie(LieRecord, "dispute in record %d: %v", index, err)
	}
	if d.Op == codec.DisputeOpen && (d.Target == nil || d.Lines == nil) || d.Op != codec.DisputeOpen && d.Opened == nil {
		return lie(LieRecord, "dispute in record %d lacks a key", index)
	}
	return nil
}
