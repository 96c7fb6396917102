package codec

import (
	"encoding/binary"
	"slices"
)

// A node is one item of an encoding; start, body and end are offsets, body that of
// what follows the head.
type node struct {
	major            byte
	arg              uint64
	start, body, end int
	children         []*node // elements, or keys and values in turn
	key              bool
}

func parse(r *Reader) *node {
	n := &node{major: r.Peek(), start: r.off}
	n.arg = r.head(n.major)
	n.body = r.off
	count := 0
	switch n.major {
	case MajorBytes, MajorText:
		r.off += int(n.arg)
	case MajorArray:
		count = int(n.arg)
	case MajorMap:
		count = 2 * int(n.arg)
	}
	for i := range count {
		child := parse(r)
		child.key = n.major == MajorMap && i%2 == 0
		n.children = append(n.children, child)
	}
	n.end = r.off
	return n
}

func (n *node) each(visit func(*node)) {
	visit(n)
	for _, child := range n.children {
		child.each(visit)
	}
}

// longHead writes a head in a form of info more than it needs.
func longHead(major byte, arg uint64, info byte) []byte {
	var b [9]byte
	binary.BigEndian.PutUint64(b[1:], arg)
	size := 1 << (info - 24)
	b[8-size] = major<<5 | info
	return slices.Clone(b[8-size:])
}

// A lie turns the item n of data into something else, or returns nil if it cannot
// be told of such an item.
type lie struct {
	name string
	tell func(data []byte, n *node) []byte
}

func splice(data []byte, from, to int, with []byte) []byte {
	return slices.Concat(data[:from], with, data[to:])
}

func replaceItem(with ...byte) func([]byte, *node) []byte {
	return func(data []byte, n *node) []byte { return splice(data, n.start, n.end, with) }
}

// only restricts a lie to items of these major types.
func only(tell func([]byte, *node) []byte, majors ...byte) func([]byte, *node) []byte {
	return func(data []byte, n *node) []byte {
		if !slices.Contains(majors, n.major) {
			return nil
		}
		return tell(data, n)
	}
}

func longer(info byte) func([]byte, *node) []byte {
	return func(data []byte, n *node) []byte {
		with := longHead(n.major, n.arg, info)
		if len(with) <= n.body-n.start {
			return nil
		}
		return splice(data, n.start, n.body, with)
	}
}

func header(with func(n *node) []byte) func([]byte, *node) []byte {
	return func(data []byte, n *node) []byte { return splice(data, n.start, n.body, with(n)) }
}

func huge(n *node) []byte { return longHead(n.major, 1<<63, 27) }

var stringMajors = []byte{MajorBytes, MajorText}

// lies is the table of what a decoder must refuse, whatever the item.
var lies = []lie{
	{"non-minimal head in 1 byte", longer(24)},
	{"non-minimal head in 2 bytes", longer(25)},
	{"non-minimal head in 4 bytes", longer(26)},
	{"non-minimal head in 8 bytes", longer(27)},
	{"null", replaceItem(0xf6)},
	{"undefined", replaceItem(0xf7)},
	{"false", replaceItem(0xf4)},
	{"true", replaceItem(0xf5)},
	{"break", replaceItem(0xff)},
	{"simple value", replaceItem(0xf8, 0x20)},
	{"half float", replaceItem(0xf9, 0x3c, 0x00)},
	{"single float", replaceItem(0xfa, 0x3f, 0x80, 0, 0)},
	{"double float", replaceItem(0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0)},
	{"NaN", replaceItem(0xf9, 0x7e, 0x00)},
	{"negative integer", replaceItem(0x20)},
	{"bignum", replaceItem(0xc2, 0x41, 0x01)},
	{"empty map", only(replaceItem(0xa0), MajorUint, MajorBytes, MajorText, MajorArray)},
	{"reserved length", header(func(n *node) []byte { return []byte{n.major<<5 | 28} })},
	{"tag", func(data []byte, n *node) []byte { return splice(data, n.start, n.start, []byte{0xc1}) }},
	{"self-describing tag", func(data []byte, n *node) []byte { return splice(data, n.start, n.start, []byte{0xd9, 0xd9, 0xf7}) }},
	{"array for a string", only(arrayForString, stringMajors...)},
	{"text for bytes", only(header(func(n *node) []byte { return appendHead(nil, MajorText, n.arg) }), MajorBytes)},
	{"bytes for text", only(header(func(n *node) []byte { return appendHead(nil, MajorBytes, n.arg) }), MajorText)},
	{"bytes for an integer", only(replaceItem(0x41, 0x01), MajorUint)},
	{"integer for the item", only(replaceItem(0x01), MajorBytes, MajorText, MajorArray, MajorMap)},
	{"text that is not UTF-8", only(notUTF8, MajorText)},
	{"indefinite length", only(indefinite, MajorBytes, MajorText, MajorArray, MajorMap)},
	{"header of 2^63", only(header(huge), MajorBytes, MajorText, MajorArray, MajorMap)},
	{"header of 2^32-1", only(header(func(n *node) []byte { return longHead(n.major, 1<<32-1, 26) }),
		MajorBytes, MajorText, MajorArray, MajorMap)},
	{"one element less than said", only(header(func(n *node) []byte { return appendHead(nil, n.major, n.arg+1) }),
		MajorBytes, MajorText, MajorArray, MajorMap)},
	{"keys not in order", only(swapped, MajorMap)},
	{"duplicate key", only(duplicated, MajorMap)},
	{"unknown key", only(func(data []byte, n *node) []byte { return withKey(data, n, 0x18, 0xc8, 0x00) }, MajorMap)},
	{"unknown text key", only(func(data []byte, n *node) []byte { return withKey(data, n, 0x61, 'a', 0x00) }, MajorMap)},
}

func arrayForString(data []byte, n *node) []byte {
	with := appendHead(nil, MajorArray, n.arg)
	for _, c := range data[n.body:n.end] {
		with = AppendUint(with, uint64(c))
	}
	return splice(data, n.start, n.end, with)
}

func notUTF8(data []byte, n *node) []byte {
	if n.arg == 0 {
		return nil
	}
	return splice(data, n.body, n.body+1, []byte{0xff})
}

func indefinite(data []byte, n *node) []byte {
	inner := data[n.body:n.end]
	if n.major == MajorBytes || n.major == MajorText {
		inner = data[n.start:n.end] // one chunk
	}
	return splice(data, n.start, n.end, slices.Concat([]byte{n.major<<5 | 31}, inner, []byte{0xff}))
}

func swapped(data []byte, n *node) []byte {
	if n.arg < 2 {
		return nil
	}
	first, second, last := n.children[0], n.children[2], n.children[3]
	return splice(data, first.start, last.end,
		slices.Concat(data[second.start:last.end], data[first.start:second.start]))
}

func duplicated(data []byte, n *node) []byte {
	if n.arg == 0 {
		return nil
	}
	pair := data[n.children[0].start:n.children[1].end]
	return splice(data, n.start, n.body, append(appendHead(nil, MajorMap, n.arg+1), pair...))
}

func withKey(data []byte, n *node, pair ...byte) []byte {
	with := slices.Concat(appendHead(nil, MajorMap, n.arg+1), data[n.body:n.end], pair)
	return splice(data, n.start, n.end, with)
}
