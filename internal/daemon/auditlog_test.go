package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
)

// TestAuditLog: each record is a line, once, whatever happens in between.
func TestAuditLog(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	file := filepath.Join(data, "audit.jsonl")
	create := func(d *Daemon, name string) {
		t.Helper()
		client := codedeploy.NewFromConfig(awsConfig(d, d.Root.ID, string(d.Root.Secret)))
		_, err := client.CreateApplication(t.Context(), &codedeploy.CreateApplicationInput{ApplicationName: aws.String(name)})
		if err != nil {
			t.Fatal(err)
		}
	}
	wait := func(want ...string) {
		t.Helper()
		var text []byte
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
			text, _ = os.ReadFile(file)
			if strings.Count(string(text), "\n") >= len(want) {
				break
			}
		}
		lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		if len(lines) != len(want) {
			t.Fatalf("%d lines, want %d:\n%s", len(lines), len(want), text)
		}
		for i := range want {
			if !strings.Contains(lines[i], `"applicationName":"`+want[i]+`"`) {
				t.Errorf("line %d: %s", i, lines[i])
			}
		}
	}
	d := start(t, Config{Data: data, AuditLog: file})
	create(d, "a")
	create(d, "b")
	wait("a", "b")
	stop(t, d)

	// A crash left half a line; and a record was made while no log was kept.
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"at":"2026-`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	d = start(t, Config{Data: data})
	create(d, "c")
	stop(t, d)
	d = start(t, Config{Data: data, AuditLog: file})
	defer stop(t, d)
	create(d, "d")
	wait("a", "b", "c", "d")
}
