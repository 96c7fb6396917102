package contract_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/contract"
)

const (
	insuranceOp = `{"name": "mc", "version": 1, "profile": "insurance.v1"}`
	etaOp       = `{"name": "mc", "version": 1, "profile": "eta.v1"}`
	// quickstart and etaPage are the published requests.
	quickstart = `"iterations": 1000000, "claim_freq": 2.0, "claim_severity_mu": 6.0, "claim_severity_sig": 1.0,
		"cat_prob": 0.02, "cat_mu": 10.0, "cat_sig": 1.5, "policy_limit": 50000, "aggregate_limit": 250000`
	clients = `"iterations": 1000000, "claim_freq": 2.0, "claim_severity_mu": 6.0, "claim_severity_sig": 1.0`
	etaPage = `"iterations": 1000000, "base_eta": 3600, "traffic_mean": 120, "traffic_std": 60, "weather_prob": 0.2, "weather_mean": 300,
		"weather_std": 120, "incident_prob": 0.05, "incident_mean": 600, "incident_std": 200`
	etaBase    = `"iterations": 5000000, "baseline_seconds": 14400, "traffic_mu": 900, "traffic_sigma": 420`
	etaWeather = `"weather_slowdown_probability": 0.22, "weather_penalty_mean": 540`
)

// numbered is a canonical map of the integers at keys 1, 2, 3, ...
func numbered(values ...int64) []byte {
	b := codec.AppendMap(nil, len(values))
	for i, v := range values {
		b = codec.AppendInt(codec.AppendUint(b, uint64(i+1)), v)
	}
	return b
}

func parseArgs(t *testing.T, op, args string) (*contract.Contract, error) {
	t.Helper()
	tr := order(t)
	tr["op"], tr["args"] = object(t, op), object(t, args)
	return contract.ParseContract(line(t, tr))
}

// TestPublishedArguments holds the published requests against their canonical arguments.
func TestPublishedArguments(t *testing.T) {
	const q16, q24, none = 1 << 16, 1 << 24, 1 << 52
	page := numbered(1_000_000, 3600*q16, 120*q16, 60*q16, 858_993_459, 300*q16, 120*q16, 214_748_365, 600*q16, 200*q16, 0)
	adapter := numbered(5_000_000, 14_400*q16, 900*q16, 420*q16, 944_892_805, 540*q16, 0, 0, 0, 0, 0)
	clear := numbered(5_000_000, 14_400*q16, 900*q16, 420*q16, 0, 540*q16, 0, 0, 0, 0, 0)
	dry := numbered(5_000_000, 14_400*q16, 900*q16, 420*q16, 0, 0, 0, 0, 0, 0, 0)
	for _, c := range []struct {
		op, args string
		want     []byte
	}{
		{insuranceOp, `{` + quickstart + `}`, numbered(1_000_000, 2<<32, 6*q24, q24, 85_899_346, 10*q24, 3<<23, 50_000*q16, 250_000*q16, 0)},
		{insuranceOp, `{` + clients + `}`, numbered(1_000_000, 2<<32, 6*q24, q24, 0, 0, 0, none, none, 0)},
		{insuranceOp, `{` + clients + `, "first": 7, "policy_limit": 0.00001}`, numbered(1_000_000, 2<<32, 6*q24, q24, 0, 0, 0, 1, none, 7)},
		{etaOp, `{` + etaPage + `}`, page},
		{etaOp, `{` + etaPage + `, "deadline_at": "2026-04-05T18:00:00Z", "quantiles": [0.5, 0.9, 0.95]}`, page},
		{etaOp, `{` + etaBase + `, "weather_enabled": true, ` + etaWeather + `, "deadline_at": "2026-04-05T18:00:00+02:00", "quantiles": [0.5]}`, adapter},
		{etaOp, `{` + etaBase + `, ` + etaWeather + `}`, adapter},
		{etaOp, `{` + etaBase + `, "weather_enabled": false, ` + etaWeather + `}`, clear},
		{etaOp, `{` + etaBase + `, "weather_enabled": false}`, dry},
		{etaOp, `{` + etaBase + `}`, dry},
	} {
		parsed, err := parseArgs(t, c.op, c.args)
		if err != nil {
			t.Errorf("%s: %v", c.args, err)
		} else if got := parsed.Arguments(); !bytes.Equal(got, c.want) {
			t.Errorf("%s: %x, want %x", c.args, got, c.want)
		}
	}
}

// TestPublishedArgumentsRefused changes the published requests in one place.
func TestPublishedArgumentsRefused(t *testing.T) {
	swap := func(args, from, to string) string {
		if !strings.Contains(args, from) {
			t.Fatalf("no %s in %s", from, args)
		}
		return strings.Replace(args, from, to, 1)
	}
	for _, c := range []struct {
		op, args string
		code     contract.Code
		field    string
		names    string // what the reason names
	}{
		{insuranceOp, swap(clients, `2.0`, `"2.0"`), contract.CodeBadValue, "args.claim_freq", ""},
		{insuranceOp, swap(clients, `2.0`, `1e100`), contract.CodeBadValue, "args.claim_freq", ""},
		{insuranceOp, swap(clients, `2.0`, `2147483648`), contract.CodeBadValue, "args.claim_freq", ""},
		{insuranceOp, swap(clients, `2.0`, `2147483647`), contract.CodeBadArgs, "args", "claim_freq"},
		{insuranceOp, swap(clients, `2.0`, `-0.1`), contract.CodeBadArgs, "args", "claim_freq"},
		{insuranceOp, swap(clients, `1000000`, `1e6`), contract.CodeBadValue, "args.iterations", ""},
		{insuranceOp, swap(clients, `1000000`, `0`), contract.CodeBadArgs, "args", "iterations"},
		{insuranceOp, swap(quickstart, `0.02`, `1.0000001`), contract.CodeBadArgs, "args", "cat_prob"},
		{insuranceOp, swap(quickstart, `: 50000`, `: 0`), contract.CodeBadArgs, "args", "policy_limit"},
		{insuranceOp, swap(quickstart, `: 50000`, `: 68719476736.1`), contract.CodeBadArgs, "args", "policy_limit"},
		{insuranceOp, swap(quickstart, `"cat_mu": 10.0, `, ``), contract.CodeMissingField, "args.cat_mu", ""},
		{insuranceOp, swap(quickstart, `"cat_prob": 0.02, `, ``), contract.CodeMissingField, "args.cat_prob", ""},
		{insuranceOp, swap(clients, `"claim_freq": 2.0, `, ``), contract.CodeMissingField, "args.claim_freq", ""},
		{insuranceOp, clients + `, "claim_sev": 1`, contract.CodeUnknownField, "args.claim_sev", ""},
		{etaOp, etaPage + `, "baseline_seconds": 3600`, contract.CodeDoubledField, "args.baseline_seconds", ""},
		{etaOp, swap(etaPage, `"weather_mean": 300,`, ``), contract.CodeMissingField, "args.weather_mean", ""},
		{etaOp, swap(etaPage, `"incident_prob": 0.05,`, ``), contract.CodeMissingField, "args.incident_prob", ""},
		{etaOp, swap(etaPage, `"traffic_std": 60`, `"traffic_std": -60`), contract.CodeBadArgs, "args", "traffic_std"},
		{etaOp, etaBase + `, "weather_enabled": true`, contract.CodeMissingField, "args.weather_prob", ""},
		{etaOp, etaBase + `, "weather_enabled": 1`, contract.CodeBadValue, "args.weather_enabled", ""},
		{etaOp, etaBase + `, "quantiles": [0.5, 1]`, contract.CodeBadValue, "args.quantiles[1]", ""},
		{etaOp, etaBase + `, "quantiles": ["a"]`, contract.CodeBadValue, "args.quantiles[0]", ""},
		{etaOp, etaBase + `, "deadline_at": "2026-13-05T18:00:00Z"`, contract.CodeBadValue, "args.deadline_at", ""},
		{etaOp, etaBase + `, "deadline_at": "tomorrow"`, contract.CodeBadValue, "args.deadline_at", ""},
	} {
		expect(t, c.args, c.code, c.field, func() error {
			_, err := parseArgs(t, c.op, "{"+c.args+"}")
			if err != nil && !strings.Contains(err.Error(), c.names) {
				t.Errorf("%s: %v does not name %s", c.args, err, c.names)
			}
			return err
		})
	}
}
