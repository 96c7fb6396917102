//go:build unix

package consensus

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// DirLock keeps a directory for one process. The kernel releases it when the process
// ends, however it ends.
type DirLock struct{ file *os.File }

// LockDir takes the lock of a directory, which it creates if need be, without waiting.
// The error wraps ErrLocked if another process has it. The lock comes first because
// the libraries below wait for their own locks for ever.
func LockDir(dir string) (*DirLock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("lock directory: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "LOCK"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock directory: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return &DirLock{file: file}, nil
	}
	_ = file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("%w: %s; stop the other process first", ErrLocked, dir)
	}
	return nil, fmt.Errorf("lock directory %s: %w", dir, err)
}

// Unlock gives the directory back.
func (l *DirLock) Unlock() error { return l.file.Close() }
