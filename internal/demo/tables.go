package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Aggregation over the distribution's files (docs/formats/replay.md section 7.5).

const groupShards = 6

// measures are what is added up, by key.
var measures = []struct {
	name string
	row  func(path string, text []byte) (key string, value int)
}{
	{"bytes by file type", func(path string, text []byte) (string, int) { return filepath.Ext(path), len(text) }},
	{"lines by directory", func(path string, text []byte) (string, int) {
		return filepath.Base(filepath.Dir(path)), bytes.Count(text, []byte{'\n'})
	}},
	{"conditions by file type", func(path string, text []byte) (string, int) {
		return filepath.Ext(path), bytes.Count(text, []byte("if "))
	}},
}

// groupJobs cuts the files into n/len(measures) groups and adds up each measure.
func groupJobs(files []string, n int) ([]job, error) {
	groups := (n + len(measures) - 1) / len(measures)
	var jobs []job
	for i := range n {
		group, measure := i/len(measures), measures[i%len(measures)]
		part := files[group*len(files)/groups : (group+1)*len(files)/groups]
		if len(part) < groupShards {
			return nil, fmt.Errorf("the Go distribution has too few files to add up")
		}
		j := job{
			title:   fmt.Sprintf("%s, files %d and on", measure.name, group*len(files)/groups),
			program: programGroup, class: classAggregation, args: argsMap(),
		}
		for rows := range slices.Chunk(part, (len(part)+groupShards-1)/groupShards) {
			blob, err := table(rows, measure.row)
			if err != nil {
				return nil, err
			}
			j.shards = append(j.shards, shard{args: argsMap(), inputs: [][]byte{blob}})
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// table writes one row per file.
func table(files []string, row func(string, []byte) (string, int)) ([]byte, error) {
	blob := u32(nil, len(files))
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		key, value := row(path, text)
		blob = binary.LittleEndian.AppendUint16(blob, uint16(len(key)))
		blob = append(blob, key...)
		blob = binary.LittleEndian.AppendUint64(blob, uint64(value))
	}
	return blob, nil
}
