package wasm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// The two ends of a pipe are the same build of the same program, so a frame has no
// version: it is a list of fields in a fixed order, numbers in eight bytes big-endian
// and byte strings after their length.
const (
	maxProgram = 1 << 10 // bytes of an encoded program
	maxText    = 1 << 10 // bytes of a reason
)

// request is what a process gets to do.
type request struct {
	memory, seconds uint64 // limits that it sets for itself; 0 seconds: none
	engine          Engine
	program         []byte
	code            []byte // empty for a built-in program
	task            replay.Task
}

// errFrame is what a frame that does not fit is refused with.
var errFrame = errors.New("bad frame")

// buffers returns the request as parts, so that the large ones are not copied.
func (q *request) buffers() [][]byte {
	head := binary.BigEndian.AppendUint64(nil, q.memory)
	head = binary.BigEndian.AppendUint64(head, q.seconds)
	head = binary.BigEndian.AppendUint64(head, uint64(q.engine))
	head = binary.BigEndian.AppendUint64(head, q.task.MaxUnits)
	head = append(head, q.task.Seed[:]...)
	parts := [][]byte{head}
	for _, field := range [][]byte{q.program, q.code, q.task.Args, q.task.Input} {
		parts = append(parts, binary.BigEndian.AppendUint64(nil, uint64(len(field))), field)
	}
	return parts
}

// decoder reads the fields of a frame. The first error stays.
type decoder struct {
	r   io.Reader
	err error
}

func (d *decoder) full(b []byte) {
	if d.err == nil {
		_, d.err = io.ReadFull(d.r, b)
	}
}

func (d *decoder) number() uint64 {
	var b [8]byte
	d.full(b[:])
	return binary.BigEndian.Uint64(b[:])
}

// bytes reads a byte string of at most limit bytes.
func (d *decoder) bytes(limit uint64) []byte {
	n := d.number()
	if d.err == nil && n > limit {
		d.err = fmt.Errorf("%w: %d bytes, at most %d", errFrame, n, limit)
	}
	if d.err != nil {
		return nil
	}
	b := make([]byte, n)
	d.full(b)
	return b
}

// limits reads the first two fields of a request: they are set before the rest is read.
func (d *decoder) limits(q *request) { q.memory, q.seconds = d.number(), d.number() }

// rest reads the other fields.
func (d *decoder) rest(q *request) error {
	q.engine = Engine(d.number())
	q.task.MaxUnits = d.number()
	d.full(q.task.Seed[:])
	q.program = d.bytes(maxProgram)
	q.code = d.bytes(MaxModule)
	q.task.Args = d.bytes(replay.MaxArgs)
	q.task.Input = d.bytes(replay.MaxInput)
	return d.err
}

// writeOutcome writes what a run gave.
func writeOutcome(w io.Writer, o *Outcome) error {
	head := binary.BigEndian.AppendUint64(nil, uint64(o.Status))
	head = binary.BigEndian.AppendUint64(head, o.Units)
	head = binary.BigEndian.AppendUint64(head, o.Fuel)
	for _, text := range []string{o.Field, o.Unable} {
		text = text[:min(len(text), maxText)]
		head = binary.BigEndian.AppendUint64(head, uint64(len(text)))
		head = append(head, text...)
	}
	head = binary.BigEndian.AppendUint64(head, uint64(len(o.Output)))
	if _, err := w.Write(head); err != nil {
		return err
	}
	_, err := w.Write(o.Output)
	return err
}

// readOutcome reads what writeOutcome wrote, and believes no more than can be.
func readOutcome(r io.Reader) (Outcome, error) {
	d := &decoder{r: r}
	var o Outcome
	status := d.number()
	o.Status, o.Units, o.Fuel = replay.Status(status), d.number(), d.number()
	o.Field, o.Unable = string(d.bytes(maxText)), string(d.bytes(maxText))
	o.Output = d.bytes(replay.MaxOutput)
	switch {
	case d.err != nil:
		return Outcome{}, d.err
	case status > uint64(replay.Unable):
		return Outcome{}, fmt.Errorf("%w: status %d", errFrame, status)
	case o.Status == replay.OK && !o.plausible():
		return Outcome{}, fmt.Errorf("%w: %d units for %d fuel", errFrame, o.Units, o.Fuel)
	}
	if o.Status != replay.OK {
		o.Output = nil
	}
	return o, nil
}

// plausible compares units with fuel, which a built-in program has none of.
func (o *Outcome) plausible() bool {
	if o.Fuel == 0 {
		return o.Units > 0
	}
	return o.Fuel <= codec.MaxFuel && o.Units == (o.Fuel+UnitFuel-1)/UnitFuel
}
