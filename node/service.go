package node

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/consensus"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/settlement"
)

// service is api.Service on this node. The one for clients passes batches on to the
// leader and asks other members for artifacts; the one for members does neither, so
// nothing goes in circles.
type service struct {
	reads
	node    *Node
	forward bool
}

var _ api.Service = (*service)(nil)

// Submit applies a batch, here if this node leads, else on the leader.
func (s *service) Submit(ctx context.Context, batch []byte) (*api.Submission, error) {
	if !s.node.joined() {
		return nil, api.Fail(codec.CodeNoLeader, "the node has not joined the cluster yet")
	}
	if s.node.replica.LeaderReady() {
		return s.decide(ctx, batch)
	}
	leader := s.node.replica.Leader().ID
	if !s.forward || leader == "" || leader == s.node.server() {
		return nil, api.Fail(codec.CodeNoLeader, "%s does not lead", s.node.server())
	}
	client, err := s.node.peers.client(leader)
	if err != nil {
		return nil, api.Fail(codec.CodeInternal, "%v", err)
	}
	return client.Submit(ctx, batch)
}

// decide prepares a batch, answers what needs no proposal, and proposes the rest.
func (s *service) decide(ctx context.Context, batch []byte) (*api.Submission, error) {
	if s.node.space.short() {
		return nil, api.Fail(codec.CodeStorageFull, "less than %d bytes are free", s.node.config.MinFree)
	}
	p := settlement.Prepare(batch)
	if p.Fault != nil {
		return nil, refused(p.Fault)
	}
	if known, err := s.advise(p); known != nil || err != nil {
		return known, err
	}
	r, err := s.node.replica.Submit(ctx, batch, p)
	switch {
	case err != nil:
		return nil, submitError(err)
	case r.Fault != nil:
		return nil, refused(r.Fault)
	}
	return &api.Submission{Outcomes: r.Outcomes, Known: r.Known, Size: s.ledger.Applied().Size}, nil
}

// advise looks at a batch before it is proposed, in the order in which the ledger
// will. It answers a known batch from what is stored, spares the cluster a batch that
// would be refused as a whole, and verifies the agents' receipts, which nobody does
// after it (docs/formats/records.md section 3).
func (s *service) advise(p *settlement.Prepared) (*api.Submission, error) {
	v, err := s.view()
	if err != nil {
		return nil, err
	}
	defer v.Close()
	defer s.fatality.guard()
	stamp := uint64(max(time.Now().UnixMilli(), 0))
	rules := v.View(stamp)
	if r := settlement.CheckForm(rules, p); r != nil {
		return nil, refused(r)
	}
	known, err := v.Batch(p.Batch.Submitter, p.Batch.ID)
	if err == nil && known.Digest == p.Digest {
		return &api.Submission{Outcomes: known.Outcomes, Known: true, Size: v.Size()}, nil
	}
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return nil, answer(err)
	}
	if r := settlement.CheckSubmitter(rules, p); r != nil {
		return nil, refused(r)
	}
	if err == nil {
		return nil, api.Fail(codec.CodeBatchConflict, "the batch id stands for other content")
	}
	if r := settlement.CheckClock(rules, p, stamp); r != nil {
		return nil, refused(r)
	}
	if fault := s.checkReceipts(rules, p); fault != nil {
		return nil, api.Fail(codec.CodeBadReceipt, "%v", fault)
	}
	return nil, nil
}

// checkReceipts verifies the agents' receipts on all processors; it returns the fault
// of the first record that has one.
func (s *service) checkReceipts(v settlement.View, p *settlement.Prepared) *settlement.ReceiptFault {
	if v.PolicyFor(v.Moment().Cycle).Body.Receipts == 0 {
		return nil
	}
	faults := make([]*settlement.ReceiptFault, len(p.Records))
	var next atomic.Int64
	var done sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(p.Records)) {
		done.Go(func() {
			defer s.fatality.guard()
			for i := int(next.Add(1)) - 1; i < len(faults); i = int(next.Add(1)) - 1 {
				faults[i] = settlement.CheckRecordReceipts(v, p, i)
			}
		})
	}
	done.Wait()
	for _, fault := range faults {
		if fault != nil {
			return fault
		}
	}
	return nil
}

func refused(r *codec.Refusal) *api.Error { return api.Fail(r.Code, "%s", r.Detail) }

// submitError gives an error of the replica its code.
func submitError(err error) *api.Error {
	var notLeader *consensus.NotLeaderError
	var refusal *codec.Refusal
	switch {
	case errors.As(err, &notLeader):
		return api.Fail(codec.CodeNoLeader, "%v", err)
	case errors.Is(err, consensus.ErrOverloaded):
		return api.Fail(codec.CodeOverloaded, "%v", err)
	case errors.Is(err, consensus.ErrTooLarge):
		return api.Fail(codec.CodeTooLarge, "%v", err)
	case errors.As(err, &refusal):
		return refused(refusal)
	case errors.Is(err, consensus.ErrUnknown):
		return api.Fail(codec.CodeUnknownOutcome, "%v", err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return api.Fail(codec.CodeOverloaded, "the batch waited too long and was not proposed")
	}
	return api.Fail(codec.CodeUnknownOutcome, "%v", err)
}

// Status describes the node, its replica and the cluster.
func (s *service) Status(context.Context) (*api.Status, error) {
	stats, a, f := s.node.replica.Stats(), s.ledger.Applied(), s.ledger.Facts()
	return &api.Status{
		Server: stats.Server, Role: strings.ToLower(stats.State), Leader: stats.Leader, Term: stats.Term, Applied: a.Index,
		Size: a.Size, RootA: a.RootA, RootB: a.RootB, StateSum: a.StateSum, Time: a.Time, Cycle: a.Cycle,
		OriginA: f.OriginA, OriginB: f.OriginB, Ready: s.node.ready(&stats), Software: Software,
	}, nil
}

// Artifact opens an attachment, a stored artifact, or one that another member has, for
// those whom it concerns.
func (s *service) Artifact(ctx context.Context, hash codec.Hash, index uint64) (io.ReadCloser, int64, error) {
	data, err := from(&s.reads, func(v *ledger.Snapshot) ([]byte, error) {
		a, err := s.asker(ctx, v)
		if err == nil {
			err = a.mayRead(v, hash, index)
		}
		if err != nil {
			return nil, err
		}
		return v.Attachment(hash)
	})
	if err == nil {
		return io.NopCloser(strings.NewReader(string(data))), int64(len(data)), nil
	}
	if api.CodeOf(err) != codec.CodeNotFound {
		return nil, 0, err
	}
	if body, size, err := s.node.artifacts.Open(hash); err == nil {
		return body, size, nil
	}
	if s.forward && s.node.fetch(ctx, hash) {
		if body, size, err := s.node.artifacts.Open(hash); err == nil {
			return body, size, nil
		}
	}
	return nil, 0, api.Fail(codec.CodeNotFound, "no artifact %s: it was never brought, or it was pruned after its time", hash)
}
