package installer

import (
	"crypto/md5" //nolint:gosec // what S3 calls an ETag is one
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Publisher has the installer ready for whoever asks. It is made when it is
// first asked for, and again when the programs have changed.
type Publisher struct {
	// Binaries is the folder of the agent's programs, see Find. "" is that of
	// this program.
	Binaries string
	Cache    string // folder for what is made; its content is of no value
	// Endpoint is what agents serve that are told nothing else; "" if this
	// server does not know how others reach it.
	Endpoint string
	Log      *slog.Logger

	mu    sync.Mutex
	made  Installer
	stamp string
}

// Installer is a script that installs the agent.
type Installer struct {
	Path string
	MD5  string // of its content, in hex
	Time time.Time
}

// Installer returns the installer. Its error, when there is no program to
// install, says what to do.
func (p *Publisher) Installer() (Installer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	dir, err := p.folder()
	if err != nil {
		return Installer{}, err
	}
	binaries, err := Find(dir)
	if err != nil {
		return Installer{}, err
	}
	if len(binaries) == 0 {
		return Installer{}, &NoBinariesError{dir}
	}
	stamp := p.Endpoint
	for _, b := range binaries {
		stamp += "\n" + b.Path + " " + b.stamp
	}
	if stamp == p.stamp {
		if _, err := os.Stat(p.made.Path); err == nil {
			return p.made, nil
		}
	}
	made, err := p.make(binaries)
	if err == nil {
		p.made, p.stamp = made, stamp
	}
	return made, err
}

// NoBinariesError says that there is no program of the agent to install.
type NoBinariesError struct{ dir string }

func (e *NoBinariesError) Error() string {
	return fmt.Sprintf("There is no installer, because this server has no program of the agent to give: "+
		"put slipway-agent-linux-amd64 or slipway-agent-linux-arm64 into %s, or into the folder that --agent-binaries names.", e.dir)
}

func (p *Publisher) folder() (string, error) {
	if p.Binaries != "" {
		return p.Binaries, nil
	}
	self, err := os.Executable()
	return filepath.Dir(self), err
}

func (p *Publisher) make(binaries []Binary) (i Installer, err error) {
	if err := os.MkdirAll(p.Cache, 0o700); err != nil {
		return i, err
	}
	f, err := os.CreateTemp(p.Cache, "new-")
	if err != nil {
		return i, err
	}
	digest := md5.New() //nolint:gosec // as above
	err = writeScript(io.MultiWriter(f, digest), binaries, p.Endpoint)
	if err = errors.Join(err, f.Close()); err != nil {
		return i, errors.Join(err, os.Remove(f.Name()))
	}
	i = Installer{Path: filepath.Join(p.Cache, "install"), MD5: hex.EncodeToString(digest.Sum(nil)), Time: time.Now().Truncate(time.Second)}
	return i, os.Rename(f.Name(), i.Path)
}

// ServeHTTP serves the installer to whoever has no AWS client, to be piped
// into a shell. It needs no signature: there is no secret in it. The agent
// will serve the address that the request was for.
func (p *Publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i, err := p.Installer()
	var none *NoBinariesError
	if errors.As(err, &none) {
		http.Error(w, none.Error(), http.StatusNotFound)
		return
	}
	if err != nil {
		p.Log.ErrorContext(r.Context(), "cannot make the installer", "error", err)
		http.Error(w, "The installer cannot be made; the server's log says why.", http.StatusInternalServerError)
		return
	}
	f, err := os.Open(i.Path)
	if err == nil {
		defer f.Close()
		_, err = f.Seek(int64(len(interpreter)), io.SeekStart)
	}
	if err != nil {
		p.Log.ErrorContext(r.Context(), "cannot read the installer", "error", err)
		http.Error(w, "The installer cannot be read; the server's log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", ContentType)
	_, _ = io.WriteString(w, interpreter+"fetched_from="+quoted(r)+"\n") // whoever is gone hears nothing
	_, _ = io.Copy(w, f)
}

// ContentType is that of the installer.
const ContentType = "text/x-shellscript; charset=utf-8"

// quoted is the address that a request was for, as a word of a shell. A name
// that could be more than one is left out.
func quoted(r *http.Request) string {
	if strings.ContainsFunc(r.Host, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune(".:-[]_", c))
	}) {
		return "''"
	}
	if r.TLS != nil {
		return "'https://" + r.Host + "'"
	}
	return "'http://" + r.Host + "'"
}
