package daemon

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/slipwayhq/slipway/internal/audit"
	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/store"
)

// auditLog appends the records of an account to a file, each as a line. Where
// it stands is the file's last line, so a restart neither loses nor repeats a
// record.
type auditLog struct {
	path    string
	account string
	control *control.Control
	log     *slog.Logger
}

// maxAuditLine is more than any record takes.
const maxAuditLine = 1 << 20

// run follows the audit until ctx ends.
func (a auditLog) run(ctx context.Context, told <-chan struct{}) {
	for {
		if err := a.catchUp(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("cannot write the audit log; it is tried again", "file", a.path, "error", err)
		}
		timer := time.NewTimer(time.Minute) // records are told; this is for errors
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-told:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// catchUp appends what is not in the file yet.
func (a auditLog) catchUp(ctx context.Context) error {
	last, err := lastRecord(a.path)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(a.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	for {
		records, err := a.control.ListAudit(ctx, a.account, last.Sequence)
		if err != nil || len(records) == 0 {
			return errors.Join(err, f.Close())
		}
		for _, last = range records {
			text, err := json.Marshal(last)
			if err == nil {
				_, err = f.Write(append(text, '\n'))
			}
			if err != nil {
				return errors.Join(err, f.Close())
			}
		}
	}
}

// lastRecord returns the last whole record of the file. Half a line, which a
// crash may leave, is cut off.
func lastRecord(path string) (audit.Record, error) {
	var last audit.Record
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return last, nil
	}
	if err != nil {
		return last, err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return last, err
	}
	start := max(size-2*maxAuditLine, 0)
	if _, err := f.Seek(start, io.SeekStart); err != nil {
		return last, err
	}
	whole := start
	for r := bufio.NewReader(f); ; {
		text, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return last, err
		}
		whole += int64(len(text))
		var record audit.Record
		if json.Unmarshal(text, &record) == nil { // the first may be half a line
			last = record
		}
	}
	if whole < size {
		if err := f.Truncate(whole); err != nil {
			return last, fmt.Errorf("cannot cut off half a line: %w", err)
		}
	}
	return last, nil
}

// followAudit starts the audit log.
func (d *Daemon) followAudit(ctx context.Context, c Config) {
	if c.AuditLog == "" {
		return
	}
	told, unsubscribe := d.store.Subscribe(store.TopicAudit)
	a := auditLog{path: c.AuditLog, account: c.Account, control: d.control, log: c.Log}
	d.background.Go(func() {
		defer unsubscribe()
		a.run(ctx, told)
	})
}
