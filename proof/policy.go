package proof

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
)

// Limits of a trust policy file.
const (
	// MaxPolicyFile is the largest trust policy file in bytes.
	MaxPolicyFile = 32 << 10
	// MaxPolicyKeys is the largest number of keys of one role.
	MaxPolicyKeys = 32
)

const policyHeader = "settle trust policy v1"

// PolicySpec is what a trust policy says, in the order of its file.
type PolicySpec struct {
	Origin      string        // origin of tree A
	Twin        string        // origin of tree B
	Checkpoints []string      // vkeys of the log, type 0x01, named by one of the origins; one at least for each
	Nodes       []string      // vkeys of replicas, type 0xff, named by NodeName; one at least
	Threshold   int           // replicas that must attest a checkpoint, 1 to len(Nodes)
	Witnesses   []WitnessSpec // witnesses, may be empty
	Quorum      int           // witnesses that must cosign, 0 to len(Witnesses)
}

// WitnessSpec is one witness of a trust policy.
type WitnessSpec struct {
	Name string // the reader's name for it, used in messages only
	Key  string // vkey of type 0x04
}

// TrustPolicy says whose signatures make a checkpoint of one ledger believable.
// It is immutable.
type TrustPolicy struct {
	spec PolicySpec
	keys map[keyRef]verifierKey
}

// keyRef is what a signature line says about its key.
type keyRef struct {
	name string
	id   uint32
}

// NewTrustPolicy checks a policy and its keys: names fitting their role, no key
// twice, threshold and quorum within reach. Errors: ErrMalformed, ErrKey,
// ErrTooLarge.
func NewTrustPolicy(spec PolicySpec) (*TrustPolicy, error) {
	p := &TrustPolicy{spec: spec.clone(), keys: map[keyRef]verifierKey{}}
	if !validName(spec.Origin) || !validName(spec.Twin) || spec.Origin == spec.Twin {
		return nil, reject(ErrMalformed, "origins %.80q and %.80q", spec.Origin, spec.Twin)
	}
	if err := p.addCheckpointKeys(); err != nil {
		return nil, err
	}
	if err := p.addNodeKeys(); err != nil {
		return nil, err
	}
	if err := p.addWitnessKeys(); err != nil {
		return nil, err
	}
	if spec.Threshold < 1 || spec.Threshold > len(spec.Nodes) {
		return nil, reject(ErrMalformed, "threshold %d of %d nodes", spec.Threshold, len(spec.Nodes))
	}
	if spec.Quorum < 0 || spec.Quorum > len(spec.Witnesses) {
		return nil, reject(ErrMalformed, "quorum %d of %d witnesses", spec.Quorum, len(spec.Witnesses))
	}
	return p, nil
}

// clone copies the lists, so that nobody can change a policy behind its back.
func (s PolicySpec) clone() PolicySpec {
	s.Checkpoints = append([]string(nil), s.Checkpoints...)
	s.Nodes = append([]string(nil), s.Nodes...)
	s.Witnesses = append([]WitnessSpec(nil), s.Witnesses...)
	return s
}

// addCheckpointKeys adds the log keys and checks that both trees have one.
func (p *TrustPolicy) addCheckpointKeys() error {
	trees := map[string]bool{}
	for _, vkey := range p.spec.Checkpoints {
		key, err := p.addKey(vkey, algCheckpoint, len(p.spec.Checkpoints))
		if err != nil {
			return err
		}
		if key.name != p.spec.Origin && key.name != p.spec.Twin {
			return reject(ErrKey, "checkpoint key of %q", key.name)
		}
		trees[key.name] = true
	}
	if len(trees) != 2 {
		return reject(ErrKey, "a tree without checkpoint key")
	}
	return nil
}

// addNodeKeys adds the replicas' keys. One public key counts once, whatever its
// names, or one replica could reach the threshold alone.
func (p *TrustPolicy) addNodeKeys() error {
	seen := map[string]bool{}
	for _, vkey := range p.spec.Nodes {
		key, err := p.addKey(vkey, algPrivate, len(p.spec.Nodes))
		if err != nil {
			return err
		}
		party, ok := strings.CutPrefix(key.name, p.spec.Origin+"/node/")
		id, err := hex.DecodeString(party)
		if !ok || err != nil || len(id) != 16 || hex.EncodeToString(id) != party {
			return reject(ErrKey, "node key named %q", key.name)
		}
		if seen[string(key.pub)] || seen[key.name] {
			return reject(ErrKey, "node %s twice", key.name)
		}
		seen[string(key.pub)], seen[key.name] = true, true
	}
	return nil
}

// addWitnessKeys adds the witnesses' keys, each public key once.
func (p *TrustPolicy) addWitnessKeys() error {
	seen := map[string]bool{}
	for _, w := range p.spec.Witnesses {
		key, err := p.addKey(w.Key, algCosignature, len(p.spec.Witnesses))
		if err != nil {
			return err
		}
		if !validName(w.Name) || seen["name "+w.Name] || seen["key "+string(key.pub)] {
			return reject(ErrKey, "witness %.80q", w.Name)
		}
		seen["name "+w.Name], seen["key "+string(key.pub)] = true, true
	}
	return nil
}

// addKey parses a vkey of one role, of which there are count, and registers it.
func (p *TrustPolicy) addKey(vkey string, alg byte, count int) (verifierKey, error) {
	if count > MaxPolicyKeys {
		return verifierKey{}, reject(ErrTooLarge, "%d keys of type 0x%02x", count, alg)
	}
	key, err := parseVerifierKey(vkey, alg)
	if err != nil {
		return verifierKey{}, err
	}
	ref := keyRef{key.name, key.id}
	if _, ok := p.keys[ref]; ok {
		return verifierKey{}, reject(ErrKey, "%s+%08x twice", key.name, key.id)
	}
	p.keys[ref] = key
	return key, nil
}

// Spec returns what the policy says.
func (p *TrustPolicy) Spec() PolicySpec { return p.spec.clone() }

// Origin returns the origin of tree A.
func (p *TrustPolicy) Origin() string { return p.spec.Origin }

// Twin returns the origin of tree B.
func (p *TrustPolicy) Twin() string { return p.spec.Twin }

// Threshold returns how many replicas must attest a checkpoint.
func (p *TrustPolicy) Threshold() int { return p.spec.Threshold }

// Format returns the trust policy file (docs/formats/transparency.md): a header
// and one line for each item, in the order of PolicySpec. The line quorum stands
// exactly when there is a witness.
func (p *TrustPolicy) Format() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\norigin %s\ntwin %s\n", policyHeader, p.spec.Origin, p.spec.Twin)
	for _, k := range p.spec.Checkpoints {
		fmt.Fprintf(&b, "checkpoint %s\n", k)
	}
	for _, k := range p.spec.Nodes {
		fmt.Fprintf(&b, "node %s\n", k)
	}
	fmt.Fprintf(&b, "threshold %d\n", p.spec.Threshold)
	for _, w := range p.spec.Witnesses {
		fmt.Fprintf(&b, "witness %s %s\n", w.Name, w.Key)
	}
	if len(p.spec.Witnesses) > 0 {
		fmt.Fprintf(&b, "quorum %d\n", p.spec.Quorum)
	}
	return b.Bytes()
}

// ParseTrustPolicy reads a trust policy file. It accepts exactly what Format
// writes. Errors: ErrTooLarge, ErrMalformed, ErrKey.
func ParseTrustPolicy(file []byte) (*TrustPolicy, error) {
	if len(file) > MaxPolicyFile {
		return nil, reject(ErrTooLarge, "trust policy of %d bytes", len(file))
	}
	header, rest, _ := strings.Cut(string(file), "\n")
	if header != policyHeader {
		return nil, reject(ErrMalformed, "trust policy header %.40q", header)
	}
	var spec PolicySpec
	for number := 2; rest != ""; number++ {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		if err := spec.parseLine(line); err != nil {
			return nil, fmt.Errorf("trust policy line %d: %w", number, err)
		}
	}
	p, err := NewTrustPolicy(spec)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(p.Format(), file) {
		return nil, reject(ErrMalformed, "trust policy lines out of order or repeated")
	}
	return p, nil
}

// parseLine reads one item. Order and repetition are judged afterwards, by
// formatting again.
func (s *PolicySpec) parseLine(line string) error {
	word, value, _ := strings.Cut(line, " ")
	switch word {
	case "origin":
		s.Origin = value
	case "twin":
		s.Twin = value
	case "checkpoint":
		s.Checkpoints = append(s.Checkpoints, value)
	case "node":
		s.Nodes = append(s.Nodes, value)
	case "threshold":
		return parseCount(value, &s.Threshold)
	case "witness":
		name, key, _ := strings.Cut(value, " ")
		s.Witnesses = append(s.Witnesses, WitnessSpec{Name: name, Key: key})
	case "quorum":
		return parseCount(value, &s.Quorum)
	default:
		return reject(ErrMalformed, "unknown item %.40q", word)
	}
	return nil
}

// parseCount reads a small number.
func parseCount(text string, n *int) error {
	v, err := parseDecimal(text)
	if err != nil {
		return err
	}
	if v > MaxPolicyKeys {
		return reject(ErrTooLarge, "number %d", v)
	}
	*n = int(v)
	return nil
}
