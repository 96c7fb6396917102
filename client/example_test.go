package client_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// A hub settles a workload whose shards were executed, and keeps the receipt.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	file, err := os.ReadFile("trust.txt")
	if err != nil {
		log.Fatal(err)
	}
	trust, err := proof.ParseTrustPolicy(file)
	if err != nil {
		log.Fatal(err)
	}
	submit, err := client.LoadKey("keys/hub-submit.key")
	if err != nil {
		log.Fatal(err)
	}
	c, err := client.Dial(trust, "http://127.0.0.1:7100", "http://127.0.0.1:7101", "http://127.0.0.1:7102")
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	policy, err := c.Policy(ctx, 0)
	if err != nil {
		log.Fatal(err)
	}

	// The hub's own systems know the parties, the work and its results.
	var hub, customer, platform codec.ID
	var shards []codec.ShardEntry
	var times codec.Times
	workload := client.NewWorkload(client.WorkloadSpec{
		Author: hub, Customer: customer, Cycle: 1, Class: 5,
		Program: codec.Program{Family: "aggregate", Version: 1, Profile: "group.v1"},
	})
	planned, err := workload.Planned(client.Now(), shards, client.PlanOptions{})
	if err != nil {
		log.Fatal(err)
	}
	aggregating := workload.Step(client.Now(), codec.StateAggregating)
	verify, err := client.LeastVerification(policy, 5, uint64(len(shards)), codec.Hash{})
	if err != nil {
		log.Fatal(err)
	}
	settled, err := workload.Settle(policy, &client.Results{
		At: client.Now(), Entries: shards, Verify: verify, Times: times, Platform: platform,
	})
	if err != nil {
		log.Fatal(err)
	}

	// One batch, sent until its outcome is definite; then a receipt that stands alone.
	batch, err := client.NewBatch(trust.Origin(), hub, submit, []client.Item{planned, aggregating, settled.Item}, client.BatchOptions{})
	if err != nil {
		log.Fatal(err)
	}
	submission, err := c.Submit(ctx, batch.Bytes)
	if err != nil {
		log.Fatal(err)
	}
	outcome := submission.Outcomes[2]
	if outcome.Kind == codec.Refused {
		log.Fatal(outcome.Code)
	}
	receipt, err := c.FetchReceipt(ctx, outcome.Index)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("workload.receipt", receipt.Format(), 0o644); err != nil {
		log.Fatal(err)
	}
	fmt.Println("settled at", outcome.Index)
}
