package setup

import (
	"time"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/agent/kept"
)

// Status is how the agent of a host is doing.
type Status struct {
	Running  bool       `json:"running"`
	Service  string     `json:"service,omitempty"` // "" if it is set up as none
	Root     string     `json:"root"`
	PID      int        `json:"pid,omitempty"`
	Since    *time.Time `json:"since,omitempty"`
	Version  string     `json:"version,omitempty"`
	Host     string     `json:"host,omitempty"`
	Endpoint string     `json:"endpoint,omitempty"`
	LastPoll *time.Time `json:"lastPoll,omitempty"` // that the server answered
	// Archives is what the kept revisions take; nil if this user may not see
	// them. Budget is what they may take, in bytes; 0: any.
	Archives *kept.Usage `json:"archives,omitempty"`
	Budget   int64       `json:"archiveBudget,omitempty"`
}

// Status asks how the agent with that configuration is doing. What a running
// agent has not written down yet, because no poll was answered, is left out.
func (h Host) Status(c agent.Config) (Status, error) {
	s := Status{Root: c.Root, Endpoint: c.Endpoint, Host: c.HostIdentifier, Budget: c.MaxArchiveSize}
	if usage, err := agent.Kept(c.Root); err == nil {
		s.Archives = &usage
	}
	if service, ok := h.Service(); ok {
		s.Service = service.Name
	}
	var err error
	if s.Running, err = agent.Running(c.Root); err != nil {
		return s, readable(err)
	}
	state, ok := readState(c.Root)
	if !ok {
		return s, nil
	}
	if !state.LastPoll.IsZero() {
		s.LastPoll = &state.LastPoll
	}
	if s.Running && alive(state.PID) { // else it is of an agent that ran before
		s.PID, s.Since, s.Version = state.PID, &state.Started, state.Version
		s.Host, s.Endpoint = state.Host, state.Endpoint
	}
	return s, nil
}
