package consensus

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/zeebo/blake3"
)

// stableStore keeps raft's term and vote: value ‖ BLAKE3-128(key length ‖ key ‖ value),
// because the database below has no checksum on its data pages, and a flipped bit in a
// vote would let this server vote twice.
type stableStore struct {
	guard *diskGuard
	inner interface {
		Set(key, value []byte) error
		Get(key []byte) ([]byte, error)
	}
}

// Set implements raft.StableStore.
func (s *stableStore) Set(key, value []byte) error {
	return s.guard.write("store "+string(key), func() error {
		return s.inner.Set(key, append(bytes.Clone(value), stableSum(key, value)...))
	})
}

// Get implements raft.StableStore; a value that was never set is nil.
func (s *stableStore) Get(key []byte) ([]byte, error) {
	stored, err := s.inner.Get(key)
	if err != nil {
		return nil, s.guard.fail(fmt.Errorf("read %s: %w", key, err))
	}
	if stored == nil {
		return nil, nil
	}
	split := len(stored) - sumSize
	if split < 0 || !bytes.Equal(stored[split:], stableSum(key, stored[:split])) {
		return nil, s.guard.fail(fmt.Errorf("read %s: checksum does not match", key))
	}
	return stored[:split], nil
}

// SetUint64 implements raft.StableStore.
func (s *stableStore) SetUint64(key []byte, value uint64) error {
	return s.Set(key, binary.BigEndian.AppendUint64(nil, value))
}

// GetUint64 implements raft.StableStore; a value that was never set is 0.
func (s *stableStore) GetUint64(key []byte) (uint64, error) {
	value, err := s.Get(key)
	if err != nil || value == nil {
		return 0, err
	}
	if len(value) != 8 {
		return 0, s.guard.fail(fmt.Errorf("read %s: %d bytes for a number", key, len(value)))
	}
	return binary.BigEndian.Uint64(value), nil
}

func stableSum(key, value []byte) []byte {
	h := blake3.New()
	_, _ = h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(key))))
	_, _ = h.Write(key)
	_, _ = h.Write(value)
	return h.Sum(nil)[:sumSize]
}
