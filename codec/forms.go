package codec

// The limits of each type, for Decode. They are the limits of the hand-written
// decoders, which do not read this table: a test compares the two.

var (
	programShape = keyed(map[uint64]shape{1: text(MaxProgramText), 3: text(MaxProgramText)})
	inputsShape  = list(0, MaxShardInputs)
	entryShape   = keyed(map[uint64]shape{6: inputsShape})
	shortText    = text(MaxName)
	evidence     = list(0, MaxArtifacts)
)

var recordShape = keyed(map[uint64]shape{3: text(MaxRecord), 4: list(1, MaxSignatures)})

var batchShape = keyed(map[uint64]shape{
	2: text(MaxOrigin),
	7: someOf(MaxBatchRecords, text(MaxRecord)),
	8: listOf(MaxAttachments, text(MaxAttachment)),
})

var commandShape = keyed(map[uint64]shape{
	4: someOf(MaxCommandBatches, text(MaxBatch)),
	6: keyed(map[uint64]shape{6: text(MaxNote), 7: text(MaxNote)}),
	7: keyed(map[uint64]shape{1: shortText, 4: shortText}),
})

var genesisShape = keyed(map[uint64]shape{
	10: text(MaxOrigin),
	11: text(MaxOrigin),
	12: shortText,
	16: someOf(MaxParties, text(MaxRecord)),
	17: text(MaxRecord),
	18: listOf(MaxWitnesses, text(MaxWitnessKey)),
	20: shortText,
})

var settlementShape = keyed(map[uint64]shape{
	13: list(0, MaxDisclosures),
	15: programShape,
	30: evidence,
	32: list(0, MaxPlanProof),
})

var policyShape = keyed(map[uint64]shape{
	13: list(0, MaxRates),
	15: list(0, MaxPolicyList),
	18: list(Classes, Classes),
	23: list(0, MaxPolicyList),
	24: {item: map[int]shape{1: list(Classes, Classes)}},
	34: listOf(MaxPrices, shape{item: map[int]shape{0: text(MaxCurrency)}}),
})

var partyShape = keyed(map[uint64]shape{
	13: list(1, MaxPartyKeys),
	14: list(0, MaxPolicyList),
	21: list(1, MaxPartyKeys),
})

var disputeShape = keyed(map[uint64]shape{
	14: list(0, MaxPostings),
	16: evidence,
	18: {item: map[int]shape{3: list(0, MaxAdjudicators)}},
})

var cycleShape = keyed(map[uint64]shape{12: list(Kinds, Kinds)})

var auditShape = keyed(map[uint64]shape{
	25: {item: map[int]shape{1: shortText}},
	28: list(0, MaxFindings),
})

var (
	scalarShape     = shape{}
	detailShape     = keyed(map[uint64]shape{1: list(1, MaxComponents), 2: list(1, MaxPostings)})
	correctionShape = keyed(map[uint64]shape{2: list(1, MaxPostings)})
	manifestShape   = listOf(MaxShards, entryShape)
	discountsShape  = shape{item: map[int]shape{1: list(0, MaxPolicyList)}}
	quotasShape     = shape{item: map[int]shape{1: listOf(MaxQuotas, shape{item: map[int]shape{1: shortText}})}}
	labelsShape     = shape{item: map[int]shape{1: listOf(MaxDisclosures, shape{
		item: map[int]shape{0: shortText, 1: shortText},
	})}}
)

// formOf returns what is known of the type that v points to.
func formOf(v any) form {
	switch v := v.(type) {
	case *Record:
		return form{MaxRecord, &recordShape, v.check}
	case *Batch:
		return form{MaxBatch, &batchShape, v.check}
	case *Command:
		return form{MaxCommand, &commandShape, v.check}
	case *Genesis:
		return form{MaxRecord, &genesisShape, nil}
	case *Settlement:
		return form{MaxRecord, &settlementShape, nil}
	case *Policy:
		return form{MaxRecord, &policyShape, v.check}
	case *Party:
		return form{MaxRecord, &partyShape, nil}
	case *Event:
		return form{MaxRecord, &scalarShape, nil}
	case *Dispute:
		return form{MaxRecord, &disputeShape, nil}
	case *Adjustment:
		return form{MaxRecord, &scalarShape, nil}
	case *Cycle:
		return form{MaxRecord, &cycleShape, nil}
	case *Audit:
		return form{MaxRecord, &auditShape, nil}
	default:
		return blobFormOf(v)
	}
}

// blobFormOf is formOf for what travels in attachments.
func blobFormOf(v any) form {
	switch v := v.(type) {
	case *Program:
		return form{MaxRecord, &programShape, nil}
	case *Posting:
		return form{MaxRecord, &scalarShape, nil}
	case *ShardEntry:
		return form{MaxRecord, &entryShape, nil}
	case *Detail:
		return form{MaxAttachment, &detailShape, nil}
	case *Checks:
		return form{MaxAttachment, &checksShape, nil}
	case *Correction:
		return form{MaxAttachment, &correctionShape, nil}
	case *[]ShardEntry:
		return form{MaxAttachment, &manifestShape, func() error { return checkInputs(*v) }}
	case *sealed[ID], *sealed[uint64]:
		return form{MaxAttachment, &scalarShape, nil}
	case *sealed[[]Discount]:
		return form{MaxAttachment, &discountsShape, nil}
	case *sealed[[]Quota]:
		return form{MaxAttachment, &quotasShape, nil}
	case *sealed[[]Label]:
		return form{MaxAttachment, &labelsShape, nil}
	default:
		return form{}
	}
}
