package api

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/forgepool/settle/codec"
)

// Headers that sign the upload of an artifact (docs/formats/http.md section 5).
const (
	HeaderParty     = "Settle-Party"
	HeaderKey       = "Settle-Key"
	HeaderSignature = "Settle-Signature"
)

// artifact serves the bytes with a hash. They never change, so the reader may keep
// them; others may not see them.
func (h *handler) artifact(w http.ResponseWriter, r *http.Request, q *query) error {
	hash, index := q.hash("hash"), q.number("index", 0)
	if q.err != nil {
		return q.err
	}
	body, size, err := h.service.Artifact(r.Context(), hash, index)
	if err != nil {
		return err
	}
	defer body.Close()
	extendDeadlines(w)
	header := w.Header()
	header.Set("Content-Type", TypeBytes)
	header.Set("Content-Length", strconv.FormatInt(size, 10))
	header.Set("ETag", fmt.Sprintf("%q", hash))
	header.Set("Cache-Control", "private, max-age=31536000, immutable")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = io.CopyN(w, body, size) // the status is sent: a short body is all that can be said
	}
	return nil
}

// putArtifact stores bytes under their hash.
func (h *handler) putArtifact(w http.ResponseWriter, r *http.Request, q *query) error {
	upload := &Upload{Hash: q.hash("hash"), Size: uint64(max(r.ContentLength, 0))}
	if q.err != nil {
		return q.err
	}
	if r.ContentLength < 0 {
		return Fail(codec.CodeBadRequest, "the length of an artifact must be announced")
	}
	if r.ContentLength > MaxArtifact {
		return Fail(codec.CodeTooLarge, "artifact of %d bytes, at most %d", r.ContentLength, MaxArtifact)
	}
	if err := upload.readHeader(r.Header); err != nil {
		return err
	}
	extendDeadlines(w)
	if err := h.service.PutArtifact(r.Context(), upload, http.MaxBytesReader(w, r.Body, MaxArtifact)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// readHeader reads who signs an upload.
func (u *Upload) readHeader(h http.Header) error {
	if err := u.Party.UnmarshalText([]byte(h.Get(HeaderParty))); err != nil {
		return Fail(codec.CodeBadRequest, "%s: %v", HeaderParty, err)
	}
	if err := u.Key.UnmarshalText([]byte(h.Get(HeaderKey))); err != nil {
		return Fail(codec.CodeBadRequest, "%s: %v", HeaderKey, err)
	}
	if err := u.Signature.UnmarshalText([]byte(h.Get(HeaderSignature))); err != nil {
		return Fail(codec.CodeBadRequest, "%s: %v", HeaderSignature, err)
	}
	return nil
}

// writeHeader writes who signs an upload.
func (u *Upload) writeHeader(h http.Header) {
	h.Set(HeaderParty, u.Party.String())
	h.Set(HeaderKey, u.Key.String())
	h.Set(HeaderSignature, u.Signature.String())
}

// extendDeadlines gives a connection the time that an artifact may take. Writers
// without deadlines, as in tests, have nothing to extend.
func extendDeadlines(w http.ResponseWriter) {
	c, end := http.NewResponseController(w), time.Now().Add(artifactTimeout)
	_ = c.SetReadDeadline(end)
	_ = c.SetWriteDeadline(end)
}
