package bench

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// Report is what was measured.
type Report struct {
	Hosts       int
	Deployments int
	Hook        time.Duration
	ConfigName  string

	Took      []time.Duration // each deployment, by the server's own times
	Events    int             // lifecycle events of all hosts together
	Latencies Percentiles
	Errors    int // calls of hosts that failed, and were made again

	Alone   Usage // before the hosts came
	Idle    Usage // while the hosts only polled
	IdleFor time.Duration
	Server  Usage // during the deployments
}

// Percentiles are of the time from a host's report on one event to its next
// command in its hands: the server's work and two ways through HTTP.
type Percentiles struct {
	P50, P95, P99, Max time.Duration
}

// Total is how long the deployments took together.
func (r *Report) Total() (sum time.Duration) {
	for _, d := range r.Took {
		sum += d
	}
	return sum
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(what, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", what, fmt.Sprintf(format, args...)) }
	line("hosts", "%d, %s an event", r.Hosts, r.Hook)
	line("deployments", "%d, %s", r.Deployments, r.ConfigName)
	if n := len(r.Took); n > 0 {
		sorted := slices.Sorted(slices.Values(r.Took))
		line("a deployment took", "%s (median; %s to %s)", round(sorted[n/2]), round(sorted[0]), round(sorted[n-1]))
		line("events", "%d, %.0f a second", r.Events, float64(r.Events)/r.Total().Seconds())
		line("from report to next command", "p50 %s, p95 %s, p99 %s, max %s",
			round(r.Latencies.P50), round(r.Latencies.P95), round(r.Latencies.P99), round(r.Latencies.Max))
		line("server: CPU per event", "%s (%.2f processors)", round(r.Server.CPU/time.Duration(r.Events)), r.Server.CPU.Seconds()/r.Total().Seconds())
		line("server: database writes per event", "%.2f", r.Server.Writes/float64(r.Events))
		line("server: memory after", "%.1f MiB", mib(r.Server.Memory))
	}
	line("server: memory without hosts", "%.1f MiB", mib(r.Alone.Memory))
	line("server: memory, hosts only poll", "%.1f MiB, %.1f KiB a host", mib(r.Idle.Memory), (r.Idle.Memory-r.Alone.Memory)/1024/float64(max(r.Hosts, 1)))
	if r.IdleFor > 0 {
		line("server: CPU, hosts only poll", "%.2f %% of one processor, %.1f writes a second",
			100*r.Idle.CPU.Seconds()/r.IdleFor.Seconds(), r.Idle.Writes/r.IdleFor.Seconds())
	}
	if r.Errors > 0 {
		line("calls that failed", "%d (and were made again)", r.Errors)
	}
	return t.Flush()
}

func mib(bytes float64) float64 { return bytes / (1 << 20) }

// round keeps three digits or so.
func round(d time.Duration) time.Duration {
	for unit := time.Second; unit > time.Microsecond; unit /= 10 {
		if d > 100*unit {
			return d.Round(unit)
		}
	}
	return d.Round(time.Microsecond)
}
