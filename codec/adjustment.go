package codec

import "fmt"

// Cause is why postings are corrected (records.md section 6.7).
type Cause uint8

// The causes of adjustments.
const (
	CauseDispute      Cause = 1
	CauseAudit        Cause = 2
	CauseBillingError Cause = 3
	CauseGoodwill     Cause = 4
	CauseCarryForward Cause = 5
	CausePenalty      Cause = 6
)

// Adjustment is the body of kind 6: postings that correct earlier ones.
type Adjustment struct {
	ID     ID     `cbor:"1,keyasint"`
	At     uint64 `cbor:"2,keyasint"`
	Cycle  uint64 `cbor:"3,keyasint"`
	Author ID     `cbor:"4,keyasint"`

	Target       RecordRef   `cbor:"10,keyasint"`           // corrected record; cause 5: the previous close
	Cause        Cause       `cbor:"11,keyasint"`           //
	CauseRef     *uint64     `cbor:"12,keyasint,omitempty"` // causes 1, 2, 6: index of ruling or attestation
	Postings     PostingsRef `cbor:"13,keyasint"`           //
	Totals       Totals      `cbor:"14,keyasint"`           //
	Detail       Hash        `cbor:"15,keyasint"`           // blob of Correction
	ServiceCycle uint64      `cbor:"16,keyasint"`           // cycle that the correction concerns
}

// Totals are both sides of some postings, in micro-Credits.
type Totals struct {
	_      struct{} `cbor:",toarray"`
	Credit uint64
	Debit  uint64
}

// Correction is the blob behind Adjustment.Detail.
type Correction struct {
	Postings []Posting `cbor:"2,keyasint"`
	Salt     Hash      `cbor:"3,keyasint"`
}

// Header returns the common keys.
func (a *Adjustment) Header() Header { return Header{a.ID, a.At, a.Cycle, a.Author} }

// EncodeAdjustment returns the canonical body of an adjustment.
func EncodeAdjustment(a *Adjustment) []byte { return Encode(a) }

// DecodeAdjustment reads an adjustment's body into a. Errors wrap ErrNotCanonical or
// ErrTooLarge.
func DecodeAdjustment(data []byte, a *Adjustment) error { return Decode(data, a) }

// EncodeCorrection returns the canonical bytes of a correction blob.
func EncodeCorrection(c *Correction) []byte { return Encode(c) }

// DecodeCorrection reads a correction blob. Errors wrap ErrNotCanonical or
// ErrTooLarge.
func DecodeCorrection(data []byte) (*Correction, error) {
	c := new(Correction)
	if err := Decode(data, c); err != nil {
		return nil, fmt.Errorf("correction: %w", err)
	}
	return c, nil
}
