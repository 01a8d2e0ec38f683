package objectstore

import (
	"os"
	"time"
)

// Published is an object that nobody put: the server itself has it to give.
type Published struct {
	Path        string // of the file that holds the content
	ETag        string // without the quotes
	Modified    time.Time
	ContentType string
}

// published looks for what is published under the name that was asked for;
// missing is the error that says that nobody has put anything there.
func (c *call) published(versionID string, missing error) (Object, *os.File, error) {
	find := c.store.opts.Published
	if find == nil || versionID != "" {
		return Object{}, nil, missing
	}
	p, err := find(c.ctx(), c.bucket, c.key)
	if err != nil {
		return Object{}, nil, err
	}
	if p == nil {
		return Object{}, nil, missing
	}
	f, err := os.Open(p.Path)
	if err != nil {
		return Object{}, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return Object{}, f, err
	}
	return Object{
		Bucket: c.bucket, Key: c.key, Latest: true, Size: info.Size(), ETag: p.ETag, Modified: p.Modified.UTC(),
		Headers: map[string]string{"Content-Type": p.ContentType},
	}, f, nil
}

// MissingKey is S3's NoSuchKey with a text of its own, for whoever publishes
// to say why there is nothing and what to do.
func MissingKey(key, message string) error {
	return fail("NoSuchKey", "%s", message).with("Key", key)
}
