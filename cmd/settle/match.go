package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/export"
)

// finding is one difference between a list and the ledger.
type finding struct {
	What        string              `json:"what"` // missing, extra, differing, repeated
	Workload    codec.ID            `json:"workload"`
	Index       *uint64             `json:"index,omitempty"` // of the settlement
	Line        uint64              `json:"line,omitempty"`  // of the list
	First       uint64              `json:"first,omitempty"` // repeated: line of the first
	Charge      uint64              `json:"charge,string"`   // of the ledger if it has one, else of the list
	Differences []export.Difference `json:"differences,omitempty"`
}

func (f *finding) write(w io.Writer) {
	fmt.Fprintf(w, "%s\tworkload %s", f.What, f.Workload)
	if f.Line > 0 {
		fmt.Fprintf(w, "\tline %d", f.Line)
	}
	if f.Index != nil {
		fmt.Fprintf(w, "\tindex %d", *f.Index)
	}
	fmt.Fprintf(w, "\t%s Credits", export.FormatCredits(f.Charge))
	if f.First > 0 {
		fmt.Fprintf(w, "\tfirst on line %d", f.First)
	}
	var texts []string
	for _, d := range f.Differences {
		texts = append(texts, fmt.Sprintf("%s: listed %s, settled %s", d.Field, d.Listed, d.Settled))
	}
	fmt.Fprintf(w, "\t%s\n", strings.Join(texts, "; "))
}

// place orders findings: those with an index by it, then those of the list by line.
func (f *finding) place() (uint64, uint64) {
	if f.Index != nil {
		return *f.Index, f.Line
	}
	return codec.MaxAmount, f.Line
}

// matcher brings the items of a list and of the ledger together, part by part.
type matcher struct {
	hub       codec.ID
	cycle     uint64 // 0: all
	show      int
	bars      *progress
	customers bool // the list has customers

	listed, settled *spill
	result          reconciliation
}

func (m *matcher) open(dir string) (err error) {
	if m.listed, err = newSpill(dir, "listed"); err != nil {
		return fmt.Errorf("room for the comparison: %w", err)
	}
	if m.settled, err = newSpill(dir, "settled"); err != nil {
		return fmt.Errorf("room for the comparison: %w", err)
	}
	return nil
}

func (m *matcher) close() {
	m.listed.close()
	m.settled.close()
}

// list takes in an item of the list.
func (m *matcher) list(it *export.Item) error {
	m.customers = m.customers || it.Has&export.HasCustomer != 0
	if err := m.listed.add(it); err != nil {
		return usage("%v", err)
	}
	return nil
}

// settlements takes in the settlements of the hub from a stream. Those of another
// cycle than that of the list are kept too: a list that has one is told where it is.
func (m *matcher) settlements(s *stream, src *attachments) error {
	ctx := src.ctx
	first := s.next
	for {
		page, err := s.page(ctx)
		if err != nil || len(page) == 0 {
			return err
		}
		items, err := eachRecord(page, src, func(r *export.Record, blobs export.Blobs) (*export.Item, error) {
			if r.Kind != codec.KindSettlement {
				return nil, nil
			}
			it, author, err := export.SettledItem(r)
			if err != nil || author != m.hub {
				return nil, err
			}
			if m.customers && m.inCycle(it) {
				err = it.OpenCustomer(r, blobs)
			}
			return it, err
		})
		if err != nil {
			return err
		}
		for _, it := range items {
			if it == nil {
				continue
			}
			if err := m.settled.add(it); err != nil {
				return err
			}
		}
		m.bars.show("records", s.next-first, s.to-first)
	}
}

// match compares all parts.
func (m *matcher) match() error {
	m.result.Listed, m.result.ListedCharge = m.listed.items, m.listed.charge
	for i := range spillParts {
		listed, err := m.listed.part(i)
		if err != nil {
			return err
		}
		settled, err := m.settled.part(i)
		if err != nil {
			return err
		}
		m.matchPart(listed, settled)
		m.trim()
	}
	m.sort()
	if n := len(m.result.Findings); n > m.show {
		m.result.NotShown += uint64(n - m.show)
		m.result.Findings = m.result.Findings[:m.show]
	}
	return nil
}

// entry is a settlement and the line that named it, 0 = none yet.
type entry struct {
	*export.Item
	line uint64
}

// matchPart compares the items of one part. A hub settles a workload once.
func (m *matcher) matchPart(listed, settled []export.Item) {
	byWorkload := make(map[codec.ID]*entry, len(settled))
	for i := range settled {
		it := &settled[i]
		byWorkload[it.Workload] = &entry{Item: it}
		if m.inCycle(it) {
			m.result.Settled++
			m.result.SettledCharge += it.Charge
		}
	}
	missing := map[codec.ID]uint64{}
	for i := range listed {
		it := &listed[i]
		if first := missing[it.Workload]; first > 0 {
			m.repeated(it, first, nil)
		} else if s := byWorkload[it.Workload]; s == nil {
			missing[it.Workload] = it.At
			m.result.Missing++
			m.found(&finding{What: "missing", Workload: it.Workload, Line: it.At, Charge: it.Charge})
		} else if s.line > 0 {
			m.repeated(it, s.line, &s.At)
		} else {
			s.line = it.At
			m.compare(it, s.Item)
		}
	}
	for i := range settled {
		if s := byWorkload[settled[i].Workload]; s.line == 0 && m.inCycle(s.Item) {
			m.result.Extra++
			m.found(&finding{What: "extra", Workload: s.Workload, Index: &s.At, Charge: s.Charge})
		}
	}
}

func (m *matcher) inCycle(it *export.Item) bool { return m.cycle == 0 || it.Cycle == m.cycle }

func (m *matcher) repeated(it *export.Item, first uint64, index *uint64) {
	m.result.Repeated++
	m.found(&finding{What: "repeated", Workload: it.Workload, Line: it.At, First: first, Index: index, Charge: it.Charge})
}

// compare compares a listed item with its settlement. A list of one cycle says by
// that of which cycle its items are.
func (m *matcher) compare(listed, settled *export.Item) {
	if m.cycle != 0 && listed.Has&export.HasCycle == 0 {
		listed.Cycle, listed.Has = m.cycle, listed.Has|export.HasCycle
	}
	d := export.Compare(listed, settled)
	if len(d) == 0 && m.inCycle(settled) {
		m.result.Equal++
		return
	}
	if len(d) == 0 {
		d = []export.Difference{{Field: "cycle", Listed: fmt.Sprint(m.cycle), Settled: fmt.Sprint(settled.Cycle)}}
	}
	m.result.Differing++
	m.found(&finding{What: "differing", Workload: settled.Workload, Line: listed.At, Index: &settled.At, Charge: settled.Charge, Differences: d})
}

// found keeps a finding.
func (m *matcher) found(f *finding) { m.result.Findings = append(m.result.Findings, *f) }

// trim drops the findings that will not be shown, once there are many of them.
func (m *matcher) trim() {
	if n := len(m.result.Findings); n > 2*m.show {
		m.sort()
		m.result.NotShown += uint64(n - m.show)
		m.result.Findings = slices.Clone(m.result.Findings[:m.show])
	}
}

func (m *matcher) sort() {
	slices.SortFunc(m.result.Findings, func(a, b finding) int {
		ai, al := a.place()
		bi, bl := b.place()
		return cmp.Or(cmp.Compare(ai, bi), cmp.Compare(al, bl), cmp.Compare(a.What, b.What))
	})
}
