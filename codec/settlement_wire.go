package codec

const (
	settlementKeys     = 28 // all
	settlementOptional = 4  // of them
)

// EncodeSettlement returns the canonical body of a settlement.
func EncodeSettlement(s *Settlement) []byte { return AppendSettlement(make([]byte, 0, 1024), s) }

// AppendSettlement appends the canonical body of a settlement.
func AppendSettlement(b []byte, s *Settlement) []byte {
	b = AppendMap(b, settlementKeys-settlementOptional+
		present(s.Adapter != nil, s.Planner != nil, s.ReplayOf != nil, s.Labels != nil))
	b = appendIDAt(b, 1, &s.ID)
	b = appendUintAt(appendUintAt(b, 2, s.At), 3, s.Cycle)
	b = appendIDAt(b, 4, &s.Author)
	b = appendWork(b, s)
	b = appendBooking(b, s)
	return appendEvidence(b, s)
}

// appendWork writes the keys 10-19: who had what executed.
func appendWork(b []byte, s *Settlement) []byte {
	b = appendIDAt(b, 10, &s.Workload)
	b = appendHashAt(appendHashAt(b, 11, &s.Policy), 12, &s.Customer)
	b = appendHashesAt(b, 13, s.Disclosures)
	if s.Adapter != nil {
		b = appendIDAt(b, 14, s.Adapter)
	}
	b = appendProgram(appendKey(b, 15), &s.Program)
	b = appendUintAt(b, 16, s.Class)
	b = appendHashAt(b, 17, &s.Seed)
	b = appendBlob(appendKey(b, 18), &s.Args)
	if s.Planner != nil {
		b = appendHashAt(b, 19, s.Planner)
	}
	return b
}

// appendBooking writes the keys 20-27: what came out and what it costs.
func appendBooking(b []byte, s *Settlement) []byte {
	b = AppendUint(AppendArray(appendKey(b, 20), 5), s.Shards.Count)
	b = AppendUint(appendHash(b, &s.Shards.Root), s.Shards.Units)
	b = AppendUint(appendHash(b, &s.Shards.Blob), s.Shards.Size)
	b = appendBlob(appendKey(b, 21), &s.Result)
	b = AppendUint(AppendArray(appendKey(b, 22), 4), s.Verify.Mode)
	b = AppendUint(AppendUint(b, s.Verify.Checked), s.Verify.Matched)
	b = appendHash(b, &s.Verify.Evidence)
	b = appendUintAt(b, 23, s.Charge)
	b = AppendUint(AppendArray(appendKey(b, 24), 3), s.Split.Providers)
	b = AppendUint(AppendUint(b, s.Split.Adapter), s.Split.Platform)
	b = AppendUint(AppendArray(appendKey(b, 25), 2), s.Postings.N)
	b = appendHash(b, &s.Postings.Root)
	b = appendHashAt(b, 26, &s.Detail)
	b = AppendArray(appendKey(b, 27), 5)
	b = AppendUint(AppendUint(b, s.Times.Requested), s.Times.Planned)
	b = AppendUint(AppendUint(b, s.Times.Started), s.Times.Verified)
	return AppendUint(b, s.Times.Finalized)
}

// appendEvidence writes the keys 28-33: what it hangs together with.
func appendEvidence(b []byte, s *Settlement) []byte {
	b = appendUintAt(appendHashAt(b, 28, &s.Event), 29, s.RetainUntil)
	b = AppendArray(appendKey(b, 30), len(s.Artifacts))
	for i := range s.Artifacts {
		a := &s.Artifacts[i]
		b = AppendUint(AppendArray(b, 3), a.Kind)
		b = AppendUint(appendHash(b, &a.Hash), a.Size)
	}
	if s.ReplayOf != nil {
		b = AppendArray(appendKey(b, 31), 2)
		b = AppendBytes(AppendBytes(b, s.ReplayOf.Author[:]), s.ReplayOf.Workload[:])
	}
	b = appendHashesAt(b, 32, s.PlanProof)
	if s.Labels != nil {
		b = appendHashAt(b, 33, s.Labels)
	}
	return b
}

// settlementRoom holds the optional values of a settlement.
type settlementRoom struct {
	adapter         ID
	planner, labels Hash
	replay          ReplayOf
}

// SettlementBuffer decodes one settlement after another without allocating.
type SettlementBuffer struct {
	value   Settlement
	room    settlementRoom
	program programRoom
}

// Decode reads a settlement's body. The result is valid until the next call.
func (x *SettlementBuffer) Decode(data []byte) (*Settlement, error) {
	return &x.value, decodeSettlement(data, &x.value, &x.room, &x.program)
}

// DecodeSettlement reads a settlement's body into s, reusing the room of its lists;
// optional values are new. Errors wrap ErrNotCanonical or ErrTooLarge; after one, s
// is of no use.
func DecodeSettlement(data []byte, s *Settlement) error {
	return decodeSettlement(data, s, nil, nil)
}

func decodeSettlement(data []byte, s *Settlement, room *settlementRoom, program *programRoom) error {
	if err := checkSize("settlement", len(data), MaxRecord); err != nil {
		return err
	}
	r := NewReader(data)
	f := r.fields(settlementKeys)
	if room == nil && f.left > settlementKeys-settlementOptional {
		room = new(settlementRoom)
	}
	f.header(&s.ID, &s.At, &s.Cycle, &s.Author)
	f.work(s, room, program)
	f.booking(s)
	f.evidence(s, room)
	f.end()
	return r.Done()
}

func (f *fields) work(s *Settlement, room *settlementRoom, program *programRoom) {
	f.idAt(10, &s.Workload)
	f.hashAt(11, &s.Policy)
	f.hashAt(12, &s.Customer)
	f.at(13)
	s.Disclosures = f.hashes(s.Disclosures, MaxDisclosures)
	s.Adapter, s.Planner = nil, nil
	if f.has(14) && room != nil {
		s.Adapter = &room.adapter
		f.id(s.Adapter)
	}
	f.at(15)
	f.program(&s.Program, program)
	s.Class = f.uintAt(16)
	f.hashAt(17, &s.Seed)
	f.at(18)
	f.blob(&s.Args)
	if f.has(19) && room != nil {
		s.Planner = &room.planner
		f.hash(s.Planner)
	}
}

func (f *fields) booking(s *Settlement) {
	f.at(20)
	f.tuple(5)
	s.Shards.Count = f.Uint()
	f.hash(&s.Shards.Root)
	s.Shards.Units = f.Uint()
	f.hash(&s.Shards.Blob)
	s.Shards.Size = f.Uint()
	f.at(21)
	f.blob(&s.Result)
	f.at(22)
	f.tuple(4)
	s.Verify.Mode, s.Verify.Checked, s.Verify.Matched = f.Uint(), f.Uint(), f.Uint()
	f.hash(&s.Verify.Evidence)
	s.Charge = f.uintAt(23)
	f.at(24)
	f.tuple(3)
	s.Split.Providers, s.Split.Adapter, s.Split.Platform = f.Uint(), f.Uint(), f.Uint()
	f.at(25)
	f.tuple(2)
	s.Postings.N = f.Uint()
	f.hash(&s.Postings.Root)
	f.hashAt(26, &s.Detail)
	f.at(27)
	f.tuple(5)
	s.Times.Requested, s.Times.Planned, s.Times.Started = f.Uint(), f.Uint(), f.Uint()
	s.Times.Verified, s.Times.Finalized = f.Uint(), f.Uint()
}

func (f *fields) evidence(s *Settlement, room *settlementRoom) {
	f.hashAt(28, &s.Event)
	s.RetainUntil = f.uintAt(29)
	f.at(30)
	s.Artifacts = f.artifacts(s.Artifacts)
	s.ReplayOf, s.Labels = nil, nil
	if f.has(31) && room != nil {
		s.ReplayOf = &room.replay
		f.tuple(2)
		f.id(&s.ReplayOf.Author)
		f.id(&s.ReplayOf.Workload)
	}
	f.at(32)
	s.PlanProof = f.hashes(s.PlanProof, MaxPlanProof)
	if f.has(33) && room != nil {
		s.Labels = &room.labels
		f.hash(s.Labels)
	}
}

func (r *Reader) artifacts(dst []Artifact) []Artifact {
	dst = resize(dst, r.list(MaxArtifacts, 37))
	for i := range dst {
		a := &dst[i]
		r.tuple(3)
		a.Kind = r.Uint()
		r.hash(&a.Hash)
		a.Size = r.Uint()
	}
	return dst
}
