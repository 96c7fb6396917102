package ledger

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// schema says how one space of the state is stored.
type schema[K comparable, V any] struct {
	space  byte
	key    func(b []byte, k K) []byte
	encode func(b []byte, v V) []byte
	decode func(k K, data []byte) (V, bool)
}

func hashSpace(space byte) func([]byte, codec.Hash) []byte {
	return func(b []byte, h codec.Hash) []byte { return append(append(b, space), h[:]...) }
}

func pairSpace(space byte) func([]byte, pair) []byte {
	return func(b []byte, p pair) []byte { return appendPair(b, space, p) }
}

// The spaces of the state that the rules work on.
var (
	parties = schema[codec.ID, *settlement.Party]{
		spaceParty,
		func(b []byte, id codec.ID) []byte { return append(append(b, spaceParty), id[:]...) },
		encodeParty, decodeParty,
	}
	keys      = schema[codec.Hash, *settlement.Key]{spaceKey, hashSpace(spaceKey), encodeKey, decodeKey}
	workloads = schema[pair, workload]{spaceWorkload, pairSpace(spaceWorkload), encodeWorkload, decodeWorkload}
	workUses  = schema[codec.Hash, *settlement.WorkUse]{spaceWorkUse, hashSpace(spaceWorkUse), encodeWorkUse, decodeWorkUse}
	accounts  = schema[settlement.Account, account]{spaceBalance, appendAccount, encodeAccount, decodeAccount}
	openings  = schema[codec.Hash, []byte]{
		spaceOpening, hashSpace(spaceOpening),
		func(b, blob []byte) []byte { return append(b, blob...) },
		func(_ codec.Hash, data []byte) ([]byte, bool) { return append([]byte{}, data...), true },
	}
	recordIDs = schema[pair, uint64]{spaceRecordID, pairSpace(spaceRecordID), encodeNumber, decodeNumber}
	batchIDs  = schema[pair, uint64]{spaceBatchID, pairSpace(spaceBatchID), encodeNumber, decodeNumber}
	blobRefs  = schema[codec.Hash, place]{spaceBlobRef, hashSpace(spaceBlobRef), encodePlace, decodePlace}
	nodes     = schema[string, NodeInfo]{
		spaceNode,
		func(b []byte, server string) []byte { return append(append(b, spaceNode), server...) },
		encodeNode, decodeNode,
	}
)

// load reads one entry; ok is false if there is none. Anything else that goes wrong
// is an *IntegrityError.
func (s *schema[K, V]) load(r pebble.Reader, k K) (v V, ok bool, err error) {
	var room [64]byte
	key := s.key(room[:0], k)
	data, closer, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return v, false, nil
	}
	if err != nil {
		return v, false, damaged(NoIndex, err, "reading %q", s.space)
	}
	defer closer.Close()
	v, fits := s.decode(k, data)
	if !fits {
		return v, false, damaged(NoIndex, nil, "value of %q %x does not decode", s.space, key[1:])
	}
	return v, true, nil
}

// fetch returns a copy of a value, or ErrNotFound.
func fetch(r pebble.Reader, key []byte) ([]byte, error) {
	data, closer, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, fmt.Errorf("%q: %w", key[:1], ErrNotFound)
	}
	if err != nil {
		return nil, damaged(NoIndex, err, "reading %q %x", key[:1], key[1:])
	}
	defer closer.Close()
	return append([]byte{}, data...), nil
}
