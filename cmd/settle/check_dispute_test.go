package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/internal/devledger"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/verifier"
)

// kindBundle is the kind of a bundle in a dispute (docs/formats/evidence.md section 8).
const kindBundle = 32

// claimsOf are the claims that go with each fault (docs/formats/evidence.md section 8),
// with a role that may make them.
var claimsOf = map[verifier.Fault][]struct {
	claim codec.Claim
	role  codec.Role
}{
	verifier.FaultOutput:         {{codec.ClaimWrongOutput, codec.RoleAuditor}},
	verifier.FaultUnits:          {{codec.ClaimWrongUnits, codec.RoleAuditor}},
	verifier.FaultInvalid:        {{codec.ClaimWrongOutput, codec.RoleAuditor}},
	verifier.FaultReceipt:        {{codec.ClaimBadReceipt, codec.RoleAuditor}},
	verifier.FaultPayout:         {{codec.ClaimOvercharge, codec.RoleCustomer}},
	verifier.FaultMissing:        {{codec.ClaimDataUnavailable, codec.RoleAuditor}},
	verifier.FaultOmittedRecord:  {{codec.ClaimBadClose, codec.RoleAuditor}},
	verifier.FaultOmittedPosting: {{codec.ClaimMissingPayout, codec.RoleProvider}, {codec.ClaimBadClose, codec.RoleProvider}},
	verifier.FaultPhantomPosting: {{codec.ClaimBadClose, codec.RoleAuditor}},
	verifier.FaultAmount:         {{codec.ClaimBadClose, codec.RoleProvider}},
	verifier.FaultUnbalanced:     {{codec.ClaimBadClose, codec.RoleAuditor}},
	verifier.FaultTree:           {{codec.ClaimBadClose, codec.RoleAuditor}},
}

// TestEvidenceInDisputes opens a dispute of each matching claim with each stored evidence
// and its bundle attached, and has an arbiter fetch and confirm them by what the record
// names. The evidence is about another ledger: nodes do not read it.
func TestEvidenceInDisputes(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(storedEvidence, "*.evidence"))
	if err != nil {
		t.Fatal(err)
	}
	b := newClosedBooks(t)
	seen := map[verifier.Fault]bool{}
	for _, file := range files {
		fault := faultOf(t, file)
		seen[fault] = true
		for _, c := range claimsOf[fault] {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".evidence")+" "+claimName(c.claim), func(t *testing.T) {
				bundle := strings.TrimSuffix(file, ".evidence") + ".bundle"
				record := b.openDispute(t, c.claim, c.role, evidenceFile{uint64(fault), file}, evidenceFile{kindBundle, bundle})
				b.arbitrate(t, record, uint64(fault))
			})
		}
	}
	for fault := range claimsOf {
		if !seen[fault] {
			t.Errorf("no stored evidence is of %s", fault)
		}
	}
	if len(seen) != len(claimsOf) {
		t.Errorf("%d faults have evidence, %d have claims", len(seen), len(claimsOf))
	}
}

// faultOf reads the fault of an evidence file.
func faultOf(t *testing.T, name string) verifier.Fault {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	e, err := verifier.DecodeEvidence(data)
	if err != nil {
		t.Fatal(err)
	}
	return e.Fault
}

// openDispute drafts, signs and submits a dispute by the program, and returns its index.
func (b *closedBooks) openDispute(t *testing.T, claim codec.Claim, role codec.Role, evidence ...evidenceFile) uint64 {
	t.Helper()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	done := func(args ...string) {
		t.Helper()
		if code, text := b.run(args...); code != exitDone {
			t.Fatalf("%v: %d: %s", args, code, text)
		}
	}
	target := b.settled
	if claim == codec.ClaimBadClose {
		target = b.at
	}
	by, none, deadline := b.claims[role], uint64(0), client.Now()+3_600_000
	f := disputeFile{Origin: b.worker.origin, Author: by.Party(), Cycle: 2, Op: disputeOps[codec.DisputeOpen], Role: role.String(),
		Claim: claimName(claim), Amount: &none, Deadline: &deadline, Evidence: evidence,
		Target: &targetFile{Index: target, Leaf: b.leafAt(t, target)}}
	if s, err := b.body(target); err == nil && role == codec.RoleAuditor {
		f.Shard = &shardFile{Workload: s.Workload}
	}
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in("dispute.txt"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := client.SaveKey(in("owner.key"), devledger.Owner(by)[0]); err != nil {
		t.Fatal(err)
	}
	if err := client.SaveKey(in("submit.key"), b.worker.submit); err != nil {
		t.Fatal(err)
	}
	done("draft", "dispute", "--from", in("dispute.txt"), "--out", in("dispute.draft"))
	done("sign", in("dispute.draft"), "--key", in("owner.key"), "--out", in("dispute.sig"))
	done("merge", in("dispute.draft"), in("dispute.sig"), "--out", in("dispute.signed"))
	index := b.ledger.Applied().Size
	done("submit", in("dispute.signed"), "--party", b.worker.hub.String(), "--key", in("submit.key"))
	return index
}

// leafAt returns the leaf hash of a record.
func (b *closedBooks) leafAt(t *testing.T, index uint64) codec.Hash {
	t.Helper()
	r, err := b.Record(t.Context(), index)
	if err != nil {
		t.Fatal(err)
	}
	return proof.LeafA(r.Bytes)
}

// arbitrate fetches the evidence that a dispute names, checks that it is of the fault and
// has its bundle behind it, and confirms it.
func (b *closedBooks) arbitrate(t *testing.T, index, fault uint64) {
	t.Helper()
	r, err := b.Record(t.Context(), index)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := codec.DecodeRecord(r.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	d := new(codec.Dispute)
	if err := codec.DecodeDispute(rec.Body, d); err != nil {
		t.Fatal(err)
	}
	if list := *d.Evidence; len(list) != 2 || list[0].Kind != fault || list[1].Kind != kindBundle {
		t.Fatalf("dispute %d names %+v", index, list)
	}
	name := filepath.Join(t.TempDir(), "dispute-"+strconv.FormatUint(index, 10))
	for i, extension := range []string{".evidence", ".bundle"} {
		body, _, err := b.Artifact(t.Context(), (*d.Evidence)[i].Hash, index)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name+extension, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	here := *b
	here.trust = filepath.Join(storedEvidence, "ledger.trust")
	if code, text := here.run("check", name+".evidence"); code != exitDone || !strings.Contains(text, "verified evidence: "+verifier.Fault(fault).String()) {
		t.Errorf("%d: %s", code, text)
	}
	if code, text := b.run("check", name+".evidence"); code != exitFalse || !strings.Contains(text, "wrong_origin") {
		t.Errorf("as evidence about this ledger: %d: %s", code, text)
	}
}
