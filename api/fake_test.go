package api

import (
	"bytes"
	"context"
	"io"

	"github.com/forgepool/settle/codec"
)

// fake answers every question with fixed values, or with err.
type fake struct {
	err      error
	gate     chan struct{} // if set, Submit says that it is there, then waits
	batch    []byte        // last submitted
	upload   *Upload       // last announced
	stored   []byte        // last uploaded
	asked    []uint64      // numbers of the last question
	signed   *Request      // behind the last question for attachments
	notReady bool
}

var until = uint64(9)

func (f *fake) Submit(ctx context.Context, batch []byte) (*Submission, error) {
	if f.gate != nil {
		f.gate <- struct{}{}
		select {
		case <-f.gate:
		case <-ctx.Done():
			return nil, Fail(codec.CodeUnknownOutcome, "")
		}
	}
	f.batch = bytes.Clone(batch)
	if f.err != nil {
		return nil, f.err
	}
	return &Submission{Size: 3, Outcomes: Outcomes{
		{Kind: codec.Appended, Index: 2, Leaf: codec.Hash{1}},
		{Kind: codec.Refused, Code: codec.CodeWrongSplit},
	}}, nil
}

func (f *fake) Batch(_ context.Context, submitter, id codec.ID) (*Batch, error) {
	return &Batch{Origin: "o", ID: id, Submitter: submitter, N: 1, Atomic: true, Leaves: []codec.Hash{{7}}, Outcomes: Outcomes{}}, f.err
}

func (f *fake) Batches(_ context.Context, from uint64, limit int) ([]Batch, error) {
	f.asked = []uint64{from, uint64(limit)}
	return []Batch{{Origin: "o", Number: from, Leaves: []codec.Hash{}, Outcomes: Outcomes{}}}, f.err
}

func (f *fake) Record(_ context.Context, index uint64) (*Record, error) {
	return &Record{Index: index, Bytes: []byte("record")}, f.err
}

func (f *fake) RecordByID(_ context.Context, author, id codec.ID) (*Record, error) {
	return &Record{Bytes: append(author[:], id[:]...)}, f.err
}

func (f *fake) Records(_ context.Context, from uint64, limit int) ([]Record, error) {
	f.asked = []uint64{from, uint64(limit)}
	return []Record{{Index: from, Bytes: []byte{1}}, {Index: from + 1, Bytes: []byte{2}}}, f.err
}

func (f *fake) Settlement(_ context.Context, _, workload codec.ID) (*Record, error) {
	return &Record{Bytes: workload[:]}, f.err
}

func (f *fake) History(_ context.Context, author, workload codec.ID) (*History, error) {
	return &History{Author: author, Workload: workload, State: codec.StatePlanned, Records: []Record{}}, f.err
}

func (f *fake) Party(_ context.Context, id codec.ID) (*Party, error) {
	return &Party{ID: id, Role: codec.RoleHub, Status: "active", Keys: []Key{{Use: codec.UseOwner, ValidTo: &until}, {}}}, f.err
}

func (f *fake) Balance(_ context.Context, party codec.ID, cycle uint64) (*Balance, error) {
	return &Balance{Party: party, Cycle: cycle, Credit: codec.MaxAmount}, f.err
}

func (f *fake) Policy(_ context.Context, cycle uint64) (*Policy, error) {
	return &Policy{Index: cycle, Body: []byte{0xa0}}, f.err
}

func (f *fake) Checkpoint(_ context.Context, size uint64) (*Checkpoint, error) {
	return &Checkpoint{Size: size, NoteA: []byte("a\n"), NoteB: []byte("b\n")}, f.err
}

func (f *fake) Checkpoints(_ context.Context, from uint64, limit int) ([]Checkpoint, error) {
	return []Checkpoint{{Size: from + uint64(limit), NoteA: []byte{}, NoteB: []byte{}}}, f.err
}

func (f *fake) Inclusion(_ context.Context, tree Tree, index, size uint64) (*Path, error) {
	return &Path{Hashes: []codec.Hash{{tree[0], byte(index), byte(size)}}}, f.err
}

func (f *fake) Consistency(_ context.Context, tree Tree, from, to uint64) (*Path, error) {
	return &Path{Hashes: []codec.Hash{{tree[0], byte(from), byte(to)}}}, f.err
}

func (f *fake) Artifact(context.Context, codec.Hash, uint64) (io.ReadCloser, int64, error) {
	if f.err != nil {
		return nil, 0, f.err
	}
	return io.NopCloser(bytes.NewReader(f.stored)), int64(len(f.stored)), nil
}

func (f *fake) Attachments(ctx context.Context, wanted []Wanted) ([]Attached, error) {
	f.signed = RequestOf(ctx)
	var list []Attached
	for i := range wanted {
		for _, hash := range wanted[i].Hashes {
			list = append(list, Attached{Data: hash[:wanted[i].Index]})
		}
	}
	return append(list, Attached{Data: []byte{}, Code: codec.CodeForbidden}), f.err
}

func (f *fake) PutArtifact(_ context.Context, put *Upload, body io.Reader) (err error) {
	f.upload = put
	f.stored, err = io.ReadAll(body)
	if err != nil {
		return err
	}
	return f.err
}

func (f *fake) Status(context.Context) (*Status, error) {
	return &Status{Server: "n1", Role: "leader", Size: 5, Ready: !f.notReady}, f.err
}
