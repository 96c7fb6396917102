package replay

import "math/bits"

// rankSet is a set of numbers below a bound that finds the next one in a few steps,
// however far it is. A bit of level i+1 tells whether a word of level i is not zero.
type rankSet [][]uint64

// newRankSet returns an empty set of numbers below n, n at least 1.
func newRankSet(n int) rankSet {
	var s rankSet
	for n > 1 || len(s) == 0 {
		n = (n + 63) / 64
		s = append(s, make([]uint64, n))
	}
	return s
}

// has tells whether i is in the set.
func (s rankSet) has(i uint32) bool { return s[0][i>>6]>>(i&63)&1 != 0 }

// add puts i into the set.
func (s rankSet) add(i uint32) {
	for _, level := range s {
		word := &level[i>>6]
		done := *word != 0
		if *word |= 1 << (i & 63); done {
			return
		}
		i >>= 6
	}
}

// remove takes i out of the set.
func (s rankSet) remove(i uint32) {
	for _, level := range s {
		word := &level[i>>6]
		if *word &^= 1 << (i & 63); *word != 0 {
			return
		}
		i >>= 6
	}
}

// next returns the least number of the set that is i or more, and false if there is none.
func (s rankSet) next(i uint32) (uint32, bool) {
	for level := range s {
		word := i >> 6
		if word >= uint32(len(s[level])) {
			return 0, false
		}
		if w := s[level][word] >> (i & 63); w != 0 {
			i += uint32(bits.TrailingZeros64(w))
			for level--; level >= 0; level-- {
				i = i<<6 + uint32(bits.TrailingZeros64(s[level][i]))
			}
			return i, true
		}
		i = word + 1
	}
	return 0, false
}
