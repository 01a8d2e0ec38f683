// Package installer makes what brings the agent to hosts: Debian and RPM
// packages, and the script that `aws deploy install` fetches and runs.
package installer

import (
	_ "embed"
	"path"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/agent/service"
)

// Package is the agent, to be packed for one kind of machine.
type Package struct {
	Name    string // of the package, and of the service: see the service package
	Version string // as Go has it: v1.2.3
	Arch    string // as Go has it: amd64
	Time    time.Time
	Binary  []byte
}

const (
	program     = "/usr/bin/slipway-agent"
	homepage    = "https://github.com/slipwayhq/slipway"
	maintainer  = "The Slipway authors <slipway@users.noreply.github.com>"
	release     = "1" // how often a version was packed, for RPM
	summary     = "host agent of Slipway, a self-hosted AWS CodeDeploy"
	description = "It asks a Slipway server, or AWS CodeDeploy, for deployments and carries them out on this host."
)

// Kind is a kind of package.
type Kind string

// The kinds.
const (
	Deb Kind = "deb"
	RPM Kind = "rpm"
)

// Pack packs the package. The same package always gives the same bytes.
func (p Package) Pack(k Kind) ([]byte, error) {
	if k == RPM {
		return p.rpm()
	}
	d, err := p.deb()
	return d.content, err
}

// FileName is what a package of that kind is called.
func (p Package) FileName(k Kind) string {
	if k == RPM {
		return p.Name + "-" + p.packageVersion() + "-" + release + "." + rpmArchs[p.Arch] + ".rpm"
	}
	return p.Name + "_" + p.packageVersion() + "_" + p.Arch + ".deb"
}

// file is a file of a package.
type file struct {
	path   string
	mode   int64
	body   []byte
	config bool // a user may change it, and an upgrade must not change it back
}

// files are what the package puts on a host, by path. Configuration is not
// among them: `slipway-agent install` writes it, when it knows the server.
func (p Package) files() []file {
	s := service.Service{Name: p.Name, Binary: program}
	return []file{
		{path: s.InitFile(), mode: 0o755, body: []byte(s.InitScript()), config: true},
		{path: s.RotationFile(), mode: 0o644, body: []byte(s.Rotation()), config: true},
		{path: program, mode: 0o755, body: p.Binary},
		{path: s.PackagedUnitFile(), mode: 0o644, body: []byte(s.Unit())},
	}
}

var (
	//go:embed postinst.sh
	postinst string
	//go:embed prerm.sh
	prerm string
	//go:embed postrm.sh
	postrm string
)

// script fills one of the scripts that the host's package manager runs.
func (p Package) script(text string) string {
	return strings.NewReplacer("@NAME@", p.Name, "@ROOT@", agent.DefaultRoot,
		"@CONFIG@", service.ConfigDir, "@IDENTITY@", service.IdentityFile).Replace(text)
}

// other is the package that has the same files, and so excludes this one.
func (p Package) other() string {
	if p.Name == service.OfficialName {
		return service.Name
	}
	return service.OfficialName
}

// packageVersion is the version in a form that both kinds of packages take,
// and in which a version before a release is older than the release.
func (p Package) packageVersion() string {
	v := strings.TrimPrefix(p.Version, "v")
	if v == "" || v[0] < '0' || v[0] > '9' {
		v = "0-" + strings.Trim(v, "()")
	}
	v = strings.Replace(v, "-", "~", 1)
	return strings.ReplaceAll(v, "-", ".")
}

// folders returns all folders above the files, each before what is in it.
func folders(files []file) []string {
	var list []string
	seen := map[string]bool{"/": true}
	var add func(string)
	add = func(dir string) {
		if !seen[dir] {
			seen[dir] = true
			add(path.Dir(dir))
			list = append(list, dir)
		}
	}
	for _, f := range files {
		add(path.Dir(f.path))
	}
	return list
}
