package api_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/slipwayhq/slipway/internal/sigv4"
)

// signatureFaults are what a request with a wrong signature may be answered,
// in both wire protocols.
var signatureFaults = []string{
	"MissingAuthenticationToken", "IncompleteSignature", "InvalidSignature", "SignatureDoesNotMatch",
	"UnrecognizedClient", "InvalidClientTokenId", "AuthorizationHeaderMalformed",
}

const tableBody = `{"applicationName":"shop"}`

// signedAt signs a request that the server accepts.
func (e *edge) signedAt(t testing.TB, c sigv4.Credentials, reg, service string, at time.Time) *http.Request {
	t.Helper()
	r := e.post(t, "GetApplication", tableBody)
	sigv4.Sign(r, sigv4.HashPayload([]byte(tableBody)), c, reg, service, at)
	return r
}

// wrongInOneWay are changes of a signed request. Each alone makes it worthless.
var wrongInOneWay = map[string]func(*http.Request){
	"no Authorization":             func(r *http.Request) { r.Header.Del("Authorization") },
	"empty Authorization":          setHeader("Authorization", ""),
	"two Authorizations":           func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) },
	"another algorithm":            inAuth("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512"),
	"algorithm in lower case":      inAuth("AWS4-HMAC-SHA256", "aws4-hmac-sha256"),
	"basic authentication":         setHeader("Authorization", "Basic cm9vdDpyb290"),
	"no Credential":                inAuth("Credential=", "Credentials="),
	"no SignedHeaders":             inAuth("SignedHeaders=", "Signed="),
	"no Signature":                 inAuth("Signature=", "Sig="),
	"Credential twice":             inAuth("Credential=", "Credential=x, Credential="),
	"Signature twice":              inAuth("Signature=", "Signature=00, Signature="),
	"an empty field":               inAuth("AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 ,"),
	"another access key":           inAuth(rootID, "AKIAROOTROOTROOTROOX"),
	"access key in lower case":     inAuth(rootID, strings.ToLower(rootID)),
	"another region":               inAuth("/us-east-1/", "/eu-west-1/"),
	"no region":                    inAuth("/us-east-1/", "//"),
	"region with a colon":          inAuth("/us-east-1/", "/us:east/"),
	"another service":              inAuth("/codedeploy/", "/codedeploy-open/"),
	"another end of the scope":     inAuth("aws4_request", "aws5_request"),
	"scope cut short":              inAuth("/aws4_request", ""),
	"scope too long":               inAuth("/aws4_request", "/aws4_request/x"),
	"another day in the scope":     func(r *http.Request) { inAuth(time.Now().UTC().Format("/20060102/"), "/20200101/")(r) },
	"signature changed":            func(r *http.Request) { flip(r, -1) },
	"signature changed in front":   func(r *http.Request) { flip(r, -64) },
	"signature cut short":          func(r *http.Request) { setAuth(r, func(s string) string { return s[:len(s)-1] }) },
	"signature too long":           func(r *http.Request) { setAuth(r, func(s string) string { return s + "0" }) },
	"signature in upper case":      upperSignature,
	"host not signed":              inAuth(";host;", ";"),
	"date not signed":              inAuth(";x-amz-date", ""),
	"target not signed":            inAuth(";x-amz-target", ""),
	"signed headers in disorder":   inAuth("content-type;host", "host;content-type"),
	"a signed header that is not":  inAuth(";host;", ";host;x-amz-extra;"),
	"a signed header twice":        inAuth(";host;", ";host;host;"),
	"another host":                 func(r *http.Request) { r.Host = "codedeploy.example.org" },
	"another target":               setHeader("X-Amz-Target", "CodeDeploy_20141006.DeleteApplication"),
	"another content type":         setHeader("Content-Type", "application/json"),
	"content type twice":           func(r *http.Request) { r.Header.Add("Content-Type", "application/x-amz-json-1.1") },
	"target twice":                 func(r *http.Request) { r.Header.Add("X-Amz-Target", "CodeDeploy_20141006.GetApplication") },
	"date twice":                   func(r *http.Request) { r.Header.Add("X-Amz-Date", r.Header.Get("X-Amz-Date")) },
	"no date":                      func(r *http.Request) { r.Header.Del("X-Amz-Date") },
	"another form of date":         setHeader("X-Amz-Date", time.Now().UTC().Format(time.RFC3339)),
	"a date a second later":        laterDate,
	"an added session token":       setHeader("X-Amz-Security-Token", "token"),
	"another body":                 setBody(`{"applicationName":"bank"}`),
	"a body with a space more":     setBody(tableBody + " "),
	"no body":                      setBody(""),
	"another hash":                 setHeader("X-Amz-Content-Sha256", sigv4.EmptyHash),
	"a hash that says unsigned":    setHeader("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"),
	"another path":                 func(r *http.Request) { r.URL.Path = "/x" },
	"an added parameter":           func(r *http.Request) { r.URL.RawQuery = "a=b" },
	"another method":               func(r *http.Request) { r.Method = http.MethodPut },
	"also presigned":               func(r *http.Request) { r.URL.RawQuery = "X-Amz-Signature=00" },
	"a query that does not decode": func(r *http.Request) { r.URL.RawQuery = "a=%zz" },
}

func setHeader(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func setAuth(r *http.Request, change func(string) string) {
	r.Header.Set("Authorization", change(r.Header.Get("Authorization")))
}

func inAuth(old, replacement string) func(*http.Request) {
	return func(r *http.Request) {
		setAuth(r, func(s string) string {
			if !strings.Contains(s, old) {
				panic(s + " has no " + old)
			}
			return strings.Replace(s, old, replacement, 1)
		})
	}
}

// flip changes one digit of the signature, counted from its end.
func flip(r *http.Request, at int) {
	setAuth(r, func(s string) string {
		b := []byte(s)
		if b[len(b)+at]++; b[len(b)+at] == ':' || b[len(b)+at] == 'g' {
			b[len(b)+at] = '0'
		}
		return string(b)
	})
}

func upperSignature(r *http.Request) {
	setAuth(r, func(s string) string { return s[:len(s)-64] + strings.ToUpper(s[len(s)-64:]) })
}

func laterDate(r *http.Request) {
	at, _ := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	r.Header.Set("X-Amz-Date", at.Add(time.Second).Format("20060102T150405Z"))
}

func setBody(body string) func(*http.Request) {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
}

func TestWrongSignatures(t *testing.T) {
	e := newEdge(t)
	now := time.Now().UTC()
	valid := func() *http.Request { return e.signedAt(t, root, region, "codedeploy", time.Now()) }
	if got := send(t, valid()); got.status != http.StatusOK {
		t.Fatalf("the request itself: %v", got)
	}
	requests := map[string]*http.Request{
		"another secret":       e.signedAt(t, sigv4.Credentials{AccessKeyID: rootID, SecretAccessKey: rootSecret + "x"}, region, "codedeploy", now),
		"no secret":            e.signedAt(t, sigv4.Credentials{AccessKeyID: rootID}, region, "codedeploy", now),
		"an old date":          e.signedAt(t, root, region, "codedeploy", now.Add(-6*time.Minute)),
		"a date to come":       e.signedAt(t, root, region, "codedeploy", now.Add(6*time.Minute)),
		"signed for IAM":       e.signedAt(t, root, region, "iam", now),
		"signed for nobody":    e.signedAt(t, root, region, "unknown", now),
		"a root with a token":  e.signedAt(t, sigv4.Credentials{AccessKeyID: rootID, SecretAccessKey: rootSecret, SessionToken: "x"}, region, "codedeploy", now),
		"a region with a star": e.signedAt(t, root, "us-*", "codedeploy", now),
	}
	for name, change := range wrongInOneWay {
		r := valid()
		change(r)
		requests[name] = r
	}
	for name, r := range requests {
		checkRefused(t, name, send(t, r))
	}
	t.Logf("%d requests", len(requests))
}

func checkRefused(t *testing.T, name string, got reply) {
	t.Helper()
	if got.status == http.StatusNotFound && got.header.Get("X-Amzn-Requestid") == "" {
		return // it did not even reach an API
	}
	for _, fault := range signatureFaults {
		if strings.Contains(got.body, fault) && got.status >= 400 && got.status < 404 {
			return
		}
	}
	t.Errorf("%s: %d %s", name, got.status, got.body)
}

// presigned makes a URL of sts:GetCallerIdentity, as tools that prove their
// identity to others do.
func (e *edge) presigned(t testing.TB, expires string, at time.Time) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, e.URL+"/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Expires="+expires, nil)
	if err != nil {
		t.Fatal(err)
	}
	credentials := aws.Credentials{AccessKeyID: rootID, SecretAccessKey: rootSecret}
	url, _, err := v4.NewSigner().PresignHTTP(context.Background(), credentials, r, sigv4.EmptyHash, "sts", region, at)
	if err != nil {
		t.Fatal(err)
	}
	if r, err = http.NewRequest(http.MethodGet, url, nil); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWrongPresignedURLs(t *testing.T) {
	e := newEdge(t)
	now := time.Now()
	if got := send(t, e.presigned(t, "60", now.Add(-30*time.Second))); got.status != http.StatusOK {
		t.Fatalf("the URL itself: %v", got)
	}
	requests := map[string]*http.Request{
		"expired":            e.presigned(t, "60", now.Add(-61*time.Second)),
		"good for too long":  e.presigned(t, "604801", now),
		"good for less":      e.presigned(t, "-1", now),
		"no number":          e.presigned(t, "soon", now),
		"not yet good":       e.presigned(t, "60", now.Add(6*time.Minute)),
		"good for nothing":   e.presigned(t, "0", now.Add(-2*time.Second)),
		"good for no length": e.presigned(t, "", now),
	}
	for name, change := range map[string][2]string{
		"longer than signed":     {"X-Amz-Expires=60", "X-Amz-Expires=61"},
		"another action":         {"GetCallerIdentity", "GetSessionToken"},
		"another algorithm":      {"AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"},
		"no algorithm":           {"X-Amz-Algorithm", "X-Amz-Algo"},
		"no signature":           {"X-Amz-Signature=", "X-Amz-Sig="},
		"no credential":          {"X-Amz-Credential=", "X-Amz-Cred="},
		"no signed headers":      {"X-Amz-SignedHeaders=", "X-Amz-Headers="},
		"no date":                {"X-Amz-Date=", "X-Amz-Day="},
		"no expiry":              {"X-Amz-Expires=60", "a=b"},
		"another key":            {rootID, "AKIAROOTROOTROOTROOX"},
		"another region":         {"us-east-1", "us-east-2"},
		"another service":        {"%2Fsts%2F", "%2Fiam%2F"},
		"another header":         {"SignedHeaders=host", "SignedHeaders=hosts"},
		"expiry twice":           {"X-Amz-Expires=60", "X-Amz-Expires=60&X-Amz-Expires=60"},
		"signature twice":        {"X-Amz-Signature=", "X-Amz-Signature=00&X-Amz-Signature="},
		"an added parameter":     {"Version=", "RoleArn=x&Version="},
		"an added session token": {"Version=", "X-Amz-Security-Token=x&Version="},
		"a removed parameter":    {"&Version=2011-06-15", ""},
	} {
		r := e.presigned(t, "60", now)
		if !strings.Contains(r.URL.RawQuery, change[0]) {
			t.Fatalf("%s: %s has no %s", name, r.URL.RawQuery, change[0])
		}
		r.URL.RawQuery = strings.Replace(r.URL.RawQuery, change[0], change[1], 1)
		requests[name] = r
	}
	host := e.presigned(t, "60", now)
	host.Host = "elsewhere.example.org"
	requests["another host"] = host
	for name, r := range requests {
		checkRefused(t, name, send(t, r))
	}
	t.Logf("%d requests", len(requests))
}

// TestValidSignatures are forms that real clients send and that look odd.
func TestValidSignatures(t *testing.T) {
	e := newEdge(t)
	for name, r := range map[string]*http.Request{
		"a clock four minutes behind": e.signedAt(t, root, region, "codedeploy", time.Now().Add(-4*time.Minute)),
		"a clock four minutes ahead":  e.signedAt(t, root, region, "codedeploy", time.Now().Add(4*time.Minute)),
		"another region":              e.signedAt(t, root, "us-test-9", "codedeploy", time.Now()),
		"a header nobody signed": func() *http.Request {
			r := e.signedAt(t, root, region, "codedeploy", time.Now())
			r.Header.Set("X-Forwarded-For", "10.0.0.1")
			return r
		}(),
		"fields without spaces": func() *http.Request {
			r := e.signedAt(t, root, region, "codedeploy", time.Now())
			setAuth(r, func(s string) string { return strings.ReplaceAll(s, ", ", ",") })
			return r
		}(),
	} {
		if got := send(t, r); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if err := get(e.sdk(root), "shop"); err != nil { // the SDK sends no content hash
		t.Error(err)
	}
}
