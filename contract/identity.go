package contract

import (
	"encoding/binary"

	"github.com/zeebo/blake3"

	"github.com/forgepool/settle/codec"
)

// Contexts of BLAKE3's key derivation mode, which keeps them apart from every other
// hash of the ledger. b3sum --derive-key computes the same.
const (
	contextWorkload = "settle/v1 import workload"
	contextSeed     = "settle/v1 import seed"
	contextDerived  = "settle/v1 import derived seed"
	contextRecord   = "settle/v1 import record"
	contextBatch    = "settle/v1 import batch"
	contextSalt     = "settle/v1 import salt"
)

// Hub is who imports, on which ledger.
type Hub struct {
	Origin string     // of tree A
	ID     codec.ID   // party id
	Secret codec.Hash // all salts follow from it; whoever knows it can guess what they hide
}

// Workload returns the workload id of a job, which agents sign in their receipts.
func (h *Hub) Workload(job string) codec.ID {
	return short(derive(contextWorkload, h.head(), []byte(job)))
}

// RootSeed returns the 32-byte seed that a contract's root seed stands for. A seed
// that the customer gave gives the same for everybody; a derived one is the job's own.
func (h *Hub) RootSeed(job string, s Seed) codec.Hash {
	if s.Derived {
		return derive(contextDerived, h.head(), binary.BigEndian.AppendUint16(nil, uint16(len(job))), []byte(job), []byte(s.Value))
	}
	return derive(contextSeed, []byte(s.Value))
}

// Batch returns the id of the batch that holds records with these leaf hashes.
func (h *Hub) Batch(leaves []codec.Hash) codec.ID {
	parts := [][]byte{h.head()}
	for i := range leaves {
		parts = append(parts, leaves[i][:])
	}
	return short(derive(contextBatch, parts...))
}

// record returns the id of a job's record; step is the state that it leads to.
func (h *Hub) record(job string, step codec.State) codec.ID {
	return short(derive(contextRecord, h.head(), []byte{byte(step)}, []byte(job)))
}

// What salts are for. Numbers never change meaning.
const (
	saltCustomer = 1 // seal of the customer
	saltDetail   = 2 // of the detail
	saltLine     = 3 // of each posting
	saltLabel    = 4 // of each label
	saltLabels   = 5 // seal of the clear labels
	saltNonce    = 6 // replication nonce, if the results name none
)

// salt returns the salt of a job for a purpose; n counts salts of one purpose.
func (h *Hub) salt(job string, purpose byte, n int) codec.Hash {
	return derive(contextSalt, h.Secret[:], h.head(), []byte{purpose}, binary.BigEndian.AppendUint16(nil, uint16(n)), []byte(job))
}

// head is O and the hub: what every derivation of this hub begins with.
func (h *Hub) head() []byte {
	b := append(binary.BigEndian.AppendUint16(nil, uint16(len(h.Origin))), h.Origin...)
	return append(b, h.ID[:]...)
}

func derive(context string, parts ...[]byte) (out codec.Hash) {
	var material []byte
	for _, p := range parts {
		material = append(material, p...)
	}
	blake3.DeriveKey(context, material, out[:])
	return out
}

func short(h codec.Hash) codec.ID { return codec.ID(h[:16]) }
