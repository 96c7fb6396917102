package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/consensus"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/proof"
)

// How checkpoints come about (docs/formats/consensus.md section 3).
//
// The leader looks at the size of the log several times a second. When one is due it
// proposes an intent; applying it, every replica keeps its own roots, state sum and
// ledger time under that size. The leader then asks every member for its attestation
// of that size. With equal attestations of a majority it signs both notes and
// proposes the commit; what the ledger has stored then is what readers get.
//
// Every step may fail half-way, and the next leader takes it up: an intent without a
// commit is found by its size, and the notes come out byte for byte the same because
// everything signed comes from the intent.

const (
	// attestTimeout is how long a member is given to apply an intent and answer.
	attestTimeout = 5 * time.Second
	// attestGrace is how long a majority waits for the others, so that notes usually
	// carry all attestations.
	attestGrace = 150 * time.Millisecond
	// checkpointPause is the pause after a failure.
	checkpointPause = 500 * time.Millisecond
)

// checkpointer is the goroutine that makes checkpoints while this node leads.
type checkpointer struct {
	node *Node
	last time.Time // of the last checkpoint or attempt
	size uint64    // of the newest published checkpoint, as far as known
}

// run works until ctx ends.
func (c *checkpointer) run(ctx context.Context) {
	pause := min(c.node.config.CheckpointInterval/4, 50*time.Millisecond)
	for {
		if c.node.replica.LeaderReady() && c.due() {
			if err := c.make(ctx); err != nil && ctx.Err() == nil {
				c.node.log.Warn("no checkpoint yet", "error", err)
				pauseFor(ctx, checkpointPause)
			}
		}
		if !pauseFor(ctx, pause) {
			return
		}
	}
}

// pauseFor waits; it says false when ctx ends.
func pauseFor(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// due says whether the log has grown, and enough or long enough ago.
func (c *checkpointer) due() bool {
	size, config := c.node.ledger.Applied().Size, &c.node.config
	return size > c.size && (size-c.size >= config.CheckpointRecords || time.Since(c.last) >= config.CheckpointInterval)
}

// make makes one checkpoint of the present size.
func (c *checkpointer) make(ctx context.Context) error {
	v := c.node.ledger.Read()
	if v == nil {
		return ledger.ErrClosed
	}
	newest, size := uint64(0), v.Size()
	if published, err := v.LatestCheckpoint(); err == nil {
		newest = published.Size
	}
	_, able := operatorOf(v, c.node.config.CheckpointKey, codec.UseCheckpoint)
	_, intended := v.OwnRoots(size)
	v.Close()
	if c.size = newest; newest == size {
		return nil
	}
	c.last = time.Now()
	if !able {
		return errors.New("this node has no checkpoint key that an active operator registered: hand it the key, or move the leadership")
	}
	if intended != nil {
		var err error
		if size, err = c.intend(ctx, size); err != nil {
			return err
		}
	}
	return c.publish(ctx, size)
}

// intend has every replica keep its roots; it returns the size that they are of.
func (c *checkpointer) intend(ctx context.Context, size uint64) (uint64, error) {
	result, err := c.node.replica.Propose(ctx, &codec.Command{Version: 1, Kind: codec.CommandCheckpointIntent, Size: &size})
	switch {
	case err != nil:
		return 0, err
	case result.Refusal != nil:
		return 0, result.Refusal
	}
	return result.Intent.Size, nil
}

// publish collects attestations of a size, signs and proposes the commit.
func (c *checkpointer) publish(ctx context.Context, size uint64) error {
	own, b, err := c.begin(size)
	if err != nil {
		return err
	}
	c.collect(ctx, own, b)
	if others := b.against(own); others != nil {
		c.node.fatality.end(&consensus.FatalError{Code: consensus.ExitDivergence, Err: newMinority(own, others)})
		return errors.New("this node is in the minority")
	}
	agreeing := b.agreeing(own)
	if len(agreeing) < b.majority() {
		return fmt.Errorf("size %d: %d of %d attestations, %d needed", size, len(agreeing), len(b.keys), b.majority())
	}
	commit, err := c.sign(own, b, agreeing)
	if err != nil {
		return err
	}
	result, err := c.node.replica.Propose(ctx, &codec.Command{Version: 1, Kind: codec.CommandCheckpointCommit, Commit: commit})
	switch {
	case err != nil:
		return err
	case result.Refusal != nil:
		return result.Refusal
	}
	c.size = size
	return nil
}

// begin returns this node's own attestation and a ballot with it.
func (c *checkpointer) begin(size uint64) (*Attested, *ballot, error) {
	v := c.node.ledger.Read()
	if v == nil {
		return nil, nil, ledger.ErrClosed
	}
	defer v.Close()
	own, err := attest(v, c.node.config.NodeKey, size)
	if err != nil {
		return nil, nil, err
	}
	b := &ballot{origin: v.Facts().OriginA, valid: map[codec.ID]*Attested{}}
	if b.keys, err = electorate(v); err != nil {
		return nil, nil, err
	}
	return own, b, b.add(own)
}

// collect asks all other members and adds what they attest, until all have answered,
// or a majority agrees and the others have had their grace.
func (c *checkpointer) collect(ctx context.Context, own *Attested, b *ballot) {
	ctx, cancel := context.WithTimeout(ctx, attestTimeout)
	answers, asked := make(chan *Attested), 0
	var done sync.WaitGroup
	defer done.Wait()
	defer cancel()
	for _, peer := range c.node.others() {
		asked++
		done.Go(func() {
			a, err := c.node.peers.attestation(ctx, peer, own.Size)
			if err != nil && ctx.Err() == nil {
				c.node.log.Warn("no attestation", "server", peer, "error", err)
			}
			select {
			case answers <- a:
			case <-ctx.Done():
			}
		})
	}
	var grace <-chan time.Time
	for range asked {
		if grace == nil && len(b.agreeing(own)) >= b.majority() {
			grace = time.After(attestGrace)
		}
		select {
		case a := <-answers:
			if a == nil || a.Size != own.Size {
				continue
			}
			if err := b.add(a); err != nil {
				c.node.log.Warn("bad attestation", "operator", a.Operator, "error", err)
			}
		case <-grace:
			return
		case <-ctx.Done():
			return
		}
	}
}

// sign makes the signed notes of both trees with all agreeing attestations, in the
// order of operators, so that equal ballots give equal bytes.
func (c *checkpointer) sign(own *Attested, b *ballot, agreeing []*Attested) (*codec.CheckpointCommit, error) {
	slices.SortFunc(agreeing, func(x, y *Attested) int { return bytes.Compare(x.Operator[:], y.Operator[:]) })
	facts := c.node.ledger.Facts()
	noteA, err := c.note(facts.OriginA, own.Size, own.RootA, b, agreeing)
	if err != nil {
		return nil, err
	}
	noteB, err := c.note(facts.OriginB, own.Size, own.RootB, b, agreeing)
	if err != nil {
		return nil, err
	}
	return &codec.CheckpointCommit{
		Size: own.Size, RootA: own.RootA, RootB: own.RootB, StateSum: own.StateSum, Time: own.Time, NoteA: noteA, NoteB: noteB,
	}, nil
}

func (c *checkpointer) note(origin string, size uint64, root codec.Hash, b *ballot, agreeing []*Attested) ([]byte, error) {
	signer, err := proof.NewCheckpointSigner(origin, c.node.config.CheckpointKey)
	if err != nil {
		return nil, err
	}
	note, err := proof.SignCheckpoint(proof.FormatCheckpoint(origin, size, root), signer)
	if err != nil {
		return nil, err
	}
	for _, a := range agreeing {
		line := a.attestation(b.origin)
		if note, err = line.AppendLine(note, b.keys[a.Operator]); err != nil {
			return nil, err
		}
	}
	return note, nil
}
