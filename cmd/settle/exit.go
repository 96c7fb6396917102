package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/verifier"
)

// Exit codes.
const (
	exitDone    = 0 // verified, or done
	exitFalse   = 1 // refused or false
	exitUsage   = 2 // wrong arguments or input files
	exitUnknown = 3 // could not tell
)

// usageError is a call that cannot mean anything.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usage(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// quiet ends the program with a code when everything has been said already.
type quiet int

func (q quiet) Error() string { return fmt.Sprintf("exit code %d", int(q)) }

// falseError is something definitely false, said by this program itself.
type falseError struct{ text string }

func (e *falseError) Error() string { return e.text }

func refuse(format string, args ...any) error { return &falseError{fmt.Sprintf(format, args...)} }

// hinted adds what to do next.
type hinted struct {
	error
	next string
}

func (h *hinted) Unwrap() error { return h.error }

func hint(err error, format string, args ...any) error {
	return &hinted{err, fmt.Sprintf(format, args...)}
}

// exitCode says how an error ends the program. What is neither a wrong call nor
// definitely false could not be told.
func exitCode(err error) int {
	if err == nil {
		return exitDone
	}
	if q, ok := errors.AsType[quiet](err); ok {
		return int(q)
	}
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage
	}
	if errors.Is(err, verifier.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return exitUnknown
	}
	if isFalse(err) {
		return exitFalse
	}
	return exitUnknown
}

// isFalse says whether an error is a definite answer.
func isFalse(err error) bool {
	if _, ok := errors.AsType[*falseError](err); ok {
		return true
	}
	if _, ok := errors.AsType[verifier.Lie](err); ok {
		return true
	}
	if _, ok := errors.AsType[proof.Rejection](err); ok {
		return true
	}
	if _, ok := errors.AsType[*proof.ForkError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*proof.DivergenceError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*codec.Refusal](err); ok {
		return true
	}
	return api.CodeOf(err) != "" && !undecided(err)
}

// undecided says whether a node's answer leaves the question open.
func undecided(err error) bool {
	switch api.CodeOf(err) {
	case api.CodeUnreachable, codec.CodeNoLeader, codec.CodeOverloaded, codec.CodeUnknownOutcome,
		codec.CodeInternal, codec.CodeNotYetPublished, codec.CodeStorageFull:
		return true
	}
	return false
}

// report tells the error and what to do next.
func (a *app) report(err error) {
	if err == nil {
		return
	}
	if _, ok := errors.AsType[quiet](err); ok {
		return
	}
	fmt.Fprintf(a.stderr, "settle: %v\n", err)
	if h, ok := errors.AsType[*hinted](err); ok {
		fmt.Fprintf(a.stderr, "next: %s\n", h.next)
	} else if next := nextStep(err); next != "" {
		fmt.Fprintf(a.stderr, "next: %s\n", next)
	}
}

// nextStep says what usually helps.
func nextStep(err error) string {
	switch api.CodeOf(err) {
	case api.CodeUnreachable:
		return "is a node running at this address? Name others with --node or SETTLE_NODE"
	case codec.CodeNoLeader, codec.CodeOverloaded, codec.CodeNotYetPublished:
		return "try the same command again in a few seconds"
	case codec.CodeUnknownOutcome:
		return "submit the same batch file again until its outcome is definite; it cannot take effect twice"
	case codec.CodeUnknownKey, codec.CodeRevokedKey:
		return "settle party show ID lists the keys of a party with their uses; a batch needs a valid key of use submit"
	case codec.CodeUnsigned:
		return "name a key file of your party with --as FILE or SETTLE_AS"
	case codec.CodeForbidden:
		return "it is served to the parties it concerns, auditors and operators: name another key file with --as, or with --index the record that names it"
	case codec.CodeNotFound:
		return "check the index or id; a record is there only after its batch was accepted"
	}
	switch {
	case errors.Is(err, proof.ErrUnsigned) || errors.Is(err, proof.ErrOrigin):
		return "is this the trust policy of the right ledger?"
	case errors.Is(err, proof.ErrShrunk):
		return "keep both checkpoints: a ledger that shrinks has broken its promise; ask another node with --node"
	case errors.Is(err, fs.ErrNotExist):
		return "check the path"
	}
	return ""
}
