package node

import (
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/settlement"
)

// mayRead decides whether bytes with a hash are served: the record at index names them
// and what it says of them concerns the asker. Index 0 names no record.
func (a *asker) mayRead(v *ledger.Snapshot, hash codec.Hash, index uint64) error {
	r, err := a.naming(v, index)
	if err != nil {
		return err
	}
	return a.mayReadIn(v, hash, index, r)
}

// naming returns the record at index, which may name bytes for the asker: nil if it is
// none, or if it is not needed because the asker sees everything.
func (a *asker) naming(v *ledger.Snapshot, index uint64) (*codec.Record, error) {
	if a.all || index == 0 || index >= v.Size() {
		return nil, nil
	}
	data, err := v.Record(index)
	if err != nil {
		return nil, err
	}
	r, err := codec.DecodeRecord(data)
	return &r, err
}

// mayReadIn is mayRead with the record that naming returned.
func (a *asker) mayReadIn(v *ledger.Snapshot, hash codec.Hash, index uint64, r *codec.Record) error {
	switch {
	case a.all:
		return nil
	case r == nil:
		return a.mayReadUnnamed(v, hash)
	case a.concerned(v, hash, index, r):
		return nil
	}
	return errForbidden
}

// mayReadUnnamed is for hubs, who plan with files of the artifact store before a record
// names them, and who may read what they attached themselves.
func (a *asker) mayReadUnnamed(v *ledger.Snapshot, hash codec.Hash) error {
	if !a.hub() || v.Party(a.party).Status() != settlement.Active {
		return errForbidden
	}
	if submitter, attached := v.BlobSubmitter(hash); attached && !a.is(submitter) {
		return errForbidden
	}
	return nil
}

// concerned says whether a record names the bytes for the asker. Bodies in the log
// decode: they were admitted.
func (a *asker) concerned(v *ledger.Snapshot, hash codec.Hash, index uint64, r *codec.Record) bool {
	switch r.Kind {
	case codec.KindSettlement:
		b := new(codec.Settlement)
		return codec.DecodeSettlement(r.Body, b) == nil && a.inSettlement(v, hash, index, b)
	case codec.KindPolicy:
		b := new(codec.Policy)
		return codec.Decode(r.Body, b) == nil && a.inPolicy(hash, b)
	case codec.KindParty:
		b := new(codec.Party)
		return codec.Decode(r.Body, b) == nil && (a.is(b.Party) || a.hub()) && (names(b.Cap, hash) || names(b.Quotas, hash))
	case codec.KindEvent:
		b := new(codec.Event)
		return codec.DecodeEvent(r.Body, b) == nil && a.inEvent(v, hash, b)
	case codec.KindDispute:
		b := new(codec.Dispute)
		return codec.DecodeDispute(r.Body, b) == nil && a.inDispute(v, hash, index, b)
	case codec.KindAdjustment:
		b := new(codec.Adjustment)
		return codec.DecodeAdjustment(r.Body, b) == nil && b.Detail == hash && (a.hub() || a.rules(v, b.Target.Index))
	case codec.KindAudit:
		b := new(codec.Audit)
		return codec.DecodeAudit(r.Body, b) == nil && a.hub() &&
			(names(b.Items, hash) || b.Checkpoint != nil && b.Checkpoint.Blob == hash)
	}
	return false
}

func names(field *codec.Hash, hash codec.Hash) bool { return field != nil && *field == hash }

// inPolicy: governance and hubs read the sealed discounts; the code of programs is for
// every party, which executes or checks them.
func (a *asker) inPolicy(hash codec.Hash, b *codec.Policy) bool {
	if names(b.Discounts, hash) {
		return a.hub() || a.role == codec.RoleGovernance
	}
	return slices.ContainsFunc(b.Programs, func(p codec.Allowed) bool { return string(p.Code) == string(hash[:]) })
}

// inEvent: the hub that planned the work and its customer read the sealed customer.
func (a *asker) inEvent(v *ledger.Snapshot, hash codec.Hash, b *codec.Event) bool {
	if a.is(b.Author) {
		return b.Customer == hash || b.Plan != nil && b.Plan.Planner == hash
	}
	w := v.Workload(b.Author, b.Workload)
	return b.Customer == hash && w != nil && a.is(w.Customer)
}

// inDispute: evidence is for the claimant, who answers, the provider of the shard, and
// arbiters. Whoever brought it wrote this record.
func (a *asker) inDispute(v *ledger.Snapshot, hash codec.Hash, index uint64, b *codec.Dispute) bool {
	if b.Evidence == nil || !slices.ContainsFunc(*b.Evidence, func(e codec.Artifact) bool { return e.Hash == hash }) {
		return false
	}
	if b.Opened != nil {
		index = *b.Opened
	}
	d := v.Dispute(index)
	return a.role == codec.RoleArbiter || a.is(b.Author) ||
		d != nil && (a.is(d.Author) || a.is(d.TargetAuthor) || d.Fault != nil && a.is(*d.Fault))
}

// rules says whether an arbiter asks about a record that is disputed at the moment.
func (a *asker) rules(v *ledger.Snapshot, target uint64) bool {
	if a.role != codec.RoleArbiter {
		return false
	}
	c := v.Contest(target)
	return c != nil && len(c.Open) > 0
}

// claims says whether the asker has an open dispute on a record.
func (a *asker) claims(v *ledger.Snapshot, target uint64) bool {
	c := v.Contest(target)
	return c != nil && slices.ContainsFunc(c.Open, func(opened uint64) bool {
		d := v.Dispute(opened)
		return d != nil && a.is(d.Author)
	})
}

// inSettlement decides by the part that the asker has in the work: its hub, its customer
// and the arbiters of a dispute read everything; its adapter, and who disputes it, read
// what was executed but not for whom; a provider reads what belongs to its own shards.
func (a *asker) inSettlement(v *ledger.Snapshot, hash codec.Hash, index uint64, b *codec.Settlement) bool {
	shared := b.Args.Hash == hash || b.Result.Hash == hash || names(b.Planner, hash)
	manifest := b.Shards.Blob == hash
	private := b.Customer == hash || b.Detail == hash || names(b.Labels, hash)
	other := b.Verify.Evidence == hash || slices.ContainsFunc(b.Artifacts, func(x codec.Artifact) bool { return x.Hash == hash })
	p := v.Posted(index)
	switch {
	case p == nil:
		return false
	case a.is(b.Author) || a.is(p.Lines[0].Party) || a.rules(v, index):
		return shared || manifest || private || other || a.inManifest(v, b, hash, false)
	case b.Adapter != nil && a.is(*b.Adapter) || a.claims(v, index):
		return shared || manifest || other || a.inManifest(v, b, hash, false)
	}
	return a.inManifest(v, b, hash, true) || shared && a.paid(p)
}

// paid says whether a settlement posted something to the asker.
func (a *asker) paid(p *settlement.Posted) bool {
	return slices.ContainsFunc(p.Lines, func(l settlement.Line) bool { return a.is(l.Party) })
}

// inManifest says whether a shard entry names the bytes; with own, only entries of the
// asker count.
func (a *asker) inManifest(v *ledger.Snapshot, b *codec.Settlement, hash codec.Hash, own bool) bool {
	entries, err := codec.DecodeManifest(v.Blob(b.Shards.Blob))
	if err != nil { // pruned: nobody can tell any more
		return false
	}
	return slices.ContainsFunc(entries, func(e codec.ShardEntry) bool {
		if own && !a.is(e.Provider) {
			return false
		}
		return e.Args == hash || e.Output.Hash == hash ||
			slices.ContainsFunc(e.Inputs, func(in codec.Blob) bool { return in.Hash == hash })
	})
}
