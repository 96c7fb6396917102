package codec

// CommandKind says what a raft command does.
type CommandKind uint64

// The kinds of raft commands (docs/formats/consensus.md).
const (
	CommandBatches          CommandKind = 1 // apply batches
	CommandCheckpointIntent CommandKind = 2 // every replica records its roots at a size
	CommandCheckpointCommit CommandKind = 3 // publish a checkpoint that a majority attested
	CommandNodeStart        CommandKind = 4 // a replica joins or comes back, with its incarnation
)

// Command is the envelope of a raft command. Only the fields of its kind are
// present.
type Command struct {
	Version uint64      `cbor:"1,keyasint"`
	Kind    CommandKind `cbor:"2,keyasint"`
	Stamp   uint64      `cbor:"3,keyasint"` // leader's clock, Unix ms

	Batches [][]byte          `cbor:"4,keyasint,omitempty"` // kind 1
	Size    *uint64           `cbor:"5,keyasint,omitempty"` // kind 2: size to be checkpointed
	Commit  *CheckpointCommit `cbor:"6,keyasint,omitempty"` // kind 3
	Start   *NodeStart        `cbor:"7,keyasint,omitempty"` // kind 4
}

// CheckpointCommit carries a checkpoint that a majority of replicas attested.
type CheckpointCommit struct {
	Size     uint64 `cbor:"1,keyasint"`
	RootA    Hash   `cbor:"2,keyasint"`
	RootB    Hash   `cbor:"3,keyasint"`
	StateSum Hash   `cbor:"4,keyasint"`
	Time     uint64 `cbor:"5,keyasint"` // ledger time at the intent, ms
	NoteA    []byte `cbor:"6,keyasint"` // signed note of tree A with attestations
	NoteB    []byte `cbor:"7,keyasint"` // signed note of tree B with attestations
}

// NodeStart announces that a replica's process is up.
type NodeStart struct {
	Server      string `cbor:"1,keyasint"` // raft server id
	Incarnation uint64 `cbor:"2,keyasint"` // rises by one with every start
	LastIndex   uint64 `cbor:"3,keyasint"` // last raft index in the replica's log
	API         string `cbor:"4,keyasint"` // address of the node's HTTP API
}

// EncodeCommand returns the canonical bytes of a command.
func EncodeCommand(c *Command) []byte { return Encode(c) }

// DecodeCommand reads a command; its batches alias data.
func DecodeCommand(data []byte) (*Command, error) {
	c := new(Command)
	if err := Decode(data, c); err != nil {
		return nil, err
	}
	return c, nil
}
