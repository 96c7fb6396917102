package settlement

import (
	"crypto/ed25519"
	"math"
	"testing"

	"github.com/forgepool/settle/codec"
)

// entryOf makes a lie about the first entry with a look at the actors.
func entryOf(w *world, f func(*world, *codec.ShardEntry)) lie {
	return entry(func(e *codec.ShardEntry) { f(w, e) })
}

// Each rule of docs/formats/records.md sections 6.1 and 6.2 at its edge and one beyond,
// as far as TestSettlementLies and TestSettlementEdges leave one side out. The workload
// has 5 shards, no adapter, and half of its shards must be verified.
func TestSettlementRowsAtTheirEdges(t *testing.T) {
	start := newWorld(t)
	j := start.newJob(5).run()
	atlas := []codec.Label{{Label: "project", Value: "atlas"}}
	for _, c := range []struct {
		name string
		code codec.Code
		lie  lie
	}{
		// 14, 22
		{"adapter that was not planned", codec.CodeWrongAdapter, body(func(s *codec.Settlement) { s.Adapter = &start.actors["adapter"].id })},
		{"3 of 5 checked", "", body(func(s *codec.Settlement) { s.Verify.Checked, s.Verify.Matched = 3, 3 })},
		{"2 of 5 checked", codec.CodeBadVerification, body(func(s *codec.Settlement) { s.Verify.Checked, s.Verify.Matched = 2, 2 })},
		{"more matched than checked", codec.CodeBadVerification, body(func(s *codec.Settlement) { s.Verify.Matched++ })},
		// 20, 6.2
		{"started at the limit", "", entry(func(e *codec.ShardEntry) {
			e.Started, e.Finished, e.Attempt = codec.MaxAmount, codec.MaxAmount, codec.MaxAmount
		})},
		{"started 2^63", codec.CodeBadShard, entry(func(e *codec.ShardEntry) { e.Started = 1 << 63 })},
		{"finished 2^63", codec.CodeBadShard, entry(func(e *codec.ShardEntry) { e.Finished = 1 << 63 })},
		{"output at the limit", "", entry(func(e *codec.ShardEntry) { e.Output.Size = codec.MaxAmount })},
		{"output 2^63", codec.CodeBadShard, entry(func(e *codec.ShardEntry) { e.Output.Size = 1 << 63 })},
		{"input 2^63", codec.CodeBadShard, entry(func(e *codec.ShardEntry) { e.Inputs = []codec.Blob{{Size: 1 << 63}} })},
		{"an adapter as provider", codec.CodeBadShard, entryOf(start, func(w *world, e *codec.ShardEntry) { e.Provider = w.actors["adapter"].id })},
		{"agent of another provider", codec.CodeBadShard, entryOf(start, func(w *world, e *codec.ShardEntry) {
			e.Provider, e.Agent = w.actors["provider 1"].id, keyID(w.actors["provider 2"].keys[codec.UseAgent])
		})},
		{"owner key as agent", codec.CodeBadShard, entryOf(start, func(w *world, e *codec.ShardEntry) {
			e.Provider, e.Agent = w.actors["provider 1"].id, keyID(w.actors["provider 1"].owner())
		})},
		// 27, 29
		{"requested after planned", codec.CodeBadTimes, body(func(s *codec.Settlement) { s.Times.Requested++ })},
		{"started after verified", codec.CodeBadTimes, body(func(s *codec.Settlement) { s.Times.Started++ })},
		{"verified after finalized", codec.CodeBadTimes, body(func(s *codec.Settlement) { s.Times.Verified++ })},
		{"all at the beginning of time", "", body(func(s *codec.Settlement) { s.Times = codec.Times{} })},
		{"retained for ever", "", body(func(s *codec.Settlement) { s.RetainUntil = codec.MaxAmount })},
		// 33
		{"a label too few", codec.CodeBadLabels, lie{labels: []codec.Label{}, body: disclose(atlas)}},
		{"a label too many", codec.CodeBadLabels, lie{labels: append(atlas, codec.Label{Label: "tag"}), body: disclose(atlas)}},
		{"no labels, none disclosed", "", lie{labels: []codec.Label{}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := start.trial(t)
			k := *j
			k.world = w
			r, blobs := k.settle(c.lie)
			w.judged(c.code, blobs, r)
		})
	}
}

// Every number of the body that no row bounds closer stays below 2^63.
func TestSettlementNumbers(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(1).run()
	for name, number := range map[string]func(*codec.Settlement) *uint64{
		"at":              func(s *codec.Settlement) *uint64 { return &s.At },
		"cycle":           func(s *codec.Settlement) *uint64 { return &s.Cycle },
		"args":            func(s *codec.Settlement) *uint64 { return &s.Args.Size },
		"result":          func(s *codec.Settlement) *uint64 { return &s.Result.Size },
		"manifest":        func(s *codec.Settlement) *uint64 { return &s.Shards.Size },
		"checked":         func(s *codec.Settlement) *uint64 { return &s.Verify.Checked },
		"matched":         func(s *codec.Settlement) *uint64 { return &s.Verify.Matched },
		"charge":          func(s *codec.Settlement) *uint64 { return &s.Charge },
		"split providers": func(s *codec.Settlement) *uint64 { return &s.Split.Providers },
		"split adapter":   func(s *codec.Settlement) *uint64 { return &s.Split.Adapter },
		"split platform":  func(s *codec.Settlement) *uint64 { return &s.Split.Platform },
		"requested":       func(s *codec.Settlement) *uint64 { return &s.Times.Requested },
		"planned":         func(s *codec.Settlement) *uint64 { return &s.Times.Planned },
		"started":         func(s *codec.Settlement) *uint64 { return &s.Times.Started },
		"verified":        func(s *codec.Settlement) *uint64 { return &s.Times.Verified },
		"finalized":       func(s *codec.Settlement) *uint64 { return &s.Times.Finalized },
		"retain until":    func(s *codec.Settlement) *uint64 { return &s.RetainUntil },
		"artifact kind": func(s *codec.Settlement) *uint64 {
			s.Artifacts = make([]codec.Artifact, 1)
			return &s.Artifacts[0].Kind
		},
		"artifact size": func(s *codec.Settlement) *uint64 {
			s.Artifacts = make([]codec.Artifact, 16)
			return &s.Artifacts[15].Size
		},
	} {
		t.Log(name)
		for _, v := range []uint64{1 << 63, math.MaxUint64} {
			r, blobs := j.settle(body(func(s *codec.Settlement) { *number(s) = v }))
			w.refused(codec.CodeOutOfRange, blobs, r)
		}
		r, blobs := j.settle(body(func(s *codec.Settlement) { *number(s) = codec.MaxAmount }))
		w := w.trial(t)
		verdicts, fault := w.submit(blobs, r)
		if fault != nil || verdicts[0].Refusal != nil && verdicts[0].Refusal.Code == codec.CodeOutOfRange {
			t.Errorf("%s of 2^63 - 1: %v %v", name, fault, verdicts)
		}
	}
}

// A settlement has at most 2^42 work units, and so has a shard if the policy lets it.
func TestUnitsAtTheirLimit(t *testing.T) {
	w := newWorld(t, func(p *codec.Policy) { p.Limits.MaxUnits[4] = codec.MaxUnits })
	one := w.newJob(1).run()
	r, blobs := one.settle(entry(func(e *codec.ShardEntry) { e.Units = codec.MaxUnits }))
	w.accepted(blobs, r)
	two := w.newJob(2).run()
	r, blobs = two.settle(entry(func(e *codec.ShardEntry) { e.Units = codec.MaxUnits }))
	w.refused(codec.CodeBadManifest, blobs, r)
	r, blobs = two.settle(lie{entries: func(list []codec.ShardEntry) []codec.ShardEntry {
		list[0].Units, list[1].Units = codec.MaxUnits-1, 1
		return list
	}})
	w.accepted(blobs, r)
}

// Replicas are numbered up to 255, and do the work of the shard that they repeat. The
// policy pays them, so nothing else is wrong with them.
func TestReplicasAtTheirEdges(t *testing.T) {
	start := newWorld(t, func(p *codec.Policy) { p.PayReplicas = 1 })
	j := start.newJob(2).run()
	for _, c := range []struct {
		name string
		code codec.Code
		edit func(*codec.ShardEntry)
	}{
		{"replica 255", "", func(e *codec.ShardEntry) { e.Replica = 255 }},
		{"replica 256", codec.CodeBadManifest, func(e *codec.ShardEntry) { e.Replica = 256 }},
		{"another output", "", func(e *codec.ShardEntry) { e.Output.Hash[0]++ }},
		{"other arguments", codec.CodeBadShard, func(e *codec.ShardEntry) { e.Args[0]++ }},
		{"no inputs", codec.CodeBadShard, func(e *codec.ShardEntry) { e.Inputs = []codec.Blob{} }},
		{"an input of another size", codec.CodeBadShard, func(e *codec.ShardEntry) { e.Inputs = []codec.Blob{{Hash: e.Inputs[0].Hash, Size: 101}} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := start.trial(t)
			k := *j
			k.world = w
			r, blobs := k.settle(lie{entries: func(list []codec.ShardEntry) []codec.ShardEntry {
				twin := list[0]
				twin.Replica = 1
				c.edit(&twin)
				return append(list, twin)
			}})
			w.judged(c.code, blobs, r)
		})
	}
}

// Who joins after the plan may do the work; an agent key counts from its first index on.
func TestWhoJoinsAfterThePlan(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(1).run()
	late := newActor("provider 9", codec.RoleProvider)
	p := w.registration(late)
	p.Stake = ptr(uint64(5))
	lately := entry(func(e *codec.ShardEntry) { e.Provider, e.Agent = late.id, keyID(seeded("late agent")) })
	r, blobs := j.settle(lately)
	w.refused(codec.CodeBadShard, blobs, r)
	w.accepted(nil, signedParty(late.prove(p), late.owner(), w.hub.owner()))
	w.actors["provider 9"] = late
	w.refused(codec.CodeBadShard, blobs, r)
	first := w.moment.Index + 2
	w.accepted(nil, w.addKeys("provider 9", func(p *codec.Party) { p.Keys[0].ValidFrom = &first },
		map[codec.Use]ed25519.PrivateKey{codec.UseAgent: seeded("late agent")}, late.owner()))
	r, blobs = j.settle(lately)
	w.refused(codec.CodeBadShard, blobs, r) // one index early
	w.accepted(nil, w.setCap("customer", nil))
	w.accepted(blobs, r)
}

// A settlement names the policy of its cycle, not the one that comes next.
func TestPolicyOfTheNextCycle(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(1).run()
	w.accepted(nil, signedPolicy(w.nextPolicy(), append(w.governance(), w.hub.owner())...))
	r, blobs := j.settle(body(func(s *codec.Settlement) { s.Policy = w.LastPolicy().Hash }))
	w.refused(codec.CodeUnknownPolicy, blobs, r)
	r, blobs = j.settle(lie{})
	w.accepted(blobs, r)
}

// Where finalized + retention leaves 63 bits, nothing is retained long enough.
func TestRetentionBeyondTime(t *testing.T) {
	w := newWorld(t, func(p *codec.Policy) { p.Retention = codec.MaxAmount })
	j := w.newJob(1).run()
	r, blobs := j.settle(body(func(s *codec.Settlement) { s.RetainUntil = codec.MaxAmount }))
	w.refused(codec.CodeBadRetention, blobs, r)
	r, blobs = j.settle(body(func(s *codec.Settlement) { s.Times, s.RetainUntil = codec.Times{}, codec.MaxAmount }))
	w.accepted(blobs, r)
}
