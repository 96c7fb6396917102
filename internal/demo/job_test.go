package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/forgepool/settle/replay"
)

func goroot(t *testing.T) string {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// TestJobs executes one job of every sort: all its shards give a result, and they
// merge.
func TestJobs(t *testing.T) {
	jobs, err := allJobs(goroot(t), counts{options: 1, searches: 1, ranks: 1, groups: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		program, ok := replay.BuiltinNamed(j.program)
		if !ok {
			t.Fatalf("%s: no program", j.title)
		}
		var outputs []replay.ShardOutput
		units := uint64(0)
		for i := range j.shards {
			s := &j.shards[i]
			result := program.Run(replay.Task{Args: s.args, Input: s.input()})
			if result.Status != replay.OK {
				t.Fatalf("%s, shard %d: %v, field %s", j.title, i, result.Status, result.Field)
			}
			outputs = append(outputs, replay.ShardOutput{Args: s.args, Output: result.Output})
			units += result.Units
		}
		if _, err := replay.MergeResult(program, outputs); err != nil {
			t.Errorf("%s: %v", j.title, err)
		}
		t.Logf("%s: %d shards, %d units", j.title, len(j.shards), units)
	}
}
