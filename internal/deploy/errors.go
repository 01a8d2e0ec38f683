package deploy

import (
	"errors"
	"fmt"
)

// Error is a fault the caller can do something about. Code is the API's
// exception name, for example "ApplicationDoesNotExistException"; Message is
// for people and reaches the client as it is.
type Error struct {
	Code    string
	Message string
}

// Error returns the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf returns an [*Error] with a formatted message.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// CodeOf returns the exception name in err, or "" when err is no [*Error].
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
