package node

import (
	"context"
	"crypto/ed25519"
	"io"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/settlement"
)

// PutArtifact stores bytes that a registered, active party signed for.
func (s *service) PutArtifact(_ context.Context, put *api.Upload, body io.Reader) error {
	_, err := from(&s.reads, func(v *ledger.Snapshot) (struct{}, error) { return struct{}{}, checkUpload(v, put) })
	if err != nil {
		return err
	}
	if s.node.space.short() {
		return api.Fail(codec.CodeStorageFull, "less than %d bytes are free", s.node.config.MinFree)
	}
	if s.node.artifacts.Has(put.Hash) {
		return nil
	}
	return s.node.artifacts.Put(put.Hash, int64(put.Size), body)
}

// checkUpload checks who uploads.
func checkUpload(v *ledger.Snapshot, put *api.Upload) error {
	p, k := v.Party(put.Party), v.Key(put.Key)
	switch {
	case p == nil:
		return api.Fail(codec.CodeUnknownParty, "party %s", put.Party)
	case p.Status() != settlement.Active:
		return api.Fail(codec.CodeInactiveParty, "party %s", put.Party)
	case k == nil || k.Party != put.Party || v.Size() < k.ValidFrom:
		return api.Fail(codec.CodeUnknownKey, "key %s", put.Key)
	case !k.ValidAt(v.Size()):
		return api.Fail(codec.CodeRevokedKey, "key %s", put.Key)
	}
	digest := api.UploadDigest(v.Facts().OriginA, put)
	if !ed25519.Verify(k.Pub[:], digest[:], put.Signature[:]) {
		return api.Fail(codec.CodeBadSignature, "the signature of the upload does not verify")
	}
	return nil
}

// fetch asks the other members for an artifact and keeps a copy. What comes is stored
// only under its own hash.
func (n *Node) fetch(ctx context.Context, hash codec.Hash) bool {
	for _, server := range n.others() {
		client, err := n.peers.client(server)
		if err != nil {
			continue
		}
		body, size, err := client.Artifact(ctx, hash, 0)
		if err != nil {
			continue
		}
		err = n.artifacts.Put(hash, size, body)
		body.Close()
		if err == nil {
			return true
		}
		n.log.Warn("artifact from a member", "server", server, "hash", hash, "error", err)
	}
	return false
}
