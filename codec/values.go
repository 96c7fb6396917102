package codec

import (
	"encoding/hex"
	"fmt"
)

// ID is a 16-byte identifier: of a party, a workload, a batch or a record.
type ID [16]byte

// Hash is a 32-byte BLAKE3 or SHA-256 value, or a key id.
type Hash [32]byte

// Sig is an Ed25519 signature (RFC 8032).
type Sig [64]byte

// String returns lower-case hex.
func (x ID) String() string { return hex.EncodeToString(x[:]) }

// String returns lower-case hex.
func (x Hash) String() string { return hex.EncodeToString(x[:]) }

// String returns lower-case hex.
func (x Sig) String() string { return hex.EncodeToString(x[:]) }

// MarshalText makes JSON show hex.
func (x ID) MarshalText() ([]byte, error) { return []byte(x.String()), nil }

// MarshalText makes JSON show hex.
func (x Hash) MarshalText() ([]byte, error) { return []byte(x.String()), nil }

// MarshalText makes JSON show hex.
func (x Sig) MarshalText() ([]byte, error) { return []byte(x.String()), nil }

// UnmarshalText parses 32 hex digits.
func (x *ID) UnmarshalText(s []byte) error { return unhex(x[:], s) }

// UnmarshalText parses 64 hex digits.
func (x *Hash) UnmarshalText(s []byte) error { return unhex(x[:], s) }

// UnmarshalText parses 128 hex digits.
func (x *Sig) UnmarshalText(s []byte) error { return unhex(x[:], s) }

// ParseID parses 32 hex digits.
func ParseID(s string) (x ID, err error) { err = unhex(x[:], []byte(s)); return }

// ParseHash parses 64 hex digits.
func ParseHash(s string) (x Hash, err error) { err = unhex(x[:], []byte(s)); return }

func unhex(dst, s []byte) error {
	if len(s) != 2*len(dst) {
		return fmt.Errorf("%d hex digits expected, got %d characters", 2*len(dst), len(s))
	}
	_, err := hex.Decode(dst, s)
	return err
}

// Kind tells what a record is (records.md section 1).
type Kind uint8

// The kinds of records. Numbers never change meaning.
const (
	KindGenesis    Kind = 0
	KindSettlement Kind = 1
	KindPolicy     Kind = 2
	KindParty      Kind = 3
	KindEvent      Kind = 4
	KindDispute    Kind = 5
	KindAdjustment Kind = 6
	KindCycle      Kind = 7
	KindAudit      Kind = 8
)

var kindNames = [...]string{"genesis", "settlement", "policy", "party", "event", "dispute", "adjustment", "cycle", "audit"}

// String returns the kind's name, such as "settlement".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Role is what a party may do (records.md section 6.4).
type Role uint8

// The roles of parties.
const (
	RoleProvider   Role = 1
	RoleAdapter    Role = 2
	RoleCustomer   Role = 3
	RolePlatform   Role = 4
	RoleAuditor    Role = 5
	RoleWitness    Role = 6
	RoleHub        Role = 7
	RoleGovernance Role = 8
	RoleArbiter    Role = 9
	RoleOperator   Role = 10
)

var roleNames = [...]string{"", "provider", "adapter", "customer", "platform", "auditor", "witness", "hub", "governance", "arbiter", "operator"}

// String returns the role's name, such as "provider".
func (r Role) String() string {
	if r >= 1 && int(r) < len(roleNames) {
		return roleNames[r]
	}
	return fmt.Sprintf("role %d", uint8(r))
}

// ParseRole returns the role with this name.
func ParseRole(s string) (Role, error) {
	for i, name := range roleNames {
		if i > 0 && name == s {
			return Role(i), nil
		}
	}
	return 0, fmt.Errorf("unknown role %q", s)
}

// Use is what a key may sign (records.md section 6.4).
type Use uint8

// The uses of keys.
const (
	UseOwner      Use = 1 // signs records of kinds 0, 2, 3, 5-8
	UseAgent      Use = 2 // signs shard receipts
	UseSubmit     Use = 3 // signs batches and acknowledgements
	UseCheckpoint Use = 4 // signs checkpoints (operators only)
	UseNode       Use = 5 // signs a replica's attestations and findings (operators only)
)

// AlgEd25519 is the only signature algorithm of version 1.
const AlgEd25519 = 1

// State is the accounting state of a workload (records.md section 6.5).
type State uint8

// The states of a workload. Finalized and Disputed are derived, never submitted.
const (
	StateNone        State = 0
	StatePending     State = 1
	StatePlanned     State = 2
	StateRunning     State = 3
	StateVerifying   State = 4
	StateAggregating State = 5
	StateFinalized   State = 6
	StateFailed      State = 7
	StateDisputed    State = 8
)

var stateNames = [...]string{"none", "Pending", "Planned", "Running", "Verifying", "Aggregating", "Finalized", "Failed", "Disputed"}

// String returns the state's name, such as "Planned".
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// Side is the side of a posting.
type Side uint8

// The sides of a posting.
const (
	Credit Side = 1
	Debit  Side = 2
)
