package sigv4_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/sigv4"
)

// wantReason checks why a request was refused; 0 is not at all.
func wantReason(t *testing.T, what string, err error, want sigv4.Reason) {
	t.Helper()
	var refused *sigv4.Error
	switch {
	case err == nil && want == 0:
	case err == nil || !errors.As(err, &refused):
		t.Errorf("%s: got %v, want %v", what, err, want)
	case refused.Reason != want:
		t.Errorf("%s: got %v (%v), want %v", what, refused.Reason, err, want)
	}
}

func parseAndVerify(r *http.Request, at time.Time) error {
	a, err := sigv4.Parse(r)
	if err != nil {
		return err
	}
	return a.Verify(r, credentials.SecretAccessKey, at)
}

func signedRequest(service string) *http.Request {
	r := httptest.NewRequest("PUT", "http://example.com/shop/a%20b?versionId=1", nil)
	r.Header.Set("X-Amz-Target", "CodeDeploy_20141006.ListApplications")
	r.Header.Set("Content-Type", "text/plain")
	c := credentials
	c.SessionToken = "token"
	sigv4.Sign(r, sigv4.EmptyHash, c, "us-east-1", service, now)
	return r
}

func TestTampering(t *testing.T) {
	t.Parallel()
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	inAuthorization := func(from, to string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), from, to, 1))
		}
	}
	for name, test := range map[string]struct {
		change func(*http.Request)
		want   sigv4.Reason
	}{
		"nothing":               {func(*http.Request) {}, 0},
		"header nobody signs":   {set("User-Agent", "other"), 0},
		"spaces in a header":    {set("Content-Type", "  text/plain "), 0},
		"method":                {func(r *http.Request) { r.Method = "DELETE" }, sigv4.Mismatch},
		"path":                  {func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/shop/a", "" }, sigv4.Mismatch},
		"query":                 {func(r *http.Request) { r.URL.RawQuery = "versionId=2" }, sigv4.Mismatch},
		"no query":              {func(r *http.Request) { r.URL.RawQuery = "" }, sigv4.Mismatch},
		"query out of encoding": {func(r *http.Request) { r.URL.RawQuery = "a=%zz" }, sigv4.Malformed},
		"host":                  {func(r *http.Request) { r.Host = "example.org" }, sigv4.Mismatch},
		"target":                {set("X-Amz-Target", "CodeDeploy_20141006.DeleteApplication"), sigv4.Mismatch},
		"second value":          {func(r *http.Request) { r.Header.Add("Content-Type", "text/html") }, sigv4.Mismatch},
		"content type":          {set("Content-Type", "text/html"), sigv4.Mismatch},
		"payload hash":          {set("X-Amz-Content-Sha256", sigv4.UnsignedPayload), sigv4.Mismatch},
		"token":                 {set("X-Amz-Security-Token", "other"), sigv4.Mismatch},
		"date":                  {set("X-Amz-Date", "20261122T123001Z"), sigv4.Mismatch},
		"another day":           {set("X-Amz-Date", "20261123T123001Z"), sigv4.Malformed},
		"region":                {inAuthorization("us-east-1", "us-east-2"), sigv4.Mismatch},
		"signature":             {inAuthorization("Signature=", "Signature=0"), sigv4.Mismatch},
		"header not signed":     {inAuthorization("x-amz-target", "x-amz-date"), sigv4.HeadersNotSigned},
		"host not signed":       {inAuthorization("host;", ""), sigv4.HeadersNotSigned},
		"no terminator":         {inAuthorization("aws4_request", "aws5_request"), sigv4.Malformed},
		"no signature":          {inAuthorization("Signature=", "Sig="), sigv4.Malformed},
		"field given twice":     {inAuthorization("Signature=", "Credential=x, Signature="), sigv4.Malformed},
		"other algorithm":       {inAuthorization("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), sigv4.Unsupported},
		"two mechanisms":        {func(r *http.Request) { r.URL.RawQuery += "&X-Amz-Signature=1" }, sigv4.Unsupported},
		"no header":             {func(r *http.Request) { r.Header.Del("Authorization") }, sigv4.Unsigned},
		"no date":               {func(r *http.Request) { r.Header.Del("X-Amz-Date") }, sigv4.Malformed},
		"unreadable date":       {set("X-Amz-Date", "yesterday"), sigv4.Malformed},
	} {
		for _, service := range []string{"s3", "codedeploy"} {
			r := signedRequest(service)
			test.change(r)
			wantReason(t, service+": "+name, parseAndVerify(r, now), test.want)
		}
	}
	r := signedRequest("s3")
	r.Header.Set("X-Amz-Meta-New", "x")
	wantReason(t, "s3: added header", parseAndVerify(r, now), sigv4.HeadersNotSigned)
}

func TestClock(t *testing.T) {
	t.Parallel()
	for offset, want := range map[time.Duration]sigv4.Reason{
		0: 0, sigv4.MaxSkew: 0, -sigv4.MaxSkew: 0,
		sigv4.MaxSkew + time.Second: sigv4.Skewed, -sigv4.MaxSkew - time.Second: sigv4.Skewed,
	} {
		wantReason(t, offset.String(), parseAndVerify(signedRequest("s3"), now.Add(offset)), want)
	}
}

func TestTheDateHeaderWillDo(t *testing.T) {
	t.Parallel()
	r := signedRequest("codedeploy")
	sign := r.Header.Get("Authorization")
	r.Header.Del("X-Amz-Date")
	r.Header.Set("Date", now.Format(http.TimeFormat))
	a, err := sigv4.Parse(r)
	if err != nil || !a.Time.Equal(now) {
		t.Fatalf("parsed %v, %v from %s", a, err, sign)
	}
}

func TestPresigned(t *testing.T) {
	t.Parallel()
	make := func() *url.URL {
		r := httptest.NewRequest("GET", "http://example.com/shop/a+b=ü?versionId=1", nil)
		return sigv4.Presign(r, credentials, "us-east-1", "s3", now, time.Hour)
	}
	for name, test := range map[string]struct {
		from, to string
		after    time.Duration
		want     sigv4.Reason
	}{
		"as it is":        {"", "", 0, 0},
		"at its end":      {"", "", time.Hour, 0},
		"too late":        {"", "", time.Hour + time.Second, sigv4.Expired},
		"too early":       {"", "", -time.Hour, sigv4.Skewed},
		"longer life":     {"X-Amz-Expires=3600", "X-Amz-Expires=7200", 0, sigv4.Mismatch},
		"endless life":    {"X-Amz-Expires=3600", "X-Amz-Expires=604801", 0, sigv4.Malformed},
		"version":         {"versionId=1", "versionId=2", 0, sigv4.Mismatch},
		"no expiry":       {"X-Amz-Expires=3600", "", 0, sigv4.Malformed},
		"expiry twice":    {"X-Amz-Expires=3600", "X-Amz-Expires=1&X-Amz-Expires=2", 0, sigv4.Malformed},
		"other algorithm": {"AWS4-HMAC-SHA256", "AWS4", 0, sigv4.Unsupported},
	} {
		u := make()
		u.RawQuery = strings.Replace(u.RawQuery, test.from, test.to, 1)
		wantReason(t, name, parseAndVerify(httptest.NewRequest("GET", u.String(), nil), now.Add(test.after)), test.want)
	}
}

func TestVerifyHashWantsTheBody(t *testing.T) {
	t.Parallel()
	r := signedRequest("codedeploy")
	a, err := sigv4.Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	wantReason(t, "the body", a.VerifyHash(r, credentials.SecretAccessKey, sigv4.EmptyHash, now), 0)
	wantReason(t, "another", a.VerifyHash(r, credentials.SecretAccessKey, sigv4.HashPayload([]byte("x")), now), sigv4.PayloadMismatch)
	// An agent that does not say the hash is held to it all the same.
	r.Header.Del("X-Amz-Content-Sha256")
	a.PayloadHash = ""
	wantReason(t, "not said", a.VerifyHash(r, credentials.SecretAccessKey, sigv4.HashPayload([]byte("x")), now), sigv4.Mismatch)
}

// TestDocumentedVector is the example of AWS's own documentation:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
func TestDocumentedVector(t *testing.T) {
	t.Parallel()
	at := time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
	c := sigv4.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	r := httptest.NewRequest("GET", "https://examplebucket.s3.amazonaws.com/test.txt", nil)
	u := sigv4.Presign(r, c, "us-east-1", "s3", at, 24*time.Hour)
	const want = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
	if got := u.Query().Get("X-Amz-Signature"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(signedRequest("s3").Header.Get("Authorization"), "a=b", "20261122T123000Z")
	f.Add("", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/20261122/b/s3/aws4_request&X-Amz-Date=20261122T123000Z&"+
		"X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=0", "")
	f.Fuzz(func(t *testing.T, header, query, date string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.RawQuery = query
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		r.Header.Set("X-Amz-Date", date)
		a, err := sigv4.Parse(r)
		if err != nil {
			var refused *sigv4.Error
			if a != nil || !errors.As(err, &refused) || refused.Message == "" {
				t.Fatalf("got %v and %v", a, err)
			}
			return
		}
		if a.Verify(r, "a secret that the fuzzer does not know", now) == nil {
			t.Fatal("verified")
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	r := signedRequest("codedeploy")
	b.ReportAllocs()
	for b.Loop() {
		if err := parseAndVerify(r, now); err != nil {
			b.Fatal(err)
		}
	}
}
