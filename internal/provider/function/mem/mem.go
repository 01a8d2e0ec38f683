// Package mem keeps functions in memory, for tests: with it goes what can go
// wrong outside.
package mem

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/slipwayhq/slipway/internal/provider/function"
)

// Functions is a Lambda of one account. The zero value has no function.
type Functions struct {
	mu       sync.Mutex
	versions map[string][]string // by function
	aliases  map[string]function.Alias
	changes  int

	// Invoked lists the invocations: function and payload.
	Invoked []Invocation
	// Answers are what hooks answer by their return value, by function.
	Answers map[string]function.Answer
	// Fault is asked before each call, which fails with what it returns; a
	// fault that is Lost fails after the call has had its effect.
	Fault func(call, function string) error
	// NotReady is how many times provisioned capacity is not there yet.
	NotReady int
}

// Invocation is one call of a hook.
type Invocation struct {
	Function string
	Payload  string
}

// Lost is a call that had its effect although the caller sees an error.
type Lost struct{ Err error }

func (l Lost) Error() string { return l.Err.Error() }

// Publish adds versions of a function.
func (m *Functions) Publish(name string, versions ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.versions == nil {
		m.versions, m.aliases = map[string][]string{}, map[string]function.Alias{}
	}
	m.versions[name] = append(m.versions[name], versions...)
}

// Point sets an alias, as somebody else would.
func (m *Functions) Point(name, alias string, to function.Alias) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes++
	to.RevisionID = strconv.Itoa(m.changes)
	m.aliases[name+":"+alias] = to
}

// Remove deletes an alias.
func (m *Functions) Remove(name, alias string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.aliases, name+":"+alias)
}

// call runs a call with its faults.
func (m *Functions) call(what, name string, f func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var fault error
	if m.Fault != nil {
		fault = m.Fault(what, name)
	}
	if _, lost := fault.(Lost); fault != nil && !lost { //nolint:errorlint // made by the test itself
		return fault
	}
	if err := f(); err != nil {
		return err
	}
	return fault
}

// Alias returns an alias.
func (m *Functions) Alias(_ context.Context, _ function.Scope, name, alias string) (a function.Alias, err error) {
	err = m.call("Alias", name, func() error {
		var known bool
		if a, known = m.aliases[name+":"+alias]; !known {
			return fmt.Errorf("%s:%s: %w", name, alias, function.ErrNotFound)
		}
		return nil
	})
	return a.Normal(), err
}

// UpdateAlias changes an alias.
func (m *Functions) UpdateAlias(_ context.Context, _ function.Scope, name, alias string, state function.Alias) (id string, err error) {
	err = m.call("UpdateAlias", name, func() error {
		have, known := m.aliases[name+":"+alias]
		if !known {
			return fmt.Errorf("%s:%s: %w", name, alias, function.ErrNotFound)
		}
		if have.RevisionID != state.RevisionID {
			return function.ErrConflict
		}
		for _, v := range append(slices.Sorted(maps.Keys(state.Weights)), state.Version) {
			if !slices.Contains(m.versions[name], v) {
				return fmt.Errorf("version %s: %w", v, function.ErrInvalid)
			}
		}
		m.changes++
		state.RevisionID = strconv.Itoa(m.changes)
		m.aliases[name+":"+alias] = state.Normal()
		id = state.RevisionID
		return nil
	})
	return id, err
}

// Version reports whether a version exists.
func (m *Functions) Version(_ context.Context, _ function.Scope, name, version string) error {
	return m.call("Version", name, func() error {
		if !slices.Contains(m.versions[name], version) {
			return fmt.Errorf("%s version %s: %w", name, version, function.ErrNotFound)
		}
		return nil
	})
}

// Capacity reports whether provisioned capacity is there.
func (m *Functions) Capacity(_ context.Context, _ function.Scope, name, _ string) (ready bool, err error) {
	err = m.call("Capacity", name, func() error {
		ready = m.NotReady <= 0
		m.NotReady--
		return nil
	})
	return ready, err
}

// Invoke notes an invocation.
func (m *Functions) Invoke(_ context.Context, _ function.Scope, name string, payload []byte) (a function.Answer, err error) {
	err = m.call("Invoke", name, func() error {
		if _, known := m.versions[name]; !known {
			return fmt.Errorf("%s: %w", name, function.ErrNotFound)
		}
		m.Invoked = append(m.Invoked, Invocation{name, string(payload)})
		a = m.Answers[name]
		return nil
	})
	return a, err
}
