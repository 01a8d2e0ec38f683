// Package audit is the record of who changed what: its shape, how secrets are
// kept out of it, and how it travels with a call to the transaction that makes
// the change, so that the two are on disk together or not at all.
package audit

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"time"
)

// Record is one call that changes something, or that was refused.
type Record struct {
	Sequence   int64           `json:"sequence"` // its place in the audit, from 1
	At         time.Time       `json:"at"`
	RequestID  string          `json:"requestId"`
	Account    string          `json:"account"`
	Region     string          `json:"region"`
	Principal  string          `json:"principal"` // ARN of the caller
	SourceIP   string          `json:"sourceIp"`
	UserAgent  string          `json:"userAgent,omitempty"`
	Action     string          `json:"action"` // codedeploy:CreateDeployment
	Resources  []string        `json:"resources,omitempty"`
	Parameters json.RawMessage `json:"parameters,omitempty"`
	Outcome    string          `json:"outcome"` // Success, or the error's code
	Message    string          `json:"message,omitempty"`
}

// Success is the outcome of a call that did what it was asked.
const Success = "Success"

// maxParameters bounds what is kept of a call's parameters, in bytes.
const maxParameters = 16 << 10

// secretName recognises members whose values must not be kept.
var secretName = regexp.MustCompile(`(?i)(secret|password|privatekey|^(access|session|auth|oauth|web)?[_-]?(identity)?token$)`)

const removed = "[removed]"

// JSONParameters returns a JSON body without its secrets.
func JSONParameters(body []byte) json.RawMessage {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil
	}
	return bounded(strip(v))
}

// FormParameters returns a form without its secrets.
func FormParameters(form url.Values) json.RawMessage {
	v := map[string]any{}
	for name, values := range form {
		if len(values) > 0 && name != "Action" && name != "Version" {
			v[name] = values[0]
		}
	}
	return bounded(strip(v))
}

// bounded encodes v, or says that it is too large to keep.
func bounded(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil || len(b) > maxParameters {
		return json.RawMessage(`"[too large to keep]"`)
	}
	return b
}

// strip removes the values of members that are named like secrets.
func strip(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if _, isText := value.(string); isText && secretName.MatchString(name) {
				v[name] = removed
			} else {
				v[name] = strip(value)
			}
		}
	case []any:
		for i := range v {
			v[i] = strip(v[i])
		}
	}
	return v
}

// Pending is a record on its way to the transaction that makes its change.
type Pending struct {
	mu     sync.Mutex
	record Record
	saved  bool
}

type contextKey struct{}

// With returns a context that carries the record of a call.
func With(ctx context.Context, r Record) (context.Context, *Pending) {
	p := &Pending{record: r}
	return context.WithValue(ctx, contextKey{}, p), p
}

// From returns the record that a context carries, or nil.
func From(ctx context.Context) *Pending {
	p, _ := ctx.Value(contextKey{}).(*Pending)
	return p
}

// On notes a resource that the call is about.
func (p *Pending) On(resource string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Contains(p.record.Resources, resource) {
		p.record.Resources = append(p.record.Resources, resource)
	}
}

// Unsaved returns the record if no transaction has taken it yet.
func (p *Pending) Unsaved() (Record, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.record, !p.saved
}

// Saved notes that the record is on disk.
func (p *Pending) Saved() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.saved = true
}
