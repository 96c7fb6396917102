package replay

import (
	"encoding/binary"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/forgepool/settle/codec"
)

// generators makes the inputs that the vectors name (docs/formats/replay.md section 7.8).
var generators = map[string]func() []byte{
	"graph-200":                         graph200,
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

type edge struct{ from, to uint32 }

// csr returns the input of graph@1 for a set of edges.
func csr(n uint32, edges map[edge]bool) []byte {
	list := slices.SortedFunc(maps.Keys(edges), func(a, b edge) int {
		if a.from != b.from {
			return int(a.from) - int(b.from)
		}
		return int(a.to) - int(b.to)
	})
	b := binary.LittleEndian.AppendUint32(nil, n)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(list)))
	for v, i := uint32(0), 0; v <= n; v++ {
		for i < len(list) && list[i].from < v {
			i++
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(i))
	}
	for _, e := range list {
		b = binary.LittleEndian.AppendUint32(b, e.to)
	}
	return b
}

func graph200() []byte {
	r := rnd(1, 12_800)
	edges := make(map[edge]bool)
	for i := range 1600 {
		x, y := u32At(r, uint64(2*i)), u32At(r, uint64(2*i+1))
		if u := x % 200; u%11 != 0 {
			edges[edge{u, (y % 200) * (y%7 + 1) / 7}] = true
		}
	}
	return csr(200, edges)
}

// documents returns the input of search@1.
func documents(docs []string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(docs)))
	for _, d := range docs {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(d))), d...)
	}
	return b
}

func search60() []string {
	words := []string{"verify", "Ledger", "node", "credit", "shard", "naïve", "x1"}
	r := rnd(3, 4800)
	docs := make([]string, 60)
	for i := range docs {
		n := int(r[80*i])%70 + 1
		var list []string
		for _, x := range r[80*i+1 : 80*i+1+n] {
			w := words[x%7]
			if x&64 != 0 {
				w += ","
			}
			list = append(list, w)
		}
		docs[i] = strings.Join(list, " ")
	}
	return docs
}

func searchTies() []byte {
	return documents([]string{"x1 7,7 A7", "A7!x1 7 7", "", "...", "zz", strings.Repeat("7 ", 65_600), "a7ï a7", "a7"})
}

type row struct {
	key   string
	value int64
}

// rows returns the input of aggregate@1.
func rows(list []row) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(list)))
	for _, r := range list {
		b = append(binary.LittleEndian.AppendUint16(b, uint16(len(r.key))), r.key...)
		b = binary.LittleEndian.AppendUint64(b, uint64(r.value))
	}
	return b
}

func aggregate3000() []row {
	r := rnd(4, 24_000)
	list := make([]row, 3000)
	for i := range list {
		x := int64(binary.LittleEndian.Uint64(r[8*i:]))
		if x%5 != 0 {
			list[i].key = "k" + strconv.FormatInt((x%97+97)%97, 10)
		}
		list[i].value = x >> 17
	}
	return list
}

// mcArgsOf encodes arguments of mc@1.
func mcArgsOf(a mcArgs) []byte {
	b := codec.AppendMap(nil, 9)
	b = codec.AppendUint(codec.AppendUint(b, 1), a.paths)
	b = codec.AppendUint(codec.AppendUint(b, 2), a.steps)
	b = codec.AppendInt(codec.AppendUint(b, 3), a.start)
	b = codec.AppendInt(codec.AppendUint(b, 4), a.drift)
	b = codec.AppendInt(codec.AppendUint(b, 5), a.vol)
	b = codec.AppendUint(codec.AppendUint(b, 6), a.kind)
	b = codec.AppendInt(codec.AppendUint(b, 7), a.strike)
	b = codec.AppendUint(codec.AppendUint(b, 8), a.first)
	b = codec.AppendArray(codec.AppendUint(b, 9), 3)
	b = codec.AppendUint(codec.AppendInt(b, a.lo), a.width)
	return codec.AppendUint(b, uint64(a.bins))
}

// graphArgsOf encodes arguments of graph@1.
func graphArgsOf(a graphArgs) []byte {
	b := codec.AppendUint(codec.AppendUint(codec.AppendMap(nil, 4), 1), a.steps)
	b = codec.AppendUint(codec.AppendUint(b, 2), a.damp)
	b = codec.AppendArray(codec.AppendUint(b, 3), len(a.seeds))
	for _, s := range a.seeds {
		b = codec.AppendUint(b, uint64(s))
	}
	return codec.AppendUint(codec.AppendUint(b, 4), uint64(a.top))
}

// searchArgsOf encodes arguments of search@1.
func searchArgsOf(a searchArgs) []byte {
	b := codec.AppendUint(codec.AppendMap(nil, 6), 1)
	b = codec.AppendArray(b, len(a.tokens))
	for _, t := range a.tokens {
		b = codec.AppendUint(codec.AppendBytes(codec.AppendArray(b, 2), t.text), t.idf)
	}
	for i, v := range []uint64{a.k1, a.b, a.avg, uint64(a.top), a.first} {
		b = codec.AppendUint(codec.AppendUint(b, uint64(i+2)), v)
	}
	return b
}
