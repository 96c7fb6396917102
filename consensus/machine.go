package consensus

import (
	"io"

	"github.com/forgepool/settle/ledger"
)

// Machine is what a replica needs of the ledger; *ledger.Ledger is one. Apply and Swap
// are called by one goroutine, an installer by one other; the rest by any.
type Machine interface {
	// Apply applies committed entries in order.
	Apply(entries []ledger.Entry) []ledger.Result
	// Applied returns where the state stands.
	Applied() ledger.Applied
	// Configuration returns the last membership entry applied, index 0 if none.
	Configuration() (index uint64, data []byte, err error)
	// Flush makes everything applied before the call durable.
	Flush() error
	// Read returns a view that must be closed, nil if the ledger is closed.
	Read() *ledger.Snapshot
	// OpenSnapshotReader returns a stream of the whole state and what it holds.
	OpenSnapshotReader() (stream io.ReadCloser, meta ledger.Meta, size int64, err error)
	// NewInstaller begins to receive such a stream.
	NewInstaller() (*ledger.Installer, error)
	// Swap puts a received and verified stream in the place of the state.
	Swap(in *ledger.Installer) error
}

var _ Machine = (*ledger.Ledger)(nil)
