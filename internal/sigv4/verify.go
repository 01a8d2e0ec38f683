package sigv4

import (
	"crypto/hmac"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Verify checks the signature against the payload hash that the request
// claims; whether the body is worth that claim only
// [Authorization.BodyReader] can tell. A request that claims nothing has no
// body, unless it is presigned: then its body is not signed.
func (a *Authorization) Verify(r *http.Request, secret string, now time.Time) error {
	return a.verify(r, secret, a.claimedHash(), now)
}

// VerifyHash checks the signature of a request whose body was read already
// and hashes to bodyHash. Unlike Verify it accepts no claim about the body:
// services other than S3 have no unsigned payloads.
func (a *Authorization) VerifyHash(r *http.Request, secret, bodyHash string, now time.Time) error {
	if a.PayloadHash != "" && a.PayloadHash != bodyHash {
		return refuse(PayloadMismatch, "The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	return a.verify(r, secret, bodyHash, now)
}

func (a *Authorization) claimedHash() string {
	switch {
	case a.PayloadHash != "":
		return a.PayloadHash
	case a.Presigned && a.Service == serviceS3:
		return UnsignedPayload
	default:
		return EmptyHash
	}
}

func (a *Authorization) verify(r *http.Request, secret, payloadHash string, now time.Time) error {
	if err := a.checkTime(now); err != nil {
		return err
	}
	if err := a.checkSigned(r); err != nil {
		return err
	}
	query, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		return refuse(Malformed, "The query string cannot be decoded.")
	}
	canonical := canonicalQuery(query)
	for _, path := range canonicalPaths(r.URL, a.Service) {
		want := a.scope().signature(secret, a.amzDate, canonicalRequest(r, path, canonical, a.SignedHeaders, payloadHash))
		if hmac.Equal([]byte(want), []byte(a.Signature)) {
			return nil
		}
	}
	return errMismatch
}

func (a *Authorization) scope() scope { return scope{a.Date, a.Region, a.Service} }

func (a *Authorization) checkTime(now time.Time) error {
	now = now.UTC()
	stamp := now.Format(timeFormat)
	late := now.Add(-MaxSkew)
	switch {
	case a.Time.After(now.Add(MaxSkew)):
		return refuse(Skewed, "Signature not yet current: %s is still later than %s (%s + 5 min.)",
			a.amzDate, now.Add(MaxSkew).Format(timeFormat), stamp)
	case a.Presigned && now.After(a.Time.Add(a.Expires)):
		return refuse(Expired, "Request has expired")
	case !a.Presigned && a.Time.Before(late):
		return refuse(Skewed, "Signature expired: %s is now earlier than %s (%s - 5 min.)",
			a.amzDate, late.Format(timeFormat), stamp)
	}
	return nil
}

// checkSigned refuses headers that change what a request means and that its
// signer has not seen. S3 demands it of every x-amz-* header, the other
// services are known to take less; there it is those that select the
// operation and the caller.
func (a *Authorization) checkSigned(r *http.Request) error {
	for name := range r.Header {
		name = strings.ToLower(name)
		if slices.Contains(a.SignedHeaders, name) || !a.mustSign(name) {
			continue
		}
		return refuse(HeadersNotSigned, "There were headers present in the request which were not signed: %s", name)
	}
	return nil
}

func (a *Authorization) mustSign(name string) bool {
	switch name {
	case "x-amz-content-sha256": // its value is signed, as the last line of the canonical request
		return false
	case "x-amz-cf-id": // added by CloudFront behind the client's back
		return false
	case "x-amz-date", "x-amz-security-token": // a presigned URL has them in its query
		return !a.Presigned
	case "x-amz-target":
		return true
	}
	return a.Service == serviceS3 && strings.HasPrefix(name, "x-amz-")
}
