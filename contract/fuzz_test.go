package contract_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/forgepool/settle/contract"
)

// FuzzLines reads any two lines: the error is always one of the table, and what is
// accepted is also JSON to the standard decoder.
func FuzzLines(f *testing.F) {
	f.Add([]byte(`{"ctx": {"job_id": "a"}, "op": {"name": "aggregate", "version": 1, "profile": "group.v1"}, "args": {}, "policy": {"verify": "none"}, "seed": {"mode": "derived"}}`),
		[]byte(`{"job_id": "a"}`))
	f.Add([]byte(`{"ctx": {"job_id": "b", "billing": {"mode": "test"}}, "op": {"name": "mc", "version": 1, "profile": "eta.v1"}, "args": {"quantiles": [0.5]}, "policy": {"verify": "quorum"}, "seed": {"mode": "explicit", "value": "x"}}`),
		[]byte(`{"shards": [{"inputs": [{"hash": "00", "size": 1e3}], "args": {"cbor": "oA=="}}]}`))
	known := map[contract.Code]bool{}
	for _, m := range contract.Meanings {
		known[m.Code] = true
	}
	check := func(t *testing.T, line []byte, err error) {
		var wrong *contract.Error
		if errors.As(err, &wrong) && known[wrong.Code] && wrong.Error() != "" {
			return
		}
		if err != nil || !json.Valid(line) {
			t.Errorf("%q: %v", line, err)
		}
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		c, err := contract.ParseContract(first)
		check(t, first, err)
		r, err2 := contract.ParseResult(second)
		check(t, second, err2)
		if err == nil && err2 == nil && !c.Test {
			_, err := hub.Join(c, r)
			check(t, first, err)
		}
	})
}
