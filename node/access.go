package node

import (
	"context"
	"crypto/ed25519"
	"time"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/settlement"
)

// asker is who asks for something that is not public (docs/formats/http.md section 7).
type asker struct {
	party codec.ID
	role  codec.Role
	all   bool // sees everything: auditors, operators, members, and anybody on an open node
}

// hub says whether a hub asks.
func (a *asker) hub() bool { return a.role == codec.RoleHub }

// is says whether a party asks.
func (a *asker) is(party codec.ID) bool { return a.party == party }

// errForbidden does not tell whether what was asked for exists.
var errForbidden = api.Fail(codec.CodeForbidden, "it does not concern the party that asks, or is not there")

// asker finds who signed the request behind a call. Errors: unsigned for a request that
// nobody signed or not lately, and the codes of keys and signatures.
func (s *reads) asker(ctx context.Context, v *ledger.Snapshot) (*asker, error) {
	if s.open {
		return &asker{all: true}, nil
	}
	r := api.RequestOf(ctx)
	if r == nil {
		return nil, api.Fail(codec.CodeUnsigned, "this is served to requests that a party signs with %s", api.HeaderRequest)
	}
	now := uint64(max(time.Now().UnixMilli(), 0))
	if now > r.Sent && now-r.Sent > api.RequestWindow || r.Sent > now && r.Sent-now > api.RequestWindow {
		return nil, api.Fail(codec.CodeUnsigned, "the request was signed at %d ms, here it is %d", r.Sent, now)
	}
	k := v.Key(r.Key)
	switch {
	case k == nil || v.Size() < k.ValidFrom || k.Use == codec.UseCheckpoint:
		return nil, api.Fail(codec.CodeUnknownKey, "key %s", r.Key)
	case !k.ValidAt(v.Size()):
		return nil, api.Fail(codec.CodeRevokedKey, "key %s", r.Key)
	}
	digest := api.RequestDigest(v.Facts().OriginA, r)
	if !ed25519.Verify(k.Pub[:], digest[:], r.Signature[:]) {
		return nil, api.Fail(codec.CodeBadSignature, "the signature of the request does not verify")
	}
	a := &asker{party: k.Party, role: k.Role}
	if a.role == codec.RoleAuditor || a.role == codec.RoleOperator {
		a.all = v.Party(k.Party).Status() == settlement.Active
	}
	return a, nil
}

// sees says whether the asker may read the statements of a party: the party itself, an
// active hub, auditors and operators may.
func (a *asker) sees(v *ledger.Snapshot, party codec.ID) error {
	if a.all || a.is(party) || a.hub() && v.Party(a.party).Status() == settlement.Active {
		return nil
	}
	return errForbidden
}

// fromConcerned runs a question that only some parties may ask about a party.
func fromConcerned[T any](ctx context.Context, s *reads, party codec.ID, ask func(v *ledger.Snapshot) (T, error)) (T, error) {
	return from(s, func(v *ledger.Snapshot) (T, error) {
		var none T
		a, err := s.asker(ctx, v)
		if err != nil {
			return none, err
		}
		if err := a.sees(v, party); err != nil {
			return none, err
		}
		return ask(v)
	})
}
