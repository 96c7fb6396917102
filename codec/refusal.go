package codec

// Code is a stable refusal code: the same on every replica, for ever, and in
// docs/formats/refusals.md.
type Code string

// Codes that refuse a whole batch: nothing is stored and ledger time stands still.
const (
	CodeMalformed         Code = "malformed"
	CodeTooLarge          Code = "too_large"
	CodeWrongOrigin       Code = "wrong_origin"
	CodeUnknownKey        Code = "unknown_key"
	CodeRevokedKey        Code = "revoked_key"
	CodeBadSignature      Code = "bad_signature"
	CodeBatchConflict     Code = "batch_conflict"
	CodeClockSkew         Code = "clock_skew"
	CodeBadAttachments    Code = "bad_attachments"
	CodeMissingAttachment Code = "missing_attachment"
	CodeBadReceipt        Code = "bad_receipt"
)

// Codes that refuse one record of a batch. Some batch codes refuse records too.
const (
	CodeUnknownKind       Code = "unknown_kind"
	CodeIDConflict        Code = "id_conflict"
	CodeUnsigned          Code = "unsigned"
	CodeWrongSigners      Code = "wrong_signers"
	CodeWrongAuthor       Code = "wrong_author"
	CodeUnknownParty      Code = "unknown_party"
	CodeInactiveParty     Code = "inactive_party"
	CodeWrongRole         Code = "wrong_role"
	CodeOutOfTime         Code = "out_of_time"
	CodeClosedCycle       Code = "closed_cycle"
	CodeOverflow          Code = "overflow"
	CodeOutOfRange        Code = "out_of_range"
	CodePartyExists       Code = "party_exists"
	CodeWrongPrev         Code = "wrong_prev"
	CodeBadParty          Code = "bad_party"
	CodeBadKeys           Code = "bad_keys"
	CodeKeyExists         Code = "key_exists"
	CodeBadPossession     Code = "bad_possession"
	CodeBadPolicy         Code = "bad_policy"
	CodeUnknownPolicy     Code = "unknown_policy"
	CodeProgramNotAllowed Code = "program_not_allowed"
	CodeWrongState        Code = "wrong_state"
	CodeWrongSequence     Code = "wrong_sequence"
	CodeWrongEvent        Code = "wrong_event"
	CodeAlreadySettled    Code = "already_settled"
	CodeWrongCustomer     Code = "wrong_customer"
	CodeWrongAdapter      Code = "wrong_adapter"
	CodeOverCap           Code = "over_cap"
	CodeBadPlan           Code = "bad_plan"
	CodeBadManifest       Code = "bad_manifest"
	CodeBadShard          Code = "bad_shard"
	CodeOverLimit         Code = "over_limit"
	CodeBadVerification   Code = "bad_verification"
	CodeWrongCharge       Code = "wrong_charge"
	CodeWrongSplit        Code = "wrong_split"
	CodeBadDetail         Code = "bad_detail"
	CodeBadPostings       Code = "bad_postings"
	CodeUnbalanced        Code = "unbalanced"
	CodeBadTimes          Code = "bad_times"
	CodeBadRetention      Code = "bad_retention"
	CodeBadReplay         Code = "bad_replay"
	CodeBadLabels         Code = "bad_labels"
	CodeOverQuota         Code = "over_quota"
	CodeUnknownTarget     Code = "unknown_target"
	CodeTooLate           Code = "too_late"
	CodeTooEarly          Code = "too_early"
	CodeBadDispute        Code = "bad_dispute"
	CodeNotOpen           Code = "not_open"
	CodeBadAdjustment     Code = "bad_adjustment"
	CodeOverReversal      Code = "over_reversal"
	CodeBadCut            Code = "bad_cut"
	CodeBadClose          Code = "bad_close"
	CodeBadAudit          Code = "bad_audit"
	CodeIntentExists      Code = "intent_exists"
	CodeBatchAborted      Code = "batch_aborted"
)

// Codes of the HTTP contract that are not refusals of a submission.
const (
	CodeNotFound        Code = "not_found"
	CodeOverloaded      Code = "overloaded"
	CodeNoLeader        Code = "no_leader"
	CodeUnknownOutcome  Code = "unknown_outcome"
	CodeBadRequest      Code = "bad_request"
	CodeForbidden       Code = "forbidden"
	CodeHashMismatch    Code = "hash_mismatch"
	CodeStorageFull     Code = "storage_full"
	CodeInternal        Code = "internal"
	CodeNotYetPublished Code = "not_yet_published"
)

// Meaning is one row of the table of refusals.
type Meaning struct {
	Code   Code
	Text   string // what is wrong, for a person
	Status int    // HTTP status of a request that fails with it
}

// Refusal is a refused batch or record: a code and what exactly was wrong. The
// detail is for people; only the code is compared and stored.
type Refusal struct {
	Code   Code
	Detail string
}

// Error returns "code: detail".
func (r *Refusal) Error() string {
	if r.Detail == "" {
		return string(r.Code)
	}
	return string(r.Code) + ": " + r.Detail
}

// Refuse returns a refusal.
func Refuse(code Code, detail string) *Refusal { return &Refusal{Code: code, Detail: detail} }

// Meanings is the table of all codes, in the order of the documents.
var Meanings = []Meaning{
	{CodeMalformed, "the bytes are not canonical CBOR of the expected shape, or a value in them is impossible", 400},
	{CodeTooLarge, "over a size or count limit", 413},
	{CodeWrongOrigin, "the batch names another ledger", 400},
	{CodeUnknownKey, "the signing key is not registered for this use and party, or not valid yet", 401},
	{CodeRevokedKey, "the signing key was revoked or has expired", 401},
	{CodeBadSignature, "a signature does not verify", 401},
	{CodeBatchConflict, "the batch id was used before with other content", 409},
	{CodeClockSkew, "the submitter's clock and the leader's differ by more than the policy allows", 422},
	{CodeBadAttachments, "attachments are out of order, doubled, or named by no record", 400},
	{CodeMissingAttachment, "a record names a blob that is neither attached nor replicated before", 400},
	{CodeBadReceipt, "an agent's receipt in a shard manifest does not verify", 422},
	{CodeUnknownKind, "records of this kind are not admitted", 422},
	{CodeIDConflict, "the author used the record id before for other bytes", 409},
	{CodeUnsigned, "a required signature is missing", 401},
	{CodeWrongSigners, "the signatures are not exactly those that the kind asks for", 422},
	{CodeWrongAuthor, "the author is not who must write this record", 422},
	{CodeUnknownParty, "a named party is not registered", 422},
	{CodeInactiveParty, "a named party is suspended or has left", 422},
	{CodeWrongRole, "a named party has another role than needed", 422},
	{CodeOutOfTime, "the author's time is outside the policy's window", 422},
	{CodeClosedCycle, "the cycle is not the open one", 422},
	{CodeOverflow, "a sum leaves 63 bits", 422},
	{CodeOutOfRange, "an amount, count or rate is outside its range", 422},
	{CodePartyExists, "the party is registered already", 409},
	{CodeWrongPrev, "the hash of the previous record does not match", 409},
	{CodeBadParty, "a party record breaks a rule of its operation", 422},
	{CodeBadKeys, "keys are malformed, out of order, or too many", 422},
	{CodeKeyExists, "a key was registered before, by this or another party", 409},
	{CodeBadPossession, "a new key did not prove its possession", 422},
	{CodeBadPolicy, "a policy breaks a rule", 422},
	{CodeUnknownPolicy, "the policy named is not the one in force", 422},
	{CodeProgramNotAllowed, "the program is not allowed by the policy, or not the workload's", 422},
	{CodeWrongState, "the workload is not in a state that allows this", 409},
	{CodeWrongSequence, "the event's number is not the next one", 409},
	{CodeWrongEvent, "the hash of the workload's last event does not match", 409},
	{CodeAlreadySettled, "the workload has been settled", 409},
	{CodeWrongCustomer, "the customer is not the workload's, or not a customer", 422},
	{CodeWrongAdapter, "the adapter is not the workload's, or not an adapter", 422},
	{CodeOverCap, "the customer's cap for this cycle would be exceeded", 422},
	{CodeBadPlan, "the shards are not the planned ones", 422},
	{CodeBadManifest, "the shard manifest does not rebuild its root, units or counts", 422},
	{CodeBadShard, "a shard entry breaks a rule", 422},
	{CodeOverLimit, "a limit of the policy is exceeded, or that on open disputes", 422},
	{CodeBadVerification, "less was verified before settlement than the policy asks", 422},
	{CodeWrongCharge, "the charge is not what the policy's rates give", 422},
	{CodeWrongSplit, "the split is not what the policy's shares and weights give", 422},
	{CodeBadDetail, "the detail attachment is malformed or does not fit the settlement", 422},
	{CodeBadPostings, "the postings do not rebuild their root, or break a rule", 422},
	{CodeUnbalanced, "credits and debits differ", 422},
	{CodeBadTimes, "times run backwards or into the future", 422},
	{CodeBadRetention, "retain_until is earlier than the policy asks", 422},
	{CodeBadReplay, "the same work was settled before and the replay does not say so rightly", 422},
	{CodeBadLabels, "labels and disclosures do not match", 422},
	{CodeOverQuota, "a hard quota of the customer for this cycle would be exceeded", 422},
	{CodeUnknownTarget, "the record named does not exist, has another hash, or is not of a kind that this may name", 422},
	{CodeTooLate, "the time allowed for this has passed", 422},
	{CodeTooEarly, "the time for this has not come", 422},
	{CodeBadDispute, "a dispute breaks a rule of its operation", 422},
	{CodeNotOpen, "what is named is not open any more, or was used before", 409},
	{CodeBadAdjustment, "an adjustment breaks a rule of its cause", 422},
	{CodeOverReversal, "more of a posting would be taken back than was posted", 422},
	{CodeBadCut, "a cut breaks a rule", 422},
	{CodeBadClose, "a value of the close is not the one that the ledger computes", 422},
	{CodeBadAudit, "an audit record breaks a rule of its operation", 422},
	{CodeIntentExists, "the auditor has an intent for this cycle, or the commitment was used before", 409},
	{CodeBatchAborted, "another record of this atomic batch was refused", 422},
	{CodeNotFound, "there is no such thing", 404},
	{CodeOverloaded, "the node's queue is full; try again later", 503},
	{CodeNoLeader, "the cluster has no leader at the moment; try again later", 503},
	{CodeUnknownOutcome, "it is not known whether the batch was applied; send the same batch again", 503},
	{CodeBadRequest, "the request is not understood", 400},
	{CodeForbidden, "the request is not allowed for this party", 403},
	{CodeHashMismatch, "the bytes do not have the hash they are stored under", 422},
	{CodeStorageFull, "the node is short of disk space", 507},
	{CodeInternal, "the node failed to answer", 500},
	{CodeNotYetPublished, "no checkpoint covers this index yet; try again shortly", 503},
}
