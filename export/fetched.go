package export

import (
	"fmt"

	"github.com/forgepool/settle/codec"
)

// blobRole is what a blob is to a settlement.
type blobRole int

// The blobs in the order in which they are fetched.
const (
	customerBlob blobRole = iota
	detailBlob
	manifestBlob
	labelsBlob
	blobRoles
)

func (r blobRole) String() string {
	return [...]string{"customer", "detail", "manifest", "labels"}[r]
}

// fetched are the blobs that a settlement names: fetched one after the other, hashed side
// by side, which is several times as fast.
type fetched struct {
	n     blobRole // how many there are
	want  [blobRoles]codec.Hash
	got   [blobRoles]codec.Hash
	blobs [blobRoles][]byte
	err   error // of the source, about the one behind the last
}

// begin forgets what was fetched before.
func (f *fetched) begin() { f.n, f.err = 0, nil }

// add fetches the next blob, unless the one before it was not to be had.
func (f *fetched) add(blobs Blobs, role blobRole, hash codec.Hash) {
	if f.err != nil {
		return
	}
	if role != f.n {
		panic("export: blobs are fetched in their order")
	}
	f.want[role] = hash
	if f.blobs[role], f.err = blobs(hash); f.err == nil {
		f.n++
	}
}

// hash hashes what was fetched.
func (f *fetched) hash() { codec.BlobHashes(f.got[:f.n], f.blobs[:f.n]) }

// get returns a blob, which has the hash asked for. Errors: those of the source, ErrBlob.
func (f *fetched) get(role blobRole) ([]byte, error) {
	switch {
	case role >= f.n:
		return nil, fmt.Errorf("%s %s: %w", role, f.want[role], f.err)
	case f.got[role] != f.want[role]:
		return nil, otherBlob(role.String(), f.want[role])
	}
	return f.blobs[role], nil
}
