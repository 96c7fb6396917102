package node

import (
	"errors"
	"fmt"
	"testing"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/proof"
)

// TestAnswers: what a reader learns of an error of the ledger is its code; what the node
// cannot name is its own failure.
func TestAnswers(t *testing.T) {
	if err := answer(nil); err != nil {
		t.Errorf("no error became %v", err)
	}
	for _, c := range []struct {
		err  error
		code codec.Code
	}{
		{fmt.Errorf("record 9: %w", ledger.ErrNotFound), codec.CodeNotFound},
		{fmt.Errorf("proof: %w", proof.ErrIndex), codec.CodeNotFound},
		{fmt.Errorf("usage: %w", ledger.ErrNoCustomer), codec.CodeBadRequest},
		{fmt.Errorf("read: %w", api.Fail(codec.CodeForbidden, "not yours")), codec.CodeForbidden},
		{errors.New("the disk is gone"), codec.CodeInternal},
	} {
		if got := answer(c.err); api.CodeOf(got) != c.code {
			t.Errorf("%v becomes %v, want %s", c.err, got, c.code)
		}
	}
}

// TestNothingPublishedYet: before the first checkpoint there is none that could answer,
// and a reader is told to come again; a size of its own is not there.
func TestNothingPublishedYet(t *testing.T) {
	l, err := ledger.Create(t.TempDir(), found(t, 1).genesis, ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := &reads{ledger: l, fatality: new(fatality)}
	if _, err := s.Checkpoint(t.Context(), 0); api.CodeOf(err) != codec.CodeNotYetPublished {
		t.Errorf("newest: %v", err)
	}
	if _, err := s.Checkpoint(t.Context(), 1); api.CodeOf(err) != codec.CodeNotFound {
		t.Errorf("of size 1: %v", err)
	}
}
