package consensus

import (
	"context"
	"fmt"

	"github.com/hashicorp/raft"
)

// promoteLag is how many entries a nonvoter may be behind to become a voter.
const promoteLag = 64

// Voters returns the members of the latest configuration, voters and nonvoters, with
// the API addresses that they announced.
func (r *Replica) Voters() []Peer {
	servers := r.members.configuration().Servers
	peers := make([]Peer, len(servers))
	for i, s := range servers {
		peers[i] = Peer{
			ID: string(s.ID), Address: string(s.Address),
			API: r.node(string(s.ID)).API, Voter: s.Suffrage == raft.Voter,
		}
	}
	return peers
}

// AddNonvoter lets a new server receive the log. It must run already, with an empty
// Bootstrap. An id that was a member before must not come back.
func (r *Replica) AddNonvoter(ctx context.Context, id, address string) error {
	return r.await(ctx, r.raft.AddNonvoter(raft.ServerID(id), raft.ServerAddress(address), 0, r.o.RPCTimeout))
}

// Promote gives a nonvoter a vote, if it has caught up: the error wraps ErrNotCaughtUp
// otherwise, because a voter that lags costs availability.
func (r *Replica) Promote(ctx context.Context, id string) error {
	address := r.members.address(id)
	if address == "" {
		return fmt.Errorf("%w: %s", ErrUnknownServer, id)
	}
	_, s, err := ask(ctx, r.o.Identity, address, id, askStatus, []byte(id))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotCaughtUp, err)
	}
	if commit := r.raft.CommitIndex(); s.Last+promoteLag < commit || s.Applied+promoteLag < commit {
		return fmt.Errorf("%w: %s has entry %d and applied %d of %d", ErrNotCaughtUp, id, s.Last, s.Applied, commit)
	}
	return r.await(ctx, r.raft.AddVoter(raft.ServerID(id), raft.ServerAddress(address), 0, r.o.RPCTimeout))
}

// Remove takes a server out of the cluster for good.
func (r *Replica) Remove(ctx context.Context, id string) error {
	if r.members.address(id) == "" {
		return fmt.Errorf("%w: %s", ErrUnknownServer, id)
	}
	return r.await(ctx, r.raft.RemoveServer(raft.ServerID(id), 0, r.o.RPCTimeout))
}

// Transfer gives the leadership to a voter, or to the most advanced one if id is empty.
func (r *Replica) Transfer(ctx context.Context, id string) error {
	if id == "" {
		return r.await(ctx, r.raft.LeadershipTransfer())
	}
	address := r.members.address(id)
	if address == "" {
		return fmt.Errorf("%w: %s", ErrUnknownServer, id)
	}
	return r.await(ctx, r.raft.LeadershipTransferToServer(raft.ServerID(id), raft.ServerAddress(address)))
}

// membershipChanged runs when a membership entry was applied.
func (r *Replica) membershipChanged() {
	for _, layer := range r.layers {
		layer.prune()
	}
}
