package settlement

import "github.com/forgepool/settle/codec"

// CheckBatch decides whether a new batch as a whole may be judged: CheckForm,
// CheckSubmitter and CheckClock, without the look-ups of known batches between them.
func CheckBatch(v View, p *Prepared, stamp uint64) *codec.Refusal {
	if r := CheckForm(v, p); r != nil {
		return r
	}
	if r := CheckSubmitter(v, p); r != nil {
		return r
	}
	return CheckClock(v, p, stamp)
}

// CheckForm checks form and origin of a batch. One that passes has a submitter, an id
// and a digest; if the submitter's id is known with this digest, the stored outcomes
// are the answer, whatever has become of submitter and key since.
func CheckForm(v View, p *Prepared) *codec.Refusal {
	if p.Fault != nil {
		return p.Fault
	}
	if p.Batch.Origin != v.Facts().OriginA {
		return codec.Refuse(codec.CodeWrongOrigin, "the batch is for "+p.Batch.Origin)
	}
	return nil
}

// CheckSubmitter checks key and signature of a batch that passed CheckForm against the
// state that it meets. A batch that passes is its submitter's; if its id is known, with
// another digest, it is batch_conflict, else CheckClock follows.
func CheckSubmitter(v View, p *Prepared) *codec.Refusal {
	b := p.Batch
	key := v.Key(b.Key)
	if key == nil || key.Party != b.Submitter || key.Use != codec.UseSubmit {
		return codec.Refuse(codec.CodeUnknownKey, "not a submit key of the submitter")
	}
	if r := checkValidity(key, v.Moment().Index); r != nil {
		return r
	}
	if v.Party(b.Submitter).Status() != Active {
		return codec.Refuse(codec.CodeInactiveParty, "the submitter is suspended or has left")
	}
	if !p.VerifySignature(key.Pub) {
		return codec.Refuse(codec.CodeBadSignature, "the batch's signature does not verify")
	}
	return nil
}

// checkValidity checks a key against the log index that it signs for.
func checkValidity(k *Key, index uint64) *codec.Refusal {
	switch {
	case index < k.ValidFrom:
		return codec.Refuse(codec.CodeUnknownKey, "key "+k.ID.String()+" is not valid yet")
	case !k.ValidAt(index):
		return codec.Refuse(codec.CodeRevokedKey, "key "+k.ID.String()+" was revoked or has expired")
	}
	return nil
}

// CheckClock does the checks that a known batch is spared: the submitter's clock
// against the leader's stamp (ms), and the attachments.
func CheckClock(v View, p *Prepared, stamp uint64) *codec.Refusal {
	near := v.PolicyFor(v.Moment().Cycle).Body.Windows.Near
	if distance(p.Batch.Sent, stamp) > near {
		return codec.Refuse(codec.CodeClockSkew, "sent is too far from the leader's clock")
	}
	return p.AttachmentFault
}

func distance(a, b uint64) uint64 { return max(a, b) - min(a, b) }
