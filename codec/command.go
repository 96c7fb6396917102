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
func EncodeCommand(c *Command) []byte {
	if c.Kind != CommandBatches || c.Size != nil || c.Commit != nil || c.Start != nil {
		return Encode(c)
	}
	size := 32
	for _, batch := range c.Batches {
		size += 5 + len(batch)
	}
	b := AppendMap(make([]byte, 0, size), 3+present(len(c.Batches) > 0))
	b = appendUintAt(appendUintAt(b, 1, c.Version), 2, uint64(c.Kind))
	b = appendUintAt(b, 3, c.Stamp)
	if len(c.Batches) > 0 {
		b = appendStrings(appendKey(b, 4), c.Batches)
	}
	return b
}

// DecodeCommand reads a command; its batches alias data. Exactly the fields of its
// kind are present. Errors wrap ErrNotCanonical or ErrTooLarge.
func DecodeCommand(data []byte) (*Command, error) {
	if err := checkSize("command", len(data), MaxCommand); err != nil {
		return nil, err
	}
	c := new(Command)
	r := NewReader(data)
	f := r.fields(4)
	c.Version = f.uintAt(1)
	f.at(2)
	c.Kind = CommandKind(f.Uint())
	if r.err == nil && c.Kind != CommandBatches {
		if err := Decode(data, c); err != nil {
			return nil, err
		}
		return c, nil
	}
	c.Stamp = f.uintAt(3)
	f.at(4)
	c.Batches = f.strings(nil, MaxCommandBatches, MaxBatch)
	f.end()
	if err := r.Done(); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return c, nil
}

// check holds the rules of the envelope.
func (c *Command) check() error {
	if c.Version != 1 {
		return malformed("command of unknown version %d", c.Version)
	}
	there := [...]bool{c.Batches != nil, c.Size != nil, c.Commit != nil, c.Start != nil}
	for i := range there {
		if there[i] != (c.Kind == CommandBatches+CommandKind(i)) {
			return malformed("command of kind %d without its field, or with another's", c.Kind)
		}
	}
	if c.Kind < CommandBatches || c.Kind > CommandNodeStart {
		return malformed("command of unknown kind %d", c.Kind)
	}
	if c.Batches != nil && len(c.Batches) == 0 {
		return malformed("command without batches")
	}
	return nil
}
