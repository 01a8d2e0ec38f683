package objectstore_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/slipwayhq/slipway/internal/objectstore"
	"github.com/slipwayhq/slipway/internal/sigv4"
)

var rootCredentials = sigv4.Credentials{AccessKeyID: rootKey, SecretAccessKey: rootSecret}

// signed is a request by root, signed now.
func signed(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	r := got(http.NewRequest(method, url, strings.NewReader(body)))(t)
	sigv4.Sign(r, sigv4.HashPayload([]byte(body)), rootCredentials, "us-east-1", "s3", time.Now())
	return r
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	store, server := serve(t, objectstore.Options{})
	must(t, store.CreateBucket(t.Context(), "shop"))
	root := rootClient(server)
	put(t, root, "bundles/1", "x")
	put(t, root, "secret", "x")
	head := func(c *s3.Client, key string) error {
		out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("shop"), Key: &key})
		if err == nil {
			_ = out.Body.Close()
		}
		return err
	}
	host := clientAs(server, hostKey, hostSecret, "")
	must(t, head(host, "bundles/1"))
	wantCode(t, head(host, "secret"), "AccessDenied")
	wantCode(t, head(clientAs(server, "AKIDNONE", "x", ""), "secret"), "InvalidAccessKeyId")
	wantCode(t, head(clientAs(server, rootKey, "wrong", ""), "secret"), "SignatureDoesNotMatch")
	wantCode(t, head(clientAs(server, rootKey, rootSecret, "expired"), "secret"), "ExpiredToken")
	wantCode(t, head(clientAs(server, rootKey, rootSecret, "nonsense"), "secret"), "InvalidToken")

	_, err := host.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: aws.String("shop"), Key: aws.String("bundles/2"), CopySource: aws.String("shop/secret")})
	wantCode(t, err, "AccessDenied")
	_, err = host.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("shop")})
	wantCode(t, err, "AccessDenied")
	_, err = host.ListBuckets(t.Context(), &s3.ListBucketsInput{})
	wantCode(t, err, "AccessDenied")
}

func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	store, server := serve(t, objectstore.Options{})
	must(t, store.CreateBucket(t.Context(), "shop"))
	got(store.PutObject(t.Context(), "shop", "k", strings.NewReader("x")))(t)
	at := server.URL + "/shop/k"
	for name, test := range map[string]struct {
		change func(r *http.Request)
		status int
		code   string
	}{
		"as it is":       {func(*http.Request) {}, 200, ""},
		"unsigned":       {func(r *http.Request) { r.Header.Del("Authorization") }, 403, "AccessDenied"},
		"another method": {func(r *http.Request) { r.Method = "DELETE" }, 403, "SignatureDoesNotMatch"},
		"another key":    {func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/shop/l", "" }, 403, "SignatureDoesNotMatch"},
		"another query":  {func(r *http.Request) { r.URL.RawQuery = "versionId=null" }, 403, "SignatureDoesNotMatch"},
		"added header":   {func(r *http.Request) { r.Header.Set("X-Amz-Copy-Source", "shop/k") }, 403, "AccessDenied"},
		"old protocol":   {func(r *http.Request) { r.Header.Set("Authorization", "AWS AKID:sig") }, 400, "InvalidRequest"},
		"malformed":      {func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 x") }, 400, "AuthorizationHeaderMalformed"},
		"another body": {func(r *http.Request) {
			*r = *signed(t, "PUT", at, "honest")
			r.Body, r.GetBody = io.NopCloser(strings.NewReader("wicked")), nil
		}, 400, "XAmzContentSHA256Mismatch"},
		"yesterday": {func(r *http.Request) {
			sigv4.Sign(r, sigv4.EmptyHash, rootCredentials, "us-east-1", "s3", time.Now().Add(-24*time.Hour))
		}, 403, "RequestTimeTooSkewed"},
		"another service": {func(r *http.Request) {
			sigv4.Sign(r, sigv4.EmptyHash, rootCredentials, "us-east-1", "codedeploy", time.Now())
		}, 400, "AuthorizationHeaderMalformed"},
		"unknown subresource":      {func(r *http.Request) { *r = *signed(t, "GET", at+"?acl", "") }, 501, "NotImplemented"},
		"conflicting subresources": {func(r *http.Request) { *r = *signed(t, "GET", at+"?acl&tagging", "") }, 400, "InvalidArgument"},
		"unknown method":           {func(r *http.Request) { *r = *signed(t, "PATCH", at, "") }, 405, "MethodNotAllowed"},
		"form upload":              {func(r *http.Request) { *r = *signed(t, "POST", server.URL+"/shop", "") }, 501, "NotImplemented"},
		"not xml":                  {func(r *http.Request) { *r = *signed(t, "PUT", server.URL+"/shop?versioning", "<x") }, 400, "MalformedXML"},
		"too much xml": {func(r *http.Request) {
			*r = *signed(t, "POST", server.URL+"/shop?delete", strings.Repeat(" ", 4<<20+1))
		}, 400, "MaxMessageLengthExceeded"},
	} {
		r := signed(t, "GET", at, "")
		test.change(r)
		resp, body := do(t, r)
		if resp.StatusCode != test.status || test.code != "" && !strings.Contains(body, "<Code>"+test.code+"</Code>") {
			t.Errorf("%s: got %d %s, want %d %s", name, resp.StatusCode, body, test.status, test.code)
		}
		equal(t, name+": request id", len(resp.Header.Get("X-Amz-Request-Id")) > 0, true)
	}
	_, f, err := store.Get(t.Context(), "shop", "k", "")
	must(t, err)
	defer f.Close()
	equal(t, "the object after it all", string(got(io.ReadAll(f))(t)), "x")
}

func TestVirtualHosts(t *testing.T) {
	t.Parallel()
	store, server := serve(t, objectstore.Options{})
	must(t, store.CreateBucket(t.Context(), "my.shop"))
	got(store.PutObject(t.Context(), "my.shop", "a/b c", strings.NewReader("x")))(t)
	for host, path := range map[string]string{
		"my.shop.localhost:8650": "/", "my.shop.s3.localhost": "/", "MY.shop.s3.example.internal": "/", "localhost": "/my.shop/",
		"s3.localhost": "/my.shop/", "s3.example.internal:443": "/my.shop/", "10.0.0.1": "/my.shop/", "[::1]:8650": "/my.shop/", "elsewhere": "/my.shop/",
	} {
		r := got(http.NewRequest("GET", server.URL+path+"a/b%20c", nil))(t)
		r.Host = host
		sigv4.Sign(r, sigv4.EmptyHash, rootCredentials, "us-east-1", "s3", time.Now())
		if resp, body := do(t, r); resp.StatusCode != 200 || body != "x" {
			t.Errorf("%s%s: %d %s", host, path, resp.StatusCode, body)
		}
	}
}

func TestPresigned(t *testing.T) {
	t.Parallel()
	store, server := serve(t, objectstore.Options{})
	must(t, store.CreateBucket(t.Context(), "shop"))
	presign := s3.NewPresignClient(rootClient(server))
	write := got(presign.PresignPutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("shop"), Key: aws.String("k ü")}))(t)
	resp, body := do(t, got(http.NewRequest("PUT", write.URL, strings.NewReader("hello")))(t))
	equal(t, "put: "+body, resp.StatusCode, 200)
	read := got(presign.PresignGetObject(t.Context(), &s3.GetObjectInput{
		Bucket: aws.String("shop"), Key: aws.String("k ü"), ResponseContentDisposition: aws.String("attachment"),
	}))(t)
	resp, body = do(t, got(http.NewRequest("GET", read.URL, nil))(t))
	equal(t, "get", body, "hello")
	equal(t, "disposition", resp.Header.Get("Content-Disposition"), "attachment")
	resp, _ = do(t, got(http.NewRequest("GET", strings.Replace(read.URL, "attachment", "inline", 1), nil))(t))
	equal(t, "tampered", resp.StatusCode, 403)
	r := got(http.NewRequest("GET", server.URL+"/shop/k", nil))(t)
	late := sigv4.Presign(r, rootCredentials, "us-east-1", "s3", time.Now().Add(-time.Minute), 30*time.Second)
	resp, body = do(t, got(http.NewRequest("GET", late.String(), nil))(t))
	equal(t, "expired", resp.StatusCode == 403 && strings.Contains(body, "Request has expired"), true)
}

// TestTrailingChecksum makes the SDK send STREAMING-UNSIGNED-PAYLOAD-TRAILER,
// which it does only over TLS and when it can't rewind the body.
func TestTrailingChecksum(t *testing.T) {
	t.Parallel()
	store := openStore(t, t.TempDir(), objectstore.Options{})
	must(t, store.CreateBucket(t.Context(), "shop"))
	claims := make(chan string, 1)
	handler := store.Handler(callers{}, nil)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			claims <- r.Header.Get("X-Amz-Content-Sha256")
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	c := rootClient(server)
	content := pattern(300_000)
	out := got(c.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("shop"), Key: aws.String("k"), Body: io.MultiReader(bytes.NewReader(content)), ContentLength: aws.Int64(int64(len(content))),
	}))(t)
	equal(t, "claim", <-claims, sigv4.StreamingUnsignedTrailer)
	equal(t, "checksum", out.ChecksumCRC32 != nil, true)
	read, object := get(t, c, &s3.GetObjectInput{Key: aws.String("k"), ChecksumMode: "ENABLED"})
	sameBytes(t, []byte(read), content)
	equal(t, "encoding", aws.ToString(object.ContentEncoding), "")
}

func TestTrailingChecksumMismatch(t *testing.T) {
	t.Parallel()
	store, server := serve(t, objectstore.Options{})
	must(t, store.CreateBucket(t.Context(), "shop"))
	for body, code := range map[string]string{
		"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n": "",
		"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n": "BadDigest",
		"5\r\nhello\r\n0\r\n\r\n":                                  "InvalidRequest",
		"4\r\nhell\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n":  "IncompleteBody",
		"6\r\nhello!\r\n0\r\n\r\n":                                 "InvalidRequest",
	} {
		r := got(http.NewRequest("PUT", server.URL+"/shop/k", strings.NewReader(body)))(t)
		r.Header.Set("X-Amz-Decoded-Content-Length", "5")
		r.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc32")
		r.Header.Set("Content-Encoding", "aws-chunked")
		sigv4.Sign(r, sigv4.StreamingUnsignedTrailer, rootCredentials, "us-east-1", "s3", time.Now())
		resp, answer := do(t, r)
		if code == "" && resp.StatusCode != 200 || code != "" && !strings.Contains(answer, "<Code>"+code+"</Code>") {
			t.Errorf("%q: got %d %s, want %s", body, resp.StatusCode, answer, code)
		}
	}
}
