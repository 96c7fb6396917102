package main

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/verifier"
)

// falseClose is a node whose log holds the close of stored evidence, as far as accusing it
// needs: no replica of ours would append it.
type falseClose struct {
	api.Service // nil: methods that the command does not call
	evidence    *verifier.Evidence
	size        uint64
}

// newFalseClose serves what stored evidence of fault 11 was made of.
func newFalseClose(t *testing.T) *falseClose {
	t.Helper()
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(storedEvidence, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	e, err := verifier.DecodeEvidence(read("unbalanced_close.evidence"))
	if err != nil {
		t.Fatal(err)
	}
	policy, err := proof.ParseTrustPolicy(read("ledger.trust"))
	if err != nil {
		t.Fatal(err)
	}
	at, err := policy.OpenCheckpoint(e.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	return &falseClose{evidence: e, size: at.Size()}
}

// at returns a record that the evidence has.
func (f *falseClose) at(index uint64) (*verifier.Proved, error) {
	for _, p := range []*verifier.Proved{f.evidence.Close, f.evidence.CloseKey} {
		if p.Index == index {
			return p, nil
		}
	}
	return nil, api.Fail(codec.CodeNotFound, "record %d", index)
}

// Checkpoint implements api.Service.
func (f *falseClose) Checkpoint(context.Context, uint64) (*api.Checkpoint, error) {
	return &api.Checkpoint{Size: f.size, NoteA: f.evidence.Checkpoint}, nil
}

// Record implements api.Service.
func (f *falseClose) Record(_ context.Context, index uint64) (*api.Record, error) {
	p, err := f.at(index)
	if err != nil {
		return nil, err
	}
	return &api.Record{Index: index, Bytes: p.Record, Leaf: proof.LeafA(p.Record)}, nil
}

// Inclusion implements api.Service.
func (f *falseClose) Inclusion(_ context.Context, _ api.Tree, index, _ uint64) (*api.Path, error) {
	p, err := f.at(index)
	if err != nil {
		return nil, err
	}
	return &api.Path{Hashes: p.Path}, nil
}

// Cycles implements api.Service.
func (f *falseClose) Cycles(context.Context, api.Page) (*api.CyclePage, error) {
	at := f.evidence.Close.Index
	return &api.CyclePage{Open: 202610, Cycles: []api.Cycle{{Number: 202609, First: 1, Cut: &api.Boundary{Index: at - 1},
		Close: &api.Boundary{Index: at}}}}, nil
}

// Party implements api.Service for the hub, whose keys stand in the genesis.
func (f *falseClose) Party(_ context.Context, id codec.ID) (*api.Party, error) {
	_, parties, err := client.Genesis(f.evidence.CloseKey.Record)
	if err != nil {
		return nil, err
	}
	out := &api.Party{ID: id, Role: codec.RoleHub}
	for i := range parties {
		for _, k := range parties[i].Keys {
			if parties[i].Party == id {
				out.Keys = append(out.Keys, api.Key{ID: k.ID, Pub: *k.Pub, Use: *k.Use})
			}
		}
	}
	return out, nil
}

// accuse runs the program against the node, which the trust policy is of.
func (f *falseClose) accuse(out string, args ...string) (code int, text string) {
	server := httptest.NewServer(api.NewHandler(f, api.HandlerOptions{}))
	defer server.Close()
	var b bytes.Buffer
	code = Run(append([]string{"accuse", "close", "--node", server.URL, "--trust", filepath.Join(storedEvidence, "ledger.trust"), "--out", out}, args...),
		bytes.NewReader(nil), &b, &b)
	return code, b.String()
}

// TestAccuseClose finds the close of stored evidence false, and writes the same evidence.
func TestAccuseClose(t *testing.T) {
	f, name := newFalseClose(t), filepath.Join(t.TempDir(), "unbalanced")
	code, text := f.accuse(name, "202609")
	if code != exitDone || !strings.Contains(text, "unbalanced_close (journal) in the close of cycle 202609") {
		t.Fatalf("%d: %s", code, text)
	}
	for _, extension := range []string{".evidence", ".bundle"} {
		got, err := os.ReadFile(name + extension)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(storedEvidence, "unbalanced_close"+extension))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs from the stored one (%v)", extension, err)
		}
	}
	for _, cycle := range []string{"0", "x", "-1"} {
		if code, text := f.accuse(name, "--", cycle); code != exitUsage {
			t.Errorf("cycle %s: %d: %s", cycle, code, text)
		}
	}
	if code, text := f.accuse(name, "202610"); code != exitUnknown || !strings.Contains(text, "not closed") {
		t.Errorf("an open cycle: %d: %s", code, text)
	}
}

// TestAccuseCloseAgrees writes nothing about an honest close.
func TestAccuseCloseAgrees(t *testing.T) {
	b, name := newClosedBooks(t), filepath.Join(t.TempDir(), "unbalanced")
	if code, text := b.run("accuse", "close", "1", "--out", name); code != exitDone || !strings.Contains(text, "nothing contradicts") {
		t.Errorf("%d: %s", code, text)
	}
	if _, err := os.Stat(name + ".evidence"); err == nil {
		t.Error("there is evidence")
	}
}
