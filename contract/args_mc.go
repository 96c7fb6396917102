package contract

import (
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/forgepool/settle/codec"
)

// Fractional bits of the arguments of the published profiles (docs/formats/replay.md
// sections 7.1.1 and 7.1.2): probabilities and frequencies, logarithms, money and seconds.
var (
	appendQ16 = appendDecimal(16)
	appendQ24 = appendDecimal(24)
	appendQ32 = appendDecimal(32)
)

// unlimited is a limit that limits nothing.
var unlimited = codec.AppendUint(nil, 1<<52)

// Groups of arguments of which none or all are given.
var (
	catGroup      = []string{"cat_prob", "cat_mu", "cat_sig"}
	weatherGroup  = []string{"weather_prob", "weather_slowdown_probability", "weather_mean", "weather_penalty_mean", "weather_std"}
	incidentGroup = []string{"incident_prob", "incident_mean", "incident_std"}
)

// insuranceParameters are the published names of mc@1 insurance.v1.
var insuranceParameters = []parameter{
	{name: "iterations", key: 1, append: appendUint, plain: "iterations"},
	{name: "claim_freq", key: 2, append: appendQ32, plain: "claim_freq"},
	{name: "claim_severity_mu", key: 3, append: appendQ24, plain: "claim_severity_mu"},
	{name: "claim_severity_sig", key: 4, append: appendQ24, plain: "claim_severity_sig"},
	{name: "cat_prob", key: 5, append: appendQ32, fallback: zero, group: catGroup, plain: "cat_prob"},
	{name: "cat_mu", key: 6, append: appendQ24, fallback: zero, group: catGroup, plain: "cat_mu"},
	{name: "cat_sig", key: 7, append: appendQ24, fallback: zero, group: catGroup, plain: "cat_sig"},
	{name: "policy_limit", key: 8, append: appendQ16, fallback: unlimited, plain: "policy_limit"},
	{name: "aggregate_limit", key: 9, append: appendQ16, fallback: unlimited, plain: "aggregate_limit"},
	{name: "first", key: 10, append: appendUint, fallback: zero, plain: "first"},
}

// etaParameters are the published names of mc@1 eta.v1, and those of its adapter.
var etaParameters = []parameter{
	{name: "iterations", key: 1, append: appendUint, plain: "iterations"},
	{name: "base_eta", alias: "baseline_seconds", key: 2, append: appendQ16, plain: "base_eta"},
	{name: "traffic_mean", alias: "traffic_mu", key: 3, append: appendQ16, plain: "traffic_mean"},
	{name: "traffic_std", alias: "traffic_sigma", key: 4, append: appendQ16, plain: "traffic_std"},
	{name: "weather_prob", alias: "weather_slowdown_probability", key: 5, append: appendWeather, plain: "weather_prob"},
	{name: "weather_mean", alias: "weather_penalty_mean", key: 6, append: appendQ16, fallback: zero, group: weatherGroup, plain: "weather_mean"},
	{name: "weather_std", key: 7, append: appendQ16, fallback: zero, plain: "weather_std"},
	{name: "incident_prob", key: 8, append: appendQ32, fallback: zero, group: incidentGroup, plain: "incident_prob"},
	{name: "incident_mean", key: 9, append: appendQ16, fallback: zero, group: incidentGroup, plain: "incident_mean"},
	{name: "incident_std", key: 10, append: appendQ16, fallback: zero, plain: "incident_std"},
	{name: "first", key: 11, append: appendQuestions, plain: "first"},
}

// appendWeather appends the probability of weather, which the adapter can switch off.
func appendWeather(b []byte, o *object, name string) []byte {
	const enabled = "weather_enabled"
	given := o.has(enabled)
	on := !given || o.boolean(enabled)
	if !o.hasAny(weatherGroup) && !(given && on) {
		return append(b, zero...)
	}
	if v := o.decimal(name, 32); on {
		return codec.AppendInt(b, v)
	}
	return append(b, zero...)
}

// timeForm is the form of RFC 3339. Nothing is computed with the time.
var timeForm = regexp.MustCompile(`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// appendQuestions appends the first iteration, the last of the arguments, and checks what
// the adapter asks of the finished distribution: no bit of it depends on the answer, so
// this is no argument.
func appendQuestions(b []byte, o *object, name string) []byte {
	const deadline, quantiles, maxQuantiles = "deadline_at", "quantiles", 64
	if o.has(deadline) {
		if s := o.text(deadline); !timeForm.MatchString(s) {
			o.fail(CodeBadValue, deadline, "a time as in 2026-04-05T18:00:00Z expected, got %q", s)
		}
	}
	if o.has(quantiles) {
		for i, v := range o.list(quantiles, maxQuantiles) {
			n, _ := v.(json.Number)
			if q, ok := fixedPoint(string(n), 32); !ok || q <= 0 || q >= 1<<32 {
				o.fail(CodeBadValue, fmt.Sprintf("%s[%d]", quantiles, i), "a number between 0 and 1 expected, got %s", shown(v))
			}
		}
	}
	return codec.AppendUint(b, o.optionalUint(name, 1<<64-1))
}

// shown returns a number as it was written, and the type of anything else.
func shown(v value) string {
	if n, ok := v.(json.Number); ok {
		return fmt.Sprintf("%.80s", n)
	}
	return kindOf(v)
}
