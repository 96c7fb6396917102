package main

import "fmt"

// Option pricing: geometric paths with weekly steps over a grid of volatilities and
// strikes (docs/formats/replay.md section 7.1).

const (
	pathShards    = 8
	pathsPerShard = 2_000
	weeks         = 52
	spot          = 100 << 16 // Q16
)

// optionJobs prices a call for each of n points of a grid.
func optionJobs(n int) []job {
	var jobs []job
	for i := range n {
		volatility := int64(150_000 + 50_000*(i%10)) // Q24 per week: 0.9 % to 3.6 %
		strike := int64(80+4*(i/10)) << 16
		args := func(first, paths int) []byte {
			return argsMap(number(int64(paths)), number(weeks), number(spot), number(0),
				number(volatility), number(1), number(strike), number(int64(first)),
				numbers(50<<16, 5<<16, 20))
		}
		j := job{
			title:   fmt.Sprintf("option price, volatility %d/2^24, strike %d", volatility, strike>>16),
			program: programPaths, class: classSimulation,
			args: args(0, pathShards*pathsPerShard),
		}
		for s := range pathShards {
			j.shards = append(j.shards, shard{args: args(s*pathsPerShard, pathsPerShard)})
		}
		jobs = append(jobs, j)
	}
	return jobs
}
