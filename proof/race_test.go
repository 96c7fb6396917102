//go:build race

package proof

// Both are as in alloc_test.go, smaller because the race detector is slow.
const exhaustive = 20

const sumExhaustive = 9
