package objectstore

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strings"
)

// Checksum is the one that a client chose for an object, beside the ETag.
type Checksum struct {
	Algorithm string // "CRC32", ...; "" when there is none
	Value     string // base64; of a composite one with "-N", the number of parts
	Type      string
}

// The types of a checksum: of the bytes, or of the checksums of the parts.
const (
	fullObject = "FULL_OBJECT"
	composite  = "COMPOSITE"
)

// nvme is the polynomial of CRC-64/NVME, reflected as hash/crc64 wants it.
var nvme = crc64.MakeTable(0x9a6c9329ac4bc9b5)

var algorithms = map[string]func() hash.Hash{
	"CRC32":     func() hash.Hash { return crc32.NewIEEE() },
	"CRC32C":    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	"CRC64NVME": func() hash.Hash { return crc64.New(nvme) },
	"SHA1":      sha1.New,
	"SHA256":    sha256.New,
}

func (c Checksum) header() string { return "X-Amz-Checksum-" + c.Algorithm }

// String is how the index keeps it.
func (c Checksum) String() string {
	if c.Algorithm == "" {
		return ""
	}
	return c.Algorithm + ":" + c.Type + ":" + c.Value
}

func parseChecksum(s string) (c Checksum) {
	c.Algorithm, s, _ = strings.Cut(s, ":")
	c.Type, c.Value, _ = strings.Cut(s, ":")
	return c
}

// digests hash a body as it passes and hold it to what its sender says of it.
type digests struct {
	md5       hash.Hash
	wantMD5   []byte
	algorithm string
	sum       hash.Hash // nil when no checksum is wanted
	want      string    // base64; "" when it follows as a trailer, or is only to be computed
	size      int64
}

// newDigests reads from the headers what is to be checked. Where they name no
// checksum, the fallback is computed; "" is none.
func newDigests(h http.Header, fallback string) (*digests, error) {
	d := &digests{md5: md5.New(), algorithm: fallback}
	if v := h.Get("Content-Md5"); v != "" {
		b, err := base64.StdEncoding.DecodeString(v)
		if err != nil || len(b) != md5.Size {
			return nil, fail("InvalidDigest", "The Content-MD5 you specified was invalid.").with("Content-MD5", v)
		}
		d.wantMD5 = b
	}
	named := ""
	for algorithm, newHash := range algorithms {
		name := "X-Amz-Checksum-" + algorithm
		value := h.Get(name)
		if value == "" && !announced(h, name) {
			continue
		}
		if named != "" {
			return nil, fail("InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
		}
		if b, err := base64.StdEncoding.DecodeString(value); err != nil || value != "" && len(b) != newHash().Size() {
			return nil, fail("InvalidRequest", "Value for %s header is invalid.", strings.ToLower(name))
		}
		named, d.want = algorithm, value
	}
	if named != "" {
		d.algorithm = named
	}
	if newHash := algorithms[d.algorithm]; newHash != nil {
		d.sum = newHash()
	}
	return d, nil
}

// announced says whether a header is to follow the body.
func announced(h http.Header, name string) bool {
	for _, list := range h.Values("X-Amz-Trailer") {
		for v := range strings.SplitSeq(list, ",") {
			if strings.EqualFold(strings.TrimSpace(v), name) {
				return true
			}
		}
	}
	return false
}

func (d *digests) Write(p []byte) (int, error) {
	d.size += int64(len(p))
	d.md5.Write(p)
	if d.sum != nil {
		d.sum.Write(p)
	}
	return len(p), nil
}

// check compares, after the last byte. trailer is what came after the body.
func (d *digests) check(trailer http.Header) error {
	if sum := d.md5.Sum(nil); d.wantMD5 != nil && string(sum) != string(d.wantMD5) {
		return fail("BadDigest", "The Content-MD5 you specified did not match what we received.").
			with("ExpectedDigest", hex.EncodeToString(d.wantMD5)).with("CalculatedDigest", base64.StdEncoding.EncodeToString(sum))
	}
	if d.sum == nil {
		return nil
	}
	want := d.want
	if want == "" {
		want = trailer.Get("X-Amz-Checksum-" + d.algorithm)
	}
	if want != "" && want != d.checksum().Value {
		return fail("BadDigest", "The %s you specified did not match the calculated checksum.", d.algorithm)
	}
	return nil
}

func (d *digests) etag() string { return hex.EncodeToString(d.md5.Sum(nil)) }

func (d *digests) checksum() Checksum {
	if d.sum == nil {
		return Checksum{}
	}
	return Checksum{d.algorithm, base64.StdEncoding.EncodeToString(d.sum.Sum(nil)), fullObject}
}
