package objectstore

import (
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"
)

func serveCreateUpload(c *call) error {
	headers, err := objectHeaders(c.r.Header)
	if err != nil {
		return err
	}
	sum, err := uploadChecksum(c.r.Header)
	if err != nil {
		return err
	}
	u, err := c.store.createUpload(c.ctx(), upload{bucket: c.bucket, key: c.key, headers: headers, checksum: sum})
	if err != nil {
		return err
	}
	if sum.Algorithm != "" {
		c.w.Header().Set("X-Amz-Checksum-Algorithm", sum.Algorithm)
		c.w.Header().Set("X-Amz-Checksum-Type", sum.Type)
	}
	c.writeXML(http.StatusOK, struct {
		XMLName     xml.Name `xml:"InitiateMultipartUploadResult"`
		Namespace   string   `xml:"xmlns,attr"`
		Bucket, Key string
		UploadID    string `xml:"UploadId"`
	}{Namespace: namespace, Bucket: c.bucket, Key: c.key, UploadID: u.id})
	return nil
}

// uploadChecksum reads which checksum an upload is to have. CRC-64 is of the
// whole object only, the cryptographic ones of the parts only.
func uploadChecksum(h http.Header) (Checksum, error) {
	sum := Checksum{Algorithm: strings.ToUpper(h.Get("X-Amz-Checksum-Algorithm")), Type: strings.ToUpper(h.Get("X-Amz-Checksum-Type"))}
	if sum.Algorithm == "" {
		if sum.Type != "" {
			return sum, fail("InvalidRequest", "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
		}
		return sum, nil
	}
	if algorithms[sum.Algorithm] == nil {
		return sum, fail("InvalidRequest", "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "+
			"[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
	}
	if sum.Type == "" {
		sum.Type = composite
		if sum.Algorithm == "CRC64NVME" {
			sum.Type = fullObject
		}
	}
	crc := strings.HasPrefix(sum.Algorithm, "CRC")
	if sum.Type != fullObject && sum.Type != composite || sum.Type == fullObject && !crc || sum.Type == composite && sum.Algorithm == "CRC64NVME" {
		return sum, fail("InvalidRequest", "The %s checksum type cannot be used with the %s checksum algorithm.", sum.Type, sum.Algorithm)
	}
	return sum, nil
}

// partCall is what the calls about a part have in common.
func (c *call) partCall() (upload, int, error) {
	v := c.query.Get("partNumber")
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > maxPartNumber {
		return upload{}, 0, errInvalidArgument("partNumber", v, "Part number must be an integer between 1 and 10000, inclusive")
	}
	u, err := findUpload(c.ctx(), c.store.read, c.bucket, c.key, c.query.Get("uploadId"))
	return u, n, err
}

func servePutPart(c *call) error {
	u, number, err := c.partCall()
	if err != nil {
		return err
	}
	d, err := newDigests(c.r.Header, u.checksum.Algorithm)
	if err != nil {
		return err
	}
	if want := u.checksum.Algorithm; want != "" && d.algorithm != want {
		return fail("InvalidRequest", "Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
			strings.ToLower(want), strings.ToLower(d.algorithm))
	}
	body, err := c.body()
	if err != nil {
		return err
	}
	p, err := c.store.putPart(c.ctx(), u, number, body, d, body.Trailer)
	if err != nil {
		return err
	}
	c.w.Header().Set("ETag", quote(p.etag))
	if p.checksum.Value != "" {
		c.w.Header().Set(p.checksum.header(), p.checksum.Value)
	}
	c.w.WriteHeader(http.StatusOK)
	return nil
}

func serveAbortUpload(c *call) error {
	if err := c.store.abort(c.ctx(), c.bucket, c.key, c.query.Get("uploadId")); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
