package lanes

import "golang.org/x/sys/cpu"

// available says whether the processor has what compress needs.
var available = cpu.X86.HasAVX2

// compress compresses the next block of each lane: chain is the chaining value of each,
// word by word, and becomes the next one. lengths are the bytes of the blocks, flags those
// of BLAKE3, counters the numbers of the chunks.
//
//go:noescape
func compress(chain *chains, blocks *[Lanes]*[64]byte, lengths, flags, counters *[Lanes]uint32)
