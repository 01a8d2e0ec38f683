package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// program is the file that this process runs, watched for another that takes
// its place.
type program struct {
	path    string
	started fs.FileInfo // when this process began
	refused fs.FileInfo // one that does not run; it is not tried again
	log     *slog.Logger
}

// thisProgram finds the program by the name that it was started with, which
// may be a link that an update points elsewhere.
func thisProgram(log *slog.Logger) (*program, error) {
	if runtime.GOOS == "windows" {
		return nil, errors.New("on Windows a program cannot turn into another: restart the service after an update")
	}
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if named, err := filepath.Abs(os.Args[0]); err == nil && strings.Contains(os.Args[0], "/") {
		if there, err := os.Stat(named); err == nil && os.SameFile(there, info) {
			path = named
		}
	}
	return &program{path: path, started: info, log: log}, nil
}

// replaced reports whether another program has taken this one's place, and
// runs. A program that does not run, such as one for another machine, is told
// of once.
func (p *program) replaced() bool {
	there, err := os.Stat(p.path)
	if err != nil || same(there, p.started) || same(there, p.refused) {
		return false
	}
	version, err := p.try()
	if errors.Is(err, syscall.ETXTBSY) {
		return false // it is still being written
	}
	if err != nil {
		p.refused = there
		p.log.Warn("the program was replaced by one that does not run; this agent goes on", "program", p.path, "error", err)
		return false
	}
	p.log.Info("the program was replaced; the new one goes on when running events have ended", "program", p.path, "version", version)
	return true
}

func same(a, b fs.FileInfo) bool {
	return b != nil && os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// tryPatience is how long a new program may take to tell its version.
const tryPatience = 10 * time.Second

// try has the new program tell its version.
func (p *program) try() (version string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), tryPatience)
	defer cancel()
	out, err := exec.CommandContext(ctx, p.path, "--version").Output()
	if err != nil {
		return "", err
	}
	version, ok := strings.CutPrefix(strings.TrimSpace(string(out)), "slipway-agent version ")
	if !ok {
		return "", fmt.Errorf("it is another program, which answers --version with %.80q", out)
	}
	return version, nil
}

// exec turns this process into the new program, with the same id, arguments
// and environment, so that no service manager has a part in it. It returns only
// if that fails.
func (p *program) exec() error {
	err := syscall.Exec(p.path, os.Args, os.Environ()) //nolint:gosec // the program's own place
	return fmt.Errorf("cannot start the new program %s: %w", p.path, err)
}
