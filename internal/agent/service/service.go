// Package service has the files that make a service of the agent, for the
// agent that installs itself and for the packages that are made of it.
package service

import (
	_ "embed"
	"strings"
)

// The names that the service goes by: our own, and that of the official agent,
// which the aws command stops and removes by this name.
const (
	Name         = "slipway-agent"
	OfficialName = "codedeploy-agent"
)

// Where configuration is: the official agent's places, so that a host can
// change agents either way.
const (
	ConfigDir    = "/etc/codedeploy-agent/conf"
	ConfigFile   = ConfigDir + "/codedeployagent.yml"
	IdentityFile = ConfigDir + "/codedeploy.onpremises.yml"
	CAFile       = ConfigDir + "/ca.pem"
)

// Service is the agent as a service of a host.
type Service struct {
	Name   string
	Binary string // path of the program
}

var (
	//go:embed unit.service
	unit string
	//go:embed init.sh
	initScript string
	//go:embed logrotate.conf
	rotation string
)

// Unit is the systemd unit.
func (s Service) Unit() string { return s.fill(unit) }

// InitScript is for hosts without systemd; it has LSB's header and actions.
func (s Service) InitScript() string { return s.fill(initScript) }

// Rotation configures logrotate, for the log that the init script keeps.
func (s Service) Rotation() string { return s.fill(rotation) }

func (s Service) fill(text string) string {
	return strings.NewReplacer("@NAME@", s.Name, "@BINARY@", s.Binary).Replace(text)
}

// UnitFile is where the systemd unit is when the agent has installed itself.
func (s Service) UnitFile() string { return "/etc/systemd/system/" + s.Name + ".service" }

// PackagedUnitFile is where a package puts the unit: a host's own comes before
// it.
func (s Service) PackagedUnitFile() string { return "/usr/lib/systemd/system/" + s.Name + ".service" }

// InitFile is where the init script is.
func (s Service) InitFile() string { return "/etc/init.d/" + s.Name }

// RotationFile is where the log rotation is configured.
func (s Service) RotationFile() string { return "/etc/logrotate.d/" + s.Name }

// EnvironmentFile is where the service's environment variables are.
func (s Service) EnvironmentFile() string { return "/etc/default/" + s.Name }

// LogFile is where the init script has the agent log.
func (s Service) LogFile() string { return "/var/log/" + s.Name + ".log" }

// Config is the agent's configuration file.
func Config(endpoint string) string {
	server := "# deploy_control_endpoint: https://slipway.example.org:8650"
	if endpoint != "" {
		server = "deploy_control_endpoint: " + endpoint
	}
	return strings.Replace(config, "@SERVER@", server, 1)
}

const config = `# Configuration of the host agent. The official agent's keys are understood.

# The server. Without this key, AWS.
@SERVER@

# Where revisions and the agent's books are kept.
root_dir: /opt/codedeploy-agent/deployment-root

# How many revisions are kept for each deployment group.
max_revisions: 5

# How many MiB those of all groups may take together; 0 for any.
# max_archive_size: 0
`
