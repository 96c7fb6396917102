package ledger

import (
	"sync"
	"sync/atomic"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// PrepareCommand decodes a command and does everything about its batches that needs
// no state, on up to GOMAXPROCS goroutines. It depends on the bytes alone, so any
// goroutine may run it ahead of Apply. Errors wrap codec.ErrNotCanonical, or name
// the rule that the command breaks: Apply refuses such a command as malformed.
func PrepareCommand(data []byte) (*codec.Command, []*settlement.Prepared, error) {
	cmd, err := codec.DecodeCommand(data)
	if err != nil {
		return nil, nil, err
	}
	if err := checkCommand(cmd); err != nil {
		return nil, nil, err
	}
	prepared := make([]*settlement.Prepared, len(cmd.Batches))
	for i, b := range cmd.Batches {
		prepared[i] = prepareBatch(b)
	}
	return cmd, prepared, nil
}

// checkCommand checks that exactly the fields of the kind are present.
func checkCommand(c *codec.Command) error {
	want := [4]bool{
		c.Kind == codec.CommandBatches, c.Kind == codec.CommandCheckpointIntent,
		c.Kind == codec.CommandCheckpointCommit, c.Kind == codec.CommandNodeStart,
	}
	has := [4]bool{len(c.Batches) > 0, c.Size != nil, c.Commit != nil, c.Start != nil}
	switch {
	case c.Version != 1:
		return codec.Refuse(codec.CodeMalformed, "unknown version of a command")
	case c.Stamp > codec.MaxAmount:
		return codec.Refuse(codec.CodeMalformed, "stamp is not a time")
	case want == [4]bool{} || want != has:
		return codec.Refuse(codec.CodeMalformed, "the fields are not those of the command's kind")
	}
	return nil
}

// alone is the number of records that one goroutine prepares at a time.
const alone = 16

// prepareBatch prepares the records of a large batch on several goroutines.
func prepareBatch(data []byte) *settlement.Prepared {
	p := settlement.PrepareBatch(data)
	n := len(p.Records)
	var next atomic.Int64
	run := func() {
		for {
			from := int(next.Add(alone)) - alone
			if from >= n {
				return
			}
			p.PrepareRecords(from, min(from+alone, n))
		}
	}
	var wg sync.WaitGroup
	for range min(workers()-1, n/alone) {
		wg.Go(run)
	}
	run()
	wg.Wait()
	p.Finish()
	return p
}
