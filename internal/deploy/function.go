package deploy

import (
	"maps"
	"time"
)

// FunctionTarget is the target of a Lambda deployment: an alias that moves
// from one version of a function to another.
type FunctionTarget struct {
	Function string  `json:"function"` // name or ARN
	Alias    string  `json:"alias"`
	Current  string  `json:"current"` // the version that the alias served before
	Target   string  `json:"target"`
	Weight   float64 `json:"weight"` // share of the traffic that Target has, as last applied
	// Hooks are the functions to invoke, by lifecycle event.
	Hooks map[string]string `json:"hooks,omitempty"`
	Role  string            `json:"role,omitempty"` // that the outside is called with

	// ---- how far the deployment is ----
	Checked   bool       `json:"checked,omitempty"` // the alias is as the deployment wants it
	Shifts    int        `json:"shifts,omitempty"`  // that have been applied
	ShiftedAt *time.Time `json:"shiftedAt,omitempty"`
	Settled   bool       `json:"settled,omitempty"` // all traffic moved, and capacity is there
	Waiting   string     `json:"waiting,omitempty"` // id of the action that is waited for
}

// clone returns a copy that shares nothing.
func (f *FunctionTarget) clone() *FunctionTarget {
	if f == nil {
		return nil
	}
	c := *f
	c.Hooks = maps.Clone(f.Hooks)
	return &c
}
