// Command exportload measures how fast records at hand become rows: all that
// `settle export` does behind the download, from proven bytes and their blobs to a
// synced file. Decoding, the checks of every blob, both and all roots are in it; the
// node, HTTP and proofs are not.
//
// It writes settlements with their blobs into a spool file first. Then each format is
// measured by a process of its own, which reads the spool in pages as the command reads
// a node, and tells its rows per second, processor time and peak memory. It is a
// benchmark and judges nothing.
package main
