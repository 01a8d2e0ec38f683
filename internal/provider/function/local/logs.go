package local

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
)

// maxLog is how many bytes the log of a version has before it becomes the old
// one, of which there is one.
const maxLog = 1 << 20

// logs are what functions print, by version.
type logs struct {
	dir string
	log *slog.Logger

	mu    sync.Mutex
	files map[string]*logFile
}

// open returns the log of a version, which its processes share.
func (l *logs) open(t target) *logFile {
	l.mu.Lock()
	defer l.mu.Unlock()
	path := filepath.Join(l.dir, t.key.Account, t.key.Region, t.key.name, t.version.Number+".log")
	if l.files[path] == nil {
		l.files[path] = &logFile{path: path, log: l.log}
	}
	return l.files[path]
}

func (l *logs) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, f := range l.files {
		errs = append(errs, f.close())
	}
	return errors.Join(errs...)
}

// logFile is a log that starts again when it is full.
type logFile struct {
	path string
	log  *slog.Logger

	mu   sync.Mutex
	file *os.File
	size int64
}

// write adds to the log. A function goes on where that fails.
func (l *logFile) write(text []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.room(int64(len(text))); err != nil {
		l.log.Warn("cannot write the log of a function", "error", err)
		return
	}
	n, err := l.file.Write(text)
	if l.size += int64(n); err != nil {
		l.log.Warn("cannot write the log of a function", "error", err)
	}
}

// room opens the file, or a new one.
func (l *logFile) room(n int64) error {
	if l.file != nil && l.size+n <= maxLog {
		return nil
	}
	if l.file != nil {
		err := errors.Join(l.file.Close(), os.Rename(l.path, l.path+".old"))
		if l.file = nil; err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(l.path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	l.file, l.size = file, info.Size()
	return nil
}

func (l *logFile) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}

// Log returns what a version printed last, at most limit bytes of it.
func (f *Functions) Log(r Request, version string, limit int) ([]byte, error) {
	if _, err := f.get(r.key()); err != nil {
		return nil, err
	}
	if !versionPattern.MatchString(version) {
		return nil, invalid("%.100q is not a version", version)
	}
	path := filepath.Join(f.path(logsDir), r.Account, r.Region, r.Function, version+".log")
	var text []byte
	for _, name := range []string{path + ".old", path} {
		part, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("cannot read the log: %w", err)
		}
		text = append(text, part...)
	}
	return text[max(0, len(text)-limit):], nil
}

// maxTail is how much of what an invocation prints is kept for its caller.
const maxTail = 4 << 10

// tail keeps the last bytes that were written.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) write(text []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, text...)
	if over := len(t.text) - maxTail; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
}

func (t *tail) bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]byte(nil), t.text...)
}
