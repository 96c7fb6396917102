package contract

import (
	"errors"
	"fmt"

	"github.com/forgepool/settle/codec"
)

// Code says what is wrong with a line. Codes never change meaning.
type Code string

// The codes. Meanings has a text for each.
const (
	CodeBadJSON       Code = "bad_json"
	CodeTooLarge      Code = "too_large"
	CodeUnknownField  Code = "unknown_field"
	CodeMissingField  Code = "missing_field"
	CodeDoubledField  Code = "doubled_field"
	CodeBadValue      Code = "bad_value"
	CodeNotBuilt      Code = "not_built"
	CodeBadArgs       Code = "bad_args"
	CodeDoubledJob    Code = "doubled_job"
	CodeNoContract    Code = "no_contract"
	CodeBadTimes      Code = "bad_times"
	CodeWeakCheck     Code = "weak_check"
	CodeBadUnits      Code = "bad_units"
	CodeBadReceipt    Code = "bad_receipt"
	CodeRepeatedWork  Code = "repeated_work"
	CodeBadReplay     Code = "bad_replay"
	CodeNotAllowed    Code = "not_allowed"
	CodeUnknownParty  Code = "unknown_party"
	CodeNoArtifact    Code = "no_artifact"
	CodeRefused       Code = "refused"
	CodeAlreadyFailed Code = "already_failed"
)

// Meanings is the table of codes, in the order of the document.
var Meanings = []struct {
	Code Code
	Text string
}{
	{CodeBadJSON, "the line is not one JSON object in UTF-8"},
	{CodeTooLarge, "over a limit on lines, characters, elements or depth"},
	{CodeUnknownField, "a field that the format does not have"},
	{CodeMissingField, "a field that must be there"},
	{CodeDoubledField, "a field that stands twice in its object"},
	{CodeBadValue, "a value of another type, or outside its range or list"},
	{CodeNotBuilt, "a program without an implementation here"},
	{CodeBadArgs, "arguments that the program does not accept"},
	{CodeDoubledJob, "a job id that an earlier line has"},
	{CodeNoContract, "results of a job without a contract"},
	{CodeBadTimes, "times that run backwards, or lie in the future"},
	{CodeWeakCheck, "less verification than the contract or the policy asks for"},
	{CodeBadUnits, "work units that are not the program's for these arguments and inputs"},
	{CodeBadReceipt, "an agent's signature that does not verify"},
	{CodeRepeatedWork, "work that an earlier line has, without saying so in replay_of"},
	{CodeBadReplay, "a replay of a job that is neither an earlier line with the same work nor settled"},
	{CodeNotAllowed, "a program that the policy in force does not allow"},
	{CodeUnknownParty, "a party that is not registered, in another role, or without this key"},
	{CodeNoArtifact, "bytes that are neither in the artifact directory nor at the node"},
	{CodeRefused, "a rule of the ledger that no replica would let pass"},
	{CodeAlreadyFailed, "a job that stands as failed in the ledger"},
}

// Error is what is wrong with one line.
type Error struct {
	Code  Code
	Field string // path such as shards[3].output.hash; empty: the whole line
	Why   string
}

// Error returns field, code and reason.
func (e *Error) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("%s: %s", e.Code, e.Why)
	}
	return fmt.Sprintf("%s: %s: %s", e.Field, e.Code, e.Why)
}

// fault makes an error.
func fault(code Code, field, format string, args ...any) *Error {
	return &Error{code, field, fmt.Sprintf(format, args...)}
}

// refused gives what the rules of the ledger say the form of an error.
func refused(field string, err error) *Error {
	if r, ok := errors.AsType[*codec.Refusal](err); ok {
		return fault(CodeRefused, field, "%s: %s", r.Code, r.Detail)
	}
	return fault(CodeRefused, field, "%v", err)
}
