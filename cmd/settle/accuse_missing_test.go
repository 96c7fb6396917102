package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/verifier"
)

// TestAccuseMissing has the node sign what it lost.
func TestAccuseMissing(t *testing.T) {
	b := newClosedBooks(t)
	s, err := b.body(b.settled)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "lost")
	accuse := func(hash codec.Hash) (int, string) {
		return b.run("accuse", "missing", strconv.FormatUint(b.settled, 10), hash.String(), "--out", name)
	}
	if code, text := accuse(s.Result.Hash); code != exitFalse || !strings.Contains(text, "nothing is missing") {
		t.Errorf("nothing is missing: %d: %s", code, text)
	}
	b.lost = true
	if code, text := accuse(s.Result.Hash); code != exitDone {
		t.Fatalf("%d: %s", code, text)
	}
	code, text := b.run("check", name+".evidence")
	if code != exitDone || !strings.Contains(text, "missing_data: nodes of "+b.operator.String()+", 1 of the 1 in the trust policy, have not result "+s.Result.Hash.String()) {
		t.Errorf("%d: %s", code, text)
	}
	if code, text := accuse(codec.Hash{9}); code != exitFalse || !strings.Contains(text, "no shard names") {
		t.Errorf("not named: %d: %s", code, text)
	}
	if code, text := accuse(codec.BlobHash(mcArgs(10, 0))); code != exitDone || !strings.Contains(text, "shard arguments") {
		t.Errorf("of a shard: %d: %s", code, text)
	}
}

// otherNode is a second node of the ledger, with an operator of its own.
type otherNode struct {
	*closedBooks
	operator codec.ID
	key      *client.Key
	boasts   bool // it claims to have what it cannot serve
}

// Absence implements api.Service.
func (o *otherNode) Absence(_ context.Context, hash codec.Hash, index uint64) (*api.Absence, error) {
	if o.boasts {
		return nil, api.Fail(codec.CodeNotFound, "it is here")
	}
	a, err := proof.SignAbsence(proof.Absence{Origin: o.worker.origin, Operator: o.operator, Hash: hash, Index: index, Time: client.Now()}, o.key.Private())
	return &api.Absence{Operator: o.operator, Hash: hash, Index: index, Time: a.Time, Signature: a.Sig}, err
}

// join adds a second node to the trust policy.
func (b *closedBooks) join(t *testing.T) *otherNode {
	t.Helper()
	file, err := os.ReadFile(b.trust)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := proof.ParseTrustPolicy(file)
	if err != nil {
		t.Fatal(err)
	}
	o := &otherNode{closedBooks: b, operator: codec.ID{0xff, 1}, key: client.GenerateKey(codec.UseNode)}
	spec := policy.Spec()
	vkey, err := proof.FormatNodeKey(proof.NodeName(spec.Origin, o.operator), o.key.Private().Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	spec.Nodes = append(spec.Nodes, vkey)
	if policy, err = proof.NewTrustPolicy(spec); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(b.trust, policy.Format(), 0o600); err != nil {
		t.Fatal(err)
	}
	return o
}

// TestAccuseMissingAsksEveryNode keeps the answer of each node that signed one, whatever
// the others do.
func TestAccuseMissingAsksEveryNode(t *testing.T) {
	b := newClosedBooks(t)
	b.lost = true
	s, err := b.body(b.settled)
	if err != nil {
		t.Fatal(err)
	}
	o := b.join(t)
	first := httptest.NewServer(api.NewHandler(b, api.HandlerOptions{}))
	defer first.Close()
	second := httptest.NewServer(api.NewHandler(o, api.HandlerOptions{}))
	defer second.Close()
	name := filepath.Join(t.TempDir(), "lost")
	accuse := func(nodes ...string) (int, string) {
		var out bytes.Buffer
		args := []string{"accuse", "missing", strconv.FormatUint(b.settled, 10), s.Result.Hash.String(), "--out", name, "--trust", b.trust, "--as", b.key}
		for _, url := range nodes {
			args = append(args, "--node", url)
		}
		code := Run(args, bytes.NewReader(nil), &out, &out)
		return code, out.String()
	}
	answered := func() (list []codec.ID) {
		file, err := os.ReadFile(name + ".evidence")
		if err != nil {
			t.Fatal(err)
		}
		e, err := verifier.DecodeEvidence(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := range e.Answers {
			list = append(list, e.Answers[i].Operator)
		}
		return list
	}
	code, text := accuse(second.URL, first.URL, "http://127.0.0.1:1", second.URL)
	if code != exitDone || !strings.Contains(text, "2 of the 2 in the trust policy") || !strings.Contains(text, "no answer of http://127.0.0.1:1") {
		t.Fatalf("%d: %s", code, text)
	}
	if got := answered(); len(got) != 2 || got[0] != b.operator || got[1] != o.operator {
		t.Errorf("answered: %v", got)
	}
	o.boasts = true
	if code, text := accuse(first.URL, second.URL); code != exitFalse || !strings.Contains(text, "nothing is missing: the node at "+second.URL) {
		t.Errorf("one has it: %d: %s", code, text)
	}
	delete(b.artifacts, s.Result.Hash)
	if code, text := accuse(first.URL, second.URL); code != exitDone || !strings.Contains(text, "1 of the 2") || !strings.Contains(text, "no answer of "+second.URL) {
		t.Errorf("one boasts: %d: %s", code, text)
	}
	if code, text := accuse(second.URL); code == exitDone {
		t.Errorf("only one, that boasts: %s", text)
	}
}
