package api

import (
	"context"
	"net/http"

	"github.com/forgepool/settle/codec"
)

// Wanted names attachments of one record.
type Wanted struct {
	Index  uint64       `cbor:"1,keyasint" json:"index"` // of a record that names them; 0: none
	Hashes []codec.Hash `cbor:"2,keyasint" json:"hashes"`
}

// Attached is what became of one hash: the bytes, or a code.
type Attached struct {
	Data []byte     `cbor:"1,keyasint" json:"data"`
	Code codec.Code `cbor:"2,keyasint,omitempty" json:"code,omitempty"` // empty: Data are the bytes
}

// checkWanted checks what is asked for against the limits.
func checkWanted(wanted []Wanted) error {
	n := 0
	for i := range wanted {
		if wanted[i].Index > codec.MaxAmount {
			return Fail(codec.CodeBadRequest, "index %d", wanted[i].Index)
		}
		n += len(wanted[i].Hashes)
	}
	if n < 1 || n > MaxAttached {
		return Fail(codec.CodeBadRequest, "%d attachments asked for, 1 to %d", n, MaxAttached)
	}
	return nil
}

// attached serves POST /v1/attachments: a read whose question does not fit into a query.
func (h *handler) attached(w http.ResponseWriter, r *http.Request, _ *query) error {
	if t := r.Header.Get("Content-Type"); t != TypeCBOR {
		return Fail(codec.CodeBadRequest, "content type %q instead of %s", t, TypeCBOR)
	}
	body, err := readBody(w, r, maxWanted)
	if err != nil {
		return err
	}
	var wanted []Wanted
	if err := codec.Decode(body, &wanted); err != nil {
		return Fail(codec.CodeBadRequest, "what is asked for: %v", err)
	}
	if err := checkWanted(wanted); err != nil {
		return err
	}
	if r, err = signedOver(r, body); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
	defer cancel()
	list, err := h.service.Attachments(ctx, wanted)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return writeValue(w, r, http.StatusOK, list)
}

// Attachments asks for many attachments at once. The bytes are as the node sent them: the
// caller compares the hashes.
func (c *Client) Attachments(ctx context.Context, wanted []Wanted) ([]Attached, error) {
	if err := checkWanted(wanted); err != nil {
		return nil, err
	}
	q := &call{method: http.MethodPost, path: path("attachments"), body: codec.Encode(wanted), private: true}
	q.header = http.Header{"Content-Type": {TypeCBOR}}
	return list(ask[[]Attached](ctx, c, q))
}
