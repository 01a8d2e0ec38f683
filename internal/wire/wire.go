// Package wire holds the shapes of the CodeDeploy API, version 2014-10-06, and
// turns them from and into the bytes of AWS JSON 1.1.
//
// The shapes are generated from model.txt. Whatever a caller may leave out is
// a pointer, a slice or a map, so that absent and empty stay different things:
// a nil slice is left out of a response, an empty one is sent as []. Only the
// edge of the server (package api) and clients import this package; the
// domain has its own types.
package wire

//go:generate go run ./gen

import (
	"maps"
	"slices"
	"time"
)

// TargetPrefix comes before the operation in the X-Amz-Target header, with a
// dot between them.
const TargetPrefix = "CodeDeploy_20141006"

// ContentType is the type of requests and responses.
const ContentType = "application/x-amz-json-1.1"

// Operation describes one operation of the API.
type Operation struct {
	Name       string
	NewInput   func() any // returns a pointer to a new input structure
	HasOutput  bool       // false: a success has an empty body, not {}
	Deprecated bool
	Errors     []string // the exceptions the operation declares
}

// Lookup finds an operation by its name.
func Lookup(name string) (Operation, bool) {
	op, ok := operations[name]
	return op, ok
}

// OperationNames returns the names of all operations in alphabetical order.
func OperationNames() []string { return slices.Sorted(maps.Keys(operations)) }

// Value returns what p points to, or the zero value: for callers to whom
// absent and empty are the same.
func Value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// At returns t for a member of a response; a zero t is left out.
func At(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	return &Time{t}
}
