package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/forgepool/settle/internal/cluster"
	"github.com/forgepool/settle/internal/damage"
)

// tamperings is how many flipped bytes must be found: in a receipt, in evidence, in
// its bundle, and in a stored record.
const tamperings = 4

// tamper flips one byte in each place and requires that it is detected and named.
func tamper(ctx context.Context, c *cluster.Cluster, t *tools, r *report, receipt string, evidence []string) error {
	dir := filepath.Join(t.dir, "tampered")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	bundle := strings.TrimSuffix(evidence[0], ".evidence") + ".bundle"
	for _, x := range []struct {
		what, check string
		flip        func(data []byte) error
		copies      []string // the first one is damaged
	}{
		{"a receipt", ".receipt", flipRecord, []string{receipt}},
		{"evidence", ".evidence", flipMiddle, []string{evidence[0], bundle}},
		{"a bundle", ".evidence", flipMiddle, []string{bundle, evidence[0]}},
	} {
		file, err := damagedCopy(dir, x.check, x.copies, x.flip)
		if err != nil {
			return err
		}
		results, err := t.check(ctx, file)
		if err != nil {
			return err
		}
		if !results[0].Verified && results[0].Error != "" {
			r.TamperingDetected++
			r.tampering = append(r.tampering, fmt.Sprintf("one flipped byte in %s: %s", x.what, results[0].Error))
		}
	}
	return tamperRecord(ctx, c, t, r)
}

// damagedCopy copies files into dir, flips a byte in the first, and returns the one to
// check.
func damagedCopy(dir, check string, files []string, flip func([]byte) error) (string, error) {
	var checked string
	for i, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		if i == 0 {
			if err := flip(data); err != nil {
				return "", err
			}
		}
		target := filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(target, data, 0o644); err != nil {
			return "", err
		}
		if filepath.Ext(name) == check {
			checked = target
		}
	}
	return checked, nil
}

func flipMiddle(data []byte) error {
	data[len(data)/2] ^= 1
	return nil
}

// flipRecord flips the last bit of a byte of the record inside a receipt, so that the
// file is still well formed.
func flipRecord(data []byte) error {
	const head = "settle receipt v1\nrecord "
	text, ok := bytes.CutPrefix(data, []byte(head))
	end := bytes.IndexByte(text, '\n')
	if !ok || end < 8 {
		return errors.New("not a receipt")
	}
	group := text[4:8]
	raw := make([]byte, 3)
	if _, err := base64.StdEncoding.Decode(raw, group); err != nil {
		return err
	}
	raw[1] ^= 1
	base64.StdEncoding.Encode(group, raw)
	return nil
}

// tamperRecord flips a byte of a stored record; fsck must name its index.
func tamperRecord(ctx context.Context, c *cluster.Cluster, t *tools, r *report) error {
	const index = 17
	node := c.Nodes[0]
	if err := damage.FlipRecord(filepath.Join(node.Dir, "ledger"), index); err != nil {
		return err
	}
	f, err := t.fsck(ctx, node.Dir)
	if err != nil {
		return err
	}
	for _, finding := range f.Findings {
		if finding.Index != nil && *finding.Index == index {
			r.TamperingDetected++
			r.tampering = append(r.tampering, fmt.Sprintf("one flipped byte in a stored record: fsck names record %d: %s: %s", index, finding.What, finding.Detail))
			break
		}
	}
	return nil
}
