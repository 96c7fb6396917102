package ledger

import (
	"encoding/binary"

	"github.com/forgepool/settle/settlement"
)

// What is frozen at a cut is a settlement.Closing without what follows from the accounts
// of its cycle, which change no more: parties and subtotals.

func encodeFrozen(b []byte, c *settlement.Closing) []byte {
	b = appendUvarints(b, c.Range.Min, c.Range.Max)
	b = appendUvarints(b, c.Counts[:]...)
	b = appendUvarints(b, c.Journal.N, c.Journal.Credit, c.Journal.Debit)
	b = append(b, c.Journal.Root[:]...)
	b = appendUvarints(b, c.Held.Disputes, c.Held.Held, c.Held.Released)
	b = append(binary.AppendUvarint(b, c.Log.Size), c.Log.Root[:]...)
	b = appendUvarints(b, c.Unfinished, c.Batches.N)
	return append(b, c.Batches.Root[:]...)
}

func decodeFrozen(cycle uint64, data []byte) (*settlement.Closing, bool) {
	v := values{b: data}
	c := &settlement.Closing{Cycle: cycle}
	c.Range.Min, c.Range.Max = v.uvarint(), v.uvarint()
	for i := range c.Counts {
		c.Counts[i] = v.uvarint()
	}
	c.Journal.N, c.Journal.Credit, c.Journal.Debit, c.Journal.Root = v.uvarint(), v.uvarint(), v.uvarint(), v.hash()
	c.Held.Disputes, c.Held.Held, c.Held.Released = v.uvarint(), v.uvarint(), v.uvarint()
	c.Log.Size, c.Log.Root = v.uvarint(), v.hash()
	c.Unfinished, c.Batches.N, c.Batches.Root = v.uvarint(), v.uvarint(), v.hash()
	return c, v.done()
}
