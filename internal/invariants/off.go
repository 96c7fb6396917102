//go:build !invariants

package invariants

// Enabled is true in binaries built with the tag invariants.
const Enabled = false
