package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A program is replaced by one that runs and is an agent, and by nothing else.
// Not in parallel: a process that is forked just while a program is written
// keeps it from being run.
func TestProgramIsReplaced(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("on Windows a program cannot turn into another")
	}
	const agent = "#!/bin/sh\necho slipway-agent version v2\n"
	for name, test := range map[string]struct {
		change func(t *testing.T, path string)
		want   bool
		says   string // in the log
	}{
		"nothing happened":    {func(*testing.T, string) {}, false, ""},
		"removed":             {func(t *testing.T, path string) { must(t, os.Remove(path)) }, false, ""},
		"renamed over":        {func(t *testing.T, path string) { putProgram(t, path, agent) }, true, "version=v2"},
		"a link that moved":   {relink, true, "version=v2"},
		"another program":     {func(t *testing.T, path string) { putProgram(t, path, "#!/bin/sh\necho hello\n") }, false, "it is another program"},
		"for another machine": {func(t *testing.T, path string) { putProgram(t, path, "\x7fELF\x02\x01\x01") }, false, "exec format error"},
		"one that fails":      {func(t *testing.T, path string) { putProgram(t, path, "#!/bin/sh\nexit 3\n") }, false, "exit status 3"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "slipway-agent")
			putProgram(t, path, "#!/bin/sh\necho slipway-agent version v1\n")
			info, err := os.Stat(path)
			must(t, err)
			var log strings.Builder
			p := &program{path: path, started: info, log: slog.New(slog.NewTextHandler(&log, nil))}
			test.change(t, path)
			if got := p.replaced(); got != test.want {
				t.Errorf("replaced is %v, want %v", got, test.want)
			}
			if !strings.Contains(log.String(), test.says) || (test.says == "") != (log.String() == "") {
				t.Errorf("the log is %q, want %q in it", log.String(), test.says)
			}
			if log.Reset(); !test.want && p.replaced() || log.String() != "" && !test.want {
				t.Errorf("what was refused is tried again: %s", log.String())
			}
		})
	}
}

// putProgram puts a program where another may be, as installers do.
func putProgram(t *testing.T, path, text string) {
	t.Helper()
	must(t, os.WriteFile(path+".new", []byte(text), 0o700))
	must(t, os.Rename(path+".new", path))
}

func relink(t *testing.T, path string) {
	t.Helper()
	putProgram(t, path+"-v2", "#!/bin/sh\necho slipway-agent version v2\n")
	must(t, os.Symlink(path+"-v2", path+".new"))
	must(t, os.Rename(path+".new", path))
}

func TestThisProgramIsKnown(t *testing.T) {
	t.Parallel()
	p, err := thisProgram(slog.New(slog.DiscardHandler))
	if runtime.GOOS == "windows" {
		t.Skip(err)
	}
	must(t, err)
	if !filepath.IsAbs(p.path) || p.replaced() {
		t.Errorf("the program is %s, replaced: %v", p.path, p.replaced())
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
