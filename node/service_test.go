package node

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/consensus"
)

// TestSubmitErrors: what a replica says becomes the code that tells the client whether
// the batch may have taken effect, and when to come back.
func TestSubmitErrors(t *testing.T) {
	for _, test := range []struct {
		err  error
		code codec.Code
	}{
		{&consensus.NotLeaderError{Leader: "n2"}, codec.CodeNoLeader},
		{consensus.ErrOverloaded, codec.CodeOverloaded},
		{consensus.ErrTooLarge, codec.CodeTooLarge},
		{codec.Refuse(codec.CodeMalformed, "test"), codec.CodeMalformed},
		{consensus.ErrUnknown, codec.CodeUnknownOutcome},
		{fmt.Errorf("%w: %w", consensus.ErrUnknown, context.DeadlineExceeded), codec.CodeUnknownOutcome},
		{context.DeadlineExceeded, codec.CodeOverloaded},
		{context.Canceled, codec.CodeOverloaded},
		{errors.New("anything else"), codec.CodeUnknownOutcome},
	} {
		e := submitError(fmt.Errorf("wrapped: %w", test.err))
		later := e.Status() == 503
		if e.Code != test.code || (e.RetryAfter > 0) != later {
			t.Errorf("%v: %s, again after %d s", test.err, e.Code, e.RetryAfter)
		}
	}
}
