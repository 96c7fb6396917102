package codec

// OutcomeKind says what became of one record of a batch.
type OutcomeKind uint8

// The kinds of outcomes (records.md section 2).
const (
	Appended OutcomeKind = 0 // new, at Index
	Repeated OutcomeKind = 1 // the identical record was appended before, at Index
	Refused  OutcomeKind = 2 // not appended, for Code
)

// Outcome is the fate of one record, kept for ever under its batch id.
type Outcome struct {
	Kind  OutcomeKind `json:"kind"`
	Index uint64      `json:"index,omitempty"`
	Leaf  Hash        `json:"leaf"`
	Code  Code        `json:"code,omitempty"`
}

// EncodeOutcomes returns the canonical array of outcomes: [0, index, leaf],
// [1, index, leaf] or [2, code] per record.
func EncodeOutcomes(outcomes []Outcome) []byte {
	b := AppendArray(nil, len(outcomes))
	for i := range outcomes {
		o := &outcomes[i]
		if o.Kind == Refused {
			b = AppendText(AppendUint(AppendArray(b, 2), uint64(Refused)), string(o.Code))
			continue
		}
		b = AppendUint(AppendArray(b, 3), uint64(o.Kind))
		b = AppendBytes(AppendUint(b, o.Index), o.Leaf[:])
	}
	return b
}

// DecodeOutcomes reads what EncodeOutcomes writes. Errors wrap ErrNotCanonical or
// ErrTooLarge.
func DecodeOutcomes(data []byte) ([]Outcome, error) {
	r := NewReader(data)
	outcomes := make([]Outcome, r.list(MaxBatchRecords, 3))
	for i := range outcomes {
		readOutcome(&r, &outcomes[i])
	}
	if err := r.Done(); err != nil {
		return nil, err
	}
	return outcomes, nil
}

func readOutcome(r *Reader, o *Outcome) {
	n := r.head(MajorArray)
	kind := r.Uint()
	switch {
	case kind == uint64(Refused) && n == 2:
		o.Kind, o.Code = Refused, Code(r.Text(MaxName))
	case kind <= uint64(Repeated) && n == 3:
		o.Kind, o.Index = OutcomeKind(kind), r.Uint()
		r.hash(&o.Leaf)
	default:
		r.Fail("unknown outcome")
	}
}
