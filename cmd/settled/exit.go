package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/forgepool/settle/consensus"
	"github.com/forgepool/settle/node"
)

// Exit codes; those of a node that stops for good are in package consensus.
const (
	exitDone    = 0
	exitFailed  = 1 // refused, failed, or damage found
	exitUsage   = 2 // wrong arguments or files named by them
	exitUnknown = 3 // could not tell
)

// usageError is a call that cannot mean anything.
type usageError struct{ text string }

// Error returns the text.
func (e *usageError) Error() string { return e.text }

func usage(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// unknownError is wrapped around what leaves the question open.
type unknownError struct{ error }

// Unwrap returns the cause.
func (e *unknownError) Unwrap() error { return e.error }

// hinted adds what to do next.
type hinted struct {
	error
	next string
}

// Unwrap returns the error without the hint.
func (h *hinted) Unwrap() error { return h.error }

func hint(err error, format string, args ...any) error {
	return &hinted{err, fmt.Sprintf(format, args...)}
}

// errDamaged ends settled fsck after the findings have been printed.
var errDamaged = errors.New("the ledger is damaged")

// exitCode says how an error ends the program.
func exitCode(err error) int {
	if err == nil {
		return exitDone
	}
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage
	}
	if e, ok := errors.AsType[*consensus.FatalError](err); ok {
		return e.Code
	}
	if m, ok := errors.AsType[*node.Marker](err); ok {
		return m.Code
	}
	if _, ok := errors.AsType[*unknownError](err); ok || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return exitUnknown
	}
	return exitFailed
}

// report tells the error and what to do next.
func (a *app) report(err error) {
	if err == nil {
		return
	}
	fmt.Fprintf(a.stderr, "settled: %v\n", err)
	if h, ok := errors.AsType[*hinted](err); ok {
		fmt.Fprintf(a.stderr, "next: %s\n", h.next)
	} else if next := nextStep(err); next != "" {
		fmt.Fprintf(a.stderr, "next: %s\n", next)
	}
}

// nextStep says what usually helps.
func nextStep(err error) string {
	if _, ok := errors.AsType[*node.Marker](err); ok {
		return "copy the directory for the investigation, then: settled reseed --help"
	}
	switch {
	case errors.Is(err, consensus.ErrLocked):
		return "one process at a time: is the node running already? Stop it first"
	case errors.Is(err, syscall.EADDRINUSE):
		return "another program listens there: choose other addresses with --api-addr and --cluster-addr"
	case errors.Is(err, errDamaged):
		return "stop using this node and keep a copy of the directory, then: settled reseed --help"
	}
	return ""
}
