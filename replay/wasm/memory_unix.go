//go:build linux || darwin

package wasm

import (
	"context"
	"fmt"
	"syscall"

	"github.com/tetratelabs/wazero/experimental"
)

// mapped is a linear memory in pages of its own: room for its maximum is reserved at
// once, so that growing neither copies nor fails halfway, and the system provides zeroed
// pages when they are touched.
type mapped struct{ pages []byte }

// withMemory makes instances take their memory from the system.
func withMemory(ctx context.Context) context.Context {
	return experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(allocate))
}

// allocate reserves a memory. Run turns the panic into Unable.
func allocate(_, most uint64) experimental.LinearMemory {
	pages, err := syscall.Mmap(-1, 0, int(max(most, PageSize)), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(fmt.Sprintf("no memory of %d bytes: %v", most, err))
	}
	return &mapped{pages: pages}
}

// Reallocate implements experimental.LinearMemory; the memory never moves.
func (m *mapped) Reallocate(size uint64) []byte {
	if size > uint64(len(m.pages)) {
		return nil
	}
	return m.pages[:size]
}

// Free implements experimental.LinearMemory.
func (m *mapped) Free() {
	_ = syscall.Munmap(m.pages) // it can only fail for arguments that Mmap did not give
	m.pages = nil
}
