// Package lint holds the rules of the house as tests: who may import whom, which
// packages stay pure, how large files and functions get, and that everything
// exported is documented. It has no code of its own.
package lint
