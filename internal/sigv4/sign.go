package sigv4

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Sign signs r in its Authorization header. It sets X-Amz-Date,
// X-Amz-Content-Sha256 (S3 demands it, the others don't mind) and, for
// temporary credentials, X-Amz-Security-Token. payloadHash is [HashPayload] of
// the body or one of the constants; a streaming one leaves the framing of the
// body to the caller.
//
// Signed are the headers that mean something to AWS, not those that a proxy
// might rewrite on the way.
func Sign(r *http.Request, payloadHash string, c Credentials, region, service string, now time.Time) {
	amzDate := now.UTC().Format(timeFormat)
	r.Header.Set(headerDate, amzDate)
	r.Header.Set(headerHash, payloadHash)
	r.Header.Del(headerToken)
	if c.SessionToken != "" {
		r.Header.Set(headerToken, c.SessionToken)
	}
	prepareURL(r.URL, service)

	s := scope{amzDate[:len(dateFormat)], region, service}
	signed := headersToSign(r)
	ps, _ := parseQuery(r.URL.RawQuery) // prepareURL left only what parses
	canonical := canonicalRequest(r, canonicalPaths(r.URL, service)[0], canonicalQuery(ps), signed, payloadHash)
	r.Header.Set(headerAuthorization, algorithm+
		" Credential="+c.AccessKeyID+"/"+s.String()+
		", SignedHeaders="+strings.Join(signed, ";")+
		", Signature="+s.signature(c.SecretAccessKey, amzDate, canonical))
}

// Presign returns the URL of r with a signature that is good for the given
// time. What the headers of r say is signed too, so the URL's user must send
// them; usually there are none. The body is not signed for S3, and must be
// empty for other services.
func Presign(r *http.Request, c Credentials, region, service string, now time.Time, expires time.Duration) *url.URL {
	amzDate := now.UTC().Format(timeFormat)
	s := scope{amzDate[:len(dateFormat)], region, service}
	signed := headersToSign(r)
	u := *r.URL
	prepareURL(&u, service)
	ps, _ := parseQuery(u.RawQuery)
	ps = append(ps,
		param{paramAlgorithm, algorithm},
		param{paramCredential, c.AccessKeyID + "/" + s.String()},
		param{headerDate, amzDate},
		param{paramExpires, strconv.FormatInt(int64(expires/time.Second), 10)},
		param{paramSignedHeaders, strings.Join(signed, ";")})
	if c.SessionToken != "" {
		ps = append(ps, param{headerToken, c.SessionToken})
	}
	hash := EmptyHash
	if service == serviceS3 {
		hash = UnsignedPayload
	}
	query := canonicalQuery(ps)
	canonical := canonicalRequest(r, canonicalPaths(&u, service)[0], query, signed, hash)
	u.RawQuery = query + "&" + paramSignature + "=" + s.signature(c.SecretAccessKey, amzDate, canonical)
	return &u
}

// prepareURL makes what is sent the same as what is signed: S3 paths in AWS's
// escaping, which is stricter than Go's, and no query that does not parse.
func prepareURL(u *url.URL, service string) {
	if service == serviceS3 {
		u.RawPath = escape(u.Path, true)
	}
	if _, err := parseQuery(u.RawQuery); err != nil {
		u.RawQuery = u.Query().Encode()
	}
}

func headersToSign(r *http.Request) []string {
	names := []string{"host"}
	for name := range r.Header {
		name = strings.ToLower(name)
		switch {
		case strings.HasPrefix(name, "x-amz-"),
			strings.HasPrefix(name, "if-"),
			name == "content-type", name == "content-md5", name == "range":
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
