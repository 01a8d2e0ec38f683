package bundle

import (
	"context"
	"crypto/md5"  //nolint:gosec // S3's ETag is an MD5; it guards against damage, not against an attacker
	"crypto/sha1" //nolint:gosec // one of S3's checksums, as above
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"net/http"
	"os"
	"strings"
)

// checksum is what all of a bundle hashes to. The zero checksum is unknown.
type checksum struct {
	name string // of the algorithm, as S3 spells it
	want string // in hexadecimal digits for MD5, else in base64
}

const md5Name = "MD5"

// nvme is the polynomial of CRC-64/NVME, reflected as hash/crc64 wants it.
var nvme = crc64.MakeTable(0x9a6c9329ac4bc9b5)

// algorithms are those that a bundle is verified with, the cheapest first.
var algorithms = []struct {
	name string
	new  func() hash.Hash
}{
	{"CRC32C", func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }},
	{"CRC32", func() hash.Hash { return crc32.NewIEEE() }},
	{"CRC64NVME", func() hash.Hash { return crc64.New(nvme) }},
	{"SHA256", sha256.New},
	{"SHA1", sha1.New},
	{md5Name, md5.New},
}

// checksumOf returns the checksum that a reply names: the ETag, which is the
// MD5 of an object unless it was uploaded in parts (then it has a dash) or is
// encrypted with a key of its own, or else what S3 keeps besides, as long as
// that is about the whole object and not about its parts.
func checksumOf(etag string, h http.Header) checksum {
	raw, err := hex.DecodeString(etag)
	if err == nil && len(raw) == md5.Size && !strings.HasPrefix(h.Get("X-Amz-Server-Side-Encryption"), "aws:") &&
		h.Get("X-Amz-Server-Side-Encryption-Customer-Algorithm") == "" {
		return checksum{md5Name, strings.ToLower(etag)}
	}
	for _, a := range algorithms {
		if want := h.Get("X-Amz-Checksum-" + a.name); want != "" && !strings.Contains(want, "-") &&
			h.Get("X-Amz-Checksum-Type") != "COMPOSITE" {
			return checksum{a.name, want}
		}
	}
	return checksum{}
}

// known reports whether there is something to compare with.
func (c checksum) known() bool { return c.want != "" }

// hash returns a new hash of the checksum's algorithm; nil if there is none of
// that name.
func (c checksum) hash() hash.Hash {
	for _, a := range algorithms {
		if a.name == c.name {
			return a.new()
		}
	}
	return nil
}

// text writes a sum as the checksum is written.
func (c checksum) text(h hash.Hash) string {
	if c.name == md5Name {
		return hex.EncodeToString(h.Sum(nil))
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// String returns the checksum's name and sum; "" if it is unknown.
func (c checksum) String() string { return strings.TrimSpace(c.name + " " + c.want) }

// HasSum reports whether a file has the checksum, in the form of Fetched.Sum.
// The empty one is no file's.
func HasSum(ctx context.Context, file, sum string) bool {
	var c checksum
	c.name, c.want, _ = strings.Cut(sum, " ")
	h := c.hash()
	if h == nil {
		return false
	}
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	buffer := make([]byte, bufferSize)
	for ctx.Err() == nil {
		n, err := f.Read(buffer)
		h.Write(buffer[:n])
		if err == io.EOF {
			return c.text(h) == c.want
		}
		if err != nil {
			return false
		}
	}
	return false
}
