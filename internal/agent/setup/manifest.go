package setup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/slipwayhq/slipway/internal/agent/service"
)

// manifest is what install has put on a host: what uninstall may remove, and
// how to tell what a user has changed since.
type manifest struct {
	Name   string            `json:"name"`   // of the service
	Binary string            `json:"binary"` // that it runs
	Files  map[string]string `json:"files"`  // path on the host: SHA-256 in hex
}

const manifestFile = "/var/lib/slipway-agent/installed.json"

func (m manifest) service() service.Service { return service.Service{Name: m.Name, Binary: m.Binary} }

// readManifest returns the zero manifest where there is none.
func (h Host) readManifest() (manifest, error) {
	m := manifest{Files: map[string]string{}}
	text, err := os.ReadFile(h.path(manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		return m, fmt.Errorf("cannot read what was installed: %w", readable(err))
	}
	return m, nil
}

func (h Host) writeManifest(m manifest) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return h.write(manifestFile, append(text, '\n'), 0o644)
}

// write replaces a file of the host in one step, with the folders above it.
func (h Host) write(name string, content []byte, mode fs.FileMode) error {
	path := h.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return readable(err)
	}
	temp := path + ".new"
	_ = os.Remove(temp) // its mode would survive
	if err := os.WriteFile(temp, content, mode); err != nil {
		return readable(err)
	}
	if err := errors.Join(os.Chmod(temp, mode), os.Rename(temp, path)); err != nil { // whatever the umask
		return readable(err)
	}
	return nil
}

// digest returns the SHA-256 of a file in hex, "" if there is none.
func (h Host) digest(name string) (string, error) {
	content, err := os.ReadFile(h.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return sum(content), readable(err)
}

func sum(content []byte) string {
	d := sha256.Sum256(content)
	return hex.EncodeToString(d[:])
}
