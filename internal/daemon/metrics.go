package daemon

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics is what /metrics shows: the process, and how much this server does.
// They hold counts and no names, so that reading them needs no key.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
}

func newMetrics(d *Daemon) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), requests: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "slipway_http_requests_total", Help: "Requests answered, by method and status code.",
	}, []string{"method", "code"})}
	m.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.requests,
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "slipway_store_writes_total", Help: "Transactions that changed the database.",
		}, func() float64 { return float64(d.store.Writes()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "slipway_polls_waiting", Help: "Hosts whose poll is held until there is something for them.",
		}, func() float64 { return float64(d.control.PollsWaiting()) }),
	)
	return m
}

// counting counts the requests to a handler.
func (m *metrics) counting(h http.Handler) http.Handler {
	return promhttp.InstrumentHandlerCounter(m.requests, h)
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
