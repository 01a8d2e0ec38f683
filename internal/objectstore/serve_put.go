package objectstore

import (
	"net/http"
)

func servePutObject(c *call) error {
	headers, err := objectHeaders(c.r.Header)
	if err != nil {
		return err
	}
	cond, err := putCondition(c.r.Header)
	if err != nil {
		return err
	}
	d, err := newDigests(c.r.Header, "")
	if err != nil {
		return err
	}
	body, err := c.body()
	if err != nil {
		return err
	}
	o := Object{Bucket: c.bucket, Key: c.key, Headers: headers}
	if o, err = c.store.put(c.ctx(), o, body, d, body.Trailer, cond); err != nil {
		return err
	}
	c.w.Header().Set("ETag", quote(o.ETag))
	c.versionHeader(o.VersionID)
	c.checksumHeaders(o.Checksum)
	c.w.WriteHeader(http.StatusOK)
	return nil
}
