package replay

import "github.com/forgepool/settle/codec"

// argReader reads an arguments map. The first field that breaks a rule sticks, so
// callers check once, at the end.
type argReader struct {
	r   codec.Reader
	bad string // name of the first bad field, "" while all is well
}

// readArgs starts on a map of exactly keys pairs.
func readArgs(args []byte, keys int) *argReader {
	a := &argReader{r: codec.NewReader(args)}
	if len(args) > MaxArgs || a.r.Map(keys) != keys {
		a.bad = "args"
	}
	return a
}

// field reads the next key. Keys of a canonical map come in ascending order.
func (a *argReader) field(key uint64) {
	a.r.Key(key)
	a.check("args", true)
}

// check blames name unless ok holds and the bytes were readable so far.
func (a *argReader) check(name string, ok bool) {
	if a.bad == "" && (!ok || a.r.Err() != nil) {
		a.bad = name
	}
}

// uint reads the unsigned field key, which lies in lo..hi.
func (a *argReader) uint(key uint64, name string, lo, hi uint64) uint64 {
	a.field(key)
	v := a.r.Uint()
	a.check(name, v >= lo && v <= hi)
	return v
}

// int reads the signed field key, which lies in lo..hi.
func (a *argReader) int(key uint64, name string, lo, hi int64) int64 {
	a.field(key)
	v := a.r.Int()
	a.check(name, v >= lo && v <= hi)
	return v
}

// array reads the head of the array field key and returns its length, at most limit.
func (a *argReader) array(key uint64, name string, limit int) int {
	a.field(key)
	n := a.r.Array(limit)
	a.check(name, true)
	if a.bad != "" {
		return 0
	}
	return n
}

// done returns the first bad field, or "" if the arguments are as they should be.
func (a *argReader) done() string {
	a.check("args", a.r.Done() == nil)
	return a.bad
}
