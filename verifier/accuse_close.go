package verifier

import (
	"errors"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// ErrAgrees says that there is nothing to show: the records do not contradict each other.
var ErrAgrees = errors.New("verifier: nothing contradicts")

// AccuseClose completes evidence against a close. The draft has the fault, the records
// and the paths; what is found is filled in, and the whole is checked as a third party
// will. Errors: ErrAgrees, and those of Check.
func AccuseClose(policy *proof.TrustPolicy, draft *Evidence, bundle *Bundle) (*EvidenceFile, error) {
	e := *draft
	e.Version, e.Origin, e.Bundle = 1, policy.Origin(), codec.BlobHash(bundle.Encode())
	if err := e.checkShape(); err != nil {
		return nil, err
	}
	if !e.Fault.OfClose() {
		return nil, lie(LieMalformed, "%s is no fault of a close", e.Fault)
	}
	x, err := e.openClose(policy, bundle)
	if err != nil {
		return nil, err
	}
	field, err := x.find()
	if err != nil {
		return nil, err
	}
	if field == "" {
		return nil, ErrAgrees
	}
	e.Recomputed = Recomputed{Field: field}
	return e.finish(policy, bundle)
}

// AccuseMissing completes evidence that nodes have not what a settlement names. The draft
// has checkpoint, settlement, hash, answers and, if a shard names the bytes, its entry
// and path. Errors: those of Check.
func AccuseMissing(policy *proof.TrustPolicy, draft *Evidence) (*EvidenceFile, error) {
	e, bundle := *draft, &Bundle{}
	e.Version, e.Origin, e.Fault, e.Bundle = 1, policy.Origin(), FaultMissing, codec.BlobHash(bundle.Encode())
	if err := e.checkShape(); err != nil {
		return nil, err
	}
	c, err := e.checkRecord(policy)
	if err != nil {
		return nil, err
	}
	var entry *codec.ShardEntry
	if e.Shard != nil {
		if entry, err = e.checkEntry(c); err != nil {
			return nil, err
		}
	}
	e.Recomputed = Recomputed{Field: nameOf(c.body, entry, *e.Missing)}
	return e.finish(policy, bundle)
}

// finish checks the evidence and writes it.
func (e *Evidence) finish(policy *proof.TrustPolicy, bundle *Bundle) (*EvidenceFile, error) {
	data := bundle.Encode()
	if _, err := e.Check(policy, data); err != nil {
		return nil, err
	}
	file := e.Encode()
	if len(file) > MaxEvidence {
		return nil, lie(LieMalformed, "evidence of %d bytes", len(file))
	}
	return &EvidenceFile{Fault: e.Fault, Hash: codec.BlobHash(file), File: file, Bundle: data}, nil
}

// RecordLine is what a record says about one of its lines, as far as whoever compares may
// know it.
type RecordLine struct {
	Index   uint64         // of the record
	Line    uint16         //
	Record  *Proved        // under the statement's checkpoint; the close for an index outside its range
	Path    []byte         // sum proof of type 3: of the line, or of its absence
	Posting *codec.Posting // nil if it is not known
}

// Accuse compares one line of a record with a statement and returns the evidence of what
// contradicts: an omitted posting, a phantom posting or another amount. Errors:
// ErrAgrees, and those of Check.
func (s *Statement) Accuse(policy *proof.TrustPolicy, l *RecordLine) (*EvidenceFile, error) {
	if s.CloseKey == nil {
		return nil, lie(LieKey, "the statement does not show who signed the close")
	}
	tree, err := s.tree()
	if err != nil {
		return nil, err
	}
	e := &Evidence{Checkpoint: s.Checkpoint, Settlement: *l.Record, Close: &s.Close, CloseKey: s.CloseKey, Party: s.Path, Line: l.Path}
	key := proof.PostingKey(l.Index, l.Line)
	at, listed := tree.Find(key[:])
	if s.Postings() > 0 {
		p, err := tree.Prove(at)
		if err != nil {
			return nil, err
		}
		if e.Account, err = proof.EncodeSumProof(proof.SumPartyPostings, p); err != nil {
			return nil, err
		}
	}
	own := &Bundle{}
	if l.Posting != nil {
		own.Blobs = [][]byte{codec.AppendPosting(nil, l.Posting)}
	}
	if !listed {
		if l.Posting == nil || l.Posting.Role != s.Role || l.Posting.Party != s.Party {
			return nil, ErrAgrees
		}
		e.Fault = FaultOmittedPosting
		return AccuseClose(policy, e, own)
	}
	return accuseListed(policy, e, own)
}

// accuseListed tries the faults of a posting that a party lists, with its record's
// posting only where that is needed.
func accuseListed(policy *proof.TrustPolicy, e *Evidence, own *Bundle) (*EvidenceFile, error) {
	err := error(ErrAgrees)
	for _, try := range []struct {
		fault  Fault
		bundle *Bundle
	}{{FaultAmount, &Bundle{}}, {FaultPhantomPosting, &Bundle{}}, {FaultPhantomPosting, own}} {
		e.Fault = try.fault
		file, fault := AccuseClose(policy, e, try.bundle)
		if fault == nil {
			return file, nil
		}
		if !errors.Is(fault, ErrAgrees) && !errors.Is(fault, LieClaim) {
			err = fault
		}
	}
	return nil, err
}

// ProveNamed returns the first entry of a manifest that names bytes, with its path in the
// manifest. Errors: LieManifest, also when no entry does.
func ProveNamed(manifest []byte, hash codec.Hash) (*ShardProof, error) {
	entries, err := codec.DecodeManifest(manifest)
	if err != nil {
		return nil, lie(LieManifest, "%v", err)
	}
	tree, err := proof.BuildSumTree(proof.SumShards, shardLeaves(entries))
	if err != nil {
		return nil, lie(LieManifest, "%v", err)
	}
	for i := range entries {
		if nameOf(nil, &entries[i], hash) == "" {
			continue
		}
		p, err := tree.Prove(i)
		if err != nil {
			return nil, err
		}
		path, err := proof.EncodeSumProof(proof.SumShards, p)
		return &ShardProof{Entry: codec.AppendShardEntry(nil, &entries[i]), Path: path}, err
	}
	return nil, lie(LieManifest, "no shard names %s", hash)
}
