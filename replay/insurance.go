package replay

// Limits of docs/formats/replay.md section 7.1.1.
const (
	maxLogMean      = 1 << 29 // Q24; exp is 2^52 or 0 beyond
	maxLogDeviation = 1 << 27 // Q24
	certain         = 1 << 32 // the probability 1 in Q32
	insuranceStream = 0x6D630002
)

// insurance is mc@1 insurance.v1: losses of iterations with a Poisson number of lognormal
// claims and perhaps a catastrophe.
type insurance struct{}

// insuranceModel are the arguments that all shards of a workload share, in key order.
type insuranceModel struct {
	frequency              uint64 // Q32
	claimMean, claimSigma  int64  // of the logarithm, Q24
	catProbability         uint64 // Q32
	catMean, catSigma      int64  // of the logarithm, Q24
	claimLimit, totalLimit uint64 // Q16
}

// Name implements Program.
func (insurance) Name() ProgramName { return ProgramName{"mc", 1, "insurance.v1"} }

// Units implements Program: for each iteration one for the number of claims, one for the
// catastrophe, one for each claim expected.
func (insurance) Units(args, _ []byte) (uint64, bool) {
	it, m, bad := parseInsurance(args)
	return m.units(it), bad == ""
}

func (m *insuranceModel) units(it iterations) uint64 { return it.n * (2 + (m.frequency+1<<32-1)>>32) }

// Run implements Program.
func (insurance) Run(task Task) Result {
	it, m, bad := parseInsurance(task.Args)
	switch {
	case bad != "":
		return invalid(bad)
	case len(task.Input) != 0:
		return invalid("input")
	}
	units := m.units(it)
	if task.overLimit(units) {
		return Result{Status: OverLimit}
	}
	k0, k1 := workloadKey(task.Seed)
	claims := newPoissonTable(m.frequency)
	losses := newHistogram()
	for i := range it.n {
		losses.add(m.loss(it.first+i, claims, k0, k1))
	}
	return finish(losses.encode(), units)
}

// Merge implements Program.
func (p insurance) Merge(shards []ShardOutput) ([]byte, error) {
	return mergeAll(p.NewMerger(), shards)
}

// NewMerger implements Program.
func (insurance) NewMerger() Merger { return newDistributionMerger(parseInsurance) }

func parseInsurance(args []byte) (it iterations, m insuranceModel, bad string) {
	r := readArgs(args, 10)
	it.n = r.uint(1, "iterations", 1, maxIterations)
	m.frequency = r.uint(2, "claim_freq", 0, maxPoissonMean)
	m.claimMean = r.int(3, "claim_severity_mu", -maxLogMean, maxLogMean)
	m.claimSigma = r.int(4, "claim_severity_sig", 0, maxLogDeviation)
	m.catProbability = r.uint(5, "cat_prob", 0, certain)
	m.catMean = r.int(6, "cat_mu", -maxLogMean, maxLogMean)
	m.catSigma = r.int(7, "cat_sig", 0, maxLogDeviation)
	m.claimLimit = r.uint(8, "policy_limit", 1, maxOutcome)
	m.totalLimit = r.uint(9, "aggregate_limit", 1, maxOutcome)
	it.readFirst(r, 10)
	return it, m, r.done()
}

// loss returns the loss of iteration g. Block 0 of its random numbers says how many
// claims there are and whether a catastrophe happens, block 1 how large that is, and each
// later block is two claims. At most 1,314 terms of 2^52 are added, which is below 2^63.
func (m *insuranceModel) loss(g uint64, claims *poissonTable, k0, k1 uint32) uint64 {
	c0, c1 := uint32(g), uint32(g>>32)
	x0, x1, x2, _ := philox(c0, c1, 0, insuranceStream, k0, k1)
	total := uint64(0)
	if uint64(x2) < m.catProbability {
		y0, y1, _, _ := philox(c0, c1, 1, insuranceStream, k0, k1)
		total = min(lognormal(m.catMean, m.catSigma, uint64(y0)|uint64(y1)<<32), m.claimLimit)
	}
	left := claims.draw(uint64(x0) | uint64(x1)<<32)
	for block := uint32(2); left > 0; block++ {
		z0, z1, z2, z3 := philox(c0, c1, block, insuranceStream, k0, k1)
		total += min(lognormal(m.claimMean, m.claimSigma, uint64(z0)|uint64(z1)<<32), m.claimLimit)
		if left == 1 {
			break
		}
		total += min(lognormal(m.claimMean, m.claimSigma, uint64(z2)|uint64(z3)<<32), m.claimLimit)
		left -= 2
	}
	return min(total, m.totalLimit)
}
