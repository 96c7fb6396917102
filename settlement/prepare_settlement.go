package settlement

import (
	"bytes"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// PreparedSettlement is a settlement with its attachments read and everything
// rebuilt that it states about them. A part whose attachment did not travel with the
// batch is missing; Judge reads it from the state.
type PreparedSettlement struct {
	Body    codec.Settlement
	Program codec.Hash // program id

	Manifest *Manifest // nil if missing or faulty
	WorkKey  codec.Hash
	PlanRoot codec.Hash // over the plan leaves of the manifest
	Token    codec.Hash // replay token

	Detail        *codec.Detail // nil if missing or faulty
	PostingsRoot  codec.Hash
	hashes        []codec.Hash // of the postings
	Credit, Debit uint64       // sums of the postings, micro-Credits

	labels []codec.Label // opened

	// Verdicts of the pure checks, each told when its row is reached.
	shardsFault   *codec.Refusal
	detailFault   *codec.Refusal
	postingsFault *codec.Refusal
	labelsFault   *codec.Refusal
	disclosures   *codec.Refusal

	has [blobLabels + 1]bool // whether customer, manifest, detail and labels were attached
}

// Blobs that a settlement names, as indexes of has.
const (
	blobCustomer = iota
	blobManifest
	blobDetail
	blobLabels
)

func (r *PreparedRecord) prepareSettlement(p *Prepared) *codec.Refusal {
	s := new(PreparedSettlement)
	if err := codec.DecodeSettlement(r.Body, &s.Body); err != nil {
		return undecodable(err)
	}
	var attached [blobLabels + 1][]byte
	for i, hash := range s.blobs() {
		if hash != nil {
			attached[i] = r.name(p, hash)
		}
	}
	if fault := r.setHeader(s.Body.Header()); fault != nil {
		return fault
	}
	if fault := checkSettlementForm(&s.Body); fault != nil {
		return fault
	}
	s.Program = codec.ProgramID(&s.Body.Program)
	s.disclosures = ascendingHashes(s.Body.Disclosures)
	for i, data := range attached {
		if data != nil {
			s.load(i, data)
		}
	}
	r.Settlement = s
	return nil
}

// blobs returns the hashes of the blobs that the settlement names; a nil one is not
// named.
func (s *PreparedSettlement) blobs() [blobLabels + 1]*codec.Hash {
	return [...]*codec.Hash{
		blobCustomer: &s.Body.Customer, blobManifest: &s.Body.Shards.Blob,
		blobDetail: &s.Body.Detail, blobLabels: s.Body.Labels,
	}
}

// load reads a blob and does all checks on it that need no state. The customer's is
// not read: it must be the one that the workload's first event opened.
func (s *PreparedSettlement) load(blob int, data []byte) {
	s.has[blob] = true
	switch blob {
	case blobManifest:
		s.shardsFault = s.loadManifest(data)
	case blobDetail:
		s.loadDetail(data)
	case blobLabels:
		s.labels, s.labelsFault = openLabels(data, s.Body.Disclosures)
	}
}

func (s *PreparedSettlement) loadManifest(data []byte) *codec.Refusal {
	entries, err := codec.DecodeManifest(data)
	if err != nil {
		return badManifest(err.Error())
	}
	m := &Manifest{Entries: entries}
	if r := m.rebuild(); r != nil {
		return r
	}
	s.Manifest = m
	s.WorkKey = m.WorkKey(s.Program, s.Body.Seed, s.Body.Args.Hash)
	s.PlanRoot = proof.MTH(m.Plan)
	s.Token = m.ReplayToken(s.Program, s.Body.Seed, s.Body.Args.Hash, s.Body.Planner)
	ref := &s.Body.Shards
	switch {
	case ref.Size != uint64(len(data)):
		return badManifest("size is not that of the blob")
	case ref.Count != m.Count:
		return badManifest("count is not the number of shards")
	case ref.Units != m.Units:
		return badManifest("units are not the sum of the shards' units")
	case ref.Root != m.Root:
		return badManifest("root is not that of the entries")
	}
	return nil
}

func (s *PreparedSettlement) loadDetail(data []byte) {
	d, err := codec.DecodeDetail(data)
	if err != nil {
		s.detailFault = codec.Refuse(codec.CodeBadDetail, err.Error())
		return
	}
	s.Detail = d
	s.hashes = make([]codec.Hash, len(d.Postings))
	s.PostingsRoot, s.Credit, s.Debit, err = postingsRoot(d.Postings, s.hashes)
	switch {
	case err != nil:
		s.postingsFault = codec.Refuse(codec.CodeBadPostings, err.Error())
	case s.Body.Postings.N != uint64(len(d.Postings)):
		s.postingsFault = codec.Refuse(codec.CodeBadPostings, "number of postings differs")
	case s.Body.Postings.Root != s.PostingsRoot:
		s.postingsFault = codec.Refuse(codec.CodeBadPostings, "root is not that of the postings")
	}
}

// ascendingHashes checks that commitments ascend strictly.
func ascendingHashes(list []codec.Hash) *codec.Refusal {
	for i := 1; i < len(list); i++ {
		if bytes.Compare(list[i-1][:], list[i][:]) >= 0 {
			return codec.Refuse(codec.CodeBadLabels, "disclosures not ascending")
		}
	}
	return nil
}

// openLabels opens the sealed labels; row i must open commitment i, for all.
func openLabels(blob []byte, disclosures []codec.Hash) ([]codec.Label, *codec.Refusal) {
	rows, err := codec.Unseal[[]codec.Label](blob)
	if err != nil {
		return nil, codec.Refuse(codec.CodeBadLabels, err.Error())
	}
	if len(rows) != len(disclosures) {
		return nil, codec.Refuse(codec.CodeBadLabels, "as many labels as disclosures are needed")
	}
	for i := range rows {
		row := &rows[i]
		if codec.LabelCommitment(row.Salt, row.Label, codec.AppendText(nil, row.Value)) != disclosures[i] {
			return nil, codec.Refuse(codec.CodeBadLabels, "a label does not open its disclosure")
		}
	}
	return rows, nil
}

// checkSettlementForm checks the program's name and the ranges of values.
func checkSettlementForm(b *codec.Settlement) *codec.Refusal {
	if err := b.Program.Validate(); err != nil {
		return undecodable(err)
	}
	if outOfRange(b.Charge, b.Split.Providers, b.Split.Adapter, b.Split.Platform) {
		return codec.Refuse(codec.CodeOutOfRange, "an amount of 2^63 or more")
	}
	t := &b.Times
	if outOfRange(t.Requested, t.Planned, t.Started, t.Verified, t.Finalized, b.RetainUntil) {
		return codec.Refuse(codec.CodeOutOfRange, "a time of 2^63 or more")
	}
	if outOfRange(b.Args.Size, b.Result.Size, b.Shards.Size, b.Verify.Checked, b.Verify.Matched) {
		return codec.Refuse(codec.CodeOutOfRange, "a size or count of 2^63 or more")
	}
	for i := range b.Artifacts {
		if outOfRange(b.Artifacts[i].Kind, b.Artifacts[i].Size) {
			return codec.Refuse(codec.CodeOutOfRange, "an artifact's size of 2^63 or more")
		}
	}
	return nil
}
