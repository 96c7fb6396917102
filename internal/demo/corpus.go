package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/forgepool/settle/codec"
)

// Full-text search over the distribution's sources and documents
// (docs/formats/replay.md section 7.4).

const (
	largestDocument = 256 << 10
	chunkBytes      = 384 << 10 // of documents in one shard
	sectionChunks   = 8         // shards of one search
	sections        = 5
)

// queries are what people look for in a standard library.
var queries = []string{
	"goroutine leak", "context deadline exceeded", "memory model happens before", "tls handshake certificate",
	"regexp backtracking", "garbage collector write barrier", "json unmarshal struct tag", "http server timeout",
	"unicode normalization", "escape analysis heap", "mutex starvation", "elliptic curve point", "zip archive reader",
	"type parameter constraint", "stack growth copy", "dns resolver cgo", "map iteration order", "inline budget",
}

// section is a part of the corpus that one search goes through.
type section struct {
	firstID int
	chunks  []chunk
	tokens  int // about how many tokens an average document has
}

// chunk is one input blob: documents of docs/formats/replay.md section 7.4.
type chunk struct {
	blob []byte
	docs int
}

// documents lists the distribution's sources and documents, in byte order of their
// paths. Some distributions leave the documents out.
func documents(goroot string) ([]string, error) {
	var files []string
	for _, dir := range []string{"doc", "src"} {
		found, err := textFiles(filepath.Join(goroot, dir))
		if err != nil && (dir == "src" || !errors.Is(err, fs.ErrNotExist)) {
			return nil, err
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	return files, nil
}

func textFiles(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch filepath.Ext(path) {
		case ".go", ".html", ".md", ".txt", ".s":
			if info, err := d.Info(); err == nil && info.Mode().IsRegular() && info.Size() <= largestDocument {
				files = append(files, path)
			}
		}
		return nil
	})
	return files, err
}

// readSections cuts the corpus into sections, spread evenly over the distribution.
func readSections(files []string) ([]section, error) {
	var all []section
	for i := range sections {
		next := i * len(files) / sections
		s := section{firstID: next, tokens: 600}
		for range sectionChunks {
			c, end, err := readChunk(files, next)
			if err != nil {
				return nil, err
			}
			s.chunks = append(s.chunks, c)
			next = end
		}
		all = append(all, s)
	}
	return all, nil
}

// readChunk packs documents from files[next:] until the chunk is full.
func readChunk(files []string, next int) (chunk, int, error) {
	var c chunk
	var body []byte
	for next < len(files) && len(body) < chunkBytes {
		text, err := os.ReadFile(files[next])
		if err != nil {
			return c, next, err
		}
		body = append(u32(body, len(text)), text...)
		c.docs++
		next++
	}
	if c.docs == 0 {
		return c, next, fmt.Errorf("the Go distribution has too few documents to search")
	}
	c.blob = append(u32(nil, c.docs), body...)
	return c, next, nil
}

// searchJobs asks every query in every section, n jobs in all.
func searchJobs(parts []section, n int) []job {
	var jobs []job
	for i := range n {
		part, query := parts[i%len(parts)], queries[i/len(parts)%len(queries)]
		first := part.firstID
		j := job{
			title:   fmt.Sprintf("search %q from document %d", query, first),
			program: programSearch, class: classSearch, args: searchArgs(query, part.tokens, first),
		}
		for _, c := range part.chunks {
			j.shards = append(j.shards, shard{args: searchArgs(query, part.tokens, first), inputs: [][]byte{c.blob}})
			first += c.docs
		}
		jobs = append(jobs, j)
	}
	return jobs
}

func searchArgs(query string, tokens, first int) []byte {
	terms := func(b []byte) []byte {
		words := strings.Fields(query)
		b = codec.AppendArray(b, len(words))
		for i, word := range words {
			b = codec.AppendBytes(codec.AppendArray(b, 2), []byte(word))
			b = codec.AppendUint(b, uint64(3<<16+i)) // inverse document frequency, Q16
		}
		return b
	}
	return argsMap(terms, number(78_643), number(49_152), number(int64(tokens)<<8), number(10), number(int64(first)))
}
