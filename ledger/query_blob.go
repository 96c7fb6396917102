package ledger

import "github.com/forgepool/settle/codec"

// BlobSubmitter returns the party whose batch brought an attachment first. It is false
// for bytes that no batch brought.
func (s *Snapshot) BlobSubmitter(hash codec.Hash) (codec.ID, bool) {
	p, ok, err := blobRefs.load(s.snap, hash)
	if err != nil || !ok {
		return codec.ID{}, false
	}
	b, err := s.BatchByNumber(p.batch)
	if err != nil {
		return codec.ID{}, false
	}
	return b.Submitter, true
}
