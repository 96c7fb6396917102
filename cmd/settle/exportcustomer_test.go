package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/export"
	"github.com/forgepool/settle/verifier"
)

// finder is a node that says which records concern a customer, and may lie.
type finder struct {
	service
	indexes []uint64
	limit   int // of one answer
	lie     func(*api.FoundPage)
	most    int        // attachments of one answer, 0: all
	refuse  codec.Code // for every attachment
}

func (f *finder) Find(_ context.Context, _ api.Filter, p api.Page) (*api.FoundPage, error) {
	page := &api.FoundPage{Size: p.Size, Records: []api.Found{}}
	for _, index := range f.indexes {
		switch {
		case index < p.From || index >= p.Size:
		case len(page.Records) == f.limit:
			page.Next = index
			return page, nil
		default:
			page.Records = append(page.Records, api.Found{Index: index})
		}
	}
	if f.lie != nil {
		f.lie(page)
	}
	return page, nil
}

func (f *finder) Attachments(ctx context.Context, wanted []api.Wanted) ([]api.Attached, error) {
	list, err := f.service.Attachments(ctx, wanted)
	if f.most != 0 {
		list = list[:min(len(list), max(f.most, 0))]
	}
	for i := range list {
		if f.refuse != "" {
			list[i] = api.Attached{Data: []byte{}, Code: f.refuse}
		}
	}
	return list, err
}

// of returns the records of a customer as the node tells.
func (f *finder) of(pair *verifier.Pair, from, to uint64) *chosen {
	return &chosen{api: f, src: source{f}, pair: pair, customer: f.r.work.customer, next: from, to: to}
}

func readAll(c *chosen) (indexes []uint64, err error) {
	for {
		page, err := c.page(context.Background())
		if err != nil || len(page) == 0 {
			return indexes, err
		}
		for i := range page {
			indexes = append(indexes, page[i].Index)
		}
	}
}

// TestChosen reads every kind of list in answers of every length, from and to everywhere.
func TestChosen(t *testing.T) {
	r := newReaders(t, 25)
	pair := r.pair()
	for _, indexes := range [][]uint64{nil, {5}, {5, 77}, {5, 8, 11, 14, 17, 20, 23, 26}, {1, 2, 3, 76, 77}} {
		for limit := 1; limit <= 9; limit += 2 {
			f := &finder{service: service{r.node, r}, indexes: indexes, limit: limit}
			for _, part := range [][2]uint64{{0, pair.Size()}, {5, 77}, {6, 12}, {77, 78}, {78, 78}} {
				var want []uint64
				for _, index := range indexes {
					if index >= part[0] && index < part[1] {
						want = append(want, index)
					}
				}
				got, err := readAll(f.of(pair, part[0], part[1]))
				if err != nil || !slices.Equal(got, want) {
					t.Errorf("%v by %d, %v: %v, %v", indexes, limit, part, got, err)
				}
			}
		}
	}
}

// TestSpans: what stands close is read together, up to the length of a page.
func TestSpans(t *testing.T) {
	long := make([]uint64, 0, streamPage+1)
	for i := range uint64(streamPage + 1) {
		long = append(long, i)
	}
	for _, c := range []struct {
		found []uint64
		want  []span
	}{
		{nil, nil}, {[]uint64{3}, []span{{3, 3}}}, {[]uint64{3, 3 + chosenGap}, []span{{3, 3 + chosenGap}}},
		{[]uint64{3, 4 + chosenGap}, []span{{3, 3}, {4 + chosenGap, 4 + chosenGap}}},
		{long, []span{{0, streamPage - 1}, {streamPage, streamPage}}},
	} {
		if got := spans(c.found); !slices.Equal(got, c.want) {
			t.Errorf("%d indexes: %v, want %v", len(c.found), got, c.want)
		}
	}
}

// TestChosenOfLiar: answers that go back, leave the range or go in circles are lies, and so
// are records that are not in the log.
func TestChosenOfLiar(t *testing.T) {
	r := newReaders(t, 3)
	pair := r.pair()
	f := &finder{service: service{r.node, r}, indexes: []uint64{5, 8}, limit: 9}
	for name, lie := range map[string]func(*api.FoundPage){
		"descending": func(p *api.FoundPage) { slices.Reverse(p.Records) },
		"twice":      func(p *api.FoundPage) { p.Records[1] = p.Records[0] },
		"before":     func(p *api.FoundPage) { p.Records[0].Index = 3 },
		"beyond":     func(p *api.FoundPage) { p.Records[1].Index = 9 },
		"back":       func(p *api.FoundPage) { p.Next = 7 },
		"circle":     func(p *api.FoundPage) { p.Records, p.Next = nil, 4 },
	} {
		f.lie = lie
		if _, err := readAll(f.of(pair, 4, 9)); !errors.Is(err, verifier.LieOrder) {
			t.Errorf("%s: %v", name, err)
		}
	}
	f.lie = nil
	r.records = func(page []api.Record) []api.Record {
		page[0].Bytes = append(slices.Clone(page[0].Bytes), 0)
		return page
	}
	if got, err := readAll(f.of(pair, 0, 9)); len(got) > 0 || exitCode(err) != exitFalse {
		t.Errorf("other bytes: %v, %v", got, err)
	}
}

// TestStrangersRecord: a record that the node passes off as a customer's makes no row.
func TestStrangersRecord(t *testing.T) {
	r := newReaders(t, 2)
	record, err := r.node.Record(t.Context(), 5)
	if err != nil {
		t.Fatal(err)
	}
	settled, err := export.NewRecord(5, record.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	genesis, err := r.node.Record(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := export.ReadLedger(genesis.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	for _, customer := range []codec.ID{r.work.customer, {1}} {
		rows := &exportRows{&attachments{ctx: t.Context(), api: service{r.node, r}}, &customer}
		blobs, err := (&window{attachments: rows.attachments, records: []*export.Record{settled}}).at(0)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range exportFormats {
			format, err := export.NewFormat(name, ledger)
			if err != nil {
				t.Fatal(err)
			}
			text, err := rows.text(format, settled, blobs)
			if customer == r.work.customer && (err != nil || len(text) == 0) || customer != r.work.customer && !errors.Is(err, verifier.LieRecord) {
				t.Errorf("%s of %s: %d bytes, %v", name, customer, len(text), err)
			}
		}
	}
}

// TestWindow: however few attachments come at once, the rows are the same; answers that are
// none, or are refused, end the export.
func TestWindow(t *testing.T) {
	r := newReaders(t, 4)
	pair := r.pair()
	page, err := newStream(r.source(), pair, 0, pair.Size()).page(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows := func(f *finder) (string, int, error) {
		src := &attachments{t.Context(), f, export.Needed}
		all, err := eachRecord(page, src, func(r *export.Record, blobs export.Blobs) (string, error) {
			hashes, err := export.Needed(r)
			var text strings.Builder
			for _, hash := range hashes {
				data, blobErr := blobs(hash)
				err = errors.Join(err, blobErr)
				text.Write(data)
			}
			return text.String(), err
		})
		return strings.Join(all, ""), len(all), err
	}
	whole, n, err := rows(&finder{service: service{r.node, r}})
	if err != nil || n != len(page) || whole == "" {
		t.Fatalf("%d records, %v", n, err)
	}
	for most := 1; most < 9; most++ {
		if got, _, err := rows(&finder{service: service{r.node, r}, most: most}); err != nil || got != whole {
			t.Errorf("%d at once: %v", most, err)
		}
	}
	if _, n, err := rows(&finder{service: service{r.node, r}, most: -1}); n != 5 || exitCode(err) != exitUnknown {
		t.Errorf("an empty answer: %d records, %v", n, err)
	}
	_, n, err = rows(&finder{service: service{r.node, r}, refuse: codec.CodeForbidden})
	if n != 5 || api.CodeOf(err) != codec.CodeForbidden || !errors.Is(err, verifier.ErrUnavailable) {
		t.Errorf("refused: %d records, %v", n, err)
	}
	if got, _, err := rows(&finder{service: service{r.node, r}, refuse: codec.CodeNotFound}); err != nil || got != whole {
		t.Errorf("each alone: %v", err)
	}
}
