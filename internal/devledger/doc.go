// Package devledger founds a ledger with every default: the founders with their keys,
// policy 1 with the built-in programs, and the genesis record. It serves settled dev,
// the demo and benchmarks; a ledger for real use is founded by its founders, each with
// keys of their own (settle draft genesis).
package devledger
