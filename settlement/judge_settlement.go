package settlement

import (
	"sync"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// settling is the work on one settlement. Its room is enough for settlements of usual
// size; larger ones take more. It is used again for the next one: nothing of a change
// lies in it.
type settling struct {
	*judgement
	*PreparedSettlement
	work   *Workload // before
	lines  []postingLine
	left   *counted
	inputs Inputs
	result Computation
	room   struct {
		shares     [8]Share
		components [4]codec.Component
		payouts    [8]uint64
		lines      [11]postingLine
	}
}

// Settlements of usual size have at most so many lines (a customer, three providers, an
// adapter, the platform) and scopes (a class and a label).
const (
	usualLines  = 6
	usualScopes = 2
)

// counted is room for what a settlement leaves in accounts and usages. A change is made
// of few allocations, each of things that live about as long as each other.
type counted struct {
	balances    [usualLines]Balance
	balanceList [usualLines]*Balance
	usages      [usualScopes]Usage
	usageList   [usualScopes]*Usage
}

// counts returns the room of this settlement.
func (s *settling) counts() *counted {
	if s.left == nil {
		s.left = new(counted)
	}
	return s.left
}

// settlement decides on a settlement (docs/formats/records.md section 6.1).
func (j *judgement) settlement() *codec.Refusal {
	if j.kept != nil {
		return j.prunedSettlement()
	}
	s := rooms.Get().(*settling)
	s.judgement, s.PreparedSettlement = j, j.rec.Settlement
	defer func() {
		*s = settling{}
		rooms.Put(s)
	}()
	for step := range settlementSteps {
		if r := s.check(step); r != nil {
			return r
		}
	}
	s.post()
	return nil
}

var rooms = sync.Pool{New: func() any { return new(settling) }}

const settlementSteps = 14

// check runs the rules in the order of the rows; what they need is prepared.
func (s *settling) check(step int) *codec.Refusal {
	switch step {
	case 0:
		return s.sums() // A6
	case 1:
		return s.blobsThere() // A7
	case 2:
		return s.workload() // 10
	case 3:
		return s.terms() // 11-16
	case 4:
		return s.shards() // 19, 20
	case 5:
		return s.verified() // 22
	case 6:
		return s.money() // 23, 24
	case 7:
		return s.detail() // 25, 26
	case 8:
		return s.history() // 27-29
	case 9:
		return s.repeated() // 31
	case 10:
		return s.planned() // 32
	case 11:
		return s.labelsFault // 33
	case 12:
		return s.usages() // 33, and quotas
	default:
		return s.balances()
	}
}

// sums is A6 for what the leaf itself adds up.
func (s *settling) sums() *codec.Refusal {
	b := &s.Body
	total, ok := sum(b.Split.Providers, b.Split.Adapter)
	if ok {
		_, ok = sum(total, b.Split.Platform)
	}
	if !ok {
		return overflow("sum of the split")
	}
	return nil
}

// blobsThere is A7. Blobs that were replicated with an earlier batch are read and
// checked here, in a copy: a prepared batch is shared.
func (s *settling) blobsThere() *codec.Refusal {
	s.work = s.v.Workload(s.Body.Author, s.Body.Workload)
	copied := false
	for i, hash := range s.blobs() {
		if hash == nil || s.has[i] {
			continue
		}
		if i == blobCustomer && s.work != nil && s.work.Sealed == *hash {
			continue // kept by the state since the first event
		}
		data, r := s.blob(*hash)
		if r != nil {
			return r
		}
		if !copied {
			own := *s.PreparedSettlement
			s.PreparedSettlement, copied = &own, true
		}
		s.load(i, data)
	}
	return nil
}

// workload is row 10. A settled workload is told from one in another state, so that
// the loser of a race learns why.
func (s *settling) workload() *codec.Refusal {
	switch {
	case s.work == nil:
		return codec.Refuse(codec.CodeWrongState, "the author has no such workload")
	case s.work.SettledAt != 0:
		return codec.Refuse(codec.CodeAlreadySettled, "the workload has been settled")
	case s.work.State != codec.StateAggregating:
		return codec.Refuse(codec.CodeWrongState, "the workload is "+s.work.State.String())
	}
	return nil
}

// terms is rows 11 to 16. Row 16 follows from 15: a policy lists known classes only.
func (s *settling) terms() *codec.Refusal {
	b := &s.Body
	if b.Policy != s.policy.Hash {
		return codec.Refuse(codec.CodeUnknownPolicy, "not the policy in force")
	}
	if b.Customer != s.work.Sealed {
		return codec.Refuse(codec.CodeWrongCustomer, "not the customer of the workload's events")
	}
	if r := s.withinCap(s.work.Customer, b.Charge); r != nil {
		return r
	}
	if s.disclosures != nil {
		return s.disclosures
	}
	if !sameID(b.Adapter, s.work.Adapter) {
		return codec.Refuse(codec.CodeWrongAdapter, "not the adapter of the workload's events")
	}
	return s.program()
}

// program is row 15, and the policy's limits on programs that bring code.
func (s *settling) program() *codec.Refusal {
	b := &s.Body
	allowed, ok := s.policy.Allows(s.Program)
	switch {
	case !ok || allowed.Class != b.Class:
		return codec.Refuse(codec.CodeProgramNotAllowed, "the policy does not list the program in this class")
	case s.Program != s.work.Program:
		return codec.Refuse(codec.CodeProgramNotAllowed, "not the program of the workload's events")
	}
	limits := &s.policy.Body.Limits
	if p := &b.Program; p.Fuel != nil && *p.Fuel > limits.MaxFuel || p.Pages != nil && *p.Pages > limits.MaxPages {
		return codec.Refuse(codec.CodeOverLimit, "the program's fuel or pages exceed the policy's")
	}
	return nil
}

// verified is row 22.
func (s *settling) verified() *codec.Refusal {
	got, floor := &s.Body.Verify, &s.policy.Body.Floors[s.Body.Class-1]
	need := (s.Body.Shards.Count*floor.SamplePPM + million - 1) / million // both bounded: no overflow
	switch {
	case got.Mode > maxMode || got.Mode < floor.Mode:
		return codec.Refuse(codec.CodeBadVerification, "mode below the policy's floor, or unknown")
	case got.Checked < need:
		return codec.Refuse(codec.CodeBadVerification, "fewer shards checked than the policy asks")
	case got.Matched != got.Checked:
		return codec.Refuse(codec.CodeBadVerification, "a checked shard did not match")
	}
	return nil
}

// maxMode is the last known mode of verification (docs/formats/sampling.md section 5).
const maxMode = 4

// history is rows 27 to 29.
func (s *settling) history() *codec.Refusal {
	b := &s.Body
	t := &b.Times
	if t.Requested > t.Planned || t.Planned > t.Started || t.Started > t.Verified || t.Verified > t.Finalized || t.Finalized > b.At {
		return codec.Refuse(codec.CodeBadTimes, "times run backwards, or beyond at")
	}
	if b.Event != s.work.Last {
		return codec.Refuse(codec.CodeWrongEvent, "event is not the workload's last event")
	}
	if until, ok := sum(t.Finalized, s.policy.Body.Retention); !ok || b.RetainUntil < until {
		return codec.Refuse(codec.CodeBadRetention, "retain_until is earlier than the policy asks")
	}
	return nil
}

// repeated is row 31: work that was settled before must name a workload in which it
// was.
func (s *settling) repeated() *codec.Refusal {
	of, first := s.Body.ReplayOf, s.v.WorkUse(s.WorkKey)
	switch {
	case of == nil && first == nil:
		return nil
	case of == nil:
		return codec.Refuse(codec.CodeBadReplay, "the same work was settled before")
	case first != nil && *first == WorkUse{of.Author, of.Workload}:
		return nil
	case s.v.WorkUse(ReplayKey(s.WorkKey, of.Author, of.Workload)) == nil:
		return codec.Refuse(codec.CodeBadReplay, "the workload named was not settled for the same work")
	}
	return nil
}

// ReplayKey is where the state keeps that a workload repeated the work of a work key.
func ReplayKey(workKey codec.Hash, author, workload codec.ID) codec.Hash {
	var who [32]byte
	copy(who[copy(who[:], author[:]):], workload[:])
	return proof.NodeA(workKey, who)
}
