package node

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
)

func openStore(t *testing.T, dir string) *Artifacts {
	t.Helper()
	a, err := OpenArtifacts(dir, 100)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func read(t *testing.T, a *Artifacts, hash codec.Hash) []byte {
	t.Helper()
	body, size, err := a.Open(hash)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err != nil || int64(len(data)) != size {
		t.Fatalf("%d of %d bytes: %v", len(data), size, err)
	}
	return data
}

// TestStoreKeepsWhatFits stores sizes up to the limit, again, and after a restart.
func TestStoreKeepsWhatFits(t *testing.T) {
	dir := t.TempDir()
	a := openStore(t, dir)
	for _, n := range []int{0, 1, 99, 100} {
		data := bytes.Repeat([]byte{byte(n)}, n)
		hash := codec.BlobHash(data)
		for range 2 {
			if err := a.Put(hash, int64(n), bytes.NewReader(data)); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(read(t, a, hash), data) || !bytes.Equal(read(t, openStore(t, dir), hash), data) {
			t.Errorf("%d bytes changed", n)
		}
	}
}

// TestStoreRefuses names each way to store something wrong; nothing may be left.
func TestStoreRefuses(t *testing.T) {
	data := []byte("artifact")
	hash := codec.BlobHash(data)
	for name, c := range map[string]struct {
		code codec.Code
		hash codec.Hash
		size int64
		body io.Reader
	}{
		"over the limit": {codec.CodeTooLarge, hash, 101, bytes.NewReader(make([]byte, 101))},
		"other bytes":    {codec.CodeHashMismatch, codec.Hash{1}, 8, bytes.NewReader(data)},
		"too short":      {codec.CodeBadRequest, hash, 9, bytes.NewReader(data)},
		"too long":       {codec.CodeBadRequest, hash, 7, bytes.NewReader(data)},
		"broken off":     {codec.CodeBadRequest, hash, 8, io.MultiReader(bytes.NewReader(data[:4]), iotest.ErrReader(io.ErrUnexpectedEOF))},
	} {
		dir := t.TempDir()
		a := openStore(t, dir)
		if err := a.Put(c.hash, c.size, c.body); api.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
		if a.Has(c.hash) {
			t.Errorf("%s: it is there", name)
		}
		if left, _ := os.ReadDir(filepath.Join(dir, "tmp")); len(left) != 0 {
			t.Errorf("%s: %d files left", name, len(left))
		}
	}
	if _, _, err := openStore(t, t.TempDir()).Open(hash); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
}

// TestStoreAfterACrash removes what was not finished.
func TestStoreAfterACrash(t *testing.T) {
	dir := t.TempDir()
	openStore(t, dir)
	half := filepath.Join(dir, "tmp", "put-1")
	if err := os.WriteFile(half, []byte("hal"), 0o600); err != nil {
		t.Fatal(err)
	}
	openStore(t, dir)
	if _, err := os.Stat(half); !errors.Is(err, fs.ErrNotExist) {
		t.Error("half an artifact survived")
	}
}

// TestStoreTogether stores the same artifact from many sides.
func TestStoreTogether(t *testing.T) {
	a := openStore(t, t.TempDir())
	data := []byte("artifact")
	var done sync.WaitGroup
	for range 16 {
		done.Go(func() {
			if err := a.Put(codec.BlobHash(data), 8, bytes.NewReader(data)); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if !bytes.Equal(read(t, a, codec.BlobHash(data)), data) {
		t.Error("it changed")
	}
}
