package codec

import "fmt"

// Detail is the blob behind Settlement.Detail: what was charged and to whom it goes.
type Detail struct {
	Components []Component `cbor:"1,keyasint"`
	Postings   []Posting   `cbor:"2,keyasint"`
	Salt       Hash        `cbor:"3,keyasint"`
}

// Component is one priced part of a charge.
type Component struct {
	_      struct{} `cbor:",toarray"`
	Code   uint64   // 1 executed volume, 2 verified iterations, 3 aggregation, ...
	Qty    uint64
	Unit   uint64 // 1 = work units, others are the policy's
	Num    uint64
	Den    uint64
	Amount uint64 // micro-Credits
}

// Posting is one line of double entry (records.md section 6.1).
type Posting struct {
	Line     uint64  `cbor:"1,keyasint"`
	Role     Role    `cbor:"2,keyasint"`
	Party    ID      `cbor:"3,keyasint"`
	Side     Side    `cbor:"4,keyasint"`
	Amount   uint64  `cbor:"5,keyasint"`            // micro-Credits
	Units    *uint64 `cbor:"6,keyasint,omitempty"`  // providers
	UnitBase *uint64 `cbor:"7,keyasint,omitempty"`  // units of the providers before
	Shards   *uint64 `cbor:"8,keyasint,omitempty"`  //
	Weight   *uint64 `cbor:"9,keyasint,omitempty"`  // ppm
	Reason   *uint64 `cbor:"10,keyasint,omitempty"` // adjustments
	RefIndex *uint64 `cbor:"11,keyasint,omitempty"` // adjustments
	RefLine  *uint64 `cbor:"12,keyasint,omitempty"` // adjustments
	Salt     ID      `cbor:"13,keyasint"`
}

const (
	postingKeys      = 13
	postingMandatory = 6
	leastPosting     = 45 // bytes
	leastComponent   = 7  // bytes
)

// AppendPosting appends the canonical encoding of a posting.
func AppendPosting(b []byte, p *Posting) []byte {
	b = AppendMap(b, postingMandatory+present(p.Units != nil, p.UnitBase != nil, p.Shards != nil,
		p.Weight != nil, p.Reason != nil, p.RefIndex != nil, p.RefLine != nil))
	b = appendUintAt(appendUintAt(b, 1, p.Line), 2, uint64(p.Role))
	b = appendIDAt(b, 3, &p.Party)
	b = appendUintAt(appendUintAt(b, 4, uint64(p.Side)), 5, p.Amount)
	b = appendOptionalAt(appendOptionalAt(b, 6, p.Units), 7, p.UnitBase)
	b = appendOptionalAt(appendOptionalAt(b, 8, p.Shards), 9, p.Weight)
	b = appendOptionalAt(appendOptionalAt(b, 10, p.Reason), 11, p.RefIndex)
	b = appendOptionalAt(b, 12, p.RefLine)
	return appendIDAt(b, 13, &p.Salt)
}

// EncodeDetail returns the canonical bytes of a detail blob.
func EncodeDetail(d *Detail) []byte {
	return AppendDetail(make([]byte, 0, 64+32*len(d.Components)+96*len(d.Postings)), d)
}

// AppendDetail appends the canonical bytes of a detail blob.
func AppendDetail(b []byte, d *Detail) []byte {
	b = AppendArray(appendKey(AppendMap(b, 3), 1), len(d.Components))
	for i := range d.Components {
		c := &d.Components[i]
		b = AppendUint(AppendUint(AppendArray(b, 6), c.Code), c.Qty)
		b = AppendUint(AppendUint(b, c.Unit), c.Num)
		b = AppendUint(AppendUint(b, c.Den), c.Amount)
	}
	b = AppendArray(appendKey(b, 2), len(d.Postings))
	for i := range d.Postings {
		b = AppendPosting(b, &d.Postings[i])
	}
	return appendHashAt(b, 3, &d.Salt)
}

// DetailBuffer decodes one detail blob after another without allocating.
type DetailBuffer struct {
	value Detail
	room  []uint64 // optional values of the postings
}

// DecodeDetail reads a detail blob. Errors wrap ErrNotCanonical or ErrTooLarge.
func DecodeDetail(data []byte) (*Detail, error) {
	var x DetailBuffer
	if _, err := x.Decode(data); err != nil {
		return nil, err
	}
	return &x.value, nil
}

// Decode reads a detail blob. The result is valid until the next call.
func (x *DetailBuffer) Decode(data []byte) (*Detail, error) {
	if err := checkSize("detail", len(data), MaxAttachment); err != nil {
		return nil, err
	}
	d := &x.value
	r := NewReader(data)
	f := r.fields(3)
	f.at(1)
	d.Components = resize(d.Components, f.list(MaxComponents, leastComponent))
	for i := range d.Components {
		r.component(&d.Components[i])
	}
	f.at(2)
	d.Postings = resize(d.Postings, f.list(MaxPostings, leastPosting))
	x.room = x.room[:0]
	for i := range d.Postings {
		x.posting(&r, &d.Postings[i], len(d.Postings)-i)
	}
	f.hashAt(3, &d.Salt)
	f.end()
	if len(d.Components) == 0 || len(d.Postings) == 0 {
		r.Fail("empty list")
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("detail: %w", err)
	}
	return d, nil
}

func (r *Reader) component(c *Component) {
	r.tuple(6)
	c.Code, c.Qty, c.Unit = r.Uint(), r.Uint(), r.Uint()
	c.Num, c.Den, c.Amount = r.Uint(), r.Uint(), r.Uint()
}

// posting reads a posting of which left-1 follow.
func (x *DetailBuffer) posting(r *Reader, p *Posting, left int) {
	f := r.fields(postingKeys)
	p.Line = f.uintAt(1)
	f.at(2)
	p.Role = Role(f.small())
	f.idAt(3, &p.Party)
	f.at(4)
	p.Side = Side(f.small())
	p.Amount = f.uintAt(5)
	x.reserve(f.left-1, left)
	p.Units, p.UnitBase, p.Shards = x.optional(&f, 6), x.optional(&f, 7), x.optional(&f, 8)
	p.Weight, p.Reason = x.optional(&f, 9), x.optional(&f, 10)
	p.RefIndex, p.RefLine = x.optional(&f, 11), x.optional(&f, 12)
	f.idAt(13, &p.Salt)
	f.end()
}

// reserve makes room for n optional values, and for those of the postings that
// follow if they are providers' too. Earlier postings keep the room they point into.
func (x *DetailBuffer) reserve(n, postings int) {
	if n > cap(x.room)-len(x.room) {
		x.room = make([]uint64, 0, max(n, 4*postings))
	}
}

func (x *DetailBuffer) optional(f *fields, key byte) *uint64 {
	if !f.has(key) {
		return nil
	}
	x.room = append(x.room, f.Uint())
	return &x.room[len(x.room)-1]
}
