// Package setup puts the agent on a host as a service, takes it away again,
// and tells how it is doing there.
package setup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/agent/service"
)

// The program is in one place when a package brought it, and in another when
// it has installed itself.
const (
	packagedBinary  = "/usr/bin/slipway-agent"
	installedBinary = "/usr/local/bin/slipway-agent"
)

// Installation is what to put on a host.
type Installation struct {
	Host
	Executable string          // the program; it is copied
	Version    string          // of it
	Name       string          // of the service; "" is that of the host, or our own
	Endpoint   string          // "" leaves it to the configuration file
	CABundle   string          // file of the authorities that the server's certificate is from
	Identity   string          // file that `aws deploy register` wrote
	Enrolment  *agent.Settings // under what name, and with whose keys, to enrol; nil: not at all
	Start      bool
	Log        func(format string, args ...any) // a line for each step

	manifest manifest
	service  service.Service
	packaged bool
	changed  bool
}

// Install puts the agent on the host and starts it. Repeating it changes
// nothing but what is missing or old. What the user has changed stays.
func (i *Installation) Install(ctx context.Context) error {
	if err := i.settle(); err != nil {
		return err
	}
	for _, step := range []func() error{
		i.configure, i.trust,
		func() error { return i.identify(ctx) },
		i.placeService,
		func() error { return i.writeManifest(i.manifest) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return i.start(ctx)
}

// settle finds out what is on the host.
func (i *Installation) settle() (err error) {
	if i.manifest, err = i.readManifest(); err != nil {
		return err
	}
	i.service, i.packaged = i.Packaged()
	switch {
	case i.packaged && i.Name != "" && i.Name != i.service.Name:
		return fmt.Errorf("a package has set the agent up as the service %s: leave --service-name out, or remove the package first", i.service.Name)
	case i.packaged:
	case i.manifest.Name != "" && i.Name != "" && i.Name != i.manifest.Name:
		return fmt.Errorf("the agent is installed as the service %s: uninstall it first to give it the name %s", i.manifest.Name, i.Name)
	default:
		i.service = service.Service{Name: firstOf(i.Name, i.manifest.Name, service.Name), Binary: installedBinary}
	}
	if !i.packaged {
		i.manifest.Name, i.manifest.Binary = i.service.Name, i.service.Binary
	}
	if strings.ContainsFunc(i.Endpoint, func(r rune) bool { return r <= ' ' || strings.ContainsRune(`"'#\`, r) }) {
		return fmt.Errorf("the endpoint %q is not a URL like https://host:port", i.Endpoint)
	}
	return nil
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// placeService puts the program and the files of its service in their places.
func (i *Installation) placeService() error {
	if i.packaged {
		i.Log("the program and its service are those of a package")
		return nil
	}
	program, err := os.ReadFile(i.Executable)
	if err != nil {
		return fmt.Errorf("cannot read this program to copy it: %w", err)
	}
	if err := i.place(i.service.Binary, program, 0o755, true); err != nil {
		return err
	}
	if i.Manager() == Systemd {
		return i.place(i.service.UnitFile(), []byte(i.service.Unit()), 0o644, false)
	}
	return errors.Join(
		i.place(i.service.InitFile(), []byte(i.service.InitScript()), 0o755, false),
		i.place(i.service.RotationFile(), []byte(i.service.Rotation()), 0o644, false))
}

// place writes a file that install owns, and notes it. One that is not as
// install left it is a user's, and stays, unless it is the program.
func (i *Installation) place(name string, content []byte, mode fs.FileMode, always bool) error {
	there, err := i.digest(name)
	if err != nil {
		return err
	}
	noted := i.manifest.Files[name]
	switch {
	case there == sum(content) && noted == there:
		return nil
	case there != "" && there != noted && there != sum(content) && !always:
		i.Log("kept %s, which is not as install left it", i.path(name))
		return nil
	case there != sum(content):
		if err := i.write(name, content, mode); err != nil {
			return err
		}
		i.changed = true
		i.Log("wrote %s", i.path(name))
	}
	i.manifest.Files[name] = sum(content)
	return nil
}

// configure writes the configuration file, or adds the endpoint to one that
// has none.
func (i *Installation) configure() error {
	text, err := os.ReadFile(i.path(service.ConfigFile))
	fresh := []byte(service.Config(i.Endpoint))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return i.place(service.ConfigFile, fresh, 0o644, false)
	case err != nil:
		return readable(err)
	case i.Endpoint == "":
		return nil
	}
	has, err := endpointOf(text)
	switch {
	case err != nil:
		return fmt.Errorf("the configuration file %s is invalid: %w", i.path(service.ConfigFile), err)
	case has == i.Endpoint:
		return nil
	case sum(text) == i.manifest.Files[service.ConfigFile]:
		return i.place(service.ConfigFile, fresh, 0o644, false)
	case has != "":
		return fmt.Errorf("%s has been changed and names another server, %s: change deploy_control_endpoint there to %s, or remove the file",
			i.path(service.ConfigFile), has, i.Endpoint)
	}
	return i.addEndpoint(text)
}

// addEndpoint adds one line to a user's file, and leaves the rest as it is.
func (i *Installation) addEndpoint(text []byte) error {
	if len(text) > 0 && !bytes.HasSuffix(text, []byte("\n")) {
		text = append(text, '\n')
	}
	text = append(text, "deploy_control_endpoint: "+i.Endpoint+"\n"...)
	if has, err := endpointOf(text); err != nil || has != i.Endpoint {
		return fmt.Errorf("cannot add the server's address to %s: write deploy_control_endpoint: %s there", i.path(service.ConfigFile), i.Endpoint)
	}
	info, err := os.Stat(i.path(service.ConfigFile))
	if err != nil {
		return readable(err)
	}
	i.changed = true
	i.Log("added deploy_control_endpoint to %s", i.path(service.ConfigFile))
	return i.write(service.ConfigFile, text, info.Mode().Perm())
}

// endpointOf reads the server's address from a configuration file, whose keys
// may be written as Ruby's symbols.
func endpointOf(text []byte) (string, error) {
	var keys map[string]any
	if err := yaml.Unmarshal(text, &keys); err != nil {
		return "", err
	}
	for key, value := range keys {
		if s, ok := value.(string); ok && strings.Trim(key, ":") == "deploy_control_endpoint" {
			return s, nil
		}
	}
	return "", nil
}

// trust copies the authorities' file and points the service at it.
func (i *Installation) trust() error {
	if i.CABundle == "" {
		return nil
	}
	text, err := os.ReadFile(i.CABundle)
	if err != nil {
		return fmt.Errorf("cannot read the CA bundle: %w", err)
	}
	if !bytes.Contains(text, []byte("-----BEGIN CERTIFICATE-----")) {
		return fmt.Errorf("the CA bundle %s holds no certificate in PEM form", i.CABundle)
	}
	return errors.Join(
		i.place(service.CAFile, text, 0o644, false),
		i.place(i.service.EnvironmentFile(), []byte("# The environment of the service "+i.service.Name+".\nAWS_CA_BUNDLE="+service.CAFile+"\n"), 0o644, false))
}

// identify gives the host its identity: a copy of a file, or what the server
// gives a host that enrols. One that is there stays.
func (i *Installation) identify(ctx context.Context) error {
	there, err := i.digest(service.IdentityFile)
	switch {
	case err != nil:
		return err
	case i.Identity != "":
		return i.copyIdentity(there)
	case i.Enrolment != nil && there != "":
		return i.sameName()
	case i.Enrolment != nil:
		return i.enrol(ctx)
	case there != "":
		return i.protect()
	}
	return nil
}

// protect keeps the host's key from other users: the aws command copies the
// file without regard to that.
func (i *Installation) protect() error {
	path := i.path(service.IdentityFile)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return readable(err)
	}
	i.Log("only root may read %s from now on", path)
	return readable(os.Chmod(path, 0o600))
}

func (i *Installation) copyIdentity(there string) error {
	text, err := os.ReadFile(i.Identity)
	if err != nil {
		return fmt.Errorf("cannot read the host's identity: %w", err)
	}
	var keys struct {
		User    string `yaml:"iam_user_arn"`
		Session string `yaml:"iam_session_arn"`
	}
	if err := yaml.Unmarshal(text, &keys); err != nil || keys.User+keys.Session == "" {
		return fmt.Errorf("%s is not a file that `aws deploy register` wrote: it has no iam_user_arn", i.Identity)
	}
	switch there {
	case sum(text):
		return i.protect()
	case "":
		i.changed = true
		i.Log("wrote %s, the identity of this host", i.path(service.IdentityFile))
		return i.write(service.IdentityFile, text, 0o600)
	}
	return fmt.Errorf("%s is another identity of this host: remove it first if the host is to have the new one", i.path(service.IdentityFile))
}

// sameName makes sure that the identity that is there has the wanted name.
func (i *Installation) sameName() error {
	var has struct {
		ARN string `yaml:"iam_user_arn"`
	}
	text, err := os.ReadFile(i.path(service.IdentityFile))
	if err == nil {
		err = yaml.Unmarshal(text, &has)
	}
	if err != nil {
		return readable(err)
	}
	if !strings.HasSuffix(has.ARN, "/"+i.Enrolment.Name) {
		return fmt.Errorf("this host is %s, not %s: remove %s to enrol it anew", has.ARN, i.Enrolment.Name, i.path(service.IdentityFile))
	}
	return nil
}

// enrol has the agent enrol as it does when it is run with a name: what the
// server gives this host is kept in the root folder.
func (i *Installation) enrol(ctx context.Context) error {
	settings := *i.Enrolment
	settings.ConfigFile = i.path(service.ConfigFile)
	if i.Prefix != "" {
		settings.Root = i.path(agent.DefaultRoot)
	}
	c, err := agent.Configure(ctx, settings)
	if err != nil {
		return readable(err)
	}
	i.Log("this host is %s", c.HostIdentifier)
	return nil
}
