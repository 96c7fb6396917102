package codec

import (
	"bytes"
	"reflect"
	"slices"
	"testing"
)

// decoders returns the ways to read a sample: by hand if there is one, and the oracle.
func (s *sample) decoders() map[string]func([]byte) (any, error) {
	ways := map[string]func([]byte) (any, error){"oracle": func(b []byte) (any, error) {
		x := fresh(s.value)
		return x, Decode(b, x)
	}}
	if s.decode != nil {
		ways["decoder"] = s.decode
	}
	return ways
}

// TestHostile tells every lie of every item of every kind, to both codecs.
func TestHostile(t *testing.T) {
	for _, s := range allSamples() {
		t.Run(s.name, func(t *testing.T) {
			data := s.encode()
			r := NewReader(data)
			parse(&r).each(func(n *node) {
				for _, lie := range lies {
					if bad := lie.tell(data, n); bad != nil {
						s.mustRefuse(t, lie.name, n.start, bad)
					}
				}
			})
			for i := range data {
				s.mustRefuse(t, "truncated", i, data[:i])
			}
			s.mustRefuse(t, "trailing byte", len(data), append(slices.Clone(data), 0))
			s.mustRefuse(t, "twice", len(data), append(slices.Clone(data), data...))
		})
	}
}

func (s *sample) mustRefuse(t *testing.T, lie string, at int, data []byte) {
	t.Helper()
	for way, decode := range s.decoders() {
		x, err := decode(data)
		code := CodeOf(err)
		if err == nil {
			t.Errorf("%s takes %q at byte %d: %+v", way, lie, at, x)
		} else if code != CodeMalformed && code != CodeTooLarge && code != CodeUnknownKind {
			t.Errorf("%s refuses %q at byte %d with %q: %v", way, lie, at, code, err)
		}
	}
}

// TestMissingKeys leaves out each key in turn: both codecs must agree whether it is
// optional, and a value without an optional key must survive.
func TestMissingKeys(t *testing.T) {
	for _, s := range allSamples() {
		t.Run(s.name, func(t *testing.T) {
			data := s.encode()
			r := NewReader(data)
			parse(&r).each(func(n *node) {
				if n.major != MajorMap {
					return
				}
				for i := 0; i < len(n.children); i += 2 {
					rest := splice(data[:n.end], n.children[i].start, n.children[i+1].end, nil)
					with := slices.Concat(appendHead(nil, MajorMap, n.arg-1), rest[n.body:])
					s.mustAgree(t, splice(data, n.start, n.end, with))
				}
			})
		})
	}
}

// TestIntegers puts integers at the edges of the sizes in place of each one; both
// codecs must agree on which fit.
func TestIntegers(t *testing.T) {
	for _, s := range allSamples() {
		data := s.encode()
		r := NewReader(data)
		parse(&r).each(func(n *node) {
			if n.major != MajorUint {
				return
			}
			for _, v := range []uint64{0, 23, 24, 255, 256, 1<<16 - 1, 1 << 16, 1<<32 - 1, 1 << 32, 1<<63 - 1, 1 << 63, 1<<64 - 1} {
				s.mustAgree(t, splice(data, n.start, n.end, AppendUint(nil, v)))
			}
		})
	}
}

// TestEmptyLists empties each list; both codecs must agree on which may be empty.
func TestEmptyLists(t *testing.T) {
	for _, s := range allSamples() {
		data := s.encode()
		r := NewReader(data)
		parse(&r).each(func(n *node) {
			if n.major == MajorArray {
				s.mustAgree(t, splice(data, n.start, n.end, []byte{0x80}))
			}
		})
	}
}

// TestMutations flips every bit and inserts and drops every byte; both codecs must
// agree.
func TestMutations(t *testing.T) {
	for _, s := range allSamples() {
		t.Run(s.name, func(t *testing.T) {
			data := s.encode()
			for i := range data {
				for bit := range 8 {
					flipped := slices.Clone(data)
					flipped[i] ^= 1 << bit
					s.mustAgree(t, flipped)
				}
				s.mustAgree(t, splice(data, i, i+1, nil))
				s.mustAgree(t, splice(data, i, i, []byte{0x00}))
			}
		})
	}
}

// mustAgree checks that both codecs accept data or both refuse it, and that what is
// accepted gives the same value and the same bytes again.
func (s *sample) mustAgree(t fataler, data []byte) {
	t.Helper()
	want := fresh(s.value)
	oracle := Decode(data, want)
	if oracle == nil && !bytes.Equal(Encode(want), data) {
		t.Fatalf("oracle takes %x, which it would not write", data)
	}
	if s.decode == nil {
		return
	}
	got, err := s.decode(data)
	if (err == nil) != (oracle == nil) {
		t.Fatalf("decoder says %v, oracle %v, to %x", err, oracle, data)
	}
	if err == nil && !reflect.DeepEqual(got, want) {
		t.Fatalf("decoder reads %+v, oracle %+v", got, want)
	}
}

// A fataler is a test or a property.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}
