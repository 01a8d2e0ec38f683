package bundle

import (
	"crypto/md5" //nolint:gosec // S3's ETag is an MD5; it guards against damage, not against an attacker
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
)

// digest hashes what is downloaded, in a goroutine of its own, because MD5
// takes as long as the rest of a download on a fast line.
type digest struct {
	want   string // empty: the ETag is no MD5, nothing is hashed
	spare  chan []byte
	work   chan []byte
	result chan string
	single []byte
}

// newDigest prepares to verify a reply. The ETag is the MD5 of an object
// unless it was uploaded in parts (then it has a dash) or is encrypted with a
// key of its own.
func newDigest(etag string, h http.Header) *digest {
	encryption := h.Get("X-Amz-Server-Side-Encryption")
	raw, err := hex.DecodeString(etag)
	if err != nil || len(raw) != md5.Size || strings.HasPrefix(encryption, "aws:") ||
		h.Get("X-Amz-Server-Side-Encryption-Customer-Algorithm") != "" {
		return &digest{single: make([]byte, bufferSize)}
	}
	const buffers = 4
	d := &digest{want: etag, spare: make(chan []byte, buffers), work: make(chan []byte, buffers), result: make(chan string, 1)}
	for range buffers {
		d.spare <- make([]byte, bufferSize)
	}
	go func() {
		sum := md5.New() //nolint:gosec // see the import
		for b := range d.work {
			sum.Write(b)
			d.spare <- b[:cap(b)]
		}
		d.result <- hex.EncodeToString(sum.Sum(nil))
	}()
	return d
}

// buffer returns memory to read into; it goes back with add.
func (d *digest) buffer() []byte {
	if d.want == "" {
		return d.single
	}
	return <-d.spare
}

func (d *digest) add(buffer []byte, n int) {
	if d.want == "" {
		return
	}
	if n == 0 {
		d.spare <- buffer
		return
	}
	d.work <- buffer[:n]
}

// close ends the hashing and says whether the sum is the ETag.
func (d *digest) close() error {
	if d == nil || d.want == "" {
		return nil
	}
	close(d.work)
	if got := <-d.result; got != strings.ToLower(d.want) {
		return fmt.Errorf("the bundle was damaged on its way: its MD5 is %s, its etag %s", got, d.want)
	}
	return nil
}
