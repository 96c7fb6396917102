package replay

import (
	"encoding/binary"

	"github.com/forgepool/settle/codec"
)

// Limits of docs/formats/replay.md section 7.4.
const (
	searchMaxTokens = 64
	searchMaxToken  = 64 // bytes
	searchMaxIDF    = 1 << 20
	searchMaxK1     = 1 << 19
	searchMaxB      = 65_536
	searchMinAvg    = 256
	searchMaxAvg    = 1 << 32
	searchMaxID     = 1<<63 - 1
	searchMaxCount  = 65_535 // occurrences that raise a score
)

// rankSearch is search@1 rank.v1: full-text search with integer BM25.
type rankSearch struct{}

type searchArgs struct {
	tokens []queryToken
	k1, b  uint64 // Q16
	avg    uint64 // mean tokens per document, Q8
	top    int
	first  uint64 // id of the first document
}

type queryToken struct {
	text []byte
	idf  uint64 // Q16
}

// Name implements Program.
func (rankSearch) Name() ProgramName { return ProgramName{"search", 1, "rank.v1"} }

// Units implements Program: the bytes of the documents without their heads.
func (rankSearch) Units(args, input []byte) (uint64, bool) {
	a, bad := parseSearchArgs(args)
	_, units, badInput := a.parseHead(input)
	return units, bad == "" && badInput == ""
}

// Run implements Program.
func (rankSearch) Run(task Task) Result {
	a, bad := parseSearchArgs(task.Args)
	if bad != "" {
		return invalid(bad)
	}
	docs, units, bad := a.parseHead(task.Input)
	if bad != "" {
		return invalid(bad)
	}
	if task.overLimit(units) {
		return Result{Status: OverLimit}
	}
	total, top, bad := a.scan(docs, task.Input[4:])
	if bad != "" {
		return invalid(bad)
	}
	return finish(encodeSearch(docs, total, top), units)
}

func parseSearchArgs(args []byte) (a searchArgs, bad string) {
	r := readArgs(args, 6)
	n := r.array(1, "tokens", searchMaxTokens)
	r.check("tokens", n >= 1)
	a.tokens = make([]queryToken, n)
	for i := range a.tokens {
		r.check("tokens", r.r.Array(2) == 2)
		t := queryToken{text: r.r.Bytes(searchMaxToken), idf: r.r.Uint()}
		r.check("tokens", t.valid())
		a.tokens[i] = t
	}
	r.check("tokens", a.distinct())
	a.k1 = r.uint(2, "k1", 0, searchMaxK1)
	a.b = r.uint(3, "b", 0, searchMaxB)
	a.avg = r.uint(4, "avgdl", searchMinAvg, searchMaxAvg)
	a.top = int(r.uint(5, "topk", 0, maxTop))
	a.first = r.uint(6, "first", 0, searchMaxID)
	return a, r.done()
}

func (t queryToken) valid() bool {
	for _, c := range t.text {
		if tokenBytes[c] != c || c == 0 { // separators map to 0, capitals to small letters
			return false
		}
	}
	return len(t.text) >= 1 && t.idf <= searchMaxIDF
}

func (a *searchArgs) distinct() bool {
	for i, t := range a.tokens {
		for _, o := range a.tokens[:i] {
			if string(t.text) == string(o.text) {
				return false
			}
		}
	}
	return true
}

// parseHead returns the number of documents and the units, which follow from it and
// the length of the input.
func (a *searchArgs) parseHead(input []byte) (docs, units uint64, bad string) {
	if len(input) < 4 || len(input) > MaxInput {
		return 0, 0, "input"
	}
	docs = uint64(binary.LittleEndian.Uint32(input))
	size := uint64(len(input) - 4)
	switch {
	case 4*docs > size:
		return 0, 0, "documents"
	case 4*docs == size:
		return 0, 0, "units"
	case docs > searchMaxID-a.first:
		return 0, 0, "first"
	}
	return docs, size - 4*docs, ""
}

// scan reads all documents and returns their tokens in total and the best of them.
func (a *searchArgs) scan(docs uint64, rest []byte) (total uint64, top ranking, bad string) {
	top.limit = a.top
	s := newScanner(a.tokens)
	for i := range docs {
		if len(rest) < 4 {
			return 0, top, "documents"
		}
		size := uint64(binary.LittleEndian.Uint32(rest))
		rest = rest[4:]
		if size > uint64(len(rest)) {
			return 0, top, "documents"
		}
		length := s.scan(rest[:size])
		rest = rest[size:]
		total += length
		top.offer(ranked{id: a.first + i, score: a.score(s.counts, length)})
	}
	if len(rest) != 0 {
		return 0, top, "input"
	}
	return total, top, ""
}

// score rates a document of length tokens. Every intermediate value stays below 2^63:
// a document has at most 2^25 tokens.
func (a *searchArgs) score(counts []uint32, length uint64) uint64 {
	norm := (65_536 - a.b) + (a.b*length*256)/a.avg
	k := (a.k1 * norm) >> 16
	var score uint64
	for i, count := range counts {
		if count == 0 {
			continue
		}
		tf := uint64(min(count, searchMaxCount)) << 16
		score += a.tokens[i].idf * ((tf * (a.k1 + 65_536)) >> 16) / (tf + k)
	}
	return score
}

func encodeSearch(docs, total uint64, top ranking) []byte {
	b := codec.AppendUint(codec.AppendArray(nil, 3), docs)
	return top.append(codec.AppendUint(b, total))
}
