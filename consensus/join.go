package consensus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
)

// announceRetry is the pause between attempts to announce the start.
const announceRetry = 100 * time.Millisecond

// announce tells the cluster that this incarnation runs, through the leader, until the
// ledger has applied it here; then the replica counts as joined. It never concludes
// from old log entries that it was removed: it asks the present leader.
func (r *Replica) announce() {
	defer r.tasks.Done()
	start := &codec.NodeStart{
		Server: r.o.ID, Incarnation: r.incarnation.Number, LastIndex: r.extent.last, API: r.o.API,
	}
	doubtful := false // an attempt may have been applied, or was
	for {
		status, known := r.announceOnce(start)
		if status == answerRefused && (known.Incarnation > start.Incarnation || !doubtful) {
			r.guard.report(fatalf(ExitIncarnation, "the cluster knows start %d of %s, this is start %d",
				known.Incarnation, start.Server, start.Incarnation))
			return
		}
		doubtful = doubtful || status == answerDone || status == answerLater
		if doubtful && r.node(r.o.ID).Incarnation == start.Incarnation {
			close(r.joined)
			return
		}
		select {
		case <-r.ctx.Done():
			return
		case <-time.After(announceRetry):
		}
	}
}

// announceOnce makes one attempt and returns the answer's status.
func (r *Replica) announceOnce(start *codec.NodeStart) (byte, peerStatus) {
	if r.IsLeader() {
		return r.proposeStart(r.ctx, start), r.status(start.Server)
	}
	_, leader := r.raft.LeaderWithID()
	address := r.members.address(string(leader))
	if leader == "" || address == "" {
		return answerFollower, peerStatus{}
	}
	status, known, err := ask(r.ctx, r.o.Identity, address, string(leader), askStart, codec.Encode(start))
	if err != nil {
		return answerLater, peerStatus{}
	}
	return status, known
}

// proposeStart proposes a start on this leader.
func (r *Replica) proposeStart(ctx context.Context, start *codec.NodeStart) byte {
	result, err := r.Propose(ctx, &codec.Command{Version: 1, Kind: codec.CommandNodeStart, Start: start})
	var notLeader *NotLeaderError
	switch {
	case errors.As(err, &notLeader):
		return answerFollower
	case err != nil:
		return answerLater
	case result.Refusal != nil:
		return answerRefused
	default:
		return answerDone
	}
}

// status is what this replica answers to a peer that asks about a server.
func (r *Replica) status(server string) peerStatus {
	a := r.o.Machine.Applied()
	s := peerStatus{Incarnation: r.node(server).Incarnation, Applied: a.Index, Size: a.Size}
	if last, err := r.log.LastIndex(); err == nil {
		s.Last = last
	}
	s.Term = r.term()
	return s
}

// node returns what a server announced, or the zero value.
func (r *Replica) node(server string) ledger.NodeInfo {
	view := r.o.Machine.Read()
	if view == nil {
		return ledger.NodeInfo{}
	}
	defer view.Close()
	info, err := view.NodeStart(server)
	if err != nil {
		return ledger.NodeInfo{}
	}
	return info
}

// Joined is closed when the cluster knows of this start. Serve clients only then.
func (r *Replica) Joined() <-chan struct{} { return r.joined }

// Incarnation returns the number of this start.
func (r *Replica) Incarnation() uint64 { return r.incarnation.Number }

// DivergenceError says that this replica is in the minority; it holds both sides.
type DivergenceError struct{ Divergence *ledger.Divergence }

// Error names the size and both roots.
func (e *DivergenceError) Error() string {
	d := e.Divergence
	return fmt.Sprintf("at size %d a majority attested root %s and state %s; this replica has root %s and state %s",
		d.Own.Size, d.Theirs.RootA, d.Theirs.StateSum, d.Own.RootA, d.Own.StateSum)
}
