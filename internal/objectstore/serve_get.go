package objectstore

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
)

// serveGetObject serves GET and HEAD.
func serveGetObject(c *call) error {
	versionID := c.query.Get("versionId")
	o, f, err := c.store.Get(c.ctx(), c.bucket, c.key, versionID)
	if IsCode(err, "NoSuchKey") || IsCode(err, "NoSuchBucket") {
		o, f, err = c.published(versionID, err)
	}
	if f != nil {
		defer f.Close()
	}
	if o.DeleteMarker {
		c.w.Header().Set("X-Amz-Delete-Marker", "true")
		c.w.Header().Set("X-Amz-Version-Id", o.VersionID)
		if err == nil { // it was named, and can only be deleted
			c.w.Header().Set("Allow", http.MethodDelete)
			err = fail("MethodNotAllowed", "The specified method is not allowed against this resource.").with("ResourceType", "DeleteMarker")
		}
	}
	if err != nil {
		return err
	}
	if err := readCondition(c.r.Header, "", o); err != nil {
		if IsCode(err, "NotModified") {
			c.describe(o)
			c.versionHeader(o.VersionID)
		}
		return err
	}
	part, partial, err := c.selected(o)
	if err != nil {
		return err
	}
	c.describe(o)
	c.versionHeader(o.VersionID)
	if c.r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" && (!partial || part.length == o.Size) {
		c.checksumHeaders(o.Checksum) // of the whole: who reads a part can't check it
	}
	return c.send(o, f, part, partial)
}

// selected is the part of the content that the client wants: a range, a part
// of the upload it came from, or everything.
func (c *call) selected(o Object) (s span, partial bool, err error) {
	if v := c.query.Get("partNumber"); v != "" {
		return c.selectedPart(o, v)
	}
	header := c.r.Header.Get("Range")
	if v := c.r.Header.Get("If-Range"); header == "" || v != "" && v != quote(o.ETag) && v != o.Modified.Format(http.TimeFormat) {
		return span{0, o.Size}, false, nil
	}
	s, ok, err := parseRange(header, o.Size)
	if err != nil || ok {
		return s, ok, err
	}
	return span{0, o.Size}, false, nil
}

func (c *call) selectedPart(o Object, number string) (s span, partial bool, err error) {
	n, err := strconv.Atoi(number)
	sizes := o.Parts
	if len(sizes) == 0 {
		sizes = []int64{o.Size}
	}
	if err != nil || n < 1 || n > maxPartNumber {
		return s, false, errInvalidArgument("partNumber", number, "Part number must be an integer between 1 and 10000, inclusive")
	}
	if n > len(sizes) {
		e := fail("InvalidPartNumber", "The requested partnumber is not satisfiable")
		e.Status = http.StatusRequestedRangeNotSatisfiable
		return s, false, e
	}
	for _, size := range sizes[:n-1] {
		s.start += size
	}
	s.length = sizes[n-1]
	if len(o.Parts) > 0 {
		c.w.Header().Set("X-Amz-Mp-Parts-Count", strconv.Itoa(len(o.Parts)))
	}
	return s, o.Size > 0, nil
}

// send writes the content. A file that is copied to a connection in one piece
// goes there within the kernel.
func (c *call) send(o Object, f *os.File, part span, partial bool) error {
	status := http.StatusOK
	if partial {
		status = http.StatusPartialContent
		c.w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", part.start, part.start+part.length-1, o.Size))
	}
	if _, err := f.Seek(part.start, io.SeekStart); err != nil {
		return err
	}
	c.w.Header().Set("Content-Length", strconv.FormatInt(part.length, 10))
	c.w.WriteHeader(status)
	if c.r.Method != http.MethodHead {
		// When it fails midway the client sees that the content is too short;
		// there is nobody else to tell.
		_, _ = io.CopyN(c.w, f, part.length)
	}
	return nil
}

// serveGetTagging answers that there are no tags: the store takes none. The
// aws command asks before it copies a large object.
func serveGetTagging(c *call) error {
	o, err := c.store.Head(c.ctx(), c.bucket, c.key, c.query.Get("versionId"))
	if err != nil {
		return err
	}
	c.versionHeader(o.VersionID)
	c.writeXML(http.StatusOK, struct {
		XMLName   xml.Name `xml:"Tagging"`
		Namespace string   `xml:"xmlns,attr"`
		TagSet    struct{}
	}{Namespace: namespace})
	return nil
}
