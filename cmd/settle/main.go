// Settle is the tool of everybody who is not an operator: hubs, providers, customers,
// auditors and founders. It drafts and signs records, submits them, asks nodes, and
// checks what they say: receipts, consistency, evidence, and whole audits by executing
// shards again.
//
// It guarantees that nothing is reported as verified that was not checked against a
// trust policy here. It must not reach the store or the consensus: a stranger's tool
// is small. Exit codes: 0 verified or done, 1 refused or false, 2 usage, 3 could not
// tell.
package main

import "os"

func main() {
	os.Exit(Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
