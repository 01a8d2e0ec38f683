package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Body is a request body that is held to its signature while it is read. What
// Read returns may be believed only when it has returned io.EOF: until then
// the bytes are the sender's, but not proven. Errors are of type *[Error],
// except those of the connection.
type Body struct {
	r       io.Reader
	size    int64
	trailer http.Header
}

// Read implements io.Reader.
func (b *Body) Read(p []byte) (int, error) { return b.r.Read(p) }

// Size is the length of the content without framing, -1 where the request
// does not say.
func (b *Body) Size() int64 { return b.size }

// Trailer returns the headers that came after the content, once Read has
// returned io.EOF. They are among those that X-Amz-Trailer announced.
func (b *Body) Trailer() http.Header { return b.trailer }

// BodyReader returns the content of r's body, without the framing of the
// aws-chunked encoding. It is to be called after [Authorization.Verify], which
// proves the claims that it holds the body to.
func (a *Authorization) BodyReader(r *http.Request, secret string) (*Body, error) {
	body := io.Reader(http.NoBody)
	if r.Body != nil {
		body = r.Body
	}
	switch claim := a.claimedHash(); claim {
	case UnsignedPayload:
		return &Body{r: body, size: r.ContentLength}, nil
	case StreamingUnsignedTrailer, StreamingSigned, StreamingSignedTrailer:
		return a.chunkedBody(r, body, secret, claim)
	default:
		want, err := hex.DecodeString(claim)
		if err != nil || len(want) != sha256.Size {
			return nil, refuse(Malformed, "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, "+
				"STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, "+
				"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.")
		}
		return &Body{r: &hashedReader{r: body, sum: sha256.New(), want: want}, size: r.ContentLength}, nil
	}
}

func (a *Authorization) chunkedBody(r *http.Request, body io.Reader, secret, claim string) (*Body, error) {
	size, err := strconv.ParseInt(r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64)
	if err != nil || size < 0 {
		return nil, refuse(LengthMissing, "You must provide the x-amz-decoded-content-length HTTP header.")
	}
	c := newChunkReader(body, size)
	if claim != StreamingUnsignedTrailer {
		c.signer = &chunkSigner{scope: a.scope(), secret: secret, amzDate: a.amzDate, previous: a.Signature}
	}
	b := &Body{r: c, size: size}
	if claim != StreamingSigned {
		b.trailer = http.Header{}
		c.trailer = b.trailer
		c.announced = announcedTrailers(r.Header)
	}
	return b, nil
}

func announcedTrailers(h http.Header) map[string]bool {
	names := map[string]bool{}
	for _, v := range h.Values("X-Amz-Trailer") {
		for name := range strings.SplitSeq(v, ",") {
			if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
				names[name] = true
			}
		}
	}
	return names
}

// hashedReader fails at the end of a body that is not the one that was signed.
type hashedReader struct {
	r    io.Reader
	sum  hash.Hash
	want []byte
}

func (h *hashedReader) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.sum.Write(p[:n])
	if err == io.EOF && !hmac.Equal(h.sum.Sum(nil), h.want) {
		return n, refuse(PayloadMismatch, "The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	return n, err
}
