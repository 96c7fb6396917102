package api

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/forgepool/settle/codec"
)

// Media types of the contract.
const (
	TypeCBOR  = "application/cbor"
	TypeJSON  = "application/json"
	TypeBytes = "application/octet-stream"
	TypeText  = "text/plain; charset=utf-8"
)

// wantsCBOR says whether an Accept header asks for CBOR by name, and not less than
// for JSON. Everybody else is taken for a person and gets JSON.
func wantsCBOR(accept string) bool {
	cbor, jsonQ := 0.0, 0.0
	for item := range strings.SplitSeq(accept, ",") {
		name, params, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		q, err := strconv.ParseFloat(params["q"], 64)
		if err != nil {
			q = 1
		}
		switch name {
		case TypeCBOR:
			cbor = q
		case TypeJSON:
			jsonQ = q
		}
	}
	return cbor > 0 && cbor >= jsonQ
}

// writeValue writes an answer in the form that the request asks for.
func writeValue(w http.ResponseWriter, r *http.Request, status int, v any) error {
	var data []byte
	if wantsCBOR(r.Header.Get("Accept")) {
		w.Header().Set("Content-Type", TypeCBOR)
		data = codec.Encode(v)
	} else {
		w.Header().Set("Content-Type", TypeJSON)
		text, err := json.MarshalIndent(Readable(v), "", "  ")
		if err != nil {
			return err
		}
		data = append(text, '\n')
	}
	w.Header().Add("Vary", "Accept")
	writeBytes(w, status, data)
	return nil
}

// writeBytes writes an answer whose content type is set. A failed write means that
// the reader went away, which is the reader's concern.
func writeBytes(w http.ResponseWriter, status int, data []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	_, _ = w.Write(data)
}

// writeError writes the answer to a failed request and returns its status.
func writeError(w http.ResponseWriter, r *http.Request, err error) int {
	var e *Error
	if !errors.As(err, &e) {
		e = Fail(codec.CodeInternal, "%v", err)
	}
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.RetryAfter))
	}
	w.Header().Set("Cache-Control", "no-store")
	if err := writeValue(w, r, e.Status(), e); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
	}
	return e.Status()
}
