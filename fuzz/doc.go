// Package fuzz holds the fuzz targets of the whole module, one file per package
// under test, with their seed corpora in testdata. It is imported by nothing.
//
// A target states a property that holds for every input: a decoder never panics,
// what it accepts is written back byte for byte, and two implementations of one
// format accept, refuse and read the same. Under go test the targets run on their
// seeds; go test -fuzz looks for more. An input that once failed stays in the
// corpus.
package fuzz
