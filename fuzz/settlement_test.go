package fuzz

import (
	"bytes"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// FuzzPrepare: preparing never panics; a batch that is no fault is canonical; and the
// order in which records are prepared makes no difference.
func FuzzPrepare(f *testing.F) {
	f.Add(codecUnhex(f, codecLoad(f).Batch.BatchHex))
	f.Fuzz(func(t *testing.T, data []byte) {
		p := settlement.Prepare(data)
		if p.Fault != nil {
			return
		}
		if !bytes.Equal(codec.EncodeBatch(p.Batch), data) {
			t.Fatal("two encodings of one batch")
		}
		again := settlement.PrepareBatch(data)
		for i := len(again.Records) - 1; i >= 0; i-- {
			again.PrepareRecords(i, i+1)
		}
		again.Finish()
		if again.Digest != p.Digest || (again.AttachmentFault == nil) != (p.AttachmentFault == nil) {
			t.Fatal("the order of preparation shows")
		}
		for i := range p.Records {
			a, b := p.Records[i].Fault, again.Records[i].Fault
			if (a == nil) != (b == nil) || a != nil && a.Code != b.Code {
				t.Fatalf("record %d: %v and %v", i, a, b)
			}
		}
	})
}

// FuzzGenesis: whatever is not the genesis of the example founds nothing.
func FuzzGenesis(f *testing.F) {
	genesis := codecUnhex(f, codecLoad(f).Records[0].RecordHex)
	f.Add(genesis)
	f.Fuzz(func(t *testing.T, data []byte) {
		change, body, err := settlement.JudgeGenesis(data)
		if (err == nil) != bytes.Equal(data, genesis) {
			t.Fatalf("judged: %v", err)
		}
		if err != nil && (change != nil || body != nil) {
			t.Fatal("a refused genesis founds something")
		}
	})
}
