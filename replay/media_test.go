package replay

import "encoding/binary"

// imageOf returns an image as it is stored.
func imageOf(w, h, c int, pix []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(w))
	b = binary.LittleEndian.AppendUint32(b, uint32(h))
	b = binary.LittleEndian.AppendUint32(b, uint32(c))
	return append(b, pix...)
}
