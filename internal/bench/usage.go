package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Usage is what a server used: since it started, or between two looks.
type Usage struct {
	CPU    time.Duration // of all processors together
	Memory float64       // resident, in bytes; not a difference
	Writes float64       // transactions that changed the database
	Polls  float64       // that it holds; not a difference
}

// since returns what was used between an earlier look and this one.
func (u Usage) since(before Usage) Usage {
	return Usage{CPU: u.CPU - before.CPU, Writes: u.Writes - before.Writes}
}

// usage reads the server's metrics.
func (b *bench) usage(ctx context.Context) (u Usage, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(b.Endpoint, "/")+"/metrics", nil)
	if err != nil {
		return u, err
	}
	resp, err := (&http.Client{Transport: b.transport}).Do(req)
	if err != nil {
		return u, fmt.Errorf("cannot read the server's metrics: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return u, fmt.Errorf("cannot read the server's metrics: %s", resp.Status)
	}
	values, err := plainValues(resp.Body)
	if err != nil {
		return u, fmt.Errorf("cannot read the server's metrics: %w", err)
	}
	return Usage{
		CPU:    time.Duration(values["process_cpu_seconds_total"] * float64(time.Second)),
		Memory: values["process_resident_memory_bytes"],
		Writes: values["slipway_store_writes_total"],
		Polls:  values["slipway_polls_waiting"],
	}, nil
}

// plainValues reads the metrics that have no labels, by name.
func plainValues(r io.Reader) (map[string]float64, error) {
	values := map[string]float64{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		name, text, _ := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			values[name] = v
		}
	}
	return values, lines.Err()
}
