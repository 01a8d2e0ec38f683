package installer

import (
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// machines are those that packages are made for.
var machines = map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}

// Binary is a program of the agent for Linux.
type Binary struct {
	Path    string
	Arch    string
	Version string
	Time    time.Time // of the commit that it was built from
	stamp   string    // tells whether the file has changed
}

// unknownTime is that of packages of programs that do not tell theirs.
var unknownTime = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// ReadBinary looks at a program.
func ReadBinary(path string) (Binary, error) {
	b := Binary{Path: path, Time: unknownTime}
	info, err := os.Stat(path)
	if err != nil {
		return b, err
	}
	b.stamp = fmt.Sprint(info.Size(), info.ModTime().UnixNano())
	f, err := elf.Open(path)
	if err != nil {
		return b, fmt.Errorf("%s is no program for Linux: %w", path, err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	if b.Arch = machines[f.Machine]; b.Arch == "" {
		return b, fmt.Errorf("%s is for %v, for which no packages are made", path, f.Machine)
	}
	build, err := buildinfo.ReadFile(path)
	if err != nil {
		return b, fmt.Errorf("%s is no program of Go: %w", path, err)
	}
	b.Version = build.Main.Version
	for _, s := range build.Settings {
		if at, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil {
			b.Time = at
		}
	}
	return b, nil
}

// Package reads the program, to be packed under that name.
func (b Binary) Package(name string) (Package, error) {
	content, err := os.ReadFile(b.Path)
	return Package{Name: name, Version: b.Version, Arch: b.Arch, Time: b.Time, Binary: content}, err
}

// Find returns the programs that are in a folder under the names of their
// machines, slipway-agent-linux-amd64, or as slipway-agent. It is no error if
// there are none.
func Find(dir string) ([]Binary, error) {
	var found []Binary
	has := map[string]bool{}
	for _, name := range []string{"slipway-agent-linux-amd64", "slipway-agent-linux-arm64", "slipway-agent"} {
		b, err := ReadBinary(filepath.Join(dir, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		case !has[b.Arch]:
			has[b.Arch] = true
			found = append(found, b)
		}
	}
	return found, nil
}
