package settlement

import (
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// PreparedRecord is one record of a batch with everything done that needs no state.
type PreparedRecord struct {
	Bytes        []byte
	LeafA, LeafB codec.Hash

	codec.Record // envelope
	codec.Header // keys 1-4 of the body

	// Fault refuses the record whatever the state is: its bytes are malformed, too
	// large, or out of range, or its kind is not admitted. Then nothing below is set.
	Fault *codec.Refusal

	// One of these is set, that of the record's kind.
	Settlement *PreparedSettlement
	Event      *PreparedEvent
	Policy     *PreparedPolicy
	Party      *PreparedParty
	Dispute    *PreparedDispute
	Adjustment *PreparedAdjustment
	Boundary   *PreparedBoundary
	Audit      *PreparedAudit

	named     []int32 // indexes of the attachments that the record names
	namedRoom [blobLabels + 1]int32
}

// PrepareRecords prepares the records from one index up to another. Calls for different
// records may run at the same time; a few records at a time cost less than one.
func (p *Prepared) PrepareRecords(from, to int) {
	proof.LeavesA(p.leaves[from:to], func(b []byte, i int) []byte { return append(b, p.Batch.Records[from+i]...) })
	for i := from; i < to; i++ {
		p.prepareRecord(i)
	}
}

func (p *Prepared) prepareRecord(i int) {
	r := &p.Records[i]
	r.Bytes = p.Batch.Records[i]
	r.LeafA, r.LeafB = p.leaves[i], proof.LeafB(r.Bytes)
	if r.Fault = r.decode(); r.Fault == nil {
		r.Fault = r.prepareBody(p)
	}
}

// decode reads the envelope.
func (r *PreparedRecord) decode() *codec.Refusal {
	rec, err := codec.DecodeRecord(r.Bytes)
	if err != nil {
		return undecodable(err)
	}
	r.Record = rec
	for i := range rec.Signatures {
		if rec.Signatures[i].Alg != codec.AlgEd25519 {
			return malformed("unknown signature algorithm")
		}
	}
	if covered := rec.Kind == codec.KindSettlement || rec.Kind == codec.KindEvent; covered && len(rec.Signatures) > 0 {
		return codec.Refuse(codec.CodeWrongSigners, "the batch signs records of this kind")
	}
	return nil
}

// undecodable turns the error of a decoder into the refusal it stands for.
func undecodable(err error) *codec.Refusal { return codec.Refuse(codec.CodeOf(err), err.Error()) }

func malformed(why string) *codec.Refusal { return codec.Refuse(codec.CodeMalformed, why) }

// prepareBody decodes the body and does the pure part of its kind.
func (r *PreparedRecord) prepareBody(p *Prepared) *codec.Refusal {
	switch r.Kind {
	case codec.KindSettlement:
		return r.prepareSettlement(p)
	case codec.KindEvent:
		return r.prepareEvent(p)
	case codec.KindPolicy:
		return r.preparePolicy(p)
	case codec.KindParty:
		return r.prepareParty(p)
	case codec.KindDispute:
		return r.prepareDispute(p)
	case codec.KindAdjustment:
		return r.prepareAdjustment(p)
	case codec.KindCycle:
		return r.prepareBoundary()
	case codec.KindAudit:
		return r.prepareAudit(p)
	default:
		return codec.Refuse(codec.CodeUnknownKind, "a "+r.Kind.String()+" is not admitted")
	}
}

// setHeader takes the common keys of a decoded body.
func (r *PreparedRecord) setHeader(h codec.Header) *codec.Refusal {
	r.Header = h
	if outOfRange(h.At, h.Cycle) {
		return codec.Refuse(codec.CodeOutOfRange, "time or cycle of 2^63 or more")
	}
	return nil
}

// name notes that the record names a blob and returns it if it is attached. It comes
// before all checks: what a refused record names is not a stray attachment.
func (r *PreparedRecord) name(p *Prepared, hash *codec.Hash) []byte {
	i := p.find(hash)
	if i < 0 {
		return nil
	}
	if r.named == nil {
		r.named = r.namedRoom[:0]
	}
	r.named = append(r.named, int32(i))
	return p.Attachments[i].Data
}
