// Command settled runs a node of the ledger, and prepares and repairs its data
// directory. It is the operators' program; everybody else uses settle.
//
// # Files in the data directory
//
// Beside those of package node:
//
//	settled.conf    settings, one "key = value" a line (settings.go)
//	identity/       certificate and key for the cluster's TLS, and its authority's certificate
//	authority/      the cluster's authority, only where the cluster was made
//	node.key        signs attestations (a key file of use node)
//	checkpoint.key  signs checkpoints (a key file of use checkpoint); the same on all nodes
//	genesis.record  the record at index 0
//
// Exit codes: 0 done, 1 refused, failed or damage found, 2 usage, 3 could not tell; run
// adds 70 to 77 (settled run --help).
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
