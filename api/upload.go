package api

import (
	"encoding/binary"

	"github.com/forgepool/settle/codec"
)

// uploadContext begins the bytes whose hash signs an upload.
const uploadContext = "settle/v1 upload\n"

// Upload announces an artifact. The signature is Ed25519 by a valid key of any use
// of a registered, active party over UploadDigest.
type Upload struct {
	Hash      codec.Hash // BLAKE3 of the bytes
	Size      uint64     // bytes, at most MaxArtifact
	Party     codec.ID
	Key       codec.Hash // key id
	Signature codec.Sig
}

// UploadDigest is what the party signs: BLAKE3 over the text "settle/v1 upload\n",
// the length-prefixed origin of tree A, the artifact's hash, its size as eight bytes
// big-endian, and the party (docs/formats/http.md section 5).
func UploadDigest(origin string, u *Upload) codec.Hash {
	b := append(make([]byte, 0, 512), uploadContext...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(origin)))
	b = append(append(b, origin...), u.Hash[:]...)
	b = binary.BigEndian.AppendUint64(b, u.Size)
	return codec.BlobHash(append(b, u.Party[:]...))
}
