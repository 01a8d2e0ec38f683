// Package logfile writes messages down, each as a line of JSON: to a file, or
// to a stream like stderr.
package logfile

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/slipwayhq/slipway/internal/notification"
)

// Sender appends to one file or stream.
type Sender struct {
	mu   sync.Mutex
	path string    // of the file; empty:
	out  io.Writer // the stream
}

// File returns a sender that appends to a file, which is opened for each
// message, so that it may be moved away and made anew. A line is on disk when
// Send returns.
func File(path string) *Sender { return &Sender{path: path} }

// Stream returns a sender that writes to w.
func Stream(w io.Writer) *Sender { return &Sender{out: w} }

// record is the line of a trigger's message. That of an event is the event.
type record struct {
	ID         string          `json:"id"`
	At         time.Time       `json:"at"`
	Deployment string          `json:"deploymentId,omitempty"`
	Trigger    string          `json:"trigger"`
	TargetARN  string          `json:"targetArn"`
	Subject    string          `json:"subject"`
	Message    json.RawMessage `json:"message"`
}

// Send writes the message down.
func (s *Sender) Send(ctx context.Context, m notification.Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	line := []byte(m.Body + "\n")
	if !m.Event() {
		var out bytes.Buffer
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false) // people read it
		if err := e.Encode(record{m.ID, m.At, m.Deployment, m.Trigger, m.TargetARN, m.Subject, json.RawMessage(m.Body)}); err != nil {
			return fmt.Errorf("the message %s is no JSON: %w", m.ID, notification.ErrPermanent)
		}
		line = out.Bytes()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.path == "" {
		_, err := s.out.Write(line)
		return err
	}
	return appendTo(s.path, line)
}

// appendTo adds a line. Behind half a line, which a full disk may leave, it
// starts a new one.
func appendTo(path string, line []byte) (err error) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
	}()
	if info, err := f.Stat(); err != nil {
		return err
	} else if size := info.Size(); size > 0 && info.Mode().IsRegular() {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, size-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			line = append([]byte{'\n'}, line...)
		}
	}
	if _, err := f.Write(line); err != nil {
		return err
	}
	return f.Sync()
}
