package faultproxy

import (
	"fmt"
	"net/http"
	"time"
)

// Fault is what befalls a call.
type Fault int

// The faults. A Stale one is of UpdateAlias only: somebody else writes the
// alias between the caller's look and its write, which therefore comes with an
// old RevisionId and is refused.
const (
	None        Fault = iota
	Throttled         // refused, because there were too many
	Unavailable       // refused, for a reason of the service's own
	Late              // carried out a while later
	LostRequest       // the connection ends, and nothing was done
	LostReply         // the connection ends after all was done
	Stale
)

func (f Fault) String() string {
	return [...]string{"none", "throttled", "unavailable", "late", "lost request", "lost reply", "stale"}[f]
}

// delay is how late a late call is.
const delay = 300 * time.Millisecond

// Fate is what becomes of a call.
type Fate struct {
	Fault Fault
	// Before runs when the call has come and nothing has been done, After when
	// it has been carried out and not been answered.
	Before, After func()
}

// Plan decides on the fate of each call. It is asked about one at a time, in
// the order in which they come.
type Plan func(Call) Fate

// reply is an answer of a service.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// refusal is an error in the form of a service.
func refusal(service string, status int, code, message string) reply {
	r := reply{status: status, header: http.Header{"Content-Type": {"application/json"}}}
	switch service {
	case ecs:
		r.header.Set("Content-Type", "application/x-amz-json-1.1")
		r.body = fmt.Appendf(nil, `{"__type":%q,"message":%q}`, code, message)
	case lambda:
		r.header.Set("X-Amzn-Errortype", code)
		r.body = fmt.Appendf(nil, `{"Type":"User","message":%q}`, message)
	default:
		r.header.Set("Content-Type", "text/xml")
		r.body = fmt.Appendf(nil, `<ErrorResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><Error>`+
			`<Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>`, code, message)
	}
	return r
}

// throttled and unavailable are what each service says of itself.
func throttled(service string) reply {
	switch service {
	case ecs:
		return refusal(ecs, http.StatusBadRequest, "ThrottlingException", "Rate exceeded")
	case lambda:
		return refusal(lambda, http.StatusTooManyRequests, "TooManyRequestsException", "Rate Exceeded.")
	}
	return refusal(elb, http.StatusBadRequest, "Throttling", "Rate exceeded")
}

func unavailable(service string) reply {
	switch service {
	case ecs:
		return refusal(ecs, http.StatusInternalServerError, "ServerException", "Service Unavailable. Please try again later.")
	case lambda:
		return refusal(lambda, http.StatusInternalServerError, "ServiceException", "An error occurred and the request cannot be processed.")
	}
	return refusal(elb, http.StatusServiceUnavailable, "ServiceUnavailable", "Service is unable to handle request.")
}
