package node

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/zeebo/blake3"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
)

// maxArtifact bounds one artifact.
const maxArtifact = api.MaxArtifact

// Artifacts is a directory of blobs by their BLAKE3, two levels deep so that no
// directory grows without bound. A blob is written beside, made durable, and then
// renamed: what is there is whole. It is safe for concurrent use.
type Artifacts struct {
	dir  string
	most int64 // bytes of one artifact
}

// OpenArtifacts opens a store, makes it if needed, and removes what a crash left
// half-written. Artifacts have at most most bytes.
func OpenArtifacts(dir string, most int64) (*Artifacts, error) {
	pending := filepath.Join(dir, "tmp")
	if err := errors.Join(os.RemoveAll(pending), os.MkdirAll(pending, 0o700)); err != nil {
		return nil, fmt.Errorf("artifacts: %w", err)
	}
	return &Artifacts{dir: dir, most: most}, nil
}

func (a *Artifacts) path(hash codec.Hash) string {
	name := hash.String()
	return filepath.Join(a.dir, name[:2], name[2:4], name)
}

// Open returns an artifact and its size. The error wraps fs.ErrNotExist if it is not
// here.
func (a *Artifacts) Open(hash codec.Hash) (io.ReadCloser, int64, error) {
	file, err := os.Open(a.path(hash))
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, info.Size(), nil
}

// Has says whether an artifact is here.
func (a *Artifacts) Has(hash codec.Hash) bool {
	_, err := os.Stat(a.path(hash))
	return err == nil
}

// Put stores size bytes of body under their hash; they are durable when it returns.
// Errors are *api.Error: too_large, bad_request for another size, hash_mismatch,
// internal for the disk.
func (a *Artifacts) Put(hash codec.Hash, size int64, body io.Reader) error {
	if size > a.most {
		return api.Fail(codec.CodeTooLarge, "artifact of %d bytes, at most %d", size, a.most)
	}
	file, err := os.CreateTemp(filepath.Join(a.dir, "tmp"), "put-")
	if err != nil {
		return api.Fail(codec.CodeInternal, "artifacts: %v", err)
	}
	err = a.receive(file, hash, size, body)
	if closeErr := file.Close(); err == nil && closeErr != nil {
		err = api.Fail(codec.CodeInternal, "artifacts: %v", closeErr)
	}
	if err == nil {
		err = a.adopt(file.Name(), hash)
	}
	if err != nil {
		return errors.Join(err, ignoreMissing(os.Remove(file.Name())))
	}
	return nil
}

// receive copies and checks the bytes.
func (a *Artifacts) receive(file *os.File, hash codec.Hash, size int64, body io.Reader) error {
	h := blake3.New()
	n, err := io.Copy(io.MultiWriter(file, h), io.LimitReader(body, size+1))
	if err != nil {
		return api.Fail(codec.CodeBadRequest, "the artifact broke off after %d bytes: %v", n, err)
	}
	if n != size {
		return api.Fail(codec.CodeBadRequest, "artifact of another size than the %d bytes announced", size)
	}
	if got := codec.Hash(h.Sum(nil)); got != hash {
		return api.Fail(codec.CodeHashMismatch, "the bytes have the hash %s", got)
	}
	if err := file.Sync(); err != nil {
		return api.Fail(codec.CodeInternal, "artifacts: %v", err)
	}
	return nil
}

// adopt moves a finished file to its name.
func (a *Artifacts) adopt(from string, hash codec.Hash) error {
	to := a.path(hash)
	dir := filepath.Dir(to)
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		err = os.Rename(from, to)
	}
	if err == nil {
		err = errors.Join(syncDir(dir), syncDir(filepath.Dir(dir)), syncDir(a.dir))
	}
	if err != nil {
		return api.Fail(codec.CodeInternal, "artifacts: %v", err)
	}
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
