package main

import "fmt"

// counts says how many jobs of each sort to make.
type counts struct{ options, searches, ranks, groups int }

// allJobs reads the Go distribution and makes the jobs, the sorts interleaved.
func allJobs(goroot string, c counts) ([]job, error) {
	files, err := documents(goroot)
	if err != nil {
		return nil, fmt.Errorf("listing documents: %w", err)
	}
	parts, err := readSections(files)
	if err != nil {
		return nil, fmt.Errorf("reading documents: %w", err)
	}
	graph, err := readImports(goroot)
	if err != nil {
		return nil, fmt.Errorf("reading imports: %w", err)
	}
	groups, err := groupJobs(files, c.groups)
	if err != nil {
		return nil, err
	}
	return interleave(optionJobs(c.options), searchJobs(parts, c.searches), rankJobs(graph, c.ranks), groups), nil
}

// interleave takes from each list in turn, in proportion to its length.
func interleave(lists ...[]job) []job {
	total := 0
	for _, list := range lists {
		total += len(list)
	}
	var jobs []job
	taken := make([]int, len(lists))
	for step := range total {
		for i, list := range lists {
			for taken[i]*total < (step+1)*len(list) && taken[i] < len(list) {
				jobs = append(jobs, list[taken[i]])
				taken[i]++
			}
		}
	}
	return jobs
}
