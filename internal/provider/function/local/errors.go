package local

import (
	"fmt"

	"github.com/slipwayhq/slipway/internal/provider/function"
)

// Error is what is wrong with a request, by the name that Lambda's API has for
// it. It is one of package function's errors as well, where that has one.
type Error struct {
	Code    string
	Message string
	kind    error
}

func (e *Error) Error() string { return e.Message }

func (e *Error) Unwrap() error { return e.kind }

// The names of errors.
const (
	NotFound  = "ResourceNotFoundException"
	Conflict  = "ResourceConflictException"   // it is there already, or in use
	Stale     = "PreconditionFailedException" // the RevisionId is an old one
	Invalid   = "InvalidParameterValueException"
	Throttled = "TooManyRequestsException"
	TooLarge  = "RequestTooLargeException"
)

func fail(code string, kind error, format string, args []any) error {
	return &Error{code, fmt.Sprintf(format, args...), kind}
}

func notFound(format string, args ...any) error {
	return fail(NotFound, function.ErrNotFound, format, args)
}

func conflict(format string, args ...any) error {
	return fail(Conflict, function.ErrInvalid, format, args)
}

func stale(format string, args ...any) error { return fail(Stale, function.ErrConflict, format, args) }

func invalid(format string, args ...any) error {
	return fail(Invalid, function.ErrInvalid, format, args)
}

func throttled(format string, args ...any) error {
	return fail(Throttled, function.ErrThrottled, format, args)
}

func tooLarge(format string, args ...any) error {
	return fail(TooLarge, function.ErrInvalid, format, args)
}
