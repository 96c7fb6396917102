package codec

func sampleGenesis() *Genesis {
	return &Genesis{
		ID: id(0x01), At: t0, Cycle: cycle, Author: id(0x08),
		OriginA: "ledger.example/a", OriginB: "ledger.example/b", Name: "example", Scale: 6,
		Suites: []uint64{1, 2}, Cycles: Cycles{First: cycle, Numbering: CyclesMonths},
		Parties: [][]byte{{0xa0}, {0xa1, 0x01, 0x02}}, Policy: []byte{0xa0},
		Witnesses: []string{"w.example+00000000+AQ=="}, Created: t0, Software: "settle 0.1",
	}
}

func samplePolicy() *Policy {
	p := &Policy{
		ID: id(0x01), At: t0, Cycle: cycle, Author: id(0x08),
		Version: 2, EffectiveFrom: cycle + 1, Scale: 6,
		Rates:         []Rate{{Program: hash(0x13), Component: 1, Unit: 1, Num: 1_000_003, Den: 2, MinCharge: 10}},
		Shares:        Shares{Provider: 700_000, Adapter: 10_000},
		AdapterShares: []AdapterShare{{Adapter: id(0x15), PPM: 20_000}},
		Discounts:     new(hash(0x16)), Weights: Range{Min: 500_000, Max: 2_000_000},
		Audit: AuditRules{ConfPPM: 950_000, FaultPPM: 10_000, MaxDraws: 299, TracingPPM: 100_000,
			MinAuditors: 1, Deadline: 604_800_000,
			Beacon: Beacon{Chain: hash(0x1a), Genesis: 1_677_685_200, Period: 3, Present: true}},
		DisputeWindow: 86_400_000, Retention: 691_200_000, Rounding: 1,
		Programs: []Allowed{{Program: hash(0x23), Class: 1, Code: []byte{}}, {Program: hash(0x24), Class: 2, Code: make([]byte, 32)}},
		Limits: ShardLimits{MaxShards: 4_096, MaxUnits: []uint64{70, 500, 500, 200, 100, 8},
			MaxFuel: 1 << 40, MaxPages: 1_024, MaxInput: 1 << 26},
		Penalties: Penalties{ClawbackCycles: 3, StakeMin: 1_000_000}, PayReplicas: 0, Prev: hash(0x28),
		Windows: Windows{Near: 600_000, Older: 604_800_000}, AckSLA: 3_600_000, Grace: 86_400_000,
		Events: 1, Receipts: 1_000_000,
		Prices: &[]CreditPrice{{Currency: "EUR", Num: 9, Den: 1_000}, {Currency: "USD", Num: 1, Den: 100}},
	}
	for class := range uint64(Classes) {
		p.Floors = append(p.Floors, Floor{Class: class + 1, Mode: 2, SamplePPM: 10_000, Replicas: 1})
	}
	return p
}

func sampleParty() *Party {
	return &Party{
		ID: id(0x01), At: t0, Cycle: cycle, Author: id(0x02),
		Party: id(0x10), Op: PartyRegister, Role: new(RoleProvider),
		Keys: []Key{{ID: hash(0x13), Alg: new(uint64(AlgEd25519)), Pub: new(hash(0x14)), Use: new(UseOwner),
			ValidFrom: new(uint64(7)), ValidTo: new(uint64(70_000))}, {ID: hash(0x15)}},
		Capabilities: &[]Hash{hash(0x16)}, Payee: new(hash(0x17)), Weight: new(uint64(1_000_000)),
		Cap: new(hash(0x18)), Stake: new(uint64(5)), Reason: new(uint64(1)), Prev: hash(0x20),
		Pop: []Sig{sig(0x21), sig(0x22)}, Threshold: new(uint64(1)), Quotas: new(hash(0x23)),
	}
}

func sampleDispute() *Dispute {
	return &Dispute{
		ID: id(0x01), At: t0, Cycle: cycle, Author: id(0x02),
		Target: &RecordRef{Index: 70_000, Leaf: hash(0x10)}, Op: DisputeOpen,
		Claimant: &Claimant{Role: RoleProvider, Party: id(0x02)}, Claim: new(ClaimWrongUnits),
		Lines: &[]HeldLine{{Line: 1, Amount: 1_750_004}}, Amount: new(uint64(1_750_004)),
		Evidence: &[]Artifact{{Kind: 2, Hash: hash(0x16), Size: 900}},
		Shard:    &ShardOf{Workload: id(0x17), Index: 3, Replica: 0},
		Verdict:  &Verdict{Expected: hash(0x18), Recomputed: hash(0x28), Units: 5, Adjudicators: []ID{id(0x38), id(0x48)}},
		Opened:   new(uint64(70_001)), Deadline: new(uint64(t0 + 86_400_000)),
	}
}

func sampleAdjustment() *Adjustment {
	return &Adjustment{
		ID: id(0x01), At: t0, Cycle: cycle, Author: id(0x02),
		Target: RecordRef{Index: 70_000, Leaf: hash(0x10)}, Cause: CauseDispute, CauseRef: new(uint64(70_002)),
		Postings: PostingsRef{N: 2, Root: hash(0x13)}, Totals: Totals{Credit: 1_750_004, Debit: 1_750_004},
		Detail: hash(0x15), ServiceCycle: cycle - 1,
	}
}

func sampleCycle() *Cycle {
	return &Cycle{
		ID: id(0x01), At: t0, Cycle: cycle, Author: id(0x02),
		Range: &Range{Min: 1, Max: 70_000}, Prev: &RecordRef{}, Counts: []uint64{0, 300, 1, 20, 600, 2, 1, 1, 3},
		Journal:   &Journal{N: 900, Credit: 7, Debit: 7, Root: hash(0x13)},
		Parties:   &PartyTotals{N: 12, Postings: 900, Credit: 7, Debit: 7, Root: hash(0x14)},
		Subtotals: &[]Subtotal{{Role: RoleProvider, N: 600, Credit: 5, Debit: 0}, {Role: RoleCustomer, N: 300, Credit: 0, Debit: 7}},
		Held:      &Held{Disputes: 1, Held: 9, Released: 4}, Policy: new(hash(0x17)),
		Log:        &LogRef{Size: 70_001, Root: hash(0x18)},
		Beacon:     &BeaconRound{Chain: hash(0x19), Round: 5_000_000, NotBefore: t0 + 3_600_000},
		Next:       new(uint64(cycle + 1)),
		Unfinished: new(uint64(0)), Batches: &BatchesRef{N: 40, Root: hash(0x22)}, Op: CycleClose,
		Cut: &RecordRef{Index: 70_000, Leaf: hash(0x24)},
	}
}

func sampleAudit() *Audit {
	return &Audit{
		ID: id(0x01), At: t0, Cycle: cycle, Author: id(0x05), Auditor: id(0x05), Op: AuditAttestation,
		Commit: new(hash(0x12)), Method: new(uint64(1)),
		Target: &AuditTarget{ConfPPM: 950_000, FaultPPM: 10_000, Draws: 299, TracingPPM: 100_000},
		Intent: new(uint64(70_003)), Close: &RecordRef{Index: 70_004, Leaf: hash(0x16)},
		Checkpoint: &CheckpointRef{Size: 70_010, Root: hash(0x17), Blob: hash(0x27)}, Secret: new(hash(0x18)),
		Beacon: &BeaconValue{Round: 5_000_000, Hash: hash(0x19)},
		Frame:  &Frame{Value: 1_750_004, Parties: 12, Postings: 900, Basis: 1},
		Draws:  &Draws{Vouching: 299, Tracing: 30},
		Result: &AuditResult{Distinct: 250, Passed: 248, Failed: 1, Unavailable: 0, Documentary: 1},
		Bounds: &Bounds{K: 1, TaintPPM: 1_000_000, Upper: 30_000}, Items: new(hash(0x24)),
		Env: &AuditEnv{Build: hash(0x25), Platform: "linux/amd64"}, Span: &Span{Start: t0, End: t0 + 60_000},
		Opinion: new(OpinionWithFindings), Findings: &[]uint64{70_005}, Audited: new(uint64(cycle)),
	}
}

// librarySamples are the values that go through Encode and Decode.
func librarySamples() []sample {
	list := []sample{
		{name: "genesis", about: "Genesis: the body of kind 0 (docs/formats/records.md section 5)", value: sampleGenesis()},
		{name: "policy", about: "Policy: the body of kind 2 (docs/formats/records.md section 6.3)", value: samplePolicy()},
		{name: "party", about: "Party: the body of kind 3 (docs/formats/records.md section 6.4), all keys of all operations", value: sampleParty()},
		{name: "dispute", about: "Dispute: the body of kind 5 (docs/formats/records.md section 6.6), all keys of all operations", value: sampleDispute()},
		{name: "adjustment", about: "Adjustment: the body of kind 6 (docs/formats/records.md section 6.7)", value: sampleAdjustment()},
		{name: "correction", about: "Correction: the blob of adjustment key 15 (docs/formats/records.md section 6.7)",
			value: &Correction{Postings: []Posting{*samplePosting()}, Salt: hash(0x0d)}},
		{name: "cycle", about: "Cycle: the body of kind 7 (docs/formats/records.md section 6.8), all keys of both operations", value: sampleCycle()},
		{name: "audit", about: "Audit: the body of kind 8 (docs/formats/records.md section 6.9), all keys of both operations", value: sampleAudit()},
		{name: "sealed-party", about: "Sealed party id (docs/formats/records.md, notation)", value: &sealed[ID]{Salt: id(0x5a), Value: id(0x0a)}},
		{name: "sealed-cap", about: "Sealed cap", value: &sealed[uint64]{Salt: id(0x5a), Value: 1 << 40}},
		{name: "sealed-discounts", about: "Sealed discounts",
			value: &sealed[[]Discount]{Salt: id(0x5a), Value: []Discount{{Customer: id(0x0a), PPM: 50_000}}}},
		{name: "sealed-quotas", about: "Sealed quotas (docs/formats/records.md section 6.4 key 23)",
			value: &sealed[[]Quota]{Salt: id(0x5a), Value: []Quota{
				{Dimension: 1, Value: "atlas", Limit: 1 << 40, Mode: QuotaHard}, {Dimension: 3, Value: "5", Limit: 7, Mode: QuotaSoft}}}},
		{name: "sealed-labels", about: "Sealed labels",
			value: &sealed[[]Label]{Salt: id(0x5a), Value: []Label{{Label: "project", Value: "alpha", Salt: id(0x5b)}}}},
	}
	for i := range list {
		s := &list[i]
		s.encode = func() []byte { return Encode(s.value) }
		s.decode = func(b []byte) (any, error) {
			x := fresh(s.value)
			return x, Decode(b, x)
		}
	}
	return append(list, commandSamples()...)
}

// commandSamples are the raft commands that do not carry batches.
func commandSamples() []sample {
	list := []sample{
		{name: "command-intent", about: "Command of kind 2: every replica records its roots at a size (docs/formats/consensus.md)",
			value: &Command{Version: 1, Kind: CommandCheckpointIntent, Stamp: t0, Size: new(uint64(70_000))}},
		{name: "command-commit", about: "Command of kind 3: publish a checkpoint (docs/formats/consensus.md)",
			value: &Command{Version: 1, Kind: CommandCheckpointCommit, Stamp: t0, Commit: &CheckpointCommit{
				Size: 70_000, RootA: hash(0x02), RootB: hash(0x03), StateSum: hash(0x04), Time: t0 - 5,
				NoteA: []byte("note a\n"), NoteB: []byte("note b\n")}}},
		{name: "command-start", about: "Command of kind 4: a replica's process is up (docs/formats/consensus.md)",
			value: &Command{Version: 1, Kind: CommandNodeStart, Stamp: t0, Start: &NodeStart{
				Server: "n1", Incarnation: 2, LastIndex: 900, API: "127.0.0.1:8080"}}},
	}
	for i := range list {
		c := list[i].value.(*Command)
		list[i].encode = func() []byte { return EncodeCommand(c) }
		list[i].decode = func(b []byte) (any, error) { return DecodeCommand(b) }
	}
	return list
}

func allSamples() []sample { return append(handSamples(), librarySamples()...) }
