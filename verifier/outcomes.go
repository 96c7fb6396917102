package verifier

import "github.com/forgepool/settle/replay"

// shownLevels are the percentiles of a distribution that a report has, in parts per million.
var shownLevels = []uint64{500_000, 900_000, 950_000, 990_000}

// Outcomes is what a merged distribution says: docs/determinism.md section 8. Numbers are
// Q16, and where a histogram leaves an interval, its upper end.
type Outcomes struct {
	Count  uint64         `json:"count"`
	Mean   uint64         `json:"mean_q16"`
	Min    uint64         `json:"min_q16"`
	Max    uint64         `json:"max_q16"`
	Levels []OutcomeLevel `json:"levels"`
}

// OutcomeLevel is one level of Outcomes.
type OutcomeLevel struct {
	Level    uint64 `json:"level_ppm"`
	Quantile uint64 `json:"quantile_q16"`  // also the value at risk
	TailMean uint64 `json:"tail_mean_q16"` // the tail value at risk
}

// outcomesOf returns what a result says, nil if it is no distribution.
func outcomesOf(result []byte) *Outcomes {
	d, ok := replay.ResultDistribution(result)
	if !ok {
		return nil
	}
	o := &Outcomes{Count: d.Count(), Mean: d.Mean(), Min: d.Min(), Max: d.Max()}
	for _, level := range shownLevels {
		o.Levels = append(o.Levels, OutcomeLevel{level, d.Quantile(level).High, d.TailMean(level).High})
	}
	return o
}
