package objectstore

import (
	"encoding/xml"
	"io"
	"net/http"
)

// serveCopyPart makes a part of a range of another object.
func serveCopyPart(c *call) error {
	u, number, err := c.partCall()
	if err != nil {
		return err
	}
	from, f, err := c.source()
	if err != nil {
		return err
	}
	defer f.Close()
	want := span{0, from.Size}
	if v := c.r.Header.Get("X-Amz-Copy-Source-Range"); v != "" {
		part, ok, err := parseRange(v, from.Size)
		if err != nil || !ok {
			return errInvalidArgument("x-amz-copy-source-range", v,
				"The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy")
		}
		want = part
	}
	d, err := newDigests(http.Header{}, u.checksum.Algorithm)
	if err != nil {
		return err
	}
	p, err := c.store.putPart(c.ctx(), u, number, io.NewSectionReader(f, want.start, want.length), d, nil)
	if err != nil {
		return err
	}
	c.writeXML(http.StatusOK, copyResult{
		XMLName: xml.Name{Local: "CopyPartResult"}, Namespace: namespace,
		LastModified: xmlTime(p.modified), ETag: quote(p.etag), sums: sumsOf(p.checksum),
	})
	return nil
}
