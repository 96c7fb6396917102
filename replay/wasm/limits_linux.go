package wasm

import "syscall"

// setLimits bounds memory in bytes and processor time in seconds for the rest of this
// process's life, and takes away files and core dumps. A second of processor time for
// each of the two threads is more than the wall time that the parent grants; 0 seconds
// are no bound, for a process that stays and is ended from outside.
func setLimits(memory, seconds uint64) error {
	limits := []struct {
		resource int
		value    uint64
	}{
		{syscall.RLIMIT_CORE, 0},
		{syscall.RLIMIT_FSIZE, 0},
		{syscall.RLIMIT_CPU, 2 * seconds},
		// All private memory that can be written. RLIMIT_AS would count the address
		// space that a Go program reserves too, which says nothing.
		{syscall.RLIMIT_DATA, memory},
	}
	for _, l := range limits {
		if l.resource == syscall.RLIMIT_CPU && seconds == 0 {
			continue
		}
		if err := syscall.Setrlimit(l.resource, &syscall.Rlimit{Cur: l.value, Max: l.value}); err != nil {
			return err
		}
	}
	return nil
}
