package proof

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// witnessed returns the ledger's policy with n witnesses and a quorum.
func (l *testLedger) witnessed(n, quorum int) *TrustPolicy {
	l.t.Helper()
	spec := l.policy.Spec()
	for i := range n {
		key := must2(FormatWitnessKey(fmt.Sprintf("witness.example/%d", i), public(testKey(fmt.Sprint("witness ", i)))))(l.t)
		spec.Witnesses = append(spec.Witnesses, WitnessSpec{Name: fmt.Sprint("w", i), Key: key})
	}
	spec.Quorum = quorum
	return must2(NewTrustPolicy(spec))(l.t)
}

// cosign appends the line of witness i, at a time in POSIX seconds.
func cosign(t *testing.T, signed []byte, i int, seconds uint64) []byte {
	t.Helper()
	priv := testKey(fmt.Sprint("witness ", i))
	msg := fmt.Sprintf("cosignature/v1\ntime %d\n%s", seconds, noteText(signed))
	key := must2(newVerifierKey(fmt.Sprintf("witness.example/%d", i), algCosignature, public(priv)))(t)
	body := binary.BigEndian.AppendUint64(nil, seconds)
	return append(bytes.Clone(signed), line(key, append(body, ed25519.Sign(priv, []byte(msg))...))...)
}

func TestWitnessQuorum(t *testing.T) {
	l := newTestLedger(t, testRecords(3))
	p, signed := l.witnessed(3, 2), l.publish(TreeB, 3)
	open := func(signed []byte) error { _, err := p.OpenCheckpoint(signed); return err }
	wantRejection(t, "no witness", open(signed), ErrWitnesses)
	one := cosign(t, signed, 0, 1_790_000_000)
	wantRejection(t, "one witness", open(one), ErrWitnesses)
	wantRejection(t, "one witness twice", open(cosign(t, one, 0, 1_790_000_001)), ErrWitnesses)
	wantRejection(t, "unknown witness", open(cosign(t, one, 9, 1_790_000_000)), ErrWitnesses)
	two := cosign(t, one, 2, 1_790_000_000)
	if err := open(two); err != nil {
		t.Error(err)
	}
	other := cosign(t, l.publish(TreeB, 2), 1, 1_790_000_000)
	stolen := other[bytes.LastIndex(other[:len(other)-1], []byte("\n"))+1:]
	wantRejection(t, "cosignature of another checkpoint", open(append(two, stolen...)), ErrSignature)
	if _, err := l.witnessed(3, 0).OpenCheckpoint(signed); err != nil {
		t.Errorf("quorum 0: %v", err)
	}
}

func TestTrustPolicyTextIsTheIdentity(t *testing.T) {
	l := newTestLedger(t, testRecords(1))
	for _, p := range []*TrustPolicy{l.policy, l.witnessed(1, 0), l.witnessed(3, 2)} {
		text := p.Format()
		again := must2(ParseTrustPolicy(text))(t)
		if !bytes.Equal(again.Format(), text) {
			t.Errorf("changed:\n%s", again.Format())
		}
	}
	if p := l.policy; p.Origin() != originA || p.Twin() != originB || p.Threshold() != 2 {
		t.Error("accessors")
	}
}

func TestParsedPolicyOpens(t *testing.T) {
	l := newTestLedger(t, testRecords(3))
	p := must2(ParseTrustPolicy(l.policy.Format()))(t)
	if _, err := p.OpenCheckpoint(l.publish(TreeA, 3)); err != nil {
		t.Error(err)
	}
}

func TestRotationOfTheLogKey(t *testing.T) {
	l := newTestLedger(t, testRecords(3))
	spec, next := l.policy.Spec(), testKey("next log")
	spec.Checkpoints = append(spec.Checkpoints, must2(FormatCheckpointKey(originA, public(next)))(t))
	p := must2(NewTrustPolicy(spec))(t)
	before := l.publish(TreeA, 3)
	l.log = next
	for name, signed := range map[string][]byte{"before": before, "after": l.publish(TreeA, 3)} {
		if _, err := p.OpenCheckpoint(signed); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMalformedPolicyFiles(t *testing.T) {
	l := newTestLedger(t, testRecords(1))
	good := string(l.witnessed(2, 1).Format())
	lines := strings.SplitAfter(good, "\n")
	reordered := strings.Join([]string{lines[0], lines[2], lines[1]}, "") + strings.Join(lines[3:], "")
	for name, c := range map[string]struct {
		file string
		want Rejection
	}{
		"empty":               {"", ErrMalformed},
		"other header":        {strings.Replace(good, " v1", " v2", 1), ErrMalformed},
		"unknown item":        {good + "log x\n", ErrMalformed},
		"empty line":          {good + "\n", ErrMalformed},
		"no final line break": {good[:len(good)-1], ErrMalformed},
		"carriage returns":    {strings.ReplaceAll(good, "\n", "\r\n"), ErrMalformed},
		"out of order":        {reordered, ErrMalformed},
		"origin twice":        {strings.Replace(good, lines[1], lines[1]+lines[1], 1), ErrMalformed},
		"leading zero":        {strings.Replace(good, "threshold 2", "threshold 02", 1), ErrMalformed},
		"threshold 0":         {strings.Replace(good, "threshold 2", "threshold 0", 1), ErrMalformed},
		"threshold over all":  {strings.Replace(good, "threshold 2", "threshold 4", 1), ErrMalformed},
		"no threshold":        {strings.Replace(good, "threshold 2\n", "", 1), ErrMalformed},
		"quorum over all":     {strings.Replace(good, "quorum 1", "quorum 3", 1), ErrMalformed},
		"no quorum":           {strings.Replace(good, "quorum 1\n", "", 1), ErrMalformed},
		"huge quorum":         {strings.Replace(good, "quorum 1", "quorum 99", 1), ErrTooLarge},
		"two spaces":          {strings.Replace(good, "threshold ", "threshold  ", 1), ErrMalformed},
		"one origin for both": {strings.Replace(good, "twin "+originB+"\n", "twin "+originA+"\n", 1), ErrMalformed},
		"node key twice":      {strings.Replace(good, lines[5], lines[5]+lines[5], 1), ErrKey},
		"no key for the twin": {strings.Replace(good, lines[4], "", 1), ErrKey},
		"log key as node":     {strings.Replace(good, lines[5], "node "+strings.TrimPrefix(lines[3], "checkpoint "), 1), ErrKey},
		"too large":           {good + strings.Repeat("x", MaxPolicyFile), ErrTooLarge},
	} {
		_, err := ParseTrustPolicy([]byte(c.file))
		wantRejection(t, name, err, c.want)
	}
}

func TestPolicyKeysMustFitTheirRole(t *testing.T) {
	l := newTestLedger(t, testRecords(1))
	pub := public(testKey("odd"))
	node := func(name string) string { return must2(FormatNodeKey(name, pub))(t) }
	for name, change := range map[string]func(*PolicySpec){
		"checkpoint key of another log": func(s *PolicySpec) {
			s.Checkpoints = append(s.Checkpoints, must2(FormatCheckpointKey("other.example", pub))(t))
		},
		"node without a party": func(s *PolicySpec) { s.Nodes[0] = node(originA + "/node/") },
		"node with a short id": func(s *PolicySpec) { s.Nodes[0] = node(originA + "/node/00ff") },
		"node id in capitals":  func(s *PolicySpec) { s.Nodes[0] = node(originA + "/node/" + strings.Repeat("FF", 16)) },
		"node of another log":  func(s *PolicySpec) { s.Nodes[0] = node("other.example/node/" + strings.Repeat("00", 16)) },
		"one key under two names": func(s *PolicySpec) {
			s.Nodes[0], s.Nodes[1] = node(NodeName(originA, [16]byte{8})), node(NodeName(originA, [16]byte{9}))
		},
		"two keys under one name":   func(s *PolicySpec) { s.Nodes[0] = node(NodeName(originA, [16]byte{1})) },
		"witness with a log's type": func(s *PolicySpec) { s.Witnesses = []WitnessSpec{{"w", s.Checkpoints[0]}} },
		"witness without a name": func(s *PolicySpec) {
			s.Witnesses = []WitnessSpec{{"", must2(FormatWitnessKey("w.example", pub))(t)}}
		},
		"vkey with another id":     func(s *PolicySpec) { s.Nodes[0] = flipHex(s.Nodes[0]) },
		"vkey without data":        func(s *PolicySpec) { s.Nodes[0] = "name+00000000+" },
		"vkey that is not base64":  func(s *PolicySpec) { s.Nodes[0] += "!" },
		"vkey of a name with plus": func(s *PolicySpec) { s.Nodes[0] = "a+" + s.Nodes[0] },
	} {
		spec := l.policy.Spec()
		change(&spec)
		_, err := NewTrustPolicy(spec)
		wantRejection(t, name, err, ErrKey)
	}
	spec := l.policy.Spec()
	for i := range byte(MaxPolicyKeys + 1) {
		name := NodeName(originA, [16]byte{9, i})
		spec.Nodes = append(spec.Nodes, must2(FormatNodeKey(name, public(testKey(name))))(t))
	}
	_, err := NewTrustPolicy(spec)
	wantRejection(t, "too many nodes", err, ErrTooLarge)
	spec.Nodes = spec.Nodes[:MaxPolicyKeys]
	if _, err := NewTrustPolicy(spec); err != nil {
		t.Errorf("as many nodes as allowed: %v", err)
	}
}

// flipHex changes the last hex digit of a vkey's id.
func flipHex(vkey string) string {
	b := []byte(vkey)
	i := bytes.LastIndexByte(b[:bytes.LastIndexByte(b, '+')], '+') + 8
	b[i] = "0123456789abcdef0"[strings.IndexByte("0123456789abcdef", b[i])+1]
	return string(b)
}

func TestSpecIsACopy(t *testing.T) {
	l := newTestLedger(t, testRecords(1))
	l.policy.Spec().Nodes[0] = "changed"
	if l.policy.Spec().Nodes[0] == "changed" {
		t.Error("a caller can change a policy")
	}
}
