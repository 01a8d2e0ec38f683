package sigv4

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Real lines are below 200 bytes and real requests have one or two trailers.
const (
	maxChunkLine = 4 << 10
	maxTrailers  = 16
)

// chunkReader undoes the aws-chunked encoding:
//
//	10000;chunk-signature=ad80c7…\r\n
//	<65536 bytes>\r\n
//	0;chunk-signature=b6c6ea…\r\n
//	x-amz-checksum-crc32c:wdBDMA==\r\n
//	x-amz-trailer-signature:63bddb…\r\n
//	\r\n
//
// where signatures and trailers are there or not as x-amz-content-sha256 says.
// It keeps no chunk: each is hashed as it passes and checked at its end, which
// is why nothing is proven before the end of the whole.
type chunkReader struct {
	r         *bufio.Reader
	remaining int64 // content that is yet to come, by x-amz-decoded-content-length
	chunk     int64 // what is left of the current chunk
	started   bool  // a chunk is open, though nothing may be left of it
	err       error // sticky, io.EOF after the last chunk

	signer    *chunkSigner    // nil when chunks are not signed
	trailer   http.Header     // nil when none are expected
	announced map[string]bool // trailers that X-Amz-Trailer names
}

func newChunkReader(r io.Reader, size int64) *chunkReader {
	return &chunkReader{r: bufio.NewReaderSize(r, maxChunkLine), remaining: size}
}

func (c *chunkReader) Read(p []byte) (int, error) {
	for c.err == nil && c.chunk == 0 {
		c.err = c.next()
	}
	if c.err != nil {
		return 0, c.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.chunk)])
	c.chunk -= int64(n)
	c.remaining -= int64(n)
	if c.signer != nil {
		c.signer.sum.Write(p[:n])
	}
	c.err = incomplete(err)
	return n, c.err
}

// next ends the current chunk and opens the one after it. After the last it
// returns io.EOF.
func (c *chunkReader) next() error {
	if c.started {
		if err := c.closeChunk(); err != nil {
			return err
		}
	}
	line, err := c.line()
	if err != nil {
		return err
	}
	digits, extension, _ := strings.Cut(line, ";")
	size, err := strconv.ParseUint(digits, 16, 63)
	if err != nil {
		return refuse(BodyMalformed, "A chunk of the aws-chunked body begins with %.40q, which is no size.", digits)
	}
	if int64(size) > c.remaining {
		return refuse(BodyMalformed, "The body has more content than x-amz-decoded-content-length says.")
	}
	if c.signer != nil {
		signature, ok := strings.CutPrefix(extension, "chunk-signature=")
		if !ok {
			return refuse(BodyMalformed, "A chunk of the aws-chunked body has no chunk-signature.")
		}
		c.signer.begin(signature)
	}
	c.chunk, c.started = int64(size), true
	if size == 0 {
		return c.end()
	}
	return nil
}

func (c *chunkReader) closeChunk() error {
	if line, err := c.line(); err != nil {
		return err
	} else if line != "" {
		return refuse(BodyMalformed, "A chunk of the aws-chunked body is longer than its size.")
	}
	return c.verifyChunk()
}

func (c *chunkReader) verifyChunk() error {
	if c.signer != nil && !c.signer.chunkHolds() {
		return errMismatch
	}
	return nil
}

// end is everything after the line of the empty last chunk.
func (c *chunkReader) end() error {
	if c.remaining > 0 {
		return refuse(BodyIncomplete, "You did not provide the number of bytes specified by the x-amz-decoded-content-length HTTP header.")
	}
	if err := c.verifyChunk(); err != nil {
		return err
	}
	if err := c.readTrailers(); err != nil {
		return err
	}
	// Whatever followed would belong to no request that was signed.
	if _, err := c.r.ReadByte(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = refuse(BodyMalformed, "The aws-chunked body goes on after its last chunk.")
		}
		return err
	}
	return io.EOF
}

// readTrailers reads up to the empty line, which some clients leave out.
func (c *chunkReader) readTrailers() error {
	var canonical bytes.Buffer
	signature := ""
	for range maxTrailers {
		line, err := c.line()
		if line == "" && (err == nil || errors.Is(err, errEndedInLine)) {
			return c.checkTrailers(canonical.String(), signature)
		}
		if err != nil {
			return err
		}
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		switch {
		case !ok || c.trailer == nil:
			return refuse(BodyMalformed, "The aws-chunked body ends with %.60q, which is no trailing header.", line)
		case name == "x-amz-trailer-signature":
			signature = value
			continue
		case !c.announced[name] || c.trailer.Get(name) != "":
			return refuse(BodyMalformed, "The trailing header %.60q was not announced by x-amz-trailer.", name)
		}
		c.trailer.Set(name, value)
		canonical.WriteString(name + ":" + value + "\n")
	}
	return refuse(BodyMalformed, "The aws-chunked body has more than %d trailing headers.", maxTrailers)
}

func (c *chunkReader) checkTrailers(canonical, signature string) error {
	if len(c.trailer) < len(c.announced) && c.trailer != nil {
		return refuse(BodyMalformed, "A trailing header that x-amz-trailer announces is missing.")
	}
	if c.signer != nil && c.trailer != nil && !c.signer.trailerHolds(canonical, signature) {
		return errMismatch
	}
	return nil
}

var errEndedInLine = refuse(BodyIncomplete, "The aws-chunked body ends too early.")

// line reads one line without its end. A body that ends before the line does
// is errEndedInLine.
func (c *chunkReader) line() (string, error) {
	b, err := c.r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", refuse(BodyMalformed, "The aws-chunked body has a line that is too long.")
	case err != nil:
		return string(b), incomplete(err)
	case !bytes.HasSuffix(b, []byte("\r\n")):
		return "", refuse(BodyMalformed, "The aws-chunked body has a line that does not end in CRLF.")
	}
	return string(b[:len(b)-2]), nil
}

func incomplete(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errEndedInLine
	}
	return err
}
