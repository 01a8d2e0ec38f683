package bundle

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/sigv4"
)

// S3 fetches bundles from an S3 service.
type S3 struct {
	Transfer
	Endpoint    string // https://host[:port][/base]; buckets are addressed by path
	Region      string
	Credentials func(context.Context) (sigv4.Credentials, error)
}

// Object is a bundle in a bucket. Version and ETag are optional.
type Object struct {
	Bucket, Key, Version, ETag string
}

// ErrUnchanged says that an object is still the one that is there already.
var ErrUnchanged = errors.New("the object is unchanged")

// Fetched is what was learned about a bundle while it was fetched.
type Fetched struct {
	ETag string
	Sum  string // the checksum that it was compared with, for HasSum; "": there was none
}

// Fetch downloads o to the file dst and returns its ETag.
func (s *S3) Fetch(ctx context.Context, o Object, dst string) (etag string, err error) {
	f, err := s.FetchUnless(ctx, o, "", dst)
	return f.ETag, err
}

// FetchUnless is Fetch, unless the object has the ETag have: then nothing is
// downloaded, and the error is ErrUnchanged. The empty ETag is that of none.
func (s *S3) FetchUnless(ctx context.Context, o Object, have, dst string) (Fetched, error) {
	d := &download{
		Transfer: s.Transfer, want: o.ETag, have: have, exact: true, refused: replyError,
		name: "s3://" + o.Bucket + "/" + o.Key,
		hint: "is the S3 endpoint " + s.Endpoint + " right?",
		ask: func(ctx context.Context, d *download) (*http.Request, error) {
			return s.request(ctx, o, d)
		},
	}
	err := d.to(ctx, dst)
	return Fetched{d.etag, d.digest.verified()}, err
}

func (s *S3) request(ctx context.Context, o Object, d *download) (*http.Request, error) {
	u, err := url.Parse(s.Endpoint)
	if err != nil || u.Host == "" {
		return nil, final{fmt.Errorf("the S3 endpoint %q is not a URL like https://host:port", s.Endpoint)}
	}
	u.Path = strings.TrimSuffix(u.Path, "/") + "/" + o.Bucket + "/" + o.Key
	if o.Version != "" {
		u.RawQuery = url.Values{"versionId": {o.Version}}.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, final{err}
	}
	req.Header.Set("X-Amz-Checksum-Mode", "ENABLED") // tell what there is to compare with
	if d.have != "" && d.written == 0 {
		req.Header.Set("If-None-Match", `"`+d.have+`"`)
	}
	if d.written > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.written))
		req.Header.Set("If-Match", `"`+d.etag+`"`)
	}
	credentials, err := s.Credentials(ctx)
	if err != nil {
		return nil, err
	}
	sigv4.Sign(req, sigv4.EmptyHash, credentials, s.Region, "s3", time.Now())
	return req, nil
}

// replyError turns a refusal into an error with S3's own words.
func replyError(resp *http.Response) error {
	var body struct {
		Code    string
		Message string
	}
	const enough = 64 << 10
	text, _ := io.ReadAll(io.LimitReader(resp.Body, enough)) // a reply cut short still has its status
	_ = xml.Unmarshal(text, &body)
	err := fmt.Errorf("%s (HTTP %d)", http.StatusText(resp.StatusCode), resp.StatusCode)
	if body.Message != "" {
		err = fmt.Errorf("%s (%s, HTTP %d)", body.Message, body.Code, resp.StatusCode)
	}
	switch {
	case resp.StatusCode == http.StatusPreconditionFailed:
		return final{errors.Join(errors.New("the object changed during the download"), err)}
	case resp.StatusCode == http.StatusRequestTimeout, resp.StatusCode == http.StatusTooManyRequests,
		resp.StatusCode >= 500, body.Code == "RequestTimeout", body.Code == "SlowDown":
		return err
	}
	return final{err}
}
