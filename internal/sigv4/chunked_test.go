package sigv4_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/slipwayhq/slipway/internal/sigv4"
)

// documented is the example of a body in signed chunks from
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
func documented() (r *http.Request, secret string, at time.Time) {
	var body bytes.Buffer
	body.WriteString("10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" + strings.Repeat("a", 65536) + "\r\n")
	body.WriteString("400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" + strings.Repeat("a", 1024) + "\r\n")
	body.WriteString("0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n")
	r = httptest.NewRequest("PUT", "https://s3.amazonaws.com/examplebucket/chunkObject.txt", &body)
	for name, value := range map[string]string{
		"X-Amz-Date": "20130524T000000Z", "X-Amz-Storage-Class": "REDUCED_REDUNDANCY", "Content-Encoding": "aws-chunked",
		"X-Amz-Decoded-Content-Length": "66560", "Content-Length": "66824", "X-Amz-Content-Sha256": sigv4.StreamingSigned,
		"Authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request," +
			"SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class," +
			"Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
	} {
		r.Header.Set(name, value)
	}
	return r, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
}

func readBody(r *http.Request, secret string) (content []byte, trailer http.Header, err error) {
	a, err := sigv4.Parse(r)
	if err != nil {
		return nil, nil, err
	}
	b, err := a.BodyReader(r, secret)
	if err != nil {
		return nil, nil, err
	}
	content, err = io.ReadAll(b)
	return content, b.Trailer(), err
}

func TestSignedChunks(t *testing.T) {
	t.Parallel()
	r, secret, at := documented()
	a, err := sigv4.Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Verify(r, secret, at); err != nil {
		t.Fatal(err)
	}
	content, _, err := readBody(r, secret)
	if err != nil || len(content) != 66560 {
		t.Fatalf("read %d bytes, %v", len(content), err)
	}
	whole := func() string {
		r, _, _ := documented()
		b, _ := io.ReadAll(r.Body)
		return string(b)
	}()
	for name, test := range map[string]struct {
		body string
		want sigv4.Reason
	}{
		"content":             {strings.Replace(whole, "aaa\r\n400", "aab\r\n400", 1), sigv4.Mismatch},
		"last chunk's":        {strings.Replace(whole, "b6c6ea", "b6c6eb", 1), sigv4.Mismatch},
		"first chunk's":       {strings.Replace(whole, "ad80c7", "ad80c8", 1), sigv4.Mismatch},
		"no signature":        {strings.Replace(whole, ";chunk-signature=ad80", ";chunk=", 1), sigv4.BodyMalformed},
		"cut in a chunk":      {whole[:70000-5000], sigv4.BodyIncomplete},
		"without last chunk":  {whole[:strings.Index(whole, "0;chunk-signature=b6")], sigv4.BodyIncomplete},
		"more after the end":  {whole + "x", sigv4.BodyMalformed},
		"trailer not claimed": {strings.TrimSuffix(whole, "\r\n") + "x-amz-checksum-crc32:AAAAAA==\r\n\r\n", sigv4.BodyMalformed},
		"empty":               {"", sigv4.BodyIncomplete},
	} {
		r, secret, _ := documented()
		r.Body = io.NopCloser(iotest.HalfReader(strings.NewReader(test.body)))
		_, _, err := readBody(r, secret)
		wantReason(t, name, err, test.want)
	}
}

func streaming(claim, body string, size int) *http.Request {
	r := httptest.NewRequest("PUT", "http://example.com/k", strings.NewReader(body))
	r.Header.Set("X-Amz-Decoded-Content-Length", strconv.Itoa(size))
	r.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc32")
	sigv4.Sign(r, claim, credentials, "us-east-1", "s3", now)
	return r
}

func TestUnsignedTrailer(t *testing.T) {
	t.Parallel()
	const end = "0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"
	for name, test := range map[string]struct {
		body string
		want sigv4.Reason
	}{
		"one chunk":           {"5\r\nhello\r\n" + end, 0},
		"chunks":              {"2\r\nhe\r\n3\r\nllo\r\n" + end, 0},
		"no last line":        {"5\r\nhello\r\n0\r\nx-amz-checksum-crc32: AAAAAA==\r\n", 0},
		"no trailer":          {"5\r\nhello\r\n0\r\n\r\n", sigv4.BodyMalformed},
		"unannounced":         {"5\r\nhello\r\n0\r\nx-amz-checksum-sha1:AA==\r\n\r\n", sigv4.BodyMalformed},
		"trailer twice":       {"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:A\r\nx-amz-checksum-crc32:B\r\n\r\n", sigv4.BodyMalformed},
		"too much":            {"6\r\nhello!\r\n" + end, sigv4.BodyMalformed},
		"too little":          {"4\r\nhell\r\n" + end, sigv4.BodyIncomplete},
		"chunk too long":      {"4\r\nhello\r\n" + end, sigv4.BodyMalformed},
		"no size":             {"x\r\nhello\r\n" + end, sigv4.BodyMalformed},
		"negative size":       {"-1\r\nhello\r\n" + end, sigv4.BodyMalformed},
		"enormous size":       {"ffffffffffffffffff\r\nhello\r\n" + end, sigv4.BodyMalformed},
		"line without end":    {strings.Repeat("0", 100_000), sigv4.BodyMalformed},
		"line ends in LF":     {"5\nhello\n", sigv4.BodyMalformed},
		"endless trailers":    {"5\r\nhello\r\n0\r\n" + strings.Repeat("x-amz-trailer-signature:0\r\n", 100), sigv4.BodyMalformed},
		"not chunked":         {"hello", sigv4.BodyIncomplete},
		"cut in the trailers": {"5\r\nhello\r\n0\r\nx-amz-checksum-cr", sigv4.BodyIncomplete},
	} {
		content, trailer, err := readBody(streaming(sigv4.StreamingUnsignedTrailer, test.body, 5), credentials.SecretAccessKey)
		wantReason(t, name, err, test.want)
		if err == nil && (string(content) != "hello" || trailer.Get("X-Amz-Checksum-Crc32") != "AAAAAA==") {
			t.Errorf("%s: got %q, %v", name, content, trailer)
		}
	}
	r := streaming(sigv4.StreamingUnsignedTrailer, "", 5)
	r.Header.Del("X-Amz-Decoded-Content-Length")
	_, _, err := readBody(r, credentials.SecretAccessKey)
	wantReason(t, "no length", err, sigv4.LengthMissing)
}

func TestPlainBodies(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		claim string
		want  sigv4.Reason
	}{
		"its hash":  {sigv4.HashPayload([]byte("hello")), 0},
		"unsigned":  {sigv4.UnsignedPayload, 0},
		"another":   {sigv4.HashPayload([]byte("other")), sigv4.PayloadMismatch},
		"empty":     {sigv4.EmptyHash, sigv4.PayloadMismatch},
		"no claim":  {"", sigv4.PayloadMismatch},
		"not a sum": {"STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", sigv4.Malformed},
	} {
		_, _, err := readBody(streaming(test.claim, "hello", 5), credentials.SecretAccessKey)
		wantReason(t, name, err, test.want)
	}
}

func FuzzChunks(f *testing.F) {
	f.Add([]byte("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"), false)
	r, _, _ := documented()
	whole, _ := io.ReadAll(r.Body)
	f.Add(whole, true)
	f.Fuzz(func(t *testing.T, body []byte, signed bool) {
		claim := sigv4.StreamingUnsignedTrailer
		if signed {
			claim = sigv4.StreamingSignedTrailer
		}
		content, _, err := readBody(streaming(claim, string(body), 5), credentials.SecretAccessKey)
		if len(content) > 5 || err == nil && (signed || len(content) != 5) {
			t.Fatalf("read %q, %v", content, err)
		}
	})
}
