package codec

// This file has what the hand-written decoders share: tuples, lists that are bounded
// by the input before anything is allocated, and maps with optional keys.

// tuple reads the head of an array of exactly n elements.
func (r *Reader) tuple(n int) {
	if got := r.head(MajorArray); r.err == nil && got != uint64(n) {
		r.Fail("array of the wrong length")
	}
}

// list reads the head of an array of at most limit elements, of which none is
// shorter than least bytes: a head that the input cannot hold fails here, so callers
// may allocate for the result.
func (r *Reader) list(limit, least int) int {
	n := r.Array(limit)
	if n*least > len(r.data)-r.off {
		r.Fail("truncated")
		return 0
	}
	return n
}

// small reads an unsigned integer of 8 bits.
func (r *Reader) small() uint8 {
	v := r.Uint()
	if v > 255 {
		r.Fail("integer out of range")
		return 0
	}
	return uint8(v)
}

// textInto reads text, keeping the string that is there if it is the same.
func (r *Reader) textInto(dst *string, limit int) {
	if s := r.text(limit); string(s) != *dst {
		*dst = string(s)
	}
}

// hashes reads a list of hashes into dst, whose room is reused.
func (r *Reader) hashes(dst []Hash, limit int) []Hash {
	dst = resize(dst, r.list(limit, 34))
	for i := range dst {
		r.hash(&dst[i])
	}
	return dst
}

func (r *Reader) blob(b *Blob) {
	r.tuple(2)
	r.hash(&b.Hash)
	b.Size = r.Uint()
}

// resize returns a list of n elements in the room of list if it is large enough.
// Never nil, so that decoding into a fresh and into a used value gives the same.
func resize[T any](list []T, n int) []T {
	if list != nil && n <= cap(list) {
		return list[:n]
	}
	return make([]T, n)
}

// fields walks the keys of a map in their order.
type fields struct {
	*Reader
	left int // keys not read yet
}

// fields reads the head of a map of at most limit keys, all below 256.
func (r *Reader) fields(limit int) fields { return fields{r, r.Map(limit)} }

// at requires the next key to be k.
func (f *fields) at(k byte) {
	if !f.has(k) {
		f.missing(k)
	}
}

// missing says what stands in the place of key k.
func (f *fields) missing(k byte) {
	if f.left > 0 {
		f.Key(uint64(k))
	}
	f.Fail("missing key")
}

// has reads the next key if it is k.
func (f *fields) has(k byte) bool {
	rest := f.data[f.off:]
	switch {
	case f.left == 0:
		return false
	case k < 24 && len(rest) > 0 && rest[0] == k:
		f.off++
	case k >= 24 && len(rest) > 1 && rest[0] == 24 && rest[1] == k:
		f.off += 2
	default:
		return false
	}
	f.left--
	return true
}

// end requires that no key is left.
func (f *fields) end() {
	if f.left != 0 {
		f.Fail("unknown key, or keys out of order")
	}
}

func (f *fields) uintAt(k byte) uint64 {
	f.at(k)
	return f.Uint()
}

func (f *fields) hashAt(k byte, dst *Hash) {
	f.at(k)
	f.hash(dst)
}

func (f *fields) idAt(k byte, dst *ID) {
	f.at(k)
	f.id(dst)
}

func (f *fields) sigAt(k byte, dst *Sig) {
	f.at(k)
	f.Fixed(dst[:])
}

// header reads the keys 1-4 that every body begins with.
func (f *fields) header(id *ID, at, cycle *uint64, author *ID) {
	f.idAt(1, id)
	*at, *cycle = f.uintAt(2), f.uintAt(3)
	f.idAt(4, author)
}
