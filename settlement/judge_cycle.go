package settlement

import (
	"math/bits"
	"slices"

	"github.com/forgepool/settle/codec"
)

// beaconLead is how far ahead of the leader's clock a beacon's round must lie, in ms: its
// value must be unknown when the data is fixed.
const beaconLead = 3_600 * second

func badCut(why string) *codec.Refusal { return codec.Refuse(codec.CodeBadCut, why) }

// boundary decides on the cut or the close of a cycle (docs/formats/records.md section
// 6.8).
func (j *judgement) boundary() *codec.Refusal {
	if b := &j.rec.Boundary.Body; b.Op == codec.CycleCut {
		return j.cut(b)
	}
	return j.close(&j.rec.Boundary.Body)
}

// boundarySigned is A5 and A3. It says whether governance signed beside the hub.
func (j *judgement) boundarySigned(rule *signerRule) (governed bool, r *codec.Refusal) {
	signers, r := j.signed(rule, nil)
	if r != nil {
		return false, r
	}
	if !slices.Contains(signers, j.rec.Author) {
		return false, codec.Refuse(codec.CodeWrongAuthor, "the author is not who signs this")
	}
	return slices.Contains(signers, j.facts.Governance), j.inTime()
}

// cut decides on op 1: the open cycle ends with this record.
func (j *judgement) cut(b *codec.Cycle) *codec.Refusal {
	governed, r := j.boundarySigned(&signerRule{hub: true, govMay: true}) // A5, A3
	if r != nil {
		return r
	}
	if r := j.openCycle(); r != nil { // A4
		return r
	}
	rules := &j.policy.Body.Audit.Beacon
	if rules.Present != (b.Beacon != nil) { // 19
		return badCut("a beacon exactly if the policy has one")
	}
	if b.Beacon != nil && !j.fits(rules, b.Beacon) {
		return badCut("not the round of the policy's beacon at this time, or less than an hour ahead")
	}
	next, ok := NextCycle(j.facts.Cycles.Numbering, j.at.Cycle)
	if !ok || *b.Next != next { // 20
		return badCut("next is not the following cycle")
	}
	if r := j.mayCut(next, governed); r != nil {
		return r
	}
	j.end(next, b.Beacon)
	return nil
}

// mayCut checks that the cycle may end now. Governance may end it early, so that missing
// auditors cannot stop the ledger.
func (j *judgement) mayCut(next uint64, governed bool) *codec.Refusal {
	switch {
	case j.v.Unclosed() != nil:
		return badCut("the cycle before is not closed")
	case !j.last:
		return badCut("a cut is the last record of its batch")
	case governed:
		return nil
	case j.v.Cycle(j.at.Cycle).Intents < j.policy.Body.Audit.MinAuditors:
		return badCut("fewer audit intents for the cycle than the policy asks")
	case j.facts.Cycles.Numbering == codec.CyclesMonths && !j.over(next):
		return codec.Refuse(codec.CodeTooEarly, "the month and the policy's grace are not over")
	}
	return nil
}

// over says whether ledger time has reached the start of a month and the grace after it.
func (j *judgement) over(next uint64) bool {
	start := MonthStart(next)
	return (start < 0 || j.at.Time >= uint64(start)) && elapsed(start, j.at.Time) >= j.policy.Body.Grace
}

// end is the change that a cut makes: it opens the next cycle at the following index.
func (j *judgement) end(next uint64, beacon *codec.BeaconRound) {
	ended := *j.v.Cycle(j.at.Cycle)
	ended.Cut = j.boundaryHere(beacon)
	opened := Cycle{Number: next}
	if announced := j.v.Cycle(next); announced != nil {
		opened = *announced
	}
	opened.First, opened.Before = j.at.Index+1, ended.Number
	j.change.Cycles = []*Cycle{&ended, &opened}
}

func (j *judgement) boundaryHere(beacon *codec.BeaconRound) *Boundary {
	return &Boundary{
		RecordRef: codec.RecordRef{Index: j.at.Index, Leaf: j.rec.LeafA},
		Stamp:     j.at.Stamp, Time: j.at.Time, Beacon: beacon,
	}
}

// fits says whether a beacon names a round of the policy's chain with its true time, far
// enough ahead.
func (j *judgement) fits(rules *codec.Beacon, x *codec.BeaconRound) bool {
	time, ok := RoundTime(rules, x.Round)
	return ok && x.Chain == rules.Chain && x.NotBefore == time && j.ahead(time)
}

// ahead says whether a time is an hour or more after the leader's clock.
func (j *judgement) ahead(time uint64) bool {
	return time >= j.at.Stamp && time-j.at.Stamp >= beaconLead
}

// RoundTime returns when a round of a beacon is published, in Unix milliseconds: genesis +
// (round - 1) * period. It reports false for round 0 and for times of 2^63 and more.
func RoundTime(b *codec.Beacon, round uint64) (ms uint64, ok bool) {
	if round == 0 {
		return 0, false
	}
	over, seconds := bits.Mul64(round-1, b.Period)
	seconds, carry := bits.Add64(seconds, b.Genesis, 0)
	if over != 0 || carry != 0 || seconds > codec.MaxAmount/second {
		return 0, false
	}
	return seconds * second, true
}
