package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/contract"
)

// blobStore is the directory of blobs that an import uploads; a name "" stands for
// none.
type blobStore struct {
	m        *importer
	dir      string
	here     map[codec.Hash]uint64 // sizes of files that were read and have the right hash
	there    map[codec.Hash]bool   // blobs that the node has
	uploaded map[codec.Hash]bool
}

func newBlobStore(m *importer, dir string) *blobStore {
	return &blobStore{m, dir, map[codec.Hash]uint64{}, map[codec.Hash]bool{}, map[codec.Hash]bool{}}
}

// read returns the bytes of a blob, whole and with its hash; nil if it is not there.
func (s *blobStore) read(hash codec.Hash) ([]byte, error) {
	name := filepath.Join(s.dir, hash.String())
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	data, err := readFile(name, api.MaxArtifact)
	if err != nil {
		return nil, err
	}
	if codec.BlobHash(data) != hash {
		return nil, usage("%s has another BLAKE3 than its name", name)
	}
	if data == nil {
		data = []byte{}
	}
	s.here[hash] = uint64(len(data))
	return data, nil
}

// check requires every blob of a job to be here or at the node, with its size, and
// the units to be those of the inputs that are here.
func (s *blobStore) check(ctx context.Context, j *joined) error {
	if s.dir == "" {
		return nil
	}
	for _, a := range j.Artifacts() {
		if err := s.find(ctx, &a); err != nil {
			return err
		}
	}
	for i := range j.Result.Shards {
		if err := s.checkUnits(j, i); err != nil {
			return err
		}
	}
	return nil
}

func (s *blobStore) find(ctx context.Context, a *contract.Artifact) error {
	size, ok := s.here[a.Hash]
	if !ok && !s.there[a.Hash] {
		data, err := s.read(a.Hash)
		if err != nil {
			return err
		}
		if ok = data != nil; ok {
			size = uint64(len(data))
		} else if err := s.ask(ctx, a); err != nil {
			return err
		}
	}
	if ok && a.Sized && size != a.Size {
		return &contract.Error{Code: contract.CodeBadValue, Field: a.Field + ".size", Why: fmt.Sprintf("%s has %d bytes", a.Hash, size)}
	}
	return nil
}

// ask requires the node to have a blob.
func (s *blobStore) ask(ctx context.Context, a *contract.Artifact) error {
	missing := &contract.Error{Code: contract.CodeNoArtifact, Field: a.Field, Why: fmt.Sprintf("no file %s", filepath.Join(s.dir, a.Hash.String()))}
	if s.m.sdk == nil {
		return missing
	}
	body, _, err := s.m.sdk.Service().Artifact(ctx, a.Hash, 0)
	if api.CodeOf(err) == codec.CodeNotFound {
		return missing
	} else if err != nil {
		return fmt.Errorf("looking for artifact %s: %w", a.Hash, err)
	}
	s.there[a.Hash] = true
	return body.Close()
}

// checkUnits compares the units of a shard with its input, if all of it is here.
func (s *blobStore) checkUnits(j *joined, shard int) error {
	var input []byte
	for _, blob := range j.Result.Shards[shard].Inputs {
		data, err := s.read(blob.Hash)
		if data == nil || len(input)+len(data) > api.MaxArtifact {
			return err
		}
		input = append(input, data...)
	}
	if wrong := j.CheckUnits(shard, input); wrong != nil {
		return wrong
	}
	return nil
}

// uploaders is how many blobs travel at a time.
const uploaders = 4

// upload stores what auditors need of a job: its arguments, and what is here.
func (s *blobStore) upload(ctx context.Context, j *joined) error {
	queue := make(chan []byte)
	var senders sync.WaitGroup
	errs := make([]error, uploaders)
	for i := range uploaders {
		senders.Go(func() {
			for data := range queue {
				if errs[i] == nil {
					_, errs[i] = s.m.sdk.PutArtifact(ctx, s.m.hub.Origin, s.m.hub.ID, s.m.key, data)
				}
			}
		})
	}
	err := s.each(j, func(_ codec.Hash, data []byte) error {
		queue <- data
		return nil
	})
	close(queue)
	senders.Wait()
	return errors.Join(append(errs, err)...)
}

// each calls f with every blob of a job that was not sent yet.
func (s *blobStore) each(j *joined, f func(hash codec.Hash, data []byte) error) error {
	once := func(hash codec.Hash, data []byte) error {
		if data == nil || s.uploaded[hash] {
			return nil
		}
		s.uploaded[hash] = true
		s.m.report.Artifacts++
		return f(hash, data)
	}
	for _, args := range append([][]byte{j.Args}, j.ShardArgs...) {
		if err := once(codec.BlobHash(args), args); err != nil {
			return err
		}
	}
	for _, a := range j.Artifacts() {
		if _, ok := s.here[a.Hash]; !ok || s.uploaded[a.Hash] {
			continue
		}
		data, err := s.read(a.Hash)
		if err != nil {
			return err
		}
		if err := once(a.Hash, data); err != nil {
			return err
		}
	}
	return nil
}
