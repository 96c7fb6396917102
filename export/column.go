package export

import (
	"encoding/hex"
	"strconv"
)

// columnKind is the type of a column's values.
type columnKind uint8

const (
	textColumn   columnKind = iota
	amountColumn            // millionths of the currency, signed
	numberColumn            // an integer, 0 <= n < 2^63
	momentColumn            // Unix seconds
)

// column names a column and says where its value is: the text, or the number of the
// three other kinds.
type column struct {
	name   string
	kind   columnKind
	traits traits
	text   func(b []byte, f *FOCUS, r *row) []byte // appends; nothing = no value
	number func(r *row) (value int64, ok bool)
}

// traits help to write a column densely; they change no value.
type traits uint8

const (
	optional traits = 1 << iota // may have no value
	few                         // few distinct values in a file
	shared                      // the same in all rows of a record
	constant                    // the same in all rows of a file
)

func (c *column) has(t traits) bool { return c.traits&t != 0 }

// again says whether a row surely has the value of the row before it.
func (c *column) again(before, r *row) bool {
	return c.has(constant) || c.has(shared) && before.common == r.common
}

func text(name string, t traits, value func(b []byte, f *FOCUS, r *row) []byte) column {
	return column{name: name, kind: textColumn, traits: t, text: value}
}

// usageText is a text that adjustments do not have.
func usageText(name string, t traits, value func(b []byte, r *row) []byte) column {
	return text(name, t|optional, func(b []byte, _ *FOCUS, r *row) []byte {
		if r.component == nil {
			return b
		}
		return value(b, r)
	})
}

func amount(name string, value func(r *row) int64) column {
	return column{name: name, kind: amountColumn, number: func(r *row) (int64, bool) { return value(r), true }}
}

func moment(name string, value func(r *row) uint64) column {
	return column{name: name, kind: momentColumn, traits: shared, number: func(r *row) (int64, bool) { return int64(value(r)), true }}
}

func number(name string, t traits, value func(r *row) (uint64, bool)) column {
	return column{name: name, kind: numberColumn, traits: t, number: func(r *row) (int64, bool) {
		v, ok := value(r)
		return int64(v), ok
	}}
}

// usageNumber is a number that adjustments do not have.
func usageNumber(name string, value func(r *row) uint64) column {
	return number(name, optional, func(r *row) (uint64, bool) {
		if r.component == nil {
			return 0, false
		}
		return value(r), true
	})
}

// appendCell appends a value as text; nothing if there is none.
func (c *column) appendCell(b []byte, f *FOCUS, r *row) []byte {
	if c.kind == textColumn {
		return c.text(b, f, r)
	}
	v, ok := c.number(r)
	switch {
	case !ok:
		return b
	case c.kind == amountColumn:
		return appendMillionths(b, v)
	case c.kind == momentColumn:
		return appendTime(b, uint64(v))
	}
	return strconv.AppendInt(b, v, 10)
}

func appendHex(b, data []byte) []byte { return hex.AppendEncode(b, data) }
