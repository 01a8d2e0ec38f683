package api

import (
	"errors"
	"net/http"

	"github.com/slipwayhq/slipway/internal/sigv4"
)

// fault is a request that was refused before its operation was reached, or
// that broke within it. The two wire protocols have different names for the
// same fault, so it is a kind, not a code.
type fault struct {
	kind    faultKind
	message string // shown to the caller
}

func (f *fault) Error() string { return f.kind.names().json + ": " + f.message }

type faultKind int

const (
	missingToken faultKind = iota + 1
	incompleteSignature
	invalidSignature
	unknownKey
	expiredToken
	accessDenied
	unknownOperation
	serialization
	tooLarge
	tooSlow
	throttled
	overloaded
	internalFailure
)

// faultNames is what one kind is called on the wire.
type faultNames struct {
	json        string
	jsonStatus  int
	query       string
	queryStatus int
}

// names follows the API references; where those and the services differ, the
// services.
func (k faultKind) names() faultNames {
	switch k {
	case missingToken:
		return faultNames{"MissingAuthenticationTokenException", 400, "MissingAuthenticationToken", 403}
	case incompleteSignature:
		return faultNames{"IncompleteSignatureException", 400, "IncompleteSignature", 400}
	case invalidSignature:
		return faultNames{"InvalidSignatureException", 400, "SignatureDoesNotMatch", 403}
	case unknownKey:
		return faultNames{"UnrecognizedClientException", 400, "InvalidClientTokenId", 403}
	case expiredToken:
		return faultNames{"ExpiredTokenException", 400, "ExpiredToken", 403}
	case accessDenied:
		return faultNames{"AccessDeniedException", 400, "AccessDenied", 403}
	case unknownOperation:
		return faultNames{"UnknownOperationException", 400, "InvalidAction", 400}
	case serialization:
		return faultNames{"SerializationException", 400, "MalformedInput", 400}
	case tooLarge:
		return faultNames{"RequestEntityTooLargeException", 413, "RequestEntityTooLarge", 413}
	case tooSlow:
		return faultNames{"RequestTimeoutException", 408, "RequestExpired", 408}
	case throttled:
		return faultNames{"ThrottlingException", 400, "Throttling", 400}
	case overloaded:
		return faultNames{"ServiceUnavailable", 503, "ServiceUnavailable", 503}
	case internalFailure:
	}
	return faultNames{"InternalFailure", http.StatusInternalServerError, "InternalFailure", http.StatusInternalServerError}
}

var (
	errUnknownKey   = &fault{unknownKey, "The security token included in the request is invalid."}
	errExpiredToken = &fault{expiredToken, "The security token included in the request is expired"}
	errInternal     = &fault{internalFailure, "The request processing has failed because of an unknown error."}
)

// signatureFault turns what sigv4 found into a fault.
func signatureFault(err error) *fault {
	var refused *sigv4.Error
	if !errors.As(err, &refused) {
		return errInternal
	}
	switch refused.Code {
	case sigv4.MissingAuthenticationToken:
		return &fault{missingToken, refused.Message}
	case sigv4.IncompleteSignature:
		return &fault{incompleteSignature, refused.Message}
	case sigv4.InvalidSignature:
	}
	return &fault{invalidSignature, refused.Message}
}
