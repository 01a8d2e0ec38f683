package logfile_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/notification"
	"github.com/slipwayhq/slipway/internal/provider/notification/logfile"
	"github.com/slipwayhq/slipway/internal/provider/notification/sendertest"
)

func TestFile(t *testing.T) {
	t.Parallel()
	sendertest.Run(t, func(t *testing.T) sendertest.World {
		dir := filepath.Join(t.TempDir(), "log")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "notifications.jsonl")
		return sendertest.World{
			Sender:   logfile.File(path),
			Received: func() []notification.Message { return parse(t, read(t, path)) },
			Break: func(broken bool) {
				from, to := dir, dir+".gone"
				if !broken {
					from, to = to, from
				}
				if err := os.Rename(from, to); err != nil {
					t.Error(err)
				}
			},
		}
	})
}

func TestStream(t *testing.T) {
	t.Parallel()
	sendertest.Run(t, func(t *testing.T) sendertest.World {
		var out bytes.Buffer
		return sendertest.World{
			Sender:   logfile.Stream(&out),
			Received: func() []notification.Message { return parse(t, out.String()) },
		}
	})
}

// TestHalfALine: behind what a full disk left, a line of its own begins.
func TestHalfALine(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(path, []byte(`{"half`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := logfile.File(path).Send(t.Context(), sendertest.Event(1)); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, path), "{\"half\n"+sendertest.Event(1).Body+"\n"; got != want {
		t.Errorf("the file holds %q, want %q", got, want)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

// parse reads lines back into the messages they are of.
func parse(t *testing.T, text string) (out []notification.Message) {
	t.Helper()
	for line := range strings.Lines(text) {
		var l struct {
			ID           string
			At           time.Time
			DeploymentID string
			Trigger      string
			TargetARN    string
			Subject      string
			Message      json.RawMessage
			Detail       json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		m := sendertest.Trigger(0)
		if l.Detail != nil {
			m = sendertest.Event(3) // its own id and time are not in the line
			m.Body = strings.TrimSuffix(line, "\n")
		} else {
			m.ID, m.At, m.Deployment, m.Trigger, m.TargetARN, m.Subject = l.ID, l.At, l.DeploymentID, l.Trigger, l.TargetARN, l.Subject
			m.Body = string(l.Message)
		}
		out = append(out, m)
	}
	return out
}
