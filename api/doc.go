// Package api is the ledger's HTTP contract: routes, types, limits, error codes, a
// handler and a client, both of the same interface Service.
//
// It guarantees that what travels is canonical CBOR (application/cbor), that JSON is
// only ever written for people and never parsed for a decision, and that every
// failure carries a code of the table in docs/formats/refusals.md with the HTTP
// status beside it. Requests are bounded in size and time before they are read.
//
// It holds no rules and no state: the node implements Service over its replica, and
// everybody else talks to Client.
//
// The contract is docs/formats/http.md.
package api
