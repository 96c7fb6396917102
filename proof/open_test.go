package proof

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

func TestOpenedCheckpointSaysWhatWasSigned(t *testing.T) {
	l := newTestLedger(t, testRecords(5))
	for _, h := range []Hasher{TreeA, TreeB} {
		signed := l.publish(h, 5)
		c := must2(l.policy.OpenCheckpoint(signed))(t)
		want := l.attest(0, 5)
		if c.Size() != 5 || c.Root() != rootOf(t, h, l.records) || c.Hasher() != h ||
			c.StateSum() != want.StateSum || c.Time() != want.Time || len(c.Attestations()) != 2 {
			t.Errorf("%s: %+v", c.Origin(), c)
		}
		if !bytes.Equal(c.Note(), signed) || !bytes.HasPrefix(signed, c.Text()) {
			t.Errorf("%s: note or text changed", c.Origin())
		}
	}
}

func TestSigningAgainGivesTheSameBytes(t *testing.T) {
	l := newTestLedger(t, testRecords(3))
	if !bytes.Equal(l.publish(TreeA, 3), l.publish(TreeA, 3)) {
		t.Error("two signings differ")
	}
}

func TestStandardNoteVerifierAcceptsOurCheckpoint(t *testing.T) {
	l := newTestLedger(t, testRecords(3))
	vkey := must2(FormatCheckpointKey(originB, public(l.log)))(t)
	n, err := note.Open(l.publish(TreeB, 3), note.VerifierList(must2(note.NewVerifier(vkey))(t)))
	if err != nil || len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 2 {
		t.Errorf("%+v, %v", n, err)
	}
}

// line returns one signature line of a note.
func line(key verifierKey, body []byte) string {
	return string(appendSignature(nil, key, body))
}

// nodeKey returns the verifier key of a test node.
func (l *testLedger) nodeKey(n int) verifierKey {
	return must2(newVerifierKey(l.names[n], algPrivate, public(l.nodes[n])))(l.t)
}

// body returns what stands in an attestation's signature line.
func body(a Attestation) []byte { return append(a.appendClaim(nil), a.Sig[:]...) }

// checkpointLies are notes that must not open, each with its name.
func checkpointLies(l *testLedger) map[string]struct {
	note []byte
	want Rejection
} {
	t, size := l.t, len(l.records)
	good := l.publish(TreeA, size)
	text := string(noteText(good))
	logLine := string(l.sign(TreeA, size)[len(text)+1:])
	attested := string(good[len(text)+1+len(logLine):])
	first, second := l.attest(0, size), l.attest(1, size)
	stranger := must2(NewCheckpointSigner(originA, testKey("stranger")))(t)
	foreign := must2(NewCheckpointSigner("other.example/log", l.log))(t)
	smaller := l.attest(1, size-1)
	otherOrigin := second
	otherOrigin.Origin = "other.example/log"
	otherOrigin = must2(SignAttestation(otherOrigin, l.nodes[1]))(t)
	resign := func(text string) string {
		return text + "\n" + string(must2(note.Sign(&note.Note{Text: text}, must2(NewCheckpointSigner(originA, l.log))(t)))(t)[len(text)+1:])
	}
	type lie = struct {
		note []byte
		want Rejection
	}
	return map[string]lie{
		"nothing":                    {nil, ErrMalformed},
		"text only":                  {[]byte(text), ErrMalformed},
		"no signature line":          {[]byte(text + "\n"), ErrMalformed},
		"attestations only":          {[]byte(text + "\n" + attested), ErrUnsigned},
		"signed by a stranger":       {append(must2(SignCheckpoint([]byte(text), stranger))(t), attested...), ErrUnsigned},
		"stranger alone":             {must2(SignCheckpoint([]byte(text), stranger))(t), ErrUnsigned},
		"another log":                {must2(SignCheckpoint(FormatCheckpoint("other.example/log", 1, [32]byte{}), foreign))(t), ErrOrigin},
		"signature of tree B":        {[]byte(text + "\n" + string(l.sign(TreeB, size)[len(noteText(l.sign(TreeB, size)))+1:]) + attested), ErrUnsigned},
		"log signature only":         {l.sign(TreeA, size), ErrAttestations},
		"one attestation of two":     {[]byte(text + "\n" + logLine + line(l.nodeKey(0), body(first))), ErrAttestations},
		"one attestation twice":      {[]byte(text + "\n" + logLine + line(l.nodeKey(0), body(first)) + line(l.nodeKey(0), body(first))), ErrAttestations},
		"attestation of other size":  {[]byte(text + "\n" + logLine + line(l.nodeKey(0), body(first)) + line(l.nodeKey(1), body(smaller))), ErrSignature},
		"attestation of other log":   {[]byte(text + "\n" + logLine + line(l.nodeKey(0), body(first)) + line(l.nodeKey(1), body(otherOrigin))), ErrSignature},
		"another node's attestation": {[]byte(text + "\n" + logLine + line(l.nodeKey(0), body(second))), ErrSignature},
		"short attestation":          {[]byte(text + "\n" + logLine + line(l.nodeKey(0), body(first)[1:])), ErrSignature},
		"root of the twin":           {[]byte(resign(string(FormatCheckpoint(originA, uint64(size), first.RootB))) + attested), ErrSignature},
		"another root":               {[]byte(resign(string(FormatCheckpoint(originA, uint64(size), [32]byte{1}))) + attested), ErrSignature},
		"another size":               {[]byte(resign(string(FormatCheckpoint(originA, uint64(size+1), first.RootA))) + attested), ErrSignature},
		"root for an empty tree":     {[]byte(resign(string(FormatCheckpoint(originA, 0, first.RootA)))), ErrRootMismatch},
		"extension line":             {[]byte(resign(text+"extension\n") + attested), ErrMalformed},
		"two texts":                  {[]byte(text + "\n" + resign(text)), ErrMalformed},
		"three line breaks":          {[]byte(text + "\n\n" + logLine + attested), ErrMalformed},
		"size with leading zero":     {[]byte(resign(strings.Replace(text, "\n5\n", "\n05\n", 1)) + attested), ErrMalformed},
		"size over 2^63":             {[]byte(resign(strings.Replace(text, "\n5\n", "\n9223372036854775808\n", 1)) + attested), ErrMalformed},
		"size with sign":             {[]byte(resign(strings.Replace(text, "\n5\n", "\n+5\n", 1)) + attested), ErrMalformed},
		"root without padding":       {[]byte(resign(strings.Replace(text, "=\n", "\n", 1)) + attested), ErrMalformed},
		"carriage return":            {[]byte(strings.Replace(string(good), "\n", "\r\n", 1)), ErrMalformed},
		"no final line break":        {good[:len(good)-1], ErrMalformed},
		"too large":                  {append(bytes.Clone(good), make([]byte, MaxNote)...), ErrTooLarge},
	}
}

func TestLyingCheckpointsDoNotOpen(t *testing.T) {
	l := newTestLedger(t, testRecords(5))
	for name, lie := range checkpointLies(l) {
		c, err := l.policy.OpenCheckpoint(lie.note)
		wantRejection(t, name, err, lie.want)
		if c != nil {
			t.Errorf("%s: a checkpoint beside the error", name)
		}
	}
}

func TestEveryFlippedBitOfANoteIsNoticed(t *testing.T) {
	// A flip in a key's name or id makes it unknown, so with only as many
	// signatures as are needed, every bit counts.
	l := newTestLedger(t, testRecords(2))
	good := l.publish(TreeA, 2)
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			if _, err := l.policy.OpenCheckpoint(bad); err == nil {
				t.Fatalf("bit %d of byte %d", bit, i)
			}
		}
	}
}

func TestUnknownSignaturesAreIgnored(t *testing.T) {
	l := newTestLedger(t, testRecords(2))
	grease := must2(newVerifierKey("grease.example/x", algCheckpoint, public(testKey("grease"))))(t)
	signed := append(l.publish(TreeA, 2), line(grease, make([]byte, 64))...)
	if _, err := l.policy.OpenCheckpoint(signed); err != nil {
		t.Error(err)
	}
}

func TestReplicasThatDisagreeAreEvidence(t *testing.T) {
	l := newTestLedger(t, testRecords(4))
	signed := l.publish(TreeA, 4)
	a := l.attest(2, 4)
	a.StateSum[0] ^= 1
	a = must2(SignAttestation(a, l.nodes[2]))(t)
	signed = must2(a.AppendLine(signed, public(l.nodes[2])))(t)
	_, err := l.policy.OpenCheckpoint(signed)
	found, ok := errors.AsType[*DivergenceError](err)
	if !ok || !bytes.Equal(found.Note, signed) || found.First != l.names[0] || found.Second != l.names[2] {
		t.Errorf("%v", err)
	}
}

func TestForkIsEvidence(t *testing.T) {
	one := newTestLedger(t, testRecords(4))
	records := testRecords(4)
	records[2] = []byte("another record 2")
	two := newTestLedger(t, records)
	older, newer := one.open(TreeA, 4), two.open(TreeA, 4)
	err := older.CheckConsistency(newer, nil)
	fork, ok := errors.AsType[*ForkError](err)
	if !ok || fork.Size != 4 || fork.Origin != originA ||
		!bytes.Equal(fork.First, older.Note()) || !bytes.Equal(fork.Second, newer.Note()) {
		t.Fatalf("%v", err)
	}
	for _, signed := range [][]byte{fork.First, fork.Second} {
		if _, err := one.policy.OpenCheckpoint(signed); err != nil {
			t.Errorf("evidence does not open: %v", err)
		}
	}
}

func TestConsistencyRefusals(t *testing.T) {
	l := newTestLedger(t, testRecords(6))
	older, newer := l.open(TreeA, 3), l.open(TreeA, 6)
	path := must2(ProveConsistency(memoryLog{TreeA, l.records}, TreeA, 3, 6))(t)
	if err := older.CheckConsistency(newer, path); err != nil {
		t.Fatal(err)
	}
	wantRejection(t, "shrinking", newer.CheckConsistency(older, path), ErrShrunk)
	wantRejection(t, "the other tree", older.CheckConsistency(l.open(TreeB, 6), path), ErrOrigin)
	wantRejection(t, "zero value", new(Checkpoint).CheckConsistency(newer, nil), ErrOrigin)
	wantRejection(t, "empty path", older.CheckConsistency(newer, nil), ErrPathLength)
	wantRejection(t, "64 hashes", older.CheckConsistency(newer, make([][32]byte, 64)), ErrPathLength)
	wantRejection(t, "wrong path", older.CheckConsistency(newer, make([][32]byte, len(path))), ErrRootMismatch)
	wantRejection(t, "path for equal sizes", newer.CheckConsistency(newer, path), ErrPathLength)
	early := *newer
	early.attestations = []Attestation{{Time: older.Time() - 1}}
	wantRejection(t, "time running backwards", older.CheckConsistency(&early, path), ErrTime)
}

func TestTwins(t *testing.T) {
	l := newTestLedger(t, testRecords(6))
	a, b := l.open(TreeA, 6), l.open(TreeB, 6)
	if err := a.CheckTwin(b); err != nil {
		t.Error(err)
	}
	wantRejection(t, "another size", a.CheckTwin(l.open(TreeB, 5)), ErrTwin)
	wantRejection(t, "itself", a.CheckTwin(a), ErrTwin)
	wantRejection(t, "wrong way round", b.CheckTwin(a), ErrTwin)
	wantRejection(t, "zero value", a.CheckTwin(new(Checkpoint)), ErrTwin)
	records := testRecords(6)
	records[0] = []byte("another record 0")
	wantRejection(t, "another history", a.CheckTwin(newTestLedger(t, records).open(TreeB, 6)), ErrTwin)
}

func TestSignCheckpointRefusals(t *testing.T) {
	l := newTestLedger(t, testRecords(1))
	signer := must2(NewCheckpointSigner(originB, l.log))(t)
	text := FormatCheckpoint(originA, 1, [32]byte{1})
	_, err := SignCheckpoint(text, signer)
	wantRejection(t, "signer of the twin", err, ErrOrigin)
	_, err = SignCheckpoint(text)
	wantRejection(t, "no signer", err, ErrUnsigned)
	_, err = SignCheckpoint(append(text, "extension\n"...), signer)
	wantRejection(t, "extension line", err, ErrMalformed)
	_, err = NewCheckpointSigner("a b", l.log)
	wantRejection(t, "space in the name", err, ErrKey)
	_, err = NewCheckpointSigner(originA, l.log[:31])
	wantRejection(t, "short key", err, ErrKey)
}

func TestAttestationRefusals(t *testing.T) {
	l := newTestLedger(t, testRecords(3))
	a, signed := l.attest(0, 3), l.sign(TreeA, 3)
	for name, change := range map[string]func(*Attestation){
		"origin":    func(a *Attestation) { a.Origin += "x" },
		"size":      func(a *Attestation) { a.Size++ },
		"root A":    func(a *Attestation) { a.RootA[0] ^= 1 },
		"root B":    func(a *Attestation) { a.RootB[31] ^= 1 },
		"state sum": func(a *Attestation) { a.StateSum[7] ^= 1 },
		"time":      func(a *Attestation) { a.Time++ },
		"signature": func(a *Attestation) { a.Sig[0] ^= 1 },
	} {
		b := a
		change(&b)
		wantRejection(t, name, b.Verify(public(l.nodes[0])), ErrSignature)
	}
	wantRejection(t, "another key", a.Verify(public(l.nodes[1])), ErrSignature)
	wantRejection(t, "short key", a.Verify(public(l.nodes[1])[1:]), ErrKey)
	_, err := a.AppendLine(l.sign(TreeA, 2), public(l.nodes[0]))
	wantRejection(t, "note of another size", err, ErrTwin)
	_, err = a.AppendLine(signed, public(l.nodes[1]))
	wantRejection(t, "line by another key", err, ErrSignature)
	_, err = a.AppendLine([]byte("no note"), public(l.nodes[0]))
	wantRejection(t, "no note", err, ErrMalformed)
	_, err = SignAttestation(Attestation{Name: "n", Origin: "o", Size: MaxSize + 1}, l.nodes[0])
	wantRejection(t, "size 2^63", err, ErrMalformed)
	_, err = SignAttestation(a, nil)
	wantRejection(t, "no key", err, ErrKey)
}

func TestAttestationBytes(t *testing.T) {
	// The signed bytes and the signature line, put together by hand.
	l := newTestLedger(t, testRecords(3))
	a := l.attest(0, 3)
	claim := bytes.Join([][]byte{a.RootA[:], a.RootB[:], a.StateSum[:], binary.BigEndian.AppendUint64(nil, a.Time)}, nil)
	msg := "settle/v1 attestation\n" + "\x00\x1c" + originA + "\x00\x00\x00\x00\x00\x00\x00\x03" + string(claim)
	if !ed25519.Verify(public(l.nodes[0]), []byte(msg), a.Sig[:]) {
		t.Error("signed bytes")
	}
	id := LeafB(nil) // any array, overwritten below
	sum := keyID(a.Name, append([]byte("\xffsettle/v1 attestation"), public(l.nodes[0])...))
	binary.BigEndian.PutUint32(id[:4], sum)
	want := "\u2014 " + originA + "/node/00000000000000000000000000000000 " +
		base64.StdEncoding.EncodeToString(bytes.Join([][]byte{id[:4], claim, a.Sig[:]}, nil)) + "\n"
	signed := l.sign(TreeA, 3)
	if got := must2(a.AppendLine(signed, public(l.nodes[0])))(t); string(got[len(signed):]) != want {
		t.Errorf("got  %s\nwant %s", got[len(signed):], want)
	}
}
