package consensus

import "time"

// Stats is where a replica stands, for metrics and for people.
type Stats struct {
	Server      string
	Incarnation uint64
	State       string // Leader, Follower, Candidate or Shutdown
	Ready       bool   // leads and has applied everything of earlier terms
	Term        uint64
	Leader      string // server id, "" = unknown
	Members     int

	FirstIndex  uint64 // of the raft log, 0 = empty
	LastIndex   uint64
	CommitIndex uint64
	Applied     uint64 // raft index that the ledger has applied
	Durable     uint64 // raft index up to which the ledger is on disk

	LastContact   time.Time // with the leader; zero for a leader
	QueuedBytes   int64     // submissions that wait
	InFlight      int64     // commands proposed and not applied
	BacklogBytes  int       // entries stored and not applied
	Appends       AppendStats
	CertificateTo time.Time // end of validity of this node's certificate
}

// Stats returns the present state.
func (r *Replica) Stats() Stats {
	_, leader := r.raft.LeaderWithID()
	first, _ := r.log.FirstIndex()
	last, _ := r.log.LastIndex()
	applied, _ := r.fsm.progress()
	s := Stats{
		Server: r.o.ID, Incarnation: r.incarnation.Number, State: r.raft.State().String(), Ready: r.LeaderReady(),
		Term: r.raft.CurrentTerm(), Leader: string(leader), Members: len(r.members.configuration().Servers),
		FirstIndex: first, LastIndex: last, CommitIndex: r.raft.CommitIndex(), Applied: applied,
		Durable: r.log.durable.Load(), QueuedBytes: r.proposer.queued.Load(), InFlight: r.proposer.inFlight.Load(),
		BacklogBytes: r.log.backlog.size(), Appends: r.log.stats(), CertificateTo: r.o.Identity.Expires(),
	}
	if !r.IsLeader() {
		s.LastContact = r.raft.LastContact()
	}
	return s
}
