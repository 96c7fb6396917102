package verifier

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// AccuseUnbalanced writes the evidence that a close contradicts itself, under a checkpoint
// of tree A that opens with the policy: fault 11 of docs/formats/evidence.md section 2. Key
// is the record that registers the key which signed the close. Errors: ErrAgrees, and those
// of Check.
func AccuseUnbalanced(policy *proof.TrustPolicy, checkpoint []byte, shut, key *Proved) (*EvidenceFile, error) {
	return AccuseClose(policy, &Evidence{Fault: FaultUnbalanced, Checkpoint: checkpoint, Settlement: *shut, Close: shut, CloseKey: key}, &Bundle{})
}

// accuseClosed is called with what ended an audit. If that is a close which contradicts
// itself, which needs nothing but the close to be shown, it writes the evidence into the
// work directory and names it in the error; any other error it returns as it is. A close
// stays false when its evidence cannot be had.
func accuseClosed(ctx context.Context, src Source, o *CycleOptions, log *Log, b *books, found error) error {
	if !errors.Is(found, LieClose) || b.close == nil || unbalanced(&b.close.body) == "" {
		return found
	}
	x := examiner{src: src, log: log}
	base := filepath.Join(o.Dir, fmt.Sprintf("close-%d", b.close.Index))
	if err := x.unbalancedClose(ctx, o.Policy, b.close.Index, base); err != nil {
		return fmt.Errorf("%w; its evidence could not be written: %v", found, err)
	}
	return fmt.Errorf("%w; evidence of it is in %s.evidence", found, base)
}

// unbalancedClose fetches a close and the record of the key that signed it, and writes the
// evidence.
func (x *examiner) unbalancedClose(ctx context.Context, policy *proof.TrustPolicy, index uint64, base string) error {
	shut, err := x.proved(ctx, index)
	if err != nil {
		return err
	}
	rec, err := codec.DecodeRecord(shut.Record)
	if err != nil {
		return lie(LieRecord, "record %d: %v", index, err)
	}
	file, err := (*EvidenceFile)(nil), error(ErrAgrees)
	for i := range rec.Signatures {
		key, lost := x.provedKey(ctx, rec.Signatures[i].Key)
		if lost != nil {
			return lost
		}
		if file, err = AccuseUnbalanced(policy, x.log.Pair.A.Note(), shut, key); !errors.Is(err, LieKey) {
			break
		}
	}
	if err != nil {
		return err
	}
	return errors.Join(writeWhole(base+".bundle", file.Bundle), writeWhole(base+".evidence", file.File))
}
