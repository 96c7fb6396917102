package verifier

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/forgepool/settle/codec"
)

// workdir is the directory of one audit of one cycle. Everything in it that took long is
// found again after a crash; none of it is believed: blobs are named by their hash,
// sorted runs must rebuild the close, and only executions that match are not repeated.
type workdir struct {
	dir   string
	start workStart

	mu       sync.Mutex
	executed map[codec.Hash]Recomputed // by shardKey
	asked    map[string]uint64         // ms when something was first missing, by item
	notes    *os.File                  // what was learnt since, one JSON value a line
}

// workStart is fixed when an audit begins, so that it is the same audit when it goes on.
type workStart struct {
	Origin  string     `json:"origin"`
	Auditor codec.ID   `json:"auditor"`
	Cycle   uint64     `json:"cycle"`
	Size    uint64     `json:"size"` // of the checkpoint
	Root    codec.Hash `json:"root"` // of tree A there
	Start   uint64     `json:"start"`
}

// workNote is a line of the notes.
type workNote struct {
	Shard  *codec.Hash `json:"shard,omitempty"`
	Result *Recomputed `json:"result,omitempty"`
	Item   string      `json:"item,omitempty"`
	Asked  uint64      `json:"asked,omitempty"`
}

const (
	startFile = "audit.json"
	notesFile = "notes"
	blobsDir  = "blobs"
	proofsDir = "proofs"
)

// openWorkdir opens or makes the directory of an audit.
func openWorkdir(dir string) (*workdir, error) {
	w := &workdir{dir: dir, executed: map[codec.Hash]Recomputed{}, asked: map[string]uint64{}}
	for _, sub := range []string{blobsDir, proofsDir} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, startFile))
	if err == nil {
		err = json.Unmarshal(data, &w.start)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", startFile, err)
	}
	return w, w.loadNotes()
}

// loadNotes reads what earlier runs learnt. A last line that is cut off is forgotten.
func (w *workdir) loadNotes() error {
	f, err := os.OpenFile(filepath.Join(w.dir, notesFile), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	w.notes = f
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var n workNote
		if json.Unmarshal(lines.Bytes(), &n) != nil {
			continue
		}
		if n.Shard != nil && n.Result != nil {
			w.executed[*n.Shard] = *n.Result
		}
		if n.Item != "" {
			w.asked[n.Item] = n.Asked
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	// A line that was cut off must not swallow the next one.
	_, err = f.WriteString("\n")
	return err
}

// begin fixes what is audited, or checks that it is what was begun.
func (w *workdir) begin(s workStart) error {
	if w.start.Size > 0 {
		s.Start = w.start.Start
		if s != w.start {
			return fmt.Errorf("%s holds another audit: of cycle %d of %s by %s", w.dir, w.start.Cycle, w.start.Origin, w.start.Auditor)
		}
		return nil
	}
	w.start = s
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(filepath.Join(w.dir, startFile), append(data, '\n'))
}

// note writes down what was learnt.
func (w *workdir) note(n workNote) error {
	data, err := json.Marshal(n)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err = w.notes.Write(append(data, '\n'))
	return err
}

// known returns what executing a shard gave in an earlier run.
func (w *workdir) known(key codec.Hash) (Recomputed, bool) {
	r, ok := w.executed[key]
	return r, ok
}

// missing returns when an item was first asked for in vain: now, or in an earlier run.
func (w *workdir) missing(item string, now uint64) (uint64, error) {
	if ms, ok := w.asked[item]; ok {
		return ms, nil
	}
	w.asked[item] = now
	return now, w.note(workNote{Item: item, Asked: now})
}

func (w *workdir) close() error { return w.notes.Close() }

// putProof keeps a blob of paths and returns its hash.
func (w *workdir) putProof(data []byte) (codec.Hash, error) {
	hash := codec.BlobHash(data)
	return hash, writeWhole(filepath.Join(w.dir, proofsDir, hash.String()), data)
}

// shardKey names one execution: program, seed and everything in the entry.
func shardKey(s *codec.Settlement, e *codec.ShardEntry) codec.Hash {
	id, h := codec.ProgramID(&s.Program), codec.ShardEntryHash(e)
	return codec.BlobHash(append(append(append([]byte(nil), id[:]...), s.Seed[:]...), h[:]...))
}

// caching keeps the artifacts that were fetched in the work directory.
type caching struct {
	Source
	dir string
}

// Artifact returns the bytes from the directory if they are there and whole.
func (c *caching) Artifact(ctx context.Context, hash codec.Hash, limit int64) ([]byte, error) {
	name := filepath.Join(c.dir, hash.String())
	if info, err := os.Stat(name); err == nil && info.Size() <= limit {
		if data, err := os.ReadFile(name); err == nil && codec.BlobHash(data) == hash {
			return data, nil
		}
	}
	data, err := c.Source.Artifact(ctx, hash, limit)
	if err != nil || codec.BlobHash(data) != hash {
		return data, err
	}
	// Two workers may fetch the same bytes; each writes a file of its own first.
	f, err := os.CreateTemp(c.dir, "part-*")
	if err != nil {
		return nil, err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	return data, err
}

// shortened bounds the reasons of an item, because a report has a largest size.
func shortened(reasons []string) []string {
	const most, longest = 4, 240
	out := make([]string, 0, most)
	for _, r := range reasons[:min(most, len(reasons))] {
		if len(r) > longest {
			r = strings.ToValidUTF8(r[:longest], "") + "..."
		}
		out = append(out, strings.ToValidUTF8(r, "?"))
	}
	return out
}
