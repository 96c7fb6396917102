// Package export gives the ledger's records the forms that other systems read: JSON
// lines, CloudEvents and FOCUS rows as CSV or Parquet; and it reads a hub's own list of what it believes
// was settled, so that the two can be compared.
//
// It guarantees that the rows of a record depend on the record, the blobs that it
// names and the genesis alone, those of FOCUS also on the policies and cuts that the
// ledger learned, so that an export that was interrupted and continued is the same file
// as one that was not; that amounts are exact decimals made of integers; and that no row
// rests on a blob that the record does not commit to.
//
// It must not look for a record or decide whether it stands in a log: whoever calls it
// has checked that. It does no I/O of its own, reads no clock and keeps no state
// between records.
//
// It follows docs/formats/exports.md.
package export
