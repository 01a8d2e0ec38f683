package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/agent/backoff"
)

// Transfer is how bundles are downloaded, wherever they are from.
type Transfer struct {
	Client *http.Client
	Retry  backoff.Policy
	// Attempts is how many requests in a row may fail without a byte of the
	// bundle arriving; default 6.
	Attempts int
	// Stall is how long a download may stand still; default a minute.
	Stall time.Duration
	Log   *slog.Logger
}

// download is one bundle on its way.
type download struct {
	Transfer
	name string // for people
	hint string // what may be wrong when nobody answers
	// ask returns a request for what is missing. It may ask for all of it.
	ask func(context.Context, *download) (*http.Request, error)
	// refused turns a reply that is no bundle into an error.
	refused func(*http.Response) error
	want    string // the ETag that the bundle must have; empty: any
	have    string // the ETag of the state that is there already; empty: none
	exact   bool   // the ETag says which bytes it is about
	file    *os.File
	written int64  // bytes of the bundle in file
	etag    string // of the first reply; later ones must be the same
	digest  *digest
}

// to downloads to the file dst. It goes on where it stopped when the
// connection fails, and verifies what it got. dst appears only when all of it
// is there.
func (d *download) to(ctx context.Context, dst string) (err error) {
	part := dst + ".part"
	if d.file, err = os.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600); err != nil {
		return fmt.Errorf("cannot store the bundle: %w", err)
	}
	err = d.run(ctx)
	if closeErr := d.file.Close(); err == nil {
		err = closeErr
	}
	if sumErr := d.digest.close(); err == nil {
		err = sumErr
	}
	if err == nil {
		err = os.Rename(part, dst)
	}
	if err != nil {
		_ = os.Remove(part) // the error that matters is the one before
		return fmt.Errorf("cannot download the bundle %s: %w", d.name, err)
	}
	return nil
}

// final marks an error that repeating does not cure.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

func (d *download) run(ctx context.Context) error {
	attempts := d.Attempts
	if attempts == 0 {
		attempts = 6
	}
	for failed := 0; ; {
		before := d.written
		err := d.attempt(ctx)
		if err == nil {
			return nil
		}
		var end final
		if errors.As(err, &end) || ctx.Err() != nil {
			return err
		}
		if d.written > before {
			failed = 0
		}
		if failed++; failed >= attempts {
			return fmt.Errorf("%w (%d attempts failed; %s)", err, failed, d.hint)
		}
		d.Log.WarnContext(ctx, "bundle download interrupted; it goes on", "bytes", d.written, "error", err)
		if err := d.Retry.Wait(ctx, failed); err != nil {
			return err
		}
	}
}

// attempt asks for what is missing and writes what comes.
func (d *download) attempt(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	guard := newStallGuard(d.Stall, cancel)
	defer guard.stop()

	err := d.transfer(ctx, guard)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

func (d *download) transfer(ctx context.Context, guard *stallGuard) error {
	req, err := d.ask(ctx, d)
	if err != nil {
		return err
	}
	// Not gzip for the transport: the bytes of the object are what the ETag
	// and the range are about.
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := d.Client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := d.begin(resp); err != nil {
		return err
	}
	return d.copy(resp.Body, guard)
}

// begin judges a reply and prepares the file for its body.
func (d *download) begin(resp *http.Response) error {
	switch resp.StatusCode {
	case http.StatusOK:
		if err := d.restart(); err != nil {
			return err
		}
	case http.StatusPartialContent:
		if r := resp.Header.Get("Content-Range"); !strings.HasPrefix(r, fmt.Sprintf("bytes %d-", d.written)) {
			return final{fmt.Errorf("asked for the bundle from byte %d on, the reply holds %q", d.written, r)}
		}
	case http.StatusNotModified:
		if d.have == "" {
			return d.refused(resp)
		}
		return final{ErrUnchanged}
	default:
		return d.refused(resp)
	}
	etag := ""
	if d.exact {
		etag = strings.Trim(resp.Header.Get("ETag"), `"`)
	}
	if want := strings.Trim(d.want, `"`); want != "" && etag != want {
		return final{fmt.Errorf("Expected deployment artifact bundle etag %s, but the object has %q; the bundle was replaced after the revision was made", want, etag)} //nolint:staticcheck // the official agent's words
	}
	if d.etag != "" && d.etag != etag {
		return final{fmt.Errorf("the object changed during the download: its etag was %q and is %q", d.etag, etag)}
	}
	if d.digest == nil {
		d.digest = newDigest(etag, resp.Header)
	}
	d.etag = etag
	return nil
}

// restart forgets what was written: the reply holds the bundle from its start.
func (d *download) restart() error {
	if d.written == 0 {
		return nil
	}
	_ = d.digest.close() // the sum of half a bundle
	d.written, d.digest = 0, nil
	if err := d.file.Truncate(0); err != nil {
		return final{err}
	}
	_, err := d.file.Seek(0, io.SeekStart)
	return err
}

func (d *download) copy(body io.Reader, guard *stallGuard) error {
	for {
		buffer := d.digest.buffer()
		n, err := body.Read(buffer)
		if n > 0 {
			guard.touch()
			if _, err := d.file.Write(buffer[:n]); err != nil {
				return final{fmt.Errorf("cannot store the bundle: %w", err)}
			}
			d.written += int64(n)
		}
		d.digest.add(buffer, n)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
