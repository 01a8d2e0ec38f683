package sigv4

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Authorization is what a request says about its own signature. Nothing in it
// is to be believed before one of the Verify methods has returned nil.
type Authorization struct {
	AccessKeyID  string
	SessionToken string
	// Date, Region and Service are the credential scope. Date is the day,
	// as 20060102.
	Date, Region, Service string
	SignedHeaders         []string // lower case, in the order given
	Signature             string   // lower-case hexadecimal
	Time                  time.Time
	Presigned             bool          // in the query, not in a header
	Expires               time.Duration // of a presigned URL
	// PayloadHash is what the request claims of its body: a hash, one of the
	// constants, or "" when it claims nothing. It is not always signed.
	PayloadHash string

	amzDate string // Time as it was written and signed
}

// maxField bounds what is worth looking at; real values are far shorter.
const maxField = 8 << 10

// Parse reads the signature of a request from its Authorization header or,
// for a presigned URL, its query. Its errors are of type *[Error].
func Parse(r *http.Request) (*Authorization, error) {
	query, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, refuse(Malformed, "The query string cannot be decoded.")
	}
	header := r.Header.Values(headerAuthorization)
	presigned := has(query, paramAlgorithm) || has(query, paramSignature)
	var a *Authorization
	switch {
	case len(header) > 0 && presigned, len(header) > 1:
		return nil, refuse(Unsupported, "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "+
			"Signature query string parameter or the Authorization header should be specified")
	case len(header) == 1:
		a, err = parseHeader(r, header[0])
	case presigned:
		a, err = parsePresigned(r, query)
	default:
		return nil, refuse(Unsigned, "Missing Authentication Token")
	}
	if err == nil {
		err = a.check()
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

func parseHeader(r *http.Request, value string) (*Authorization, error) {
	algo, rest, _ := strings.Cut(value, " ")
	if algo != algorithm {
		return nil, refuse(Unsupported, "The authorization mechanism you have provided is not supported. Please use %s.", algorithm)
	}
	fields := map[string]string{}
	for field := range strings.SplitSeq(rest, ",") {
		name, v, ok := strings.Cut(strings.TrimSpace(field), "=")
		if _, twice := fields[name]; !ok || twice || len(v) > maxField {
			return nil, refuse(Malformed, "Authorization header is malformed; expected "+
				"Credential=..., SignedHeaders=..., Signature=...")
		}
		fields[name] = v
	}
	for _, name := range []string{"Credential", "Signature", "SignedHeaders"} {
		if fields[name] == "" {
			return nil, refuse(Malformed, "Authorization header requires '%s' parameter.", name)
		}
	}
	a := &Authorization{
		SessionToken: r.Header.Get(headerToken),
		Signature:    fields["Signature"],
		PayloadHash:  r.Header.Get(headerHash),
	}
	a.setSignedHeaders(fields["SignedHeaders"])
	if err := a.setCredential(fields["Credential"]); err != nil {
		return nil, err
	}
	return a, a.setHeaderTime(r.Header)
}

// requiredParams make a presigned URL, with the algorithm; authParams are all
// that have a meaning here, and may have only one.
var (
	requiredParams = []string{paramCredential, paramSignature, headerDate, paramSignedHeaders, paramExpires}
	authParams     = append([]string{paramAlgorithm, headerToken, headerHash}, requiredParams...)
)

func parsePresigned(r *http.Request, query []param) (*Authorization, error) {
	values := map[string]string{}
	for _, p := range query {
		if _, twice := values[p.name]; twice && slices.Contains(authParams, p.name) {
			return nil, refuse(Malformed, "Query-string authentication gives %s twice.", p.name)
		}
		values[p.name] = p.value
	}
	if algo := values[paramAlgorithm]; algo != algorithm {
		return nil, refuse(Unsupported, "X-Amz-Algorithm only supports %q.", algorithm)
	}
	for _, name := range requiredParams {
		if v := values[name]; v == "" || len(v) > maxField {
			return nil, refuse(Malformed, "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "+
				"X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters; look at %s.", name)
		}
	}
	seconds, err := strconv.ParseInt(values[paramExpires], 10, 32)
	if err != nil || seconds < 0 || seconds > int64(MaxExpires/time.Second) {
		return nil, refuse(Malformed, "X-Amz-Expires must be a number of seconds, at most %d (a week).", int64(MaxExpires/time.Second))
	}
	a := &Authorization{
		SessionToken: values[headerToken],
		Signature:    values[paramSignature],
		Presigned:    true,
		Expires:      time.Duration(seconds) * time.Second,
		PayloadHash:  values[headerHash],
	}
	a.setSignedHeaders(values[paramSignedHeaders])
	// The header counts only if the maker of the URL signed it: some clients
	// add one of their own when they use the URL.
	if slices.Contains(a.SignedHeaders, strings.ToLower(headerHash)) {
		a.PayloadHash = r.Header.Get(headerHash)
	}
	if err := a.setCredential(values[paramCredential]); err != nil {
		return nil, err
	}
	return a, a.setTime(values[headerDate])
}

func (a *Authorization) setSignedHeaders(list string) {
	a.SignedHeaders = strings.Split(strings.ToLower(list), ";")
}

func (a *Authorization) setCredential(credential string) error {
	parts := strings.Split(credential, "/")
	if len(parts) != 5 || parts[4] != terminator || slices.Contains(parts, "") {
		return refuse(Malformed, "Credential must have exactly 5 slash-delimited elements, "+
			"e.g. keyid/date/region/service/aws4_request, got '%.200s'", credential)
	}
	a.AccessKeyID, a.Date, a.Region, a.Service = parts[0], parts[1], parts[2], parts[3]
	return nil
}

// setHeaderTime takes X-Amz-Date or, as AWS does, the Date of a client that
// has no other.
func (a *Authorization) setHeaderTime(h http.Header) error {
	if v := h.Get(headerDate); v != "" {
		return a.setTime(v)
	}
	t, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return refuse(Malformed, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	return a.setTime(t.UTC().Format(timeFormat))
}

func (a *Authorization) setTime(v string) error {
	t, err := time.Parse(timeFormat, v)
	if err != nil {
		return refuse(Malformed, "Date must be in ISO-8601 'basic format'. Got '%.40s'. See http://en.wikipedia.org/wiki/ISO_8601", v)
	}
	a.Time, a.amzDate = t, v
	return nil
}

// check is what can be said of a signature without knowing any secret.
func (a *Authorization) check() error {
	if a.Date != a.amzDate[:len(dateFormat)] {
		return refuse(Malformed, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s'",
			a.Date, a.amzDate[:len(dateFormat)])
	}
	if !slices.Contains(a.SignedHeaders, "host") {
		return refuse(HeadersNotSigned, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	return nil
}

func has(ps []param, name string) bool {
	return slices.ContainsFunc(ps, func(p param) bool { return p.name == name })
}
