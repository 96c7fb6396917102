package export

import (
	"slices"

	"github.com/forgepool/settle/codec"
)

// The blobs of sealed values (docs/formats/records.md, notation), read without what
// codec.Unseal allocates. Each reads exactly what that reads.

// unsealCustomer opens a sealed party id. Errors wrap codec.ErrNotCanonical.
func unsealCustomer(blob []byte) (customer codec.ID, err error) {
	r := codec.NewReader(blob)
	beginSealed(&r)
	r.Fixed(customer[:])
	return customer, r.Done()
}

// unsealLabels opens sealed labels into the room of a list. Errors wrap
// codec.ErrNotCanonical and codec.ErrTooLarge.
func unsealLabels(blob []byte, room []codec.Label) ([]codec.Label, error) {
	r := codec.NewReader(blob)
	beginSealed(&r)
	n := r.Array(codec.MaxDisclosures)
	room = slices.Grow(room[:0], n)[:n]
	for i := range room {
		l := &room[i]
		if r.Array(3) != 3 {
			r.Fail("a label of the wrong length")
		}
		l.Label, l.Value = r.Text(codec.MaxName), r.Text(codec.MaxName)
		r.Fixed(l.Salt[:])
	}
	return room, r.Done()
}

// beginSealed reads up to the value.
func beginSealed(r *codec.Reader) {
	if r.Array(2) != 2 {
		r.Fail("a sealed value of the wrong length")
	}
	var salt codec.ID
	r.Fixed(salt[:])
}
