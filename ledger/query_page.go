package ledger

import (
	"cmp"
	"errors"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// MaxPage is the largest number of items of a page; Page.Limit 0 means as many.
const MaxPage = 1000

// Page says which part of a long answer is wanted. Pages do not shift while the ledger
// grows: what is listed is in the order of the log, and Size leaves out what came later.
type Page struct {
	Size   uint64 // records from this size of the log on do not count; 0: all count
	From   uint64 // newest first: go on below this index; oldest first: from it on; 0: begin
	Limit  int    // items at most
	Oldest bool   // oldest first instead of newest first
}

// Paged is one page of an answer. It may have fewer items than asked for although more
// follow, if they are hard to find.
type Paged[T any] struct {
	Items []T
	Next  uint64 // Page.From of the next page; 0: this is the last one
}

// bounds returns the indexes that may be in the page, and how many items. An empty page
// has low > high.
func (p Page) bounds(size uint64) (low, high uint64, limit int) {
	low, high = 1, size // index 0 is the genesis: it is in no list
	if p.Size > 0 {
		high = min(high, p.Size)
	}
	switch {
	case p.Oldest:
		low = max(low, p.From)
	case p.From > 0:
		high = min(high, p.From)
	}
	if high == 0 {
		return 1, 0, 0
	}
	limit = p.Limit
	if limit <= 0 || limit > MaxPage {
		limit = MaxPage
	}
	return low, high - 1, limit
}

// after is Page.From for what follows an index.
func (p Page) after(index uint64) uint64 {
	if p.Oldest {
		return index + 1
	}
	return index
}

// here is Page.From for an index itself.
func (p Page) here(index uint64) uint64 {
	if p.Oldest {
		return index
	}
	return index + 1
}

// steps is how many entries of lists a page may cost to look at.
const steps = 10_000

// stepper finds the next index from one on, upwards or downwards.
type stepper interface {
	step(index uint64, up bool) (at uint64, ok bool, err error)
	length() uint64
	close() error
}

// joined walks over lists together: it finds what all of them have.
type joined []stepper

func (j joined) close() error {
	var err error
	for _, c := range j {
		err = errors.Join(err, c.close())
	}
	return err
}

// sort lets the shortest list lead.
func (j joined) sort() {
	slices.SortStableFunc(j, func(a, b stepper) int { return cmp.Compare(a.length(), b.length()) })
}

// What a search came to.
type searched int

const (
	searchFound  searched = iota
	searchEnded           // there is nothing more
	searchPaused          // the budget is used up: go on at the index returned
)

// next finds the next index from one on that all lists have. Each step is taken off the
// budget.
func (j joined) next(index uint64, up bool, budget *int) (uint64, searched, error) {
	for agreed := 0; ; {
		for _, c := range j {
			if *budget <= 0 {
				return index, searchPaused, nil
			}
			*budget--
			at, ok, err := c.step(index, up)
			if err != nil || !ok {
				return 0, searchEnded, err
			}
			if at != index {
				index, agreed = at, 0
			}
			if agreed++; agreed == len(j) {
				return index, searchFound, nil
			}
		}
	}
}

// keyStepper walks over keys that end in an index: those of postings, of marks.
type keyStepper struct {
	it     *pebble.Iterator
	prefix []byte
	total  uint64
}

// stepper walks over the keys after a prefix; long says how long the list is taken to be.
func (s *Snapshot) stepper(prefix []byte, long uint64) (*keyStepper, error) {
	it, err := s.snap.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: appendMax(slices.Clone(prefix))})
	if err != nil {
		return nil, damaged(NoIndex, err, "reading %q", prefix[:1])
	}
	return &keyStepper{it, prefix, long}, nil
}

func (k *keyStepper) length() uint64 { return k.total }

func (k *keyStepper) close() error { return k.it.Close() }

func (k *keyStepper) step(index uint64, up bool) (uint64, bool, error) {
	var ok bool
	if up {
		ok = k.it.SeekGE(appendIndex(k.prefix, index))
	} else {
		ok = k.it.SeekLT(appendIndex(k.prefix, index+1))
	}
	if !ok {
		if err := k.it.Error(); err != nil {
			return 0, false, damaged(NoIndex, err, "reading %q", k.prefix[:1])
		}
		return 0, false, nil
	}
	v := values{b: k.it.Key()[len(k.prefix):]}
	return v.u64(), true, nil
}
