package node

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/consensus"
	"github.com/forgepool/settle/proof"
)

// TestOneNode goes through what a node does, and starts it again on its data.
func TestOneNode(t *testing.T) {
	c := start(t, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	sdk := c.client(0)
	customer := party(codec.RoleCustomer)
	index := c.commit(0, c.registration(customer)).Outcomes[0].Index
	if _, err := sdk.FetchReceipt(ctx, index); err != nil {
		t.Fatal(err)
	}
	c.checkReads(sdk.Service(), customer)
	c.checkMetrics()
	before, err := sdk.Service().Status(ctx)
	if err != nil || !before.Ready || before.Role != "leader" || before.Size != 2 {
		t.Fatalf("%+v, %v", before, err)
	}
	c.stop(0)
	c.start(0)
	c.await()
	after, err := c.client(0).Service().Status(ctx)
	if err != nil || after.RootA != before.RootA || after.RootB != before.RootB || after.Size != before.Size {
		t.Errorf("after the restart %+v, %v", after, err)
	}
}

// checkReads asks what the registration of a customer must have left.
func (c *cluster) checkReads(s api.Service, customer *client.Registration) {
	t, ctx := c.t, c.t.Context()
	p, err := s.Party(ctx, customer.Party())
	if err != nil || p.Status != "active" || p.Registered != 1 || len(p.Keys) != 1 || p.Keys[0].ID != customer.Owner().ID() {
		t.Errorf("party %+v, %v", p, err)
	}
	list, err := s.Records(ctx, 0, 10)
	if err != nil || len(list) != 2 || !bytes.Equal(list[0].Bytes, c.genesis) || list[1].Submitter != c.hub.Party() {
		t.Errorf("records %+v, %v", list, err)
	}
	if past, err := s.Records(ctx, 2, 10); err != nil || len(past) != 0 {
		t.Errorf("records past the end %+v, %v", past, err)
	}
	b, err := s.Batch(ctx, c.hub.Party(), list[1].Batch)
	if err != nil || b.N != 1 || b.Leaves[0] != list[1].Leaf || b.Outcomes[0].Index != 1 {
		t.Errorf("batch %+v, %v", b, err)
	}
	all, err := s.Batches(ctx, 0, 10)
	if err != nil || len(all) != 1 || all[0].ID != b.ID || all[0].Number != 1 || all[0].Stamp != b.Stamp {
		t.Errorf("batches %+v, %v", all, err)
	}
	if past, err := s.Batches(ctx, 2, 10); err != nil || len(past) != 0 {
		t.Errorf("batches past the end %+v, %v", past, err)
	}
	if _, err := s.Policy(ctx, 0); err != nil {
		t.Errorf("policy: %v", err)
	}
	if _, err := s.Balance(ctx, customer.Party(), 0); err != nil {
		t.Errorf("balance: %v", err)
	}
	unknown := codec.ID{9}
	for name, ask := range map[string]func() error{
		"record":      func() error { _, err := s.Record(ctx, 99); return err },
		"by id":       func() error { _, err := s.RecordByID(ctx, unknown, unknown); return err },
		"batch":       func() error { _, err := s.Batch(ctx, unknown, unknown); return err },
		"party":       func() error { _, err := s.Party(ctx, unknown); return err },
		"balance":     func() error { _, err := s.Balance(ctx, unknown, 0); return err },
		"policy":      func() error { _, err := s.Policy(ctx, 1); return err },
		"settlement":  func() error { _, err := s.Settlement(ctx, unknown, unknown); return err },
		"history":     func() error { _, err := s.History(ctx, unknown, unknown); return err },
		"checkpoint":  func() error { _, err := s.Checkpoint(ctx, 99); return err },
		"inclusion":   func() error { _, err := s.Inclusion(ctx, api.TreeA, 2, 2); return err },
		"size":        func() error { _, err := s.Inclusion(ctx, api.TreeB, 0, 99); return err },
		"consistency": func() error { _, err := s.Consistency(ctx, api.TreeB, 1, 99); return err },
		"backwards":   func() error { _, err := s.Consistency(ctx, api.TreeA, 2, 1); return err },
		"artifact":    func() error { _, _, err := s.Artifact(ctx, codec.Hash{1}, 0); return err },
	} {
		if err := ask(); api.CodeOf(err) != codec.CodeNotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func (c *cluster) checkMetrics() {
	r, err := http.Get("http://" + c.nodes[0].Address("metrics") + "/metrics")
	if err != nil {
		c.t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	for _, line := range []string{"settle_log_size 2", "settle_leader 1", "settle_raft_append_seconds_count", `route="POST /v1/batches",status="200"`} {
		if err != nil || !strings.Contains(string(text), line) {
			c.t.Errorf("metrics lack %s (%v)", line, err)
		}
	}
}

// TestThreeNodes forwards, checkpoints, fails over and catches up.
func TestThreeNodes(t *testing.T) {
	c := start(t, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patient)
	defer cancel()
	old := c.leader()
	follower := (old + 1) % 3
	b := c.batch(c.registration(party(codec.RoleCustomer)))
	if s, err := c.client(follower).Submit(ctx, b.Bytes); err != nil || s.Known {
		t.Fatalf("through a follower: %+v, %v", s, err)
	}
	cp, err := c.client(follower).AwaitCheckpoint(ctx, 2)
	if err != nil || len(cp.Attestations()) < 2 {
		t.Fatalf("checkpoint: %v", err)
	}
	c.checkSharedArtifact(ctx, old, follower)

	c.stop(old)
	next := c.leader()
	s, err := c.client(next).Submit(ctx, b.Bytes)
	if err != nil || !s.Known || s.Outcomes[0].Index != 1 {
		t.Fatalf("the same batch after the failover: %+v, %v", s, err)
	}
	index := c.commit(follower, c.registration(party(codec.RoleCustomer))).Outcomes[0].Index
	newer, err := c.client(next).AwaitCheckpoint(ctx, index+1)
	if err != nil {
		t.Fatal(err)
	}
	path, err := c.client(next).Service().Consistency(ctx, api.TreeA, cp.Size(), newer.Size())
	if err != nil {
		t.Fatal(err)
	}
	var hashes [][32]byte
	for _, h := range path.Hashes {
		hashes = append(hashes, h)
	}
	if err := cp.CheckConsistency(newer, hashes); err != nil {
		t.Errorf("across the failover: %v", err)
	}

	c.start(old)
	c.await()
	if _, err := c.client(old).AwaitCheckpoint(ctx, index+1); err != nil {
		t.Fatal(err)
	}
	c.checkSameRoots(ctx)
	c.checkMembers(ctx, old)
}

// checkSharedArtifact stores an artifact on one node and reads it from another.
func (c *cluster) checkSharedArtifact(ctx context.Context, on, other int) {
	data := bytes.Repeat([]byte("artifact"), 10_000)
	blob, err := c.client(on).PutArtifact(ctx, originA, c.hub.Party(), c.submit, data)
	if err != nil {
		c.t.Fatal(err)
	}
	got, err := c.client(other).FetchArtifact(ctx, blob.Hash)
	if err != nil || !bytes.Equal(got, data) || !c.nodes[other].artifacts.Has(blob.Hash) {
		c.t.Errorf("from another node: %v", err)
	}
}

func (c *cluster) checkSameRoots(ctx context.Context) {
	var first *api.Status
	for i := range c.nodes {
		s, err := c.client(i).Service().Status(ctx)
		if err != nil {
			c.t.Fatal(err)
		}
		if first == nil {
			first = s
		}
		if s.RootA != first.RootA || s.RootB != first.RootB || s.StateSum != first.StateSum {
			c.t.Errorf("node %d has another state", i+1)
		}
	}
}

// checkMembers looks at the cluster and moves the leadership through any node's
// socket.
func (c *cluster) checkMembers(ctx context.Context, i int) {
	admin := DialAdmin(c.nodes[i].config.Admin)
	c.leader()
	list, err := admin.Members(ctx)
	if err != nil || len(list) != 3 {
		c.t.Fatalf("members %+v, %v", list, err)
	}
	if err := admin.Change(ctx, "explode", "x", ""); api.CodeOf(err) != codec.CodeBadRequest {
		c.t.Errorf("unknown operation: %v", err)
	}
	if err := admin.Change(ctx, MemberRemove, "nobody", ""); err == nil {
		c.t.Error("an unknown server was removed")
	}
	if err := admin.Change(ctx, MemberTransfer, c.nodes[i].server(), ""); err != nil {
		c.t.Errorf("transfer: %v", err)
	}
}

func TestWrongGenesis(t *testing.T) {
	c := start(t, 1)
	c.stop(0)
	config := c.configs[0]
	config.Genesis = found(t, 1).genesis
	if n, err := Start(config); err == nil || !strings.Contains(err.Error(), "another genesis") {
		t.Errorf("%v, %v", n, err)
	}
}

func TestDoubleStart(t *testing.T) {
	c := start(t, 1)
	if _, err := Start(c.configs[0]); !errors.Is(err, consensus.ErrLocked) {
		t.Errorf("%v", err)
	}
}

// TestFatalEnds: each lasting code leaves a marker that refuses the next start.
func TestFatalEnds(t *testing.T) {
	for code := consensus.ExitStorage; code <= consensus.ExitDivergence; code++ {
		c := &cluster{t: t, founders: found(t, 1), exits: map[string]int{}}
		authority, err := consensus.NewAuthority("test", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		config := c.config(authority, []consensus.Peer{{ID: "n1", Address: "127.0.0.1:0", Voter: true}}, 0)
		if _, err := OpenArtifacts(filepath.Join(config.Dir, "artifacts"), 1); err != nil {
			t.Fatal(err)
		}
		f := &fatality{config: &config}
		f.end(&consensus.FatalError{Code: code, Err: newMinority(&Attested{Size: 7}, []*Attested{{Size: 7, Time: 1}})})
		f.end(&consensus.FatalError{Code: 99, Err: io.EOF})
		if c.exits["n1"] != code {
			t.Errorf("exit %d instead of %d", c.exits["n1"], code)
		}
		n, err := Start(config)
		if err == nil {
			defer n.Stop()
		}
		var marker *Marker
		refused := errors.As(err, &marker) && marker.Code == code && strings.Contains(err.Error(), "settled reseed")
		if lasts := code >= 71 && code <= 74 || code == 77; refused != lasts || !lasts && err != nil {
			t.Errorf("code %d: %v", code, err)
		}
		if files, _ := filepath.Glob(filepath.Join(config.Dir, "evidence-7.cbor")); len(files) != 1 {
			t.Error("no evidence")
		}
	}
}

// TestBallot counts votes.
func TestBallot(t *testing.T) {
	origin := originA
	vote := func(i byte, root byte) *Attested {
		a := &Attested{Operator: codec.ID{i}, Size: 5, RootA: codec.Hash{root}, Time: 3}
		signed, err := proof.SignAttestation(a.attestation(origin), key25519(string(rune(i))))
		if err != nil {
			t.Fatal(err)
		}
		a.Sig = signed.Sig
		return a
	}
	newBallot := func() *ballot {
		b := &ballot{origin: origin, keys: map[codec.ID]ed25519.PublicKey{}, valid: map[codec.ID]*Attested{}}
		for i := byte(1); i <= 3; i++ {
			b.keys[codec.ID{i}] = key25519(string(rune(i))).Public().(ed25519.PublicKey)
		}
		return b
	}
	for name, test := range map[string]struct {
		votes    []*Attested
		agree    int
		minority bool
	}{
		"all":             {[]*Attested{vote(1, 1), vote(2, 1), vote(3, 1)}, 3, false},
		"two of three":    {[]*Attested{vote(1, 1), vote(2, 1), vote(3, 2)}, 2, false},
		"alone":           {[]*Attested{vote(1, 1)}, 1, false},
		"one against":     {[]*Attested{vote(1, 1), vote(2, 2)}, 1, false},
		"minority":        {[]*Attested{vote(1, 1), vote(2, 2), vote(3, 2)}, 1, true},
		"all differ":      {[]*Attested{vote(1, 1), vote(2, 2), vote(3, 3)}, 1, false},
		"one votes twice": {[]*Attested{vote(1, 1), vote(2, 2), vote(2, 2)}, 1, false},
	} {
		b := newBallot()
		for _, a := range test.votes {
			if err := b.add(a); err != nil {
				t.Fatal(err)
			}
		}
		own := test.votes[0]
		if n := len(b.agreeing(own)); n != test.agree || (b.against(own) != nil) != test.minority || b.majority() != 2 {
			t.Errorf("%s: %d agree, against %v", name, n, b.against(own))
		}
	}
	for name, corrupt := range map[string]func(*Attested){
		"stranger":  func(a *Attested) { a.Operator = codec.ID{9} },
		"other key": func(a *Attested) { a.Operator = codec.ID{2} },
		"size":      func(a *Attested) { a.Size++ },
		"root A":    func(a *Attested) { a.RootA[0]++ },
		"root B":    func(a *Attested) { a.RootB[0]++ },
		"state sum": func(a *Attested) { a.StateSum[0]++ },
		"time":      func(a *Attested) { a.Time++ },
		"signature": func(a *Attested) { a.Sig[0]++ },
	} {
		a := vote(1, 1)
		corrupt(a)
		if newBallot().add(a) == nil {
			t.Errorf("%s: counted", name)
		}
	}
}
