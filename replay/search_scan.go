package replay

// tokenBytes maps a byte to what it is in a token: itself, its small letter, or 0 if
// it separates tokens.
var tokenBytes = makeTokenBytes()

func makeTokenBytes() (m [256]byte) {
	for i := range m {
		c := byte(i)
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', c >= 0x80:
			m[i] = c
		case 'A' <= c && c <= 'Z':
			m[i] = c + 'a' - 'A'
		}
	}
	return m
}

// Constants of FNV-1a (64 bit). The hash only finds candidates, so its collisions
// cost at most one comparison per query token.
const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// scanSlots is the size of the table of query tokens, four times their maximum.
const scanSlots = 4 * searchMaxTokens

// scanner counts the query tokens of one document after another.
type scanner struct {
	tokens []queryToken
	hashes []uint64        // of the tokens
	slots  [scanSlots]int8 // open addressing by hash: token number + 1, or 0
	counts []uint32        // occurrences in the current document
}

func newScanner(tokens []queryToken) *scanner {
	s := &scanner{tokens: tokens, hashes: make([]uint64, len(tokens)), counts: make([]uint32, len(tokens))}
	for i, t := range tokens {
		h := uint64(fnvOffset)
		for _, c := range t.text {
			h = (h ^ uint64(c)) * fnvPrime
		}
		s.hashes[i] = h
		at := slotOf(h)
		for s.slots[at] != 0 {
			at = (at + 1) % scanSlots
		}
		s.slots[at] = int8(i + 1)
	}
	return s
}

// slotOf takes the upper half: the lower bits of FNV see too little of the last bytes.
func slotOf(h uint64) int { return int(h>>32) % scanSlots }

// scan sets counts for one document and returns its number of tokens. A token is a
// maximal run of token bytes.
func (s *scanner) scan(doc []byte) (length uint64) {
	clear(s.counts)
	for i := 0; i < len(doc); {
		if tokenBytes[doc[i]] == 0 {
			i++
			continue
		}
		start, h := i, uint64(fnvOffset)
		for i < len(doc) {
			c := tokenBytes[doc[i]]
			if c == 0 {
				break
			}
			h = (h ^ uint64(c)) * fnvPrime
			i++
		}
		length++
		s.count(doc[start:i], h)
	}
	return length
}

// count adds an occurrence to the query token that equals word, if there is one.
func (s *scanner) count(word []byte, h uint64) {
	for at := slotOf(h); s.slots[at] != 0; at = (at + 1) % scanSlots {
		i := s.slots[at] - 1
		if s.hashes[i] == h && equalFolded(word, s.tokens[i].text) {
			s.counts[i]++
			return
		}
	}
}

// equalFolded tells whether a run of token bytes is the token text.
func equalFolded(word, text []byte) bool {
	if len(word) != len(text) {
		return false
	}
	for i, c := range word {
		if tokenBytes[c] != text[i] {
			return false
		}
	}
	return true
}
