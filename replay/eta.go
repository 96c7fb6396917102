package replay

// Limits of docs/formats/replay.md section 7.1.2, seconds in Q16.
const (
	maxDelayMean      = 1 << 40
	maxDelayDeviation = 1 << 36 // times a normal number, which is below 2^27, it fits 63 bits
	etaStream         = 0x6D630003
	etaUnits          = 3 // of an iteration, one for each source of delay
)

// eta is mc@1 eta.v1: times of arrival with delays by traffic, weather and incidents.
type eta struct{}

// delay is a normal delay that happens with a probability.
type delay struct {
	probability uint64 // Q32
	mean, sigma int64  // Q16
}

// etaModel are the arguments that all shards of a workload share.
type etaModel struct {
	base                       int64 // Q16
	traffic, weather, incident delay
}

// Name implements Program.
func (eta) Name() ProgramName { return ProgramName{"mc", 1, "eta.v1"} }

// Units implements Program: three for each iteration.
func (eta) Units(args, _ []byte) (uint64, bool) {
	it, _, bad := parseETA(args)
	return it.n * etaUnits, bad == ""
}

// Run implements Program.
func (eta) Run(task Task) Result {
	it, m, bad := parseETA(task.Args)
	switch {
	case bad != "":
		return invalid(bad)
	case len(task.Input) != 0:
		return invalid("input")
	}
	units := it.n * etaUnits
	if task.overLimit(units) {
		return Result{Status: OverLimit}
	}
	k0, k1 := workloadKey(task.Seed)
	times := newHistogram()
	for i := range it.n {
		times.add(m.arrival(it.first+i, k0, k1))
	}
	return finish(times.encode(), units)
}

// Merge implements Program.
func (p eta) Merge(shards []ShardOutput) ([]byte, error) { return mergeAll(p.NewMerger(), shards) }

// NewMerger implements Program.
func (eta) NewMerger() Merger { return newDistributionMerger(parseETA) }

func parseETA(args []byte) (it iterations, m etaModel, bad string) {
	r := readArgs(args, 11)
	it.n = r.uint(1, "iterations", 1, maxIterations)
	m.base = r.int(2, "base_eta", 0, maxDelayMean)
	m.traffic.probability = certain
	m.traffic.readSize(r, 3, "traffic_mean", "traffic_std")
	m.weather.probability = r.uint(5, "weather_prob", 0, certain)
	m.weather.readSize(r, 6, "weather_mean", "weather_std")
	m.incident.probability = r.uint(8, "incident_prob", 0, certain)
	m.incident.readSize(r, 9, "incident_mean", "incident_std")
	it.readFirst(r, 11)
	return it, m, r.done()
}

// readSize reads mean and deviation, from a key on.
func (d *delay) readSize(r *argReader, key uint64, mean, sigma string) {
	d.mean = r.int(key, mean, -maxDelayMean, maxDelayMean)
	d.sigma = r.int(key+1, sigma, 0, maxDelayDeviation)
}

// arrival returns the seconds of iteration g. Most iterations need one block of random
// numbers; the second one says how long weather and incident last.
func (m *etaModel) arrival(g uint64, k0, k1 uint32) uint64 {
	c0, c1 := uint32(g), uint32(g>>32)
	x0, x1, x2, x3 := philox(c0, c1, 0, etaStream, k0, k1)
	t := m.base + m.traffic.draw(x0, x1)
	weather, incident := uint64(x2) < m.weather.probability, uint64(x3) < m.incident.probability
	if weather || incident {
		y0, y1, y2, y3 := philox(c0, c1, 1, etaStream, k0, k1)
		if weather {
			t += m.weather.draw(y0, y1)
		}
		if incident {
			t += m.incident.draw(y2, y3)
		}
	}
	return uint64(max(t, 0))
}

// draw returns how long the delay lasts when it happens, below 2^42 in size.
func (d *delay) draw(lo, hi uint32) int64 {
	return d.mean + (d.sigma*normal(uint64(lo)|uint64(hi)<<32))>>24
}
