// Package invariants says whether expensive self-checks run. They do in binaries
// built with the tag invariants, as the tests are; a check may cost as much as
// recomputing what it guards.
package invariants
