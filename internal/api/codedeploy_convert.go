package api

import (
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/wire"
)

// The codedeploy_convert files turn shapes of the API into values of the
// domain, in functions named domainX, and back, in functions named after the
// shape. They decide nothing; what was absent stays absent.

// each converts the items of a list; nil stays nil.
func each[A, B any](list []A, convert func(A) B) []B {
	if list == nil {
		return nil
	}
	out := make([]B, len(list))
	for i, v := range list {
		out[i] = convert(v)
	}
	return out
}

// orEmpty is for lists that a response always has.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// ifSet is for texts that a response has only when there is one.
func ifSet(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func timeIfSet(t *time.Time) *wire.Time {
	if t == nil {
		return nil
	}
	return wire.At(*t)
}

func domainTag(t wire.Tag) deploy.Tag {
	return deploy.Tag{Key: wire.Value(t.Key), Value: wire.Value(t.Value)}
}

func wireTag(t deploy.Tag) wire.Tag { return wire.Tag{Key: &t.Key, Value: &t.Value} }
