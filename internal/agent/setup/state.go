package setup

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// State is what a running agent says of itself, for `slipway-agent status`.
type State struct {
	PID      int       `json:"pid"`
	Started  time.Time `json:"started"`
	Version  string    `json:"version"`
	Host     string    `json:"host"`
	Endpoint string    `json:"endpoint"`
	LastPoll time.Time `json:"lastPoll"` // when the server last answered, or took, a poll
}

func statePath(root string) string { return filepath.Join(root, "journal", "agent.json") }

func readState(root string) (s State, ok bool) {
	text, err := os.ReadFile(statePath(root))
	return s, err == nil && json.Unmarshal(text, &s) == nil
}

// saveEvery is how often the time of a poll is written down, at most.
const saveEvery = 5 * time.Second

// Recorder is the way of an agent's requests to the server. It writes down the
// agent's state whenever a poll was answered.
type Recorder struct {
	Next  http.RoundTripper
	Root  string
	State State

	mu    sync.Mutex
	saved time.Time
}

// RoundTrip implements http.RoundTripper.
func (r *Recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.Next.RoundTrip(req)
	if err == nil && resp.StatusCode == http.StatusOK && strings.HasSuffix(req.Header.Get("X-Amz-Target"), ".PollHostCommand") {
		r.Polled()
	}
	return resp, err
}

// Polled notes that the server serves this agent. That it cannot be written
// down is no reason to stop: only status would miss it.
func (r *Recorder) Polled() {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.saved) < saveEvery {
		return
	}
	r.saved, r.State.LastPoll = now, now
	text, err := json.Marshal(r.State)
	if err != nil {
		return
	}
	temp := statePath(r.Root) + ".new"
	if os.WriteFile(temp, text, 0o644) == nil {
		_ = os.Rename(temp, statePath(r.Root))
	}
}
