package node

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics is what Prometheus sees of a node. Each node has its own registry.
type metrics struct {
	node     *Node
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	appends  prometheus.Histogram
	written  prometheus.Counter
}

// figure is a value read from the node when it is asked for.
type figure struct {
	desc *prometheus.Desc
	read func(n *Node) float64
}

func newFigure(name, help string, read func(n *Node) float64) figure {
	return figure{prometheus.NewDesc("settle_"+name, help, nil, nil), read}
}

var figures = []figure{
	newFigure("log_size", "Records in the log.", func(n *Node) float64 { return float64(n.ledger.Applied().Size) }),
	newFigure("ledger_time_seconds", "Ledger time, Unix seconds.", func(n *Node) float64 { return float64(n.ledger.Applied().Time) / 1000 }),
	newFigure("batches", "Batches with stored outcomes.", func(n *Node) float64 { return float64(n.ledger.Applied().Batches) }),
	newFigure("checkpoint_size", "Size of the newest published checkpoint.", checkpointSize),
	newFigure("raft_applied_index", "Raft index that the ledger has applied.", func(n *Node) float64 { return float64(n.ledger.Applied().Index) }),
	newFigure("raft_term", "Raft term.", func(n *Node) float64 { return float64(n.replica.Stats().Term) }),
	newFigure("raft_log_entries", "Entries in the raft log.", func(n *Node) float64 {
		s := n.replica.Stats()
		return float64(s.LastIndex - s.FirstIndex)
	}),
	newFigure("raft_members", "Servers of the cluster.", func(n *Node) float64 { return float64(n.replica.Stats().Members) }),
	newFigure("leader", "1 if this node leads and is ready.", func(n *Node) float64 { return truth(n.replica.LeaderReady()) }),
	newFigure("queue_bytes", "Bytes of submissions that wait.", func(n *Node) float64 { return float64(n.replica.Stats().QueuedBytes) }),
	newFigure("backlog_bytes", "Bytes of entries stored and not applied.", func(n *Node) float64 { return float64(n.replica.Stats().BacklogBytes) }),
	newFigure("free_bytes", "Free space of the disk with the data.", func(n *Node) float64 { return float64(n.space.free.Load()) }),
	newFigure("certificate_expiry_seconds", "End of the node certificate, Unix seconds.", func(n *Node) float64 {
		return float64(n.replica.Stats().CertificateTo.Unix())
	}),
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func checkpointSize(n *Node) float64 {
	v := n.ledger.Read()
	if v == nil {
		return 0
	}
	defer v.Close()
	c, err := v.LatestCheckpoint()
	if err != nil {
		return 0
	}
	return float64(c.Size)
}

func newMetrics(n *Node) *metrics {
	m := &metrics{
		node:     n,
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "settle_request_seconds", Help: "Time to answer a request, by route and status.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 4, 9),
		}, []string{"route", "status"}),
		appends: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "settle_raft_append_seconds", Help: "Time of one synced write of the raft log.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 4, 9),
		}),
		written: prometheus.NewCounter(prometheus.CounterOpts{Name: "settle_raft_append_bytes_total", Help: "Bytes written to the raft log."}),
	}
	m.registry.MustRegister(m.requests, m.appends, m.written, m,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(out chan<- *prometheus.Desc) {
	for i := range figures {
		out <- figures[i].desc
	}
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	for i := range figures {
		out <- prometheus.MustNewConstMetric(figures[i].desc, prometheus.GaugeValue, figures[i].read(m.node))
	}
}

// request counts an answered request.
func (m *metrics) request(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
}

// append counts a synced write of the raft log.
func (m *metrics) append(took time.Duration, _, bytes int) {
	m.appends.Observe(took.Seconds())
	m.written.Add(float64(bytes))
}

// handler serves GET /metrics.
func (m *metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}
