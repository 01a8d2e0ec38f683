package hook

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/slipwayhq/slipway/internal/appspec"
	"github.com/slipwayhq/slipway/internal/protocol"
)

// job makes a job of a shell script. Its output goes to the returned Output.
func job(t *testing.T, script string, timeout time.Duration) (Job, *Output) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "script"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := NewOutput(filepath.Join(dir, "logs", "scripts.log"), "d-1", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = out.Close() })
	return Job{
		Archive: dir, Script: appspec.Script{Location: "script", Timeout: timeout},
		Env: BaseEnvironment(os.Environ()), Output: out,
		Started: func(Process) error { return nil },
	}, out
}

func runner(t *testing.T) *Runner {
	t.Helper()
	r := &Runner{Grace: 50 * time.Millisecond, Linger: 50 * time.Millisecond}
	t.Cleanup(r.Close)
	return r
}

// A process that left its group, session and parent does not survive the
// time-out of its script.
func TestTimeoutKillsWhatEscaped(t *testing.T) {
	t.Parallel()
	j, out := job(t, "setsid sh -c 'echo pid $$; exec sleep 300' &\nwait\nsleep 300\n", time.Second)
	err := runner(t).Run(t.Context(), j)
	var failure *Failure
	if !errors.As(err, &failure) || failure.Code != protocol.ScriptTimedOut {
		t.Fatalf("ended with %v", err)
	}
	text, _ := out.Tail()
	_, rest, _ := strings.Cut(text, "[stdout]pid ")
	pid, convErr := strconv.Atoi(strings.TrimSpace(rest))
	if convErr != nil {
		t.Fatalf("no pid in %q", text)
	}
	for start := time.Now(); startTime(pid) != 0 && !zombie(pid); {
		if time.Since(start) > 10*time.Second {
			t.Fatal("the escaped process is alive")
		}
	}
}

func zombie(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(text), ") Z ")
}

func TestSuccessLeavesServicesRunning(t *testing.T) {
	t.Parallel()
	j, out := job(t, "sleep 300 >/dev/null 2>&1 </dev/null &\necho pid $!\n", time.Minute)
	if err := runner(t).Run(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	text, _ := out.Tail()
	pid, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(text, "[stdout]pid ")))
	if err != nil || zombie(pid) {
		t.Fatalf("the service is gone (%q)", text)
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

func TestStopOfTheAgent(t *testing.T) {
	t.Parallel()
	j, _ := job(t, "sleep 300\n", time.Minute)
	ctx, stop := context.WithCancel(t.Context())
	j.Started = func(Process) error { stop(); return nil }
	err := runner(t).Run(ctx, j)
	if err == nil || !strings.Contains(err.Error(), "the agent is stopping") {
		t.Errorf("ended with %v", err)
	}
}

func TestStartedMayRefuse(t *testing.T) {
	t.Parallel()
	j, _ := job(t, "sleep 300\n", time.Minute)
	refusal := errors.New("no journal")
	j.Started = func(Process) error { return refusal }
	if err := runner(t).Run(t.Context(), j); !errors.Is(err, refusal) {
		t.Errorf("ended with %v", err)
	}
}

func TestKillLeftoverSparesOthers(t *testing.T) {
	t.Parallel()
	group := syscall.Getpgrp()
	for _, id := range []Process{
		{}, {Group: 1, Started: 1}, {Group: group, Started: startTime(group) + 1, Marker: "somebody"}, {Group: group, Marker: ""},
	} {
		if KillLeftover(id) {
			t.Errorf("killed %+v", id)
		}
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	var many tail
	for n := range 1000 {
		many.add(fmt.Sprintf("line %d", n))
	}
	text := many.String()
	if !strings.HasSuffix(text, "line 999\n") || !strings.HasPrefix(text, "line ") || len(text) > TailLimit || len(text) < TailLimit-20 {
		t.Errorf("tail has %d characters: %.40q", len(text), text)
	}
	many.add(strings.Repeat("ü", 5000))
	if text := many.String(); utf8.RuneCountInString(text) != TailLimit || !strings.HasPrefix(text, "üü") || !strings.HasSuffix(text, "ü...\n") {
		t.Errorf("a long line became %d characters: %.40q", utf8.RuneCountInString(text), text)
	}
}

func FuzzTail(f *testing.F) {
	f.Add("a\nb", 3)
	f.Add("\xff\xfe", 3000)
	f.Fuzz(func(t *testing.T, line string, repeat int) {
		var tl tail
		for range uint(repeat) % 50 {
			tl.add(line)
			tl.add(strings.Repeat(line, int(uint(repeat)%5000)/(len(line)+1)))
		}
		text := tl.String()
		if !utf8.ValidString(text) || utf8.RuneCountInString(text) > TailLimit {
			t.Errorf("tail of %d characters, valid %v", utf8.RuneCountInString(text), utf8.ValidString(text))
		}
		if repeat != 0 && uint(repeat)%50 != 0 && text == "" {
			t.Error("the tail is empty")
		}
	})
}

func TestRotation(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "logs", "all.log")
	r := NewRotated(path)
	r.line("first\n")
	r.size = maxFileSize
	r.line("second\n")
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{path: "second\n", path + ".1": "first\n"} {
		if text, err := os.ReadFile(name); err != nil || string(text) != want {
			t.Errorf("%s holds %q, %v", name, text, err)
		}
	}
}
