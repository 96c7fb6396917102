package replay

import (
	"encoding/binary"
)

// generators makes the inputs that the vectors name (docs/formats/replay.md section 7.8).
var generators = map[string]func() []byte{
	"graph-200":                         graph200,
	"media-37x29":                       func() []byte { return imageOf(37, 29, 3, rnd(2, 3219)) },
	"memory-800":                        memory800,
	"search-60":                         func() []byte { return documents(search60()) },
	"search-60, documents 0 to 24":      func() []byte { return documents(search60()[:25]) },
	"search-60, documents 25 to 59":     func() []byte { return documents(search60()[25:]) },
	"search-ties":                       searchTies,
	"aggregate-3000":                    func() []byte { return rows(aggregate3000()) },
	"aggregate-3000, rows 0 to 999":     func() []byte { return rows(aggregate3000()[:1000]) },
	"aggregate-3000, rows 1000 to 2999": func() []byte { return rows(aggregate3000()[1000:]) },
}

// rnd returns the first n bytes of a Philox stream.
func rnd(key uint32, n int) []byte {
	var b []byte
	for i := uint32(0); len(b) < n; i++ {
		x0, x1, x2, x3 := philox(i, 0, 0, 0x74737431, key, 0)
		for _, x := range []uint32{x0, x1, x2, x3} {
			b = binary.LittleEndian.AppendUint32(b, x)
		}
	}
	return b[:n]
}
