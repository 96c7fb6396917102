package node

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/consensus"
)

// Member is one server of the cluster, as settled member list shows it.
type Member struct {
	ID      string `json:"id"`
	Address string `json:"address"` // of the cluster port
	API     string `json:"api"`
	Voter   bool   `json:"voter"`
	Leader  bool   `json:"leader"`
}

// Operations on the membership.
const (
	MemberAdd      = "add"      // a nonvoter, with its address
	MemberPromote  = "promote"  // a nonvoter that has caught up gets a vote
	MemberRemove   = "remove"   // for good: the id never comes back
	MemberTransfer = "transfer" // the leadership, to this voter or any
)

// memberHandler answers GET .../members/ and POST .../members/{operation}?id&address.
// With forward, what only a leader can do is passed on to it.
func (n *Node) memberHandler(forward bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pathMembers+"/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", api.TypeJSON)
		_ = json.NewEncoder(w).Encode(n.members())
	})
	mux.HandleFunc("POST "+pathMembers+"/{operation}", func(w http.ResponseWriter, r *http.Request) {
		operation, q := r.PathValue("operation"), r.URL.Query()
		err := n.changeMembers(r.Context(), operation, q.Get("id"), q.Get("address"))
		var elsewhere *consensus.NotLeaderError
		if errors.As(err, &elsewhere) && forward && elsewhere.Leader != "" {
			_, err = n.peers.do(r.Context(), http.MethodPost, elsewhere.Leader, pathMembers+"/"+operation, q)
		}
		if err != nil {
			writeProblem(w, memberError(err))
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

func memberError(err error) error {
	var known *api.Error
	var notLeader *consensus.NotLeaderError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &notLeader):
		return api.Fail(codec.CodeNoLeader, "%v", err)
	}
	return api.Fail(codec.CodeBadRequest, "%v", err)
}

func (n *Node) members() []Member {
	leader := n.replica.Leader().ID
	list := []Member{}
	for _, p := range n.replica.Voters() {
		list = append(list, Member{ID: p.ID, Address: p.Address, API: p.API, Voter: p.Voter, Leader: p.ID == leader})
	}
	return list
}

func (n *Node) changeMembers(ctx context.Context, operation, id, address string) error {
	if id == "" && operation != MemberTransfer {
		return errors.New("the server id is missing")
	}
	if !n.replica.IsLeader() {
		return &consensus.NotLeaderError{Leader: n.replica.Leader().ID}
	}
	switch operation {
	case MemberAdd:
		if _, _, err := net.SplitHostPort(address); err != nil {
			return err
		}
		return n.replica.AddNonvoter(ctx, id, address)
	case MemberPromote:
		return n.replica.Promote(ctx, id)
	case MemberRemove:
		return n.replica.Remove(ctx, id)
	case MemberTransfer:
		if id == n.server() {
			return nil
		}
		return n.replica.Transfer(ctx, id)
	}
	return errors.New("unknown operation " + operation)
}

// Admin talks to a node on this machine through its socket.
type Admin struct{ http *http.Client }

// DialAdmin returns an Admin for the socket at path. Whether a node listens there
// shows with the first request.
func DialAdmin(path string) *Admin {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	return &Admin{&http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// Members lists the servers of the cluster.
func (a *Admin) Members(ctx context.Context) ([]Member, error) {
	data, err := a.do(ctx, http.MethodGet, "", nil)
	if err != nil {
		return nil, err
	}
	var list []Member
	return list, json.Unmarshal(data, &list)
}

// Change makes one change of the membership and returns when it is committed.
func (a *Admin) Change(ctx context.Context, operation, id, address string) error {
	_, err := a.do(ctx, http.MethodPost, operation, url.Values{"id": {id}, "address": {address}})
	return err
}

func (a *Admin) do(ctx context.Context, method, operation string, query url.Values) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://node"+pathMembers+"/"+operation+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	return answerOf(a.http.Do(r))
}
