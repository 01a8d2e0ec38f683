package objectstore

import (
	"encoding/xml"
	"net/http"
)

// sums are the elements that documents have for checksums, of which one is set.
type sums struct {
	ChecksumCRC32     string `xml:",omitempty"`
	ChecksumCRC32C    string `xml:",omitempty"`
	ChecksumCRC64NVME string `xml:",omitempty"`
	ChecksumSHA1      string `xml:",omitempty"`
	ChecksumSHA256    string `xml:",omitempty"`
	ChecksumType      string `xml:",omitempty"`
}

func (s *sums) field(algorithm string) *string {
	switch algorithm {
	case "CRC32":
		return &s.ChecksumCRC32
	case "CRC32C":
		return &s.ChecksumCRC32C
	case "CRC64NVME":
		return &s.ChecksumCRC64NVME
	case "SHA1":
		return &s.ChecksumSHA1
	case "SHA256":
		return &s.ChecksumSHA256
	}
	return new(string)
}

func sumsOf(c Checksum) (s sums) {
	*s.field(c.Algorithm) = c.Value
	if c.Value != "" {
		s.ChecksumType = c.Type
	}
	return s
}

type completeXML struct {
	XMLName xml.Name `xml:"CompleteMultipartUpload"`
	Parts   []struct {
		PartNumber int
		ETag       string
		sums
	} `xml:"Part"`
}

func serveCompleteUpload(c *call) error {
	cond, err := putCondition(c.r.Header)
	if err != nil {
		return err
	}
	// The checksum headers of this call are of the object, not of the document.
	want := ""
	for algorithm := range algorithms {
		name := Checksum{Algorithm: algorithm}.header()
		if v := c.r.Header.Get(name); v != "" {
			want = v
		}
		c.r.Header.Del(name)
	}
	var doc completeXML
	if err := c.readXML(&doc); err != nil {
		return err
	}
	var claims []claim
	for _, p := range doc.Parts {
		claim := claim{number: p.PartNumber, etag: p.ETag}
		for algorithm := range algorithms {
			if v := *p.field(algorithm); v != "" {
				claim.checksum = v
			}
		}
		claims = append(claims, claim)
	}
	o, err := c.store.complete(c.ctx(), c.bucket, c.key, c.query.Get("uploadId"), claims, want, cond)
	if err != nil {
		return err
	}
	c.versionHeader(o.VersionID)
	c.writeXML(http.StatusOK, struct {
		XMLName                     xml.Name `xml:"CompleteMultipartUploadResult"`
		Namespace                   string   `xml:"xmlns,attr"`
		Location, Bucket, Key, ETag string
		sums
	}{
		Namespace: namespace, Location: "http://" + c.r.Host + c.r.URL.EscapedPath(),
		Bucket: c.bucket, Key: c.key, ETag: quote(o.ETag), sums: sumsOf(o.Checksum),
	})
	return nil
}
