package sigv4

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestSignedTrailer builds the chain of signatures itself: no SDK for Go sends
// this form, and none verifies it.
func TestSignedTrailer(t *testing.T) {
	t.Parallel()
	read := func(change func(string) string) (string, error) {
		s := chunkSigner{scope: scope{"20261122", "us-east-1", "s3"}, secret: "secret", amzDate: "20261122T123000Z", previous: "seed"}
		var b strings.Builder
		for _, chunk := range []string{"hello ", "world", ""} {
			sig := s.scope.sign(s.secret, algorithm+"-PAYLOAD", s.amzDate, s.previous+"\n"+EmptyHash+"\n"+HashPayload([]byte(chunk)))
			s.previous = sig
			b.WriteString(string("0123456789"[len(chunk)]) + ";chunk-signature=" + sig + "\r\n" + chunk)
			if chunk != "" {
				b.WriteString("\r\n")
			}
		}
		sig := s.scope.sign(s.secret, algorithm+"-TRAILER", s.amzDate, s.previous+"\n"+HashPayload([]byte("x-amz-checksum-crc32:DUoRhQ==\n")))
		b.WriteString("x-amz-checksum-crc32:DUoRhQ==\r\nx-amz-trailer-signature:" + sig + "\r\n\r\n")
		c := newChunkReader(strings.NewReader(change(b.String())), int64(len("hello world")))
		c.signer = &chunkSigner{scope: s.scope, secret: s.secret, amzDate: s.amzDate, previous: "seed"}
		c.trailer, c.announced = http.Header{}, map[string]bool{"x-amz-checksum-crc32": true}
		content, err := io.ReadAll(c)
		return string(content), err
	}
	if content, err := read(func(s string) string { return s }); content != "hello world" || err != nil {
		t.Errorf("got %q, %v", content, err)
	}
	for from, to := range map[string]string{"DUoRhQ": "DUoRhR", "world": "WORLD", "trailer-signature:": "trailer-signature:0"} {
		if _, err := read(func(s string) string { return strings.Replace(s, from, to, 1) }); !errors.Is(err, errMismatch) {
			t.Errorf("%s: got %v", to, err)
		}
	}
}
