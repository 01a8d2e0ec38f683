package objectstore

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

type copyResult struct {
	XMLName      xml.Name
	Namespace    string `xml:"xmlns,attr"`
	LastModified string
	ETag         string
	sums
}

// source opens what x-amz-copy-source names, if the caller may read it and
// the conditions hold. The caller closes the file.
func (c *call) source() (Object, *os.File, error) {
	bucket, key, versionID, err := parseSource(c.r.Header.Get(copySource))
	if err != nil {
		return Object{}, nil, err
	}
	action := "s3:GetObject"
	if versionID != "" {
		action = versionActions[action]
	}
	if err := c.allow(action, bucket, key); err != nil {
		return Object{}, nil, err
	}
	o, f, err := c.store.Get(c.ctx(), bucket, key, versionID)
	if err != nil {
		return Object{}, nil, err
	}
	if o.DeleteMarker {
		return Object{}, nil, fail("InvalidRequest", "The source of a copy request may not specifically refer to a delete marker by version id.")
	}
	if err := readCondition(c.r.Header, "X-Amz-Copy-Source-", o); err != nil {
		_ = f.Close() // it was only read
		return Object{}, nil, err
	}
	if o.VersionID != NullVersion {
		c.w.Header().Set("X-Amz-Copy-Source-Version-Id", o.VersionID)
	}
	return o, f, nil
}

func parseSource(v string) (bucket, key, versionID string, err error) {
	path, query, _ := strings.Cut(v, "?")
	path, err = url.PathUnescape(path)
	bucket, key, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if query != "" {
		var values url.Values
		if values, err = url.ParseQuery(query); err == nil {
			versionID = values.Get("versionId")
		}
	}
	if err != nil || bucket == "" || key == "" {
		return "", "", "", errInvalidArgument("x-amz-copy-source", v, "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
	}
	return bucket, key, versionID, nil
}

func serveCopyObject(c *call) error {
	from, f, err := c.source()
	if err != nil {
		return err
	}
	defer f.Close()
	cond, err := putCondition(c.r.Header)
	if err != nil {
		return err
	}
	o := Object{Bucket: c.bucket, Key: c.key}
	if o.Headers, err = c.copiedHeaders(from); err != nil {
		return err
	}
	if err := c.store.mayPut(c.ctx(), c.store.read, o, cond); err != nil {
		return err
	}
	if o, err = c.copyContent(o, from, f); err != nil {
		return err
	}
	if o, err = c.store.commit(c.ctx(), o, cond, nil); err != nil {
		return err
	}
	c.versionHeader(o.VersionID)
	c.writeXML(http.StatusOK, copyResult{
		XMLName: xml.Name{Local: "CopyObjectResult"}, Namespace: namespace,
		LastModified: xmlTime(o.Modified), ETag: quote(o.ETag), sums: sumsOf(o.Checksum),
	})
	return nil
}

// copiedHeaders are the source's, or with REPLACE those of the request. To
// copy an object onto itself without changing anything is a mistake.
func (c *call) copiedHeaders(from Object) (map[string]string, error) {
	sent, err := objectHeaders(c.r.Header)
	if err != nil {
		return nil, err
	}
	switch v := c.r.Header.Get("X-Amz-Metadata-Directive"); v {
	case "REPLACE":
		return sent, nil
	case "", "COPY":
	default:
		return nil, errInvalidArgument("x-amz-metadata-directive", v, "Unknown metadata directive.")
	}
	if from.Bucket == c.bucket && from.Key == c.key && from.Latest && c.r.Header.Get("X-Amz-Storage-Class") == "" {
		return nil, fail("InvalidRequest", "This copy request is illegal because it is trying to copy an object to itself without changing "+
			"the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	return from.Headers, nil
}

// copyContent shares the content with the source. Only what the client can
// see of a copy, but not of its source, makes it necessary to read it: the
// ETag of one piece, or another checksum.
func (c *call) copyContent(o, from Object, f *os.File) (Object, error) {
	o.Size, o.ETag, o.Checksum = from.Size, from.ETag, from.Checksum
	algorithm := strings.ToUpper(c.r.Header.Get("X-Amz-Checksum-Algorithm"))
	if algorithm == "" {
		algorithm = from.Checksum.Algorithm
	}
	if len(from.Parts) > 0 || algorithm != from.Checksum.Algorithm {
		d, err := newDigests(http.Header{}, algorithm)
		if err != nil {
			return o, err
		}
		if _, err := io.Copy(d, f); err != nil {
			return o, err
		}
		o.ETag, o.Checksum = d.etag(), d.checksum()
	}
	var err error
	o.content, err = c.store.contents.link(from.content)
	return o, err
}
