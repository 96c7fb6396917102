package node

import (
	"context"
	"errors"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
)

// Attachments returns replicated attachments, each under the rule of one alone, of one
// state of the ledger. A record is read once for all that it names.
func (s *reads) Attachments(ctx context.Context, wanted []api.Wanted) ([]api.Attached, error) {
	return from(s, func(v *ledger.Snapshot) ([]api.Attached, error) {
		a, err := s.asker(ctx, v)
		if err != nil {
			return nil, err
		}
		var out []api.Attached
		size := 0
		for i := range wanted {
			r, err := a.naming(v, wanted[i].Index)
			if err != nil {
				return nil, err
			}
			for _, hash := range wanted[i].Hashes {
				x, err := a.attached(v, hash, wanted[i].Index, r)
				if err != nil {
					return nil, err
				}
				if size += len(x.Data); size > api.MaxAttachedBytes && len(out) > 0 {
					return out, nil
				}
				out = append(out, x)
			}
		}
		return out, nil
	})
}

// attached reads one attachment. The error is about the store, not about the question.
func (a *asker) attached(v *ledger.Snapshot, hash codec.Hash, index uint64, r *codec.Record) (api.Attached, error) {
	if err := a.mayReadIn(v, hash, index, r); err != nil {
		return refusedAttached(err)
	}
	data, err := v.Attachment(hash)
	if err != nil {
		return refusedAttached(err)
	}
	return api.Attached{Data: data}, nil
}

func refusedAttached(err error) (api.Attached, error) {
	code := api.CodeOf(answer(err))
	if code == codec.CodeForbidden || errors.Is(err, ledger.ErrNotFound) {
		return api.Attached{Data: []byte{}, Code: code}, nil
	}
	return api.Attached{}, err
}
