package consensus

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"github.com/forgepool/settle/ledger"
	"github.com/hashicorp/raft"
)

// keyLogName is the stable key of the log's random name. The file of incarnations has
// it too, so a lost or exchanged log is noticed even when the state is still empty.
var keyLogName = []byte("settle/log")

// keyTerm is where raft keeps its term; a log that was never used has none.
var keyTerm = []byte("CurrentTerm")

// logExtent is what the start-up check found in the log.
type logExtent struct {
	first, last uint64
	mean        int  // bytes per entry behind the state, 0 = none seen
	fresh       bool // raft has never run here
	torn        bool // the first start ended between term and first entry
}

// checkLog compares the log with the state and refuses what does not fit. The state is
// a function of a prefix of the log, so the log must contain or adjoin it; the one
// exception is a crash right after a snapshot replaced the state, when the old log is
// still there and is deleted now, as raft would have done.
func checkLog(log *logStore, stable *stableStore, a ledger.Applied) (logExtent, error) {
	var e logExtent
	first, err := log.FirstIndex()
	if err != nil {
		return e, &FatalError{Code: ExitStorage, Err: err}
	}
	last, err := log.LastIndex()
	if err != nil {
		return e, &FatalError{Code: ExitStorage, Err: err}
	}
	term, err := stable.GetUint64(keyTerm)
	if err != nil {
		return e, err
	}
	e = logExtent{first: first, last: last, fresh: term == 0 && last == 0 && a.Index == 0}
	e.torn = term == 1 && last == 0 && a.Index == 0
	switch {
	case last < a.Index && a.Installed == a.Index:
		if last == 0 {
			return e, nil
		}
		e.first, e.last = 0, 0
		log.replaced.Store(true)
		return e, log.DeleteRange(first, last)
	case last < a.Index:
		return e, fatalf(ExitTailLost, "the raft log ends at %d, the state has applied %d", last, a.Index)
	case last > 0 && first > a.Index+1:
		return e, fatalf(ExitGap, "the raft log begins at %d, the state has applied only %d", first, a.Index)
	}
	return e, scanLog(log, a, &e)
}

// scanLog reads every entry that raft will apply again, and the one that the state
// ends with: raft would panic on a damaged one.
func scanLog(log *logStore, a ledger.Applied, e *logExtent) error {
	bytes, count := 0, 0
	for index := max(e.first, a.Index); index <= e.last && index > 0; index++ {
		var l raft.Log
		if err := log.GetLog(index, &l); err != nil {
			if errors.Is(err, raft.ErrLogNotFound) {
				return fatalf(ExitStorage, "log entry %d of %d to %d is missing", index, e.first, e.last)
			}
			return err
		}
		if index == a.Index && l.Term != a.Term {
			return fatalf(ExitIntegrity, "entry %d has term %d in the log and %d in the state", index, l.Term, a.Term)
		}
		bytes, count = bytes+len(l.Data), count+1
	}
	if count > 0 {
		e.mean = bytes / count
	}
	return nil
}

// checkIncarnation compares the file of incarnations with the log beside it and
// returns the next incarnation, not yet written.
func checkIncarnation(dir, server string, stable *stableStore, fresh bool) (incarnation, error) {
	i, err := readIncarnation(dir)
	if err != nil {
		return i, &FatalError{Code: ExitIncarnation, Err: err}
	}
	name, err := stable.Get(keyLogName)
	if err != nil {
		return i, err
	}
	switch {
	case i.Number == 0 && !fresh:
		return i, fatalf(ExitIncarnation, "%s has a log or a state, but its file of incarnations is missing", dir)
	case i.Number == 0:
		var random [16]byte
		_, _ = rand.Read(random[:])
		i = incarnation{Server: server, Log: hex.EncodeToString(random[:])}
		if err := stable.Set(keyLogName, []byte(i.Log)); err != nil {
			return i, err
		}
	case i.Server != server:
		return i, fatalf(ExitIncarnation, "%s belongs to server %s, not %s", dir, i.Server, server)
	case string(name) != i.Log:
		return i, fatalf(ExitTailLost, "the raft log in %s is not the one this server started with", dir)
	}
	i.Number++
	return i, nil
}

// hello asks the peers what they know of this server. A replica that comes back from an
// old copy of its disk must not vote: it may have voted in the same term before. Peers
// that do not answer in time are passed over, because a whole cluster may be starting;
// the announcement of the start is the second fence (join.go).
func hello(ctx context.Context, o Options, peers []raft.Server, next uint64) error {
	ctx, cancel := context.WithTimeout(ctx, o.HelloTimeout)
	defer cancel()
	var wg sync.WaitGroup
	found := make([]error, len(peers))
	for n, peer := range peers {
		if string(peer.ID) == o.ID {
			continue
		}
		wg.Go(func() {
			_, s, err := ask(ctx, o.Identity, string(peer.Address), string(peer.ID), askStatus, []byte(o.ID))
			if err == nil && s.Incarnation >= next {
				found[n] = fatalf(ExitIncarnation,
					"%s knows start %d of %s, this directory would make start %d: it was restored from an older copy",
					peer.ID, s.Incarnation, o.ID, next)
			}
		})
	}
	wg.Wait()
	for _, err := range found {
		if err != nil {
			return err
		}
	}
	return nil
}

// storedServers returns the members that the state knows, or those of the options if
// it knows none.
func storedServers(o Options) ([]raft.Server, error) {
	index, data, err := o.Machine.Configuration()
	if err != nil {
		return nil, &FatalError{Code: ExitIntegrity, Err: err}
	}
	if index == 0 {
		return bootstrapServers(o.Bootstrap), nil
	}
	configuration, err := decodeConfiguration(data)
	return configuration.Servers, err
}

func bootstrapServers(peers []Peer) []raft.Server {
	servers := make([]raft.Server, len(peers))
	for i, p := range peers {
		servers[i] = raft.Server{Suffrage: raft.Voter, ID: raft.ServerID(p.ID), Address: raft.ServerAddress(p.Address)}
	}
	return servers
}

// decodeConfiguration is raft's decoder, which panics on bytes it does not understand.
func decodeConfiguration(data []byte) (c raft.Configuration, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fatalf(ExitIntegrity, "stored membership: %v", r)
		}
	}()
	if len(data) == 0 {
		return c, fmt.Errorf("stored membership is empty")
	}
	return raft.DecodeConfiguration(data), nil
}
