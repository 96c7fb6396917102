package settlement

import "github.com/forgepool/settle/codec"

// Verdict is what Judge decides about one record.
type Verdict struct {
	Kind       codec.OutcomeKind
	Index      uint64         // Appended: the record's own; Repeated: where it stands
	Leaf       codec.Hash     // leaf hash in tree A, unless refused
	Refusal    *codec.Refusal // Refused: why
	BatchFault bool           // the refusal is one of the whole batch (missing_attachment)
}

// Outcome returns the verdict as it is stored. There is none for a batch fault.
func (v *Verdict) Outcome() codec.Outcome {
	o := codec.Outcome{Kind: v.Kind, Index: v.Index, Leaf: v.Leaf}
	if v.Refusal != nil {
		o.Code = v.Refusal.Code
	}
	return o
}

// judgement is the work on one record: the state it meets and the change it makes.
type judgement struct {
	v      View
	at     Moment
	facts  *Facts
	policy *Policy // in force in the open cycle
	batch  *Prepared
	rec    *PreparedRecord
	last   bool // rec is the last record of its batch
	change *Change
	kept   *Kept // instead of blobs that were pruned; nil: they are there
	// missing is set with a refusal that is one of the whole batch.
	missing bool
}

// Judge decides on record i of a prepared batch that has passed CheckBatch, by the
// rules of docs/formats/records.md section 3 and the table of its kind, in their
// order: the first rule that fails gives the code. If the record is appended, c,
// which must be zero, holds what it does to the state; otherwise c stays zero.
func Judge(v View, p *Prepared, i int, c *Change) Verdict { return judge(v, p, i, nil, c) }

func judge(v View, p *Prepared, i int, kept *Kept, c *Change) Verdict {
	r := &p.Records[i]
	if r.Fault != nil { // A1
		return Verdict{Kind: codec.Refused, Refusal: r.Fault}
	}
	if index, leaf, ok := v.Record(r.Author, r.ID); ok { // A2
		if leaf != r.LeafA {
			return Verdict{Kind: codec.Refused, Refusal: codec.Refuse(codec.CodeIDConflict, "the id stands for other bytes")}
		}
		return Verdict{Kind: codec.Repeated, Index: index, Leaf: leaf}
	}
	j := judgement{v: v, at: v.Moment(), facts: v.Facts(), batch: p, rec: r, last: i == len(p.Records)-1, change: c, kept: kept}
	j.policy = v.PolicyFor(j.at.Cycle)
	if refusal := j.admit(); refusal != nil {
		*c = Change{}
		return Verdict{Kind: codec.Refused, Refusal: refusal, BatchFault: j.missing}
	}
	return Verdict{Kind: codec.Appended, Index: j.at.Index, Leaf: r.LeafA}
}

// admit runs A5, A3 and A4 for the record's kind and then the kind's own rules, which
// begin with A6 and A7.
func (j *judgement) admit() *codec.Refusal {
	switch j.rec.Kind {
	case codec.KindSettlement:
		if r := j.admitCovered(); r != nil {
			return r
		}
		return j.settlement()
	case codec.KindEvent:
		if r := j.admitCovered(); r != nil {
			return r
		}
		return j.event()
	case codec.KindPolicy:
		return j.policyRecord()
	case codec.KindParty:
		return j.party()
	case codec.KindDispute:
		return j.dispute()
	case codec.KindAdjustment:
		return j.adjustment()
	case codec.KindCycle:
		return j.boundary()
	case codec.KindAudit:
		return j.audit()
	default:
		panic("settlement: a prepared record of kind " + j.rec.Kind.String())
	}
}

// admitCovered runs A5, A3 and A4 for the kinds that the batch's signature covers.
func (j *judgement) admitCovered() *codec.Refusal {
	if j.rec.Author != j.batch.Batch.Submitter {
		return codec.Refuse(codec.CodeWrongAuthor, "the author is not the batch's submitter")
	}
	author := j.v.Party(j.rec.Author)
	switch {
	case author.Role != codec.RoleHub:
		return codec.Refuse(codec.CodeWrongRole, "only hubs write records of this kind")
	case author.Status() != Active:
		return codec.Refuse(codec.CodeInactiveParty, "the author is suspended or has left")
	case distance(j.rec.At, j.at.Stamp) > j.policy.Body.Windows.Near:
		return codec.Refuse(codec.CodeOutOfTime, "at is too far from the leader's clock")
	}
	return j.openCycle()
}

// inTime is A3 for the kinds that owners sign: signatures take time to gather.
func (j *judgement) inTime() *codec.Refusal {
	w := &j.policy.Body.Windows
	at, stamp := j.rec.At, j.at.Stamp
	if at > stamp && at-stamp > w.Near || at < stamp && stamp-at > w.Older {
		return codec.Refuse(codec.CodeOutOfTime, "at is too far from the leader's clock")
	}
	return nil
}

// openCycle is A4.
func (j *judgement) openCycle() *codec.Refusal {
	if j.rec.Cycle != j.at.Cycle {
		return codec.Refuse(codec.CodeClosedCycle, "the cycle is not the open one")
	}
	return nil
}

// blob returns a blob that the record names: an attachment of the batch, an opened
// value of the state, or one replicated before. Without it the whole batch fails.
func (j *judgement) blob(hash codec.Hash) ([]byte, *codec.Refusal) {
	if data := j.lookUp(hash); data != nil {
		return data, nil
	}
	j.missing = true
	return nil, codec.Refuse(codec.CodeMissingAttachment, "blob "+hash.String())
}

// lookUp returns a blob that a rule needs, nil if it is not there.
func (j *judgement) lookUp(hash codec.Hash) []byte {
	if data := j.batch.Attachment(hash); data != nil {
		return data
	}
	if data := j.v.Opening(hash); data != nil {
		return data
	}
	return j.v.Blob(hash)
}

// open adds a sealed value to those that the state keeps.
func (j *judgement) open(hash codec.Hash, blob []byte) {
	if j.v.Opening(hash) == nil {
		j.change.Openings = append(j.change.Openings, Opening{Hash: hash, Blob: blob})
	}
}
