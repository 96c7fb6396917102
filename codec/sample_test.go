package codec

import "bytes"

// A sample is a value with every key present, and how it is written and read. The
// library path (Encode, Decode) is the oracle for the hand-written one.
type sample struct {
	name   string
	about  string // first line of its golden file
	value  any    // pointer
	encode func() []byte
	decode func([]byte) (any, error) // nil: only as part of another value
}

func id(n byte) (x ID) { copy(x[:], bytes.Repeat([]byte{n}, len(x))); return }

func hash(n byte) (x Hash) { copy(x[:], bytes.Repeat([]byte{n}, len(x))); return }

func sig(n byte) (x Sig) { copy(x[:], bytes.Repeat([]byte{n}, len(x))); return }

const (
	t0    = 1_790_000_000_000
	cycle = 202_609
)

func sampleProgram() *Program {
	return &Program{Family: "mc", Version: 1, Profile: "path.v1", Kind: ProgramWASM,
		Code: new(hash(0x51)), Fuel: new(uint64(1_000_000)), Pages: new(uint64(256))}
}

func sampleSettlement() *Settlement {
	return &Settlement{
		ID: id(0x01), At: t0 + 9_000, Cycle: cycle, Author: id(0x02),
		Workload: id(0x10), Policy: hash(0x11), Customer: hash(0x12),
		Disclosures: []Hash{hash(0x13), hash(0x14)},
		Adapter:     new(id(0x15)), Program: *sampleProgram(), Class: 1, Seed: hash(0x17),
		Args: Blob{Hash: hash(0x18), Size: 120}, Planner: new(hash(0x19)),
		Shards:   ShardsRef{Count: 2, Root: hash(0x20), Units: 5_000_000, Blob: hash(0x2a), Size: 523},
		Result:   Blob{Hash: hash(0x21), Size: 70_000},
		Verify:   Verification{Mode: 2, Checked: 2, Matched: 2, Evidence: hash(0x22)},
		Charge:   2_500_007,
		Split:    Split{Providers: 1_750_004, Adapter: 25_000, Platform: 725_003},
		Postings: PostingsRef{N: 4, Root: hash(0x25)}, Detail: hash(0x26),
		Times: Times{Requested: t0, Planned: t0 + 1, Started: t0 + 2, Verified: t0 + 3, Finalized: t0 + 4},
		Event: hash(0x28), RetainUntil: t0 + 1<<32,
		Artifacts: []Artifact{{Kind: 1, Hash: hash(0x30), Size: 24}},
		ReplayOf:  &ReplayOf{Author: id(0x31), Workload: id(0x3a)},
		PlanProof: []Hash{hash(0x32)}, Labels: new(hash(0x33)),
	}
}

func sampleEvent() *Event {
	return &Event{
		ID: id(0x01), At: t0, Cycle: cycle, Author: id(0x02),
		Workload: id(0x10), Seq: 1, State: StatePlanned, Prev: hash(0x13), Customer: hash(0x14),
		Program: hash(0x15), Estimate: new(uint64(3_000_000)),
		Plan:   &Plan{Count: 300, Root: hash(0x17), Planner: hash(0x27), Nonce: hash(0x37)},
		Reason: new(uint64(0)), Adapter: new(id(0x19)),
	}
}

func samplePosting() *Posting {
	return &Posting{
		Line: 1, Role: RoleProvider, Party: id(0x03), Side: Credit, Amount: 1_750_004,
		Units: new(uint64(5)), UnitBase: new(uint64(0)), Shards: new(uint64(2)),
		Weight: new(uint64(1_000_000)), Reason: new(uint64(3)), RefIndex: new(uint64(70_000)),
		RefLine: new(uint64(1)), Salt: id(0x0d),
	}
}

func sampleEntry() *ShardEntry {
	return &ShardEntry{
		Index: 300, Replica: 1, Provider: id(0x03), Agent: hash(0x04), Args: hash(0x05),
		Inputs: []Blob{{Hash: hash(0x06), Size: 48}, {Hash: hash(0x66), Size: 1 << 32}},
		Output: Blob{Hash: hash(0x07), Size: 90}, Units: 1_000_000,
		Started: t0, Finished: t0 + 500, Attempt: 2, Receipt: sig(0x0c),
	}
}

func sampleDetail() *Detail {
	return &Detail{
		Components: []Component{{Code: 1, Qty: 5, Unit: 1, Num: 1_000_003, Den: 2, Amount: 2_500_007}},
		Postings: []Posting{
			{Line: 0, Role: RoleCustomer, Party: id(0x0a), Side: Debit, Amount: 2_500_007, Salt: id(0x1d)},
			*samplePosting(),
		},
		Salt: hash(0x0d),
	}
}

func sampleManifest() []ShardEntry {
	second := *sampleEntry()
	second.Index, second.Inputs = 301, []Blob{}
	return []ShardEntry{*sampleEntry(), second}
}

func sampleRecord() *Record {
	return &Record{Version: 1, Kind: KindParty, Body: []byte{0xa0}, Signatures: []Signature{
		{Key: hash(0x41), Alg: AlgEd25519, Sig: sig(0x42)}, {Key: hash(0x43), Alg: AlgEd25519, Sig: sig(0x44)},
	}}
}

func sampleBatch() *Batch {
	return &Batch{
		Version: 1, Origin: "ledger.example/a", ID: id(0x03), Submitter: id(0x04), Key: hash(0x05),
		Sent: t0, Records: [][]byte{{0xa0}, bytes.Repeat([]byte{0x07}, 30)},
		Attachments: [][]byte{{0x81, 0x00}}, Signature: sig(0x09), Atomic: new(uint64(1)),
	}
}

func sampleOutcomes() []Outcome {
	return []Outcome{
		{Kind: Appended, Index: 70_000, Leaf: hash(0x01)},
		{Kind: Repeated, Index: 3, Leaf: hash(0x02)},
		{Kind: Refused, Code: CodeWrongCharge},
	}
}

// handSamples are the values with a codec of our own.
func handSamples() []sample {
	settlement, event, detail, manifest := sampleSettlement(), sampleEvent(), sampleDetail(), sampleManifest()
	record, batch, program := sampleRecord(), sampleBatch(), sampleProgram()
	posting, entry := samplePosting(), sampleEntry()
	batches := &Command{Version: 1, Kind: CommandBatches, Stamp: t0, Batches: [][]byte{{0xa0}, {0xa0, 0xa0}}}
	return []sample{
		{"record", "Record: one log leaf (docs/formats/records.md section 1)", record,
			func() []byte { return EncodeRecord(record) },
			func(b []byte) (any, error) { x, err := DecodeRecord(b); return &x, err }},
		{"batch", "Batch: what a party submits (docs/formats/records.md section 2)", batch,
			func() []byte { return EncodeBatch(batch) },
			func(b []byte) (any, error) { return DecodeBatch(b) }},
		{"command-batches", "Command of kind 1: apply batches (docs/formats/consensus.md)", batches,
			func() []byte { return EncodeCommand(batches) },
			func(b []byte) (any, error) { return DecodeCommand(b) }},
		{"settlement", "Settlement: the body of kind 1 (docs/formats/records.md section 6.1)", settlement,
			func() []byte { return EncodeSettlement(settlement) },
			func(b []byte) (any, error) { x := new(Settlement); return x, DecodeSettlement(b, x) }},
		{"event", "Event: the body of kind 4 (docs/formats/records.md section 6.5)", event,
			func() []byte { return EncodeEvent(event) },
			func(b []byte) (any, error) { x := new(Event); return x, DecodeEvent(b, x) }},
		{"detail", "Detail: the blob of settlement key 26 (docs/formats/records.md section 6.1)", detail,
			func() []byte { return EncodeDetail(detail) },
			func(b []byte) (any, error) { return DecodeDetail(b) }},
		{"manifest", "Shard manifest: the blob of settlement key 20 (docs/formats/records.md section 6.2)", &manifest,
			func() []byte { return EncodeManifest(manifest) },
			func(b []byte) (any, error) { x, err := DecodeManifest(b); return &x, err }},
		{"program", "Program (docs/formats/replay.md section 2.4)", program,
			func() []byte { return EncodeProgram(program) },
			func(b []byte) (any, error) {
				x, r := new(Program), NewReader(b)
				r.program(x, nil)
				return x, r.Done()
			}},
		{"posting", "Posting: one line of double entry (docs/formats/records.md section 6.1)", posting,
			func() []byte { return AppendPosting(nil, posting) }, nil},
		{"shard-entry", "Shard entry: one row of a manifest (docs/formats/records.md section 6.2)", entry,
			func() []byte { return AppendShardEntry(nil, entry) }, nil},
	}
}
