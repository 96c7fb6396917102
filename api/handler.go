package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/forgepool/settle/codec"
)

// HandlerOptions bounds what a handler does at a time. Zero values become the
// defaults.
type HandlerOptions struct {
	// MaxSubmits bounds batches that are being read or decided; each holds up to
	// MaxBatchBody of memory. One more is refused with overloaded. Default 16.
	MaxSubmits int
	// MaxReads bounds all other requests likewise. Default 256.
	MaxReads int
	// Observe, if set, is told of every request that was answered: the route's
	// pattern, the status and the time it took.
	Observe func(route string, status int, took time.Duration)
}

func (o HandlerOptions) withDefaults() HandlerOptions {
	if o.MaxSubmits == 0 {
		o.MaxSubmits = 16
	}
	if o.MaxReads == 0 {
		o.MaxReads = 256
	}
	if o.Observe == nil {
		o.Observe = func(string, int, time.Duration) {}
	}
	return o
}

// handler answers the routes with a Service.
type handler struct {
	service Service
	options HandlerOptions
	submits chan struct{} // a place for each batch at a time
	reads   chan struct{} // a place for each other request at a time
}

// NewHandler returns the handler of all Routes. Cross-origin requests get no
// permission: the contract is for programs and for pages of the same origin.
func NewHandler(s Service, o HandlerOptions) http.Handler {
	o = o.withDefaults()
	h := &handler{service: s, options: o, submits: make(chan struct{}, o.MaxSubmits), reads: make(chan struct{}, o.MaxReads)}
	mux := http.NewServeMux()
	for i := range Routes {
		mux.Handle(Routes[i].Pattern(), h.route(&Routes[i]))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, r, Fail(codec.CodeNotFound, "no route %s %s", r.Method, r.URL.Path))
	})
	return mux
}

// route wraps one route: a free place, a known query, and the error body.
func (h *handler) route(route *Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		if err := h.admit(route, seen, r); err != nil {
			writeError(seen, r, err)
		}
		h.options.Observe(route.Pattern(), seen.status, time.Since(start))
	})
}

// admit takes a place, or says overloaded, and serves. Health answers need none: a
// full node is alive.
func (h *handler) admit(route *Route, w http.ResponseWriter, r *http.Request) error {
	places := h.reads
	if route.Path == batchesPath {
		places = h.submits
	}
	if route.Path != "/healthz" {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		default:
			return Fail(codec.CodeOverloaded, "%d requests are being served", cap(places))
		}
	}
	q, err := newQuery(r, route.Query)
	if err != nil {
		return err
	}
	if q.r, err = signed(r); err != nil {
		return err
	}
	return route.serve(h, w, q.r, q)
}

// submit serves POST /v1/batches.
func (h *handler) submit(w http.ResponseWriter, r *http.Request, _ *query) error {
	if t := r.Header.Get("Content-Type"); t != TypeCBOR {
		return Fail(codec.CodeBadRequest, "content type %q instead of %s", t, TypeCBOR)
	}
	batch, err := readBody(w, r, MaxBatchBody)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), submitTimeout)
	defer cancel()
	s, err := h.service.Submit(ctx, batch)
	if err != nil {
		return err
	}
	return writeValue(w, r, http.StatusOK, s)
}

// readBody reads a whole body of at most most bytes.
func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	if r.ContentLength > most {
		return nil, Fail(codec.CodeTooLarge, "body of %d bytes, at most %d", r.ContentLength, most)
	}
	body := http.MaxBytesReader(w, r.Body, most)
	if r.ContentLength < 0 {
		data, err := io.ReadAll(body)
		return data, bodyError(err)
	}
	data := make([]byte, r.ContentLength)
	_, err := io.ReadFull(body, data)
	return data, bodyError(err)
}

// bodyError gives a failed read of a body its code.
func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &tooLarge):
		return Fail(codec.CodeTooLarge, "body of more than %d bytes", tooLarge.Limit)
	default:
		return Fail(codec.CodeBadRequest, "reading the body: %v", err)
	}
}

// note serves the newest signed note of tree B as text, where public tools look for
// it.
func (h *handler) note(w http.ResponseWriter, r *http.Request, _ *query) error {
	ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
	defer cancel()
	c, err := h.service.Checkpoint(ctx, 0)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", TypeText)
	w.Header().Set("Cache-Control", "no-cache")
	writeBytes(w, http.StatusOK, c.NoteB)
	return nil
}

// healthy says that the process is up and answering.
func (h *handler) healthy(w http.ResponseWriter, _ *http.Request, _ *query) error {
	w.Header().Set("Content-Type", TypeText)
	writeBytes(w, http.StatusOK, []byte("ok\n"))
	return nil
}

// ready says whether the node takes submissions and has applied what was committed
// when it joined.
func (h *handler) ready(w http.ResponseWriter, r *http.Request, _ *query) error {
	ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
	defer cancel()
	s, err := h.service.Status(ctx)
	if err != nil {
		return err
	}
	if !s.Ready {
		return Fail(codec.CodeNoLeader, "%s is not ready", s.Server)
	}
	w.Header().Set("Content-Type", TypeText)
	writeBytes(w, http.StatusOK, []byte("ready\n"))
	return nil
}

// statusWriter remembers the status that was written.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader remembers the status and passes it on.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
