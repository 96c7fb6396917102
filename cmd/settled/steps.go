package main

import (
	"fmt"

	"github.com/forgepool/settle/codec"
)

// stepsToGenesis are what an operator does between the two steps of init.
func (h home) stepsToGenesis(r *initResult) []string {
	keys := " --key " + h.nodeKey()
	if exists(h.authority()) { // a key has one party: the first node's operator has it
		keys += " --key " + h.checkpointKey()
	}
	steps := []string{
		"make the operator's owner key:  settle keygen --use owner operator.key",
		"register for the genesis:       settle party register --role operator --key operator.key" + keys +
			" --origin ORIGIN --cycle CYCLE --out operator.draft",
		"found the ledger together:      settle draft genesis --help",
	}
	if exists(h.authority()) {
		steps = append(steps, fmt.Sprintf("make the other nodes:           settled init --dir DIR --id NAME --authority %s --checkpoint-key %s",
			h.authority(), h.checkpointKey()))
	}
	return append(steps, fmt.Sprintf("install the genesis:            settled init --dir %s --genesis FILE --peer %s=HOST:PORT ...", h, r.ID))
}

// stepsToRun are what an operator does when the genesis is installed.
func (h home) stepsToRun(s *settings, r *initResult, parties []*codec.Party) []string {
	var steps []string
	for _, k := range r.Keys {
		if !founded(parties, k.Public) {
			steps = append(steps, fmt.Sprintf("the genesis does not name this %s key: what it signs counts once an operator has registered it", k.Use))
		}
	}
	steps = append(steps, fmt.Sprintf("run the node:  settled run --dir %s", h))
	if len(r.Peers) == 0 {
		steps = append(steps, fmt.Sprintf("add it, on a node of the cluster:  settled member add --dir DIR %s %s", r.ID, s.reached()))
	}
	return steps
}

// founded says whether an operator of the genesis has this key.
func founded(parties []*codec.Party, public codec.Hash) bool {
	for _, p := range parties {
		if p.Role == nil || *p.Role != codec.RoleOperator {
			continue
		}
		for i := range p.Keys {
			if p.Keys[i].Pub != nil && *p.Keys[i].Pub == public {
				return true
			}
		}
	}
	return false
}
