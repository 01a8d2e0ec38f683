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

func (d *download) request(ctx context.Context) (*http.Response, error) {
	u, err := url.Parse(d.s3.Endpoint)
	if err != nil || u.Host == "" {
		return nil, final{fmt.Errorf("the S3 endpoint %q is not a URL like https://host:port", d.s3.Endpoint)}
	}
	u.Path = strings.TrimSuffix(u.Path, "/") + "/" + d.object.Bucket + "/" + d.object.Key
	if d.object.Version != "" {
		u.RawQuery = url.Values{"versionId": {d.object.Version}}.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, final{err}
	}
	// Not gzip for the transport: the bytes of the object are what the ETag
	// and the range are about.
	req.Header.Set("Accept-Encoding", "identity")
	if d.written > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.written))
		req.Header.Set("If-Match", `"`+d.etag+`"`)
	}
	credentials, err := d.s3.Credentials(ctx)
	if err != nil {
		return nil, err
	}
	sigv4.Sign(req, sigv4.EmptyHash, credentials, d.s3.Region, "s3", time.Now())
	return d.s3.Client.Do(req)
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

// stallGuard cancels a download that stands still. A limit for the whole would
// have to know the size of the bundle and the speed of the line.
type stallGuard struct {
	after time.Duration
	timer *time.Timer
}

func newStallGuard(after time.Duration, cancel context.CancelCauseFunc) *stallGuard {
	if after == 0 {
		after = time.Minute
	}
	return &stallGuard{after, time.AfterFunc(after, func() {
		cancel(fmt.Errorf("the download stood still for %s", after))
	})}
}

func (g *stallGuard) touch() { g.timer.Reset(g.after) }
func (g *stallGuard) stop()  { g.timer.Stop() }
