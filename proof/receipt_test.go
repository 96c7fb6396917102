package proof

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

// receipt returns the receipt of a record at a size.
func (l *testLedger) receipt(index, size int) *Receipt {
	l.t.Helper()
	path := must2(ProveInclusion(memoryLog{TreeA, l.records}, TreeA, uint64(index), uint64(size)))(l.t)
	return &Receipt{Record: l.records[index], Index: uint64(index), Path: path, Checkpoint: l.publish(TreeA, size)}
}

func TestReceiptsVerifyOffline(t *testing.T) {
	l := newTestLedger(t, testRecords(9))
	p := must2(ParseTrustPolicy(l.policy.Format()))(t)
	for size := 1; size <= len(l.records); size++ {
		for index := range size {
			file := l.receipt(index, size).Format()
			r := must2(ParseReceipt(file))(t)
			if !bytes.Equal(r.Format(), file) {
				t.Fatalf("index %d size %d: parse then format", index, size)
			}
			c := must2(r.Verify(p))(t)
			if c.Size() != uint64(size) || !bytes.Equal(r.Record, l.records[index]) {
				t.Fatalf("index %d size %d: %+v", index, size, r)
			}
		}
	}
}

func TestEveryFlippedBitOfAReceiptIsNoticed(t *testing.T) {
	l := newTestLedger(t, testRecords(5))
	good := l.receipt(2, 5).Format()
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		r, err := ParseReceipt(bad)
		if err == nil {
			_, err = r.Verify(l.policy)
		}
		if err == nil {
			t.Fatalf("byte %d of %q", i, good)
		}
	}
}

func TestMalformedReceipts(t *testing.T) {
	l := newTestLedger(t, testRecords(5))
	good := string(l.receipt(2, 5).Format())
	record := "record " + base64.StdEncoding.EncodeToString(l.records[2])
	sized := func(n int) string {
		return strings.Replace(good, record, "record "+base64.StdEncoding.EncodeToString(make([]byte, n)), 1)
	}
	hash := base64.StdEncoding.EncodeToString(make([]byte, 32)) + "\n"
	for name, c := range map[string]struct {
		file string
		want Rejection
	}{
		"empty":              {"", ErrMalformed},
		"other header":       {strings.Replace(good, "v1", "v2", 1), ErrMalformed},
		"no record":          {strings.Replace(good, record+"\n", "", 1), ErrMalformed},
		"empty record":       {sized(0), ErrTooLarge},
		"record one too big": {sized(MaxRecord + 1), ErrTooLarge},
		"record far too big": {sized(MaxRecord + 99), ErrTooLarge},
		"index with zero":    {strings.Replace(good, "index 2", "index 02", 1), ErrMalformed},
		"negative index":     {strings.Replace(good, "index 2", "index -2", 1), ErrMalformed},
		"index of 2^63":      {strings.Replace(good, "index 2", "index 9223372036854775808", 1), ErrMalformed},
		"no index":           {strings.Replace(good, "index 2\n", "", 1), ErrMalformed},
		"short hash":         {strings.Replace(good, "index 2\n", "index 2\nAAAA\n", 1), ErrMalformed},
		"hash not canonical": {strings.Replace(good, "index 2\n", "index 2\n"+strings.Replace(hash, "A=", "B=", 1), 1), ErrMalformed},
		"64 hashes":          {strings.Replace(good, "index 2\n", "index 2\n"+strings.Repeat(hash, 62), 1), ErrPathLength},
		"carriage return":    {strings.Replace(good, record, record+"\r", 1), ErrMalformed},
		"no checkpoint":      {good[:strings.Index(good, "\n\n")+2], ErrMalformed},
		"text behind":        {good + "\nmore\n", ErrMalformed},
		"too large":          {good + strings.Repeat("x", MaxReceipt), ErrTooLarge},
		"note too large":     {good + strings.Repeat("x", MaxNote), ErrTooLarge},
	} {
		_, err := ParseReceipt([]byte(c.file))
		wantRejection(t, name, err, c.want)
	}
	if r := must2(ParseReceipt([]byte(sized(MaxRecord))))(t); len(r.Record) != MaxRecord {
		t.Error("the largest record")
	}
}

func TestFalseReceipts(t *testing.T) {
	l := newTestLedger(t, testRecords(5))
	verify := func(change func(*Receipt)) error {
		r := l.receipt(2, 5)
		change(r)
		_, err := r.Verify(l.policy)
		return err
	}
	wantRejection(t, "another index", verify(func(r *Receipt) { r.Index = 3 }), ErrRootMismatch)
	wantRejection(t, "index = size", verify(func(r *Receipt) { r.Index = 5 }), ErrIndex)
	wantRejection(t, "another record", verify(func(r *Receipt) { r.Record = l.records[3] }), ErrRootMismatch)
	wantRejection(t, "another size's checkpoint", verify(func(r *Receipt) { r.Checkpoint = l.publish(TreeA, 4) }), ErrPathLength)
	wantRejection(t, "checkpoint without attestations", verify(func(r *Receipt) { r.Checkpoint = l.sign(TreeA, 5) }), ErrAttestations)
	wantRejection(t, "path and checkpoint of the twin", verify(func(r *Receipt) {
		r.Path = must2(ProveInclusion(memoryLog{TreeB, l.records}, TreeB, 2, 5))(t)
		r.Checkpoint = l.publish(TreeB, 5)
	}), ErrOrigin)
}

// consistencyFile returns the file between two sizes.
func (l *testLedger) consistencyFile(h Hasher, first, second int) *ConsistencyFile {
	l.t.Helper()
	path := must2(ProveConsistency(memoryLog{h, l.records}, h, uint64(first), uint64(second)))(l.t)
	return &ConsistencyFile{Path: path, Older: l.publish(h, first), Newer: l.publish(h, second)}
}

func TestConsistencyFilesVerifyOffline(t *testing.T) {
	l := newTestLedger(t, testRecords(6))
	for _, h := range []Hasher{TreeA, TreeB} {
		for second := 1; second <= 6; second++ {
			for first := 1; first <= second; first++ {
				file := l.consistencyFile(h, first, second).Format()
				f := must2(ParseConsistency(file))(t)
				if !bytes.Equal(f.Format(), file) {
					t.Fatalf("sizes %d, %d: parse then format", first, second)
				}
				older, newer, err := f.Verify(l.policy)
				if err != nil || older.Size() != uint64(first) || newer.Size() != uint64(second) {
					t.Fatalf("sizes %d, %d: %v", first, second, err)
				}
			}
		}
	}
}

func TestFalseConsistencyFiles(t *testing.T) {
	l := newTestLedger(t, testRecords(6))
	f := l.consistencyFile(TreeA, 3, 6)
	verify := func(f *ConsistencyFile) error { _, _, err := f.Verify(l.policy); return err }
	wantRejection(t, "exchanged", verify(&ConsistencyFile{Path: f.Path, Older: f.Newer, Newer: f.Older}), ErrShrunk)
	wantRejection(t, "two trees", verify(&ConsistencyFile{Path: f.Path, Older: f.Older, Newer: l.publish(TreeB, 6)}), ErrOrigin)
	wantRejection(t, "older unattested", verify(&ConsistencyFile{Path: f.Path, Older: l.sign(TreeA, 3), Newer: f.Newer}), ErrAttestations)
	wantRejection(t, "newer unattested", verify(&ConsistencyFile{Path: f.Path, Older: f.Older, Newer: l.sign(TreeA, 6)}), ErrAttestations)
	wantRejection(t, "no path", verify(&ConsistencyFile{Older: f.Older, Newer: f.Newer}), ErrPathLength)
}

func TestMalformedConsistencyFiles(t *testing.T) {
	l := newTestLedger(t, testRecords(6))
	good := string(l.consistencyFile(TreeA, 3, 6).Format())
	hash := base64.StdEncoding.EncodeToString(make([]byte, 32)) + "\n"
	for name, c := range map[string]struct {
		file string
		want Rejection
	}{
		"empty":           {"", ErrMalformed},
		"other header":    {strings.Replace(good, "v1", "v2", 1), ErrMalformed},
		"short hash":      {strings.Replace(good, "v1\n", "v1\nAAAA\n", 1), ErrMalformed},
		"64 hashes":       {strings.Replace(good, "v1\n", "v1\n"+strings.Repeat(hash, 64), 1), ErrPathLength},
		"one note":        {good[:strings.LastIndex(good, "\n\n")], ErrMalformed},
		"three notes":     {good + "\n" + string(l.publish(TreeA, 6)), ErrMalformed},
		"two empty lines": {strings.Replace(good, "\n\n", "\n\n\n", 1), ErrMalformed},
		"too large":       {good + strings.Repeat("x", MaxConsistencyFile), ErrTooLarge},
	} {
		_, err := ParseConsistency([]byte(c.file))
		wantRejection(t, name, err, c.want)
	}
}

func TestReceiptLimitsAreStated(t *testing.T) {
	for _, word := range []string{"Offline", "revocation", "submitted"} {
		if !strings.Contains(ReceiptLimits, word) {
			t.Errorf("%q is not mentioned", word)
		}
	}
}
