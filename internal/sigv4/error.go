package sigv4

import "fmt"

// Code is the AWS error family of a refusal. The JSON protocols append
// "Exception" to it (MissingAuthenticationTokenException,
// IncompleteSignatureException, InvalidSignatureException), the Query protocol
// says MissingAuthenticationToken, IncompleteSignature and
// SignatureDoesNotMatch; S3 has finer codes, for which there is [Reason].
type Code string

// The codes.
const (
	MissingAuthenticationToken Code = "MissingAuthenticationToken"
	IncompleteSignature        Code = "IncompleteSignature"
	InvalidSignature           Code = "InvalidSignature"
)

// Reason says more exactly why a request was refused.
type Reason int

// The reasons, each with the code S3 gives it.
const (
	Unsigned         Reason = iota + 1 // AccessDenied
	Malformed                          // AuthorizationHeaderMalformed, AuthorizationQueryParametersError
	Unsupported                        // InvalidRequest: another signature algorithm
	HeadersNotSigned                   // AccessDenied
	Mismatch                           // SignatureDoesNotMatch
	Skewed                             // RequestTimeTooSkewed
	Expired                            // AccessDenied: "Request has expired"
	PayloadMismatch                    // XAmzContentSHA256Mismatch
	BodyMalformed                      // IncompleteBody, InvalidRequest: not the framing it claims
	BodyIncomplete                     // IncompleteBody
	LengthMissing                      // MissingContentLength
)

func (r Reason) String() string {
	names := [...]string{
		"", "Unsigned", "Malformed", "Unsupported", "HeadersNotSigned", "Mismatch", "Skewed",
		"Expired", "PayloadMismatch", "BodyMalformed", "BodyIncomplete", "LengthMissing",
	}
	if r < 1 || int(r) >= len(names) {
		return fmt.Sprintf("Reason(%d)", int(r))
	}
	return names[r]
}

// Error says why a request was refused. Its message is the one AWS gives,
// where that is known, and fit to be shown to the caller.
type Error struct {
	Code    Code
	Reason  Reason
	Message string
}

func (e *Error) Error() string { return e.Message }

func refuse(r Reason, format string, args ...any) *Error {
	code := InvalidSignature
	switch r {
	case Unsigned:
		code = MissingAuthenticationToken
	case Malformed, Unsupported, HeadersNotSigned:
		code = IncompleteSignature
	default: // everything else is a signature that does not hold
	}
	return &Error{Code: code, Reason: r, Message: fmt.Sprintf(format, args...)}
}

var errMismatch = refuse(Mismatch, "The request signature we calculated does not match the signature you provided. "+
	"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
