package codec

// Limits of the formats, in one place. A decoder checks the limit of a length
// before it allocates for it. Reasons stand beside the numbers.
const (
	// MaxRecord is the tile format's limit for one log entry (two length bytes).
	MaxRecord = 65_535
	// MaxBatchRecords bounds the work one batch may cause.
	MaxBatchRecords = 8_192
	// MaxAttachment bounds one blob that travels in a batch.
	MaxAttachment = 2 << 20
	// MaxBatchBytes bounds records and attachments together.
	MaxBatchBytes = 4 << 20
	// MaxAttachments bounds the blobs of a batch: two for each of its records.
	MaxAttachments = 2 * MaxBatchRecords
	// MaxCommand bounds one raft entry, grouping included.
	MaxCommand = 4<<20 + 64<<10
	// MaxBatch bounds the encoding of a batch, so that it fits a command alone.
	MaxBatch = MaxCommand - 64
	// MaxCommandBatches bounds the batches grouped into one command.
	MaxCommandBatches = 8_192
	// MaxNote bounds a signed checkpoint note that travels in a command.
	MaxNote = 65_535
	// MaxAmount is the largest amount, sum, count or time: everything is below 2^63.
	MaxAmount = 1<<63 - 1
	// MaxPPM bounds shares and weights, in parts per million.
	MaxPPM = 2_000_000
	// MaxSignatures bounds the owner signatures on one record: every founder's
	// owner keys sign the genesis.
	MaxSignatures = 256
	// MaxOrigin bounds an origin, so that it fits every note format.
	MaxOrigin = 255
	// MaxShards bounds the shards of one settlement and the leaves of a plan.
	MaxShards = 4_096
	// MaxShardInputs bounds the input blobs of one shard.
	MaxShardInputs = 64
	// MaxManifestInputs bounds the input blobs of one manifest together.
	MaxManifestInputs = 8_192
	// MaxUnits bounds the work units of one settlement (accounting.md section 1).
	MaxUnits = 1 << 42
	// MaxDisclosures bounds the salted commitments of one settlement.
	MaxDisclosures = 32
	// MaxArtifacts bounds the artifact references of one settlement.
	MaxArtifacts = 16
	// MaxPostings bounds the lines of one record: one per provider of a full
	// manifest, and the customer, the adapter and the platform.
	MaxPostings = MaxShards + 3
	// MaxComponents bounds the charge components of one settlement.
	MaxComponents = 64
	// MaxRates bounds the rate rows of one policy.
	MaxRates = 1_024
	// MaxPolicyList bounds the other lists of a policy.
	MaxPolicyList = 1_024
	// MaxPrices bounds the currencies in which a policy prices a Credit, MaxCurrency the
	// bytes of a currency's code.
	MaxPrices   = 64
	MaxCurrency = 3
	// MaxQuotas bounds the quotas of one customer: each is compared at every settlement.
	MaxQuotas = 64
	// MaxPartyKeys bounds the active keys of one party.
	MaxPartyKeys = 64
	// MaxParties bounds the founders in a genesis.
	MaxParties = 64
	// MaxWitnesses bounds the witness keys in a genesis, MaxWitnessKey the bytes of one:
	// a post-quantum vkey has about 1,800.
	MaxWitnesses  = 64
	MaxWitnessKey = 4_096
	// Classes is the number of workload classes that a policy has rules for.
	Classes = 6
	// Kinds is the number of kinds of records.
	Kinds = 9
	// MaxAdjudicators bounds the parties that re-executed a disputed shard.
	MaxAdjudicators = 16
	// MaxFindings bounds the disputes that one audit opened.
	MaxFindings = 1_024
	// MaxProgramText bounds the family and the profile of a program (replay.md
	// section 2.4), MaxProgramVersion its version.
	MaxProgramText    = 64
	MaxProgramVersion = 65_535
	// MaxFuel and MaxPages bound what a program may ask for per shard.
	MaxFuel  = 1 << 60
	MaxPages = 16_384
	// MaxName bounds names, labels and other short texts, in bytes.
	MaxName = 255
	// MaxPlanProof bounds the consistency proof from planned to settled shards.
	MaxPlanProof = 63
)
