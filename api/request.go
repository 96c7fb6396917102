package api

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"strconv"
	"strings"

	"github.com/forgepool/settle/codec"
)

// HeaderRequest signs a request for something that is not public
// (docs/formats/http.md section 7).
const HeaderRequest = "Settle-Request"

// RequestWindow is how far, in milliseconds, the clocks of a signer and of the node may
// differ. Reads change nothing, so a request that is repeated within it does no harm.
const RequestWindow = 5 * 60 * 1_000

// domainRequest begins the bytes whose hash signs a request (docs/formats/records.md
// section 8).
const domainRequest = 0x6e

// Request is a signed request: what was asked, by which key, and when.
type Request struct {
	Method    string     // such as GET
	Target    string     // path and query as they stand in the request
	Body      codec.Hash // BLAKE3 of the body; of no bytes if there is none
	Key       codec.Hash // key id
	Sent      uint64     // the signer's clock, ms
	Nonce     codec.ID
	Signature codec.Sig // Ed25519 over RequestDigest
}

// Signer signs requests: it fills in Key, Sent, Nonce and Signature.
type Signer interface {
	SignRequest(origin string, r *Request)
}

// RequestDigest is what a key signs: BLAKE3 over 0x6e, the length-prefixed origin of
// tree A, method and target with their lengths, the time, the nonce and the body's hash
// (docs/formats/http.md section 7).
func RequestDigest(origin string, r *Request) codec.Hash {
	b := append(make([]byte, 0, 512), domainRequest)
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(origin))), origin...)
	b = append(append(b, byte(len(r.Method))), r.Method...)
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(r.Target))), r.Target...)
	b = binary.BigEndian.AppendUint64(b, r.Sent)
	b = append(b, r.Nonce[:]...)
	return codec.BlobHash(append(b, r.Body[:]...))
}

// format writes the header's value.
func (r *Request) format() string {
	return r.Key.String() + ":" + decimal(r.Sent) + ":" + r.Nonce.String() + ":" + base64.StdEncoding.EncodeToString(r.Signature[:])
}

// parseRequest reads the header's value. It accepts exactly what format writes.
func parseRequest(value string) (*Request, error) {
	bad := Fail(codec.CodeUnsigned, "%s is not KEY:MILLISECONDS:NONCE:SIGNATURE", HeaderRequest)
	parts := strings.Split(value, ":")
	if len(parts) != 4 {
		return nil, bad
	}
	r := new(Request)
	var err [4]error
	r.Key, err[0] = codec.ParseHash(parts[0])
	r.Sent, err[1] = strconv.ParseUint(parts[1], 10, 63)
	r.Nonce, err[2] = codec.ParseID(parts[2])
	sig, err3 := base64.StdEncoding.DecodeString(parts[3])
	err[3] = err3
	for _, e := range err {
		if e != nil {
			return nil, bad
		}
	}
	if len(sig) != len(r.Signature) {
		return nil, bad
	}
	r.Signature = codec.Sig(sig)
	if r.format() != value {
		return nil, bad
	}
	return r, nil
}

type requestKey struct{}

// RequestOf returns the signed request that a call answers; nil if it was not signed.
// Nobody has looked at the signature yet: a Service does, who knows the keys.
func RequestOf(ctx context.Context) *Request {
	r, _ := ctx.Value(requestKey{}).(*Request)
	return r
}

// WithRequest returns a context for calls that a signed request makes.
func WithRequest(ctx context.Context, r *Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// signed puts the signature of a read into its context, if there is one. Batches and
// uploads carry their own signatures.
func signed(r *http.Request) (*http.Request, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return r, nil
	}
	return signedOver(r, nil)
}

// signedOver puts the signature of a read with a body into its context, if there is one.
func signedOver(r *http.Request, body []byte) (*http.Request, error) {
	values := r.Header.Values(HeaderRequest)
	if len(values) == 0 {
		return r, nil
	}
	if len(values) > 1 {
		return nil, Fail(codec.CodeUnsigned, "%s stands twice", HeaderRequest)
	}
	s, err := parseRequest(values[0])
	if err != nil {
		return nil, err
	}
	s.Method, s.Target, s.Body = r.Method, r.URL.RequestURI(), codec.BlobHash(body)
	return r.WithContext(WithRequest(r.Context(), s)), nil
}

// sign signs a read for a node. The origin is asked of the node once, unless the
// options named it.
func (c *Client) sign(ctx context.Context, q *call, header http.Header) error {
	if c.signer == nil || !q.private {
		return nil
	}
	origin := c.origin.Load()
	if origin == nil {
		s, err := c.Status(ctx)
		if err != nil {
			return err
		}
		origin = &s.OriginA
		c.origin.Store(origin)
	}
	r := &Request{Method: q.method, Target: q.path, Body: codec.BlobHash(q.body)}
	c.signer.SignRequest(*origin, r)
	header.Set(HeaderRequest, r.format())
	return nil
}
