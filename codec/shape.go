package codec

const (
	maxDepth = 8  // of nested lists and maps; the deepest value of the formats has 5
	maxPairs = 64 // of one map; the largest of the formats has 28

	// What a place that no shape describes may hold: scalars, keys, signatures and
	// tuples.
	defaultElements = 16
	defaultBytes    = 64
)

// shape bounds the lists and strings of a value. A nil shape, and a place that a
// shape does not mention, may hold tuples of up to defaultElements and strings of up
// to defaultBytes.
type shape struct {
	least int              // elements of a list, at least
	most  int              // elements of a list or bytes of a string, at most; 0: the default
	each  *shape           // elements of a list
	at    map[uint64]shape // values of a map by key
	item  map[int]shape    // elements of a tuple by position
}

func text(most int) shape             { return shape{most: most} }
func list(least, most int) shape      { return shape{least: least, most: most} }
func listOf(n int, each shape) shape  { return shape{most: n, each: &each} }
func someOf(n int, each shape) shape  { return shape{least: 1, most: n, each: &each} }
func keyed(at map[uint64]shape) shape { return shape{at: at} }

// form is what Decode knows of a type beyond its fields.
type form struct {
	size  int          // bytes, at most; 0: the caller's business
	shape *shape       // nil: the caller's business
	check func() error // rules on the decoded value
}

// checkLimits walks over data without allocating.
func (f form) checkLimits(data []byte) error {
	if f.size > 0 {
		if err := checkSize("value", len(data), f.size); err != nil {
			return err
		}
	}
	if f.shape == nil {
		return nil
	}
	r := NewReader(data)
	f.shape.walk(&r, maxDepth)
	return r.Done()
}

// walk reads one item, checking its lists and strings against the shape.
func (s *shape) walk(r *Reader, depth int) {
	if depth == 0 {
		r.Fail("nested too deeply")
		return
	}
	switch r.Peek() {
	case MajorUint:
		r.Uint()
	case MajorBytes:
		r.Bytes(s.limit(defaultBytes))
	case MajorText:
		r.text(s.limit(defaultBytes))
	case MajorArray:
		s.walkArray(r, depth)
	case MajorMap:
		s.walkMap(r, depth)
	default:
		r.Fail("truncated, or an item of a type that the formats do not use")
	}
}

func (s *shape) limit(otherwise int) int {
	if s == nil || s.most == 0 {
		return otherwise
	}
	return s.most
}

func (s *shape) walkArray(r *Reader, depth int) {
	n := r.list(s.limit(defaultElements), 1)
	if s != nil && n < s.least {
		r.Fail("too few elements")
	}
	for i := 0; i < n && r.err == nil; i++ {
		s.element(i).walk(r, depth-1)
	}
}

func (s *shape) element(i int) *shape {
	if s == nil {
		return nil
	}
	if x, ok := s.item[i]; ok {
		return &x
	}
	return s.each
}

func (s *shape) walkMap(r *Reader, depth int) {
	n := r.Map(maxPairs)
	last := uint64(0)
	for i := 0; i < n && r.err == nil; i++ {
		key := r.Uint()
		if i > 0 && key <= last {
			r.Fail("keys not ascending")
		}
		last = key
		s.value(key).walk(r, depth-1)
	}
}

func (s *shape) value(key uint64) *shape {
	if s == nil {
		return nil
	}
	if x, ok := s.at[key]; ok {
		return &x
	}
	return nil
}
