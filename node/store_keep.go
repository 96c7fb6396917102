package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
)

// How artifacts come of age. Uploads are not replicated, so each node decides for itself.
// An artifact is kept for Config.ArtifactAge after the time of its file, which is that of
// its arrival; a settlement that names it moves the time forward, so that it is kept up to
// retain_until at least, and a day on as long as a dispute of the settlement is open. The
// time of the file is all that is remembered: a copy without it is kept longer, not
// shorter, and memory does not grow with the store.
//
// Which artifacts a settlement names is in its manifest, and reading every manifest while
// settlements arrive costs a fifth of what it takes to append them. So settlements are
// followed when artifacts of age are there, once in sweepInterval, and at half speed.

// sweepInterval is the pause between looks through the whole store; retryInterval the one
// after a look that failed.
const (
	sweepInterval = 24 * time.Hour
	retryInterval = 10 * time.Second
)

// Settlements are read in pieces of so many records and bytes.
const (
	keepRecords = 1_000
	keepBytes   = 1 << 20
)

// latest bounds times of files: retain_until may be further away than file systems go.
const latest = 100 * 365 * 24 * time.Hour

// keeper moves the times of artifacts and removes those of age.
type keeper struct {
	store  *Artifacts
	age    time.Duration
	read   func() *ledger.Snapshot
	now    func() time.Time
	failed func(what string, err error)
}

// run sweeps until ctx ends.
func (k *keeper) run(ctx context.Context) {
	for {
		pause := sweepInterval
		if err := k.round(ctx); err != nil && ctx.Err() == nil {
			k.failed("keeping artifacts", err)
			pause = retryInterval
		}
		if !pauseFor(ctx, pause) {
			return
		}
	}
}

// round looks once for artifacts of age, and if there are any, moves the times of those
// that a settlement or an open dispute keeps and removes the others.
func (k *keeper) round(ctx context.Context) error {
	found := errors.New("found")
	err := k.aged(ctx, func(string) error { return found })
	if !errors.Is(err, found) {
		return err
	}
	// Nothing is removed before both are done, or what they keep could be.
	if err := k.follow(ctx); err != nil {
		return err
	}
	if err := k.disputed(ctx); err != nil {
		return err
	}
	return k.aged(ctx, func(path string) error { return ignoreMissing(os.Remove(path)) })
}

// progress is the file that holds the first index that was not followed yet.
func (k *keeper) progress() string { return filepath.Join(k.store.dir, "followed") }

// follow takes in the settlements since the last call, and rests as long as it works.
func (k *keeper) follow(ctx context.Context) error {
	next := uint64(1)
	data, err := os.ReadFile(k.progress())
	if err == nil {
		next, err = strconv.ParseUint(string(data), 10, 64)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		next = 1 // begin again: that only costs time
	}
	for ctx.Err() == nil {
		from, start := next, time.Now()
		if next, err = k.followSome(from); err != nil || next == from {
			return err
		}
		if err := os.WriteFile(k.progress(), strconv.AppendUint(nil, next, 10), 0o600); err != nil {
			return err
		}
		pauseFor(ctx, time.Since(start))
	}
	return ctx.Err()
}

// followSome takes in some records from an index on and returns where to go on.
func (k *keeper) followSome(from uint64) (next uint64, err error) {
	v := k.read()
	if v == nil {
		return 0, ledger.ErrClosed
	}
	defer v.Close()
	if from > v.Size() { // the artifacts are those of a longer log: begin again
		return 1, nil
	}
	records, err := v.Records(from, keepRecords, keepBytes)
	if err != nil {
		return 0, err
	}
	for i := range records {
		if err := k.keepNamed(v, records[i], time.Time{}); err != nil {
			return 0, fmt.Errorf("record %d: %w", from+uint64(i), err)
		}
	}
	return from + uint64(len(records)), nil
}

// keepNamed keeps what a settlement names up to its retain_until, and up to a time.
func (k *keeper) keepNamed(v *ledger.Snapshot, record []byte, until time.Time) error {
	r, err := codec.DecodeRecord(record)
	if err != nil || r.Kind != codec.KindSettlement {
		return err
	}
	b := new(codec.Settlement)
	if err := codec.DecodeSettlement(r.Body, b); err != nil {
		return err
	}
	bound := k.now().Add(latest)
	if b.RetainUntil < uint64(bound.UnixMilli()) {
		bound = time.UnixMilli(int64(b.RetainUntil))
	}
	if bound.After(until) {
		until = bound
	}
	list, failed := artifactsOf(v, b)
	for _, hash := range list {
		failed = errors.Join(failed, k.store.keep(hash, until.Add(-k.age)))
	}
	return failed
}

// artifactsOf lists what a settlement and its manifest name that is no attachment. Of a
// pruned manifest nothing is known any more.
func artifactsOf(v *ledger.Snapshot, b *codec.Settlement) (list []codec.Hash, err error) {
	list = []codec.Hash{b.Args.Hash, b.Result.Hash, b.Verify.Evidence}
	if b.Planner != nil {
		list = append(list, *b.Planner)
	}
	for i := range b.Artifacts {
		list = append(list, b.Artifacts[i].Hash)
	}
	manifest, err := v.Attachment(b.Shards.Blob)
	if errors.Is(err, ledger.ErrNotFound) {
		return list, nil
	}
	if err != nil {
		return list, err
	}
	entries, err := codec.DecodeManifest(manifest)
	if err != nil {
		return list, err
	}
	for i := range entries {
		list = append(list, entries[i].Args, entries[i].Output.Hash)
		for _, in := range entries[i].Inputs {
			list = append(list, in.Hash)
		}
	}
	return list, nil
}

// disputed keeps what the targets of open disputes name until after the next sweep.
func (k *keeper) disputed(ctx context.Context) error {
	v := k.read()
	if v == nil {
		return ledger.ErrClosed
	}
	defer v.Close()
	for page := (ledger.Page{Limit: keepRecords, Oldest: true}); ctx.Err() == nil; {
		found, err := v.OpenDisputes(page)
		if err != nil {
			return err
		}
		for _, d := range found.Items {
			record, err := v.Record(d.Target.Index)
			if err == nil {
				err = k.keepNamed(v, record, k.now().Add(2*sweepInterval))
			}
			if err != nil {
				return err
			}
		}
		if page.From = found.Next; page.From == 0 {
			return nil
		}
	}
	return ctx.Err()
}

// aged calls f for the path of every artifact of age.
func (k *keeper) aged(ctx context.Context, f func(path string) error) error {
	oldest := k.now().Add(-k.age)
	return k.store.each(func(path string, info fs.FileInfo) error {
		if ctx.Err() != nil || !info.ModTime().Before(oldest) {
			return ctx.Err()
		}
		return f(path)
	})
}

// keep moves the time of an artifact forward; it need not be here.
func (a *Artifacts) keep(hash codec.Hash, time time.Time) error {
	path := a.path(hash)
	info, err := os.Stat(path)
	if err != nil || !info.ModTime().Before(time) {
		return ignoreMissing(err)
	}
	return ignoreMissing(os.Chtimes(path, time, time))
}

// each calls f for every artifact, one directory at a time.
func (a *Artifacts) each(f func(path string, info fs.FileInfo) error) error {
	names, err := filepath.Glob(filepath.Join(a.dir, "[0-9a-f][0-9a-f]", "[0-9a-f][0-9a-f]"))
	if err != nil {
		return err
	}
	for _, dir := range names { // 65,536 at most
		files, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, entry := range files {
			info, err := entry.Info()
			if err == nil {
				err = f(filepath.Join(dir, entry.Name()), info)
			}
			if ignoreMissing(err) != nil {
				return err
			}
		}
	}
	return nil
}
