package sigv4_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"pgregory.net/rapid"

	"github.com/slipwayhq/slipway/internal/sigv4"
)

var (
	now         = time.Date(2026, 11, 22, 12, 30, 0, 0, time.UTC)
	credentials = sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
	sdkKeys     = aws.Credentials{AccessKeyID: credentials.AccessKeyID, SecretAccessKey: credentials.SecretAccessKey}
)

// drawRequest makes a request with whatever path, query and headers.
func drawRequest(t *rapid.T) *http.Request {
	text := rapid.StringOfN(rapid.SampledFrom([]rune("aZ0-._~ !*'();:@&=+$,/?#[]%ü語\U0001F600")), 0, 12, -1)
	u := &url.URL{Scheme: "http", Host: rapid.SampledFrom([]string{"example.com", "example.com:8650", "127.0.0.1:1"}).Draw(t, "host")}
	u.Path = "/" + text.Draw(t, "path")
	query := url.Values{}
	for range rapid.IntRange(0, 4).Draw(t, "parameters") {
		query.Add(text.Draw(t, "name"), text.Draw(t, "value"))
	}
	u.RawQuery = query.Encode()
	r := &http.Request{Method: rapid.SampledFrom([]string{"GET", "PUT", "POST", "DELETE"}).Draw(t, "method"), URL: u, Host: u.Host, Header: http.Header{}}
	value := rapid.StringOfN(rapid.SampledFrom([]rune("aZ0 -._~;=,\"/ü")), 0, 12, -1)
	for _, name := range []string{"Content-Type", "X-Amz-Target", "X-Amz-Meta-A", "X-Amz-Acl", "Accept", "User-Agent", "If-Match", "Range"} {
		for range rapid.IntRange(0, 2).Draw(t, name) {
			r.Header.Add(name, value.Draw(t, "header"))
		}
	}
	return r
}

// received is the request as a server gets it.
func received(r *http.Request) *http.Request {
	in := httptest.NewRequest(r.Method, r.URL.RequestURI(), nil)
	in.Host, in.Header, in.ContentLength = r.Host, r.Header.Clone(), r.ContentLength
	return in
}

func drawService(t *rapid.T) (string, func(*v4.SignerOptions)) {
	service := rapid.SampledFrom([]string{"s3", "codedeploy"}).Draw(t, "service")
	return service, func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" }
}

func TestVerifiesWhatTheSDKSigns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		service, options := drawService(t)
		body := rapid.StringN(0, 5, 20).Draw(t, "body")
		hash := sigv4.HashPayload([]byte(body))
		r.ContentLength = int64(len(body))
		if service == "s3" || rapid.Bool().Draw(t, "says its hash") {
			r.Header.Set("X-Amz-Content-Sha256", hash)
		}
		keys := sdkKeys
		if rapid.Bool().Draw(t, "temporary") {
			keys.SessionToken = "a/token+="
		}
		if err := v4.NewSigner().SignHTTP(context.Background(), keys, r, hash, service, "eu-west-1", now, options); err != nil {
			t.Fatal(err)
		}
		in := received(r)
		a, err := sigv4.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.VerifyHash(in, keys.SecretAccessKey, hash, now); err != nil {
			t.Fatalf("%s %s %v: %v", in.Method, in.RequestURI, in.Header, err)
		}
		if a.AccessKeyID != keys.AccessKeyID || a.SessionToken != keys.SessionToken || a.Service != service || a.Region != "eu-west-1" || !a.Time.Equal(now) {
			t.Fatalf("parsed %+v", a)
		}
		if a.VerifyHash(in, keys.SecretAccessKey+"x", hash, now) == nil {
			t.Fatal("verified with a wrong secret")
		}
	})
}

func TestVerifiesWhatTheSDKPresigns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		service, options := drawService(t)
		hash := sigv4.EmptyHash
		if service == "s3" {
			hash = sigv4.UnsignedPayload
		}
		query := r.URL.Query()
		query.Set("X-Amz-Expires", "60")
		r.URL.RawQuery = query.Encode()
		signed, header, err := v4.NewSigner().PresignHTTP(context.Background(), sdkKeys, r, hash, service, "eu-west-1", now, options)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(signed)
		if err != nil {
			t.Fatal(err)
		}
		in := received(&http.Request{Method: r.Method, URL: u, Host: r.Host, Header: canonicalKeys(header)})
		a, err := sigv4.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Verify(in, sdkKeys.SecretAccessKey, now.Add(time.Minute)); err != nil {
			t.Fatalf("%s: %v", signed, err)
		}
		if a.Verify(in, sdkKeys.SecretAccessKey, now.Add(61*time.Second)) == nil {
			t.Fatal("verified after it expired")
		}
	})
}

func canonicalKeys(h http.Header) http.Header {
	out := http.Header{}
	for name, values := range h {
		if !strings.EqualFold(name, "host") {
			out[http.CanonicalHeaderKey(name)] = values
		}
	}
	return out
}

// TestSignsAsTheSDK compares signatures over the headers that we sign.
func TestSignsAsTheSDK(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		r.Header.Del("Accept") // the SDK signs it, we don't
		r.Header.Del("User-Agent")
		service, options := drawService(t)
		c := credentials
		c.SessionToken = rapid.SampledFrom([]string{"", "token"}).Draw(t, "token")
		sigv4.Sign(r, sigv4.EmptyHash, c, "us-east-1", service, now)
		ours := r.Header.Get("Authorization")
		keys := sdkKeys
		keys.SessionToken = c.SessionToken
		if err := v4.NewSigner().SignHTTP(context.Background(), keys, r, sigv4.EmptyHash, service, "us-east-1", now, options); err != nil {
			t.Fatal(err)
		}
		if theirs := r.Header.Get("Authorization"); ours != theirs {
			t.Fatalf("%s %s\nours   %s\ntheirs %s", r.Method, r.URL, ours, theirs)
		}
	})
}
