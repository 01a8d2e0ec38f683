package bundle

import (
	"fmt"
	"net/http"
)

// digest hashes what is downloaded, in a goroutine of its own, because MD5
// takes as long as the rest of a download on a fast line.
type digest struct {
	sum    checksum // unknown: nothing is hashed
	spare  chan []byte
	work   chan []byte
	result chan string
	single []byte
}

// newDigest prepares to verify a reply.
func newDigest(etag string, h http.Header) *digest {
	sum := checksumOf(etag, h)
	if !sum.known() {
		return &digest{single: make([]byte, bufferSize)}
	}
	const buffers = 4
	d := &digest{sum: sum, spare: make(chan []byte, buffers), work: make(chan []byte, buffers), result: make(chan string, 1)}
	for range buffers {
		d.spare <- make([]byte, bufferSize)
	}
	go func() {
		h := sum.hash()
		for b := range d.work {
			h.Write(b)
			d.spare <- b[:cap(b)]
		}
		d.result <- sum.text(h)
	}()
	return d
}

// buffer returns memory to read into; it goes back with add.
func (d *digest) buffer() []byte {
	if !d.sum.known() {
		return d.single
	}
	return <-d.spare
}

func (d *digest) add(buffer []byte, n int) {
	if !d.sum.known() {
		return
	}
	if n == 0 {
		d.spare <- buffer
		return
	}
	d.work <- buffer[:n]
}

// close ends the hashing and says whether the sum is what it should be.
func (d *digest) close() error {
	if d == nil || !d.sum.known() {
		return nil
	}
	close(d.work)
	if got := <-d.result; got != d.sum.want {
		return fmt.Errorf("the bundle was damaged on its way: its %s is %s, and should be %s", d.sum.name, got, d.sum.want)
	}
	return nil
}

// verified returns what was compared; "" if that was nothing.
func (d *digest) verified() string {
	if d == nil {
		return ""
	}
	return d.sum.String()
}
