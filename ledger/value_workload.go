package ledger

import (
	"encoding/binary"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// workload is the stored state of a workload: what the rules see, and where its
// chain of events ends in the log.
type workload struct {
	*settlement.Workload
	lastAt uint64 // index of its last event
}

func encodeWorkload(b []byte, w workload) []byte {
	b = append(b, byte(w.State))
	b = binary.AppendUvarint(b, w.Seq)
	b = append(append(append(b, w.Last[:]...), w.Sealed[:]...), w.Customer[:]...)
	if w.Adapter == nil {
		b = append(b, 0)
	} else {
		b = append(append(b, 1), w.Adapter[:]...)
	}
	b = append(b, w.Program[:]...)
	if w.Plan == nil {
		b = append(b, 0)
	} else {
		b = binary.AppendUvarint(append(b, 1), w.Plan.Count)
		b = append(append(append(b, w.Plan.Root[:]...), w.Plan.Planner[:]...), w.Plan.Nonce[:]...)
	}
	for _, n := range [...]uint64{w.PlannedAt, w.SettledAt, w.lastAt} {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

func decodeWorkload(key pair, data []byte) (workload, bool) {
	v := values{b: data}
	w := workload{Workload: new(settlement.Workload)}
	w.Author, w.ID = key.a, key.b
	w.State, w.Seq = codec.State(v.u8()), v.uvarint()
	w.Last, w.Sealed, w.Customer = v.hash(), v.hash(), v.id()
	w.Adapter, w.Program = v.optionalID(), v.hash()
	if v.u8() == 1 {
		w.Plan = &codec.Plan{Count: v.uvarint(), Root: v.hash(), Planner: v.hash(), Nonce: v.hash()}
	}
	w.PlannedAt, w.SettledAt, w.lastAt = v.uvarint(), v.uvarint(), v.uvarint()
	return w, v.done()
}

func encodeWorkUse(b []byte, u *settlement.WorkUse) []byte {
	return append(append(b, u.Author[:]...), u.Workload[:]...)
}

func decodeWorkUse(_ codec.Hash, data []byte) (*settlement.WorkUse, bool) {
	v := values{b: data}
	u := &settlement.WorkUse{Author: v.id(), Workload: v.id()}
	return u, v.done()
}

func encodeNumber(b []byte, n uint64) []byte { return binary.BigEndian.AppendUint64(b, n) }

func decodeNumber(_ pair, data []byte) (uint64, bool) {
	if len(data) != 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(data), true
}
