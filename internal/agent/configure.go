package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/slipwayhq/slipway/internal/sigv4"
)

// Where the official agent's package puts its configuration.
const (
	defaultConfigFile     = "/etc/codedeploy-agent/conf/codedeployagent.yml"
	defaultOnPremisesFile = "/etc/codedeploy-agent/conf/codedeploy.onpremises.yml"
)

// defaultRegion is the server's own default.
const defaultRegion = "us-east-1"

// Settings are what whoever starts the agent says; the rest is found in files
// and in the environment.
type Settings struct {
	ConfigFile string // of the official agent, or of an on-premises host
	Endpoint   string
	Name       string // to enrol under, unless the host has an identity
	Tags       map[string]string
	Root       string
	Once       bool
	Environ    []string
	Log        *slog.Logger
}

// Configure works out the whole configuration. It enrols the host if it has no
// identity yet but a name.
func Configure(ctx context.Context, s Settings) (Config, error) {
	env := environment(s.Environ)
	keys, err := s.keys()
	if err != nil {
		return Config{}, err
	}
	var c Config
	if !keys.onPremises() {
		if err := keys.apply(&c); err != nil {
			return c, err
		}
	}
	c.Once, c.Environ, c.Log = s.Once, s.Environ, s.Log
	c.DeveloperMode = truthy(env.get("CODEDEPLOY_DEVELOPER_MODE"))
	if c.Root, err = filepath.Abs(cmp.Or(s.Root, c.Root, DefaultRoot)); err != nil {
		return c, err
	}
	if c.Transport, err = transport(keys["proxy_uri"], cmp.Or(env.get("no_proxy"), env.get("NO_PROXY")), env.get("AWS_CA_BUNDLE")); err != nil {
		return c, err
	}
	c.Endpoint = cmp.Or(s.Endpoint, c.Endpoint, env.get("AWS_ENDPOINT_URL"))
	id, err := s.identity(ctx, keys, c.Root, c.Endpoint, c.Transport)
	if err != nil {
		return c, err
	}
	c.HostIdentifier, c.Region, c.Credentials = id.identifier, id.region, id.credentials
	if c.Endpoint == "" {
		c.useAWS(cmp.Or(id.domain, domainOf(id.region)))
	}
	return c, nil
}

// useAWS sets the endpoints of AWS's own services.
func (c *Config) useAWS(domain string) {
	service, s3 := "codedeploy-commands", "s3"
	if c.Secure {
		service += "-secure"
	}
	if c.FIPS {
		service, s3 = service+"-fips", s3+"-fips"
	}
	c.Endpoint = fmt.Sprintf("https://%s.%s.%s", service, c.Region, domain)
	c.S3Endpoint = cmp.Or(c.S3Endpoint, fmt.Sprintf("https://%s.%s.%s", s3, c.Region, domain))
}

// ConfigureLocal works out the configuration for a deployment without a
// server. An identity is looked for only if a bundle is in S3, and after the
// usual variables and files of AWS tools.
func ConfigureLocal(_ context.Context, s Settings) (Config, error) {
	env := environment(s.Environ)
	keys, err := s.keys()
	if err != nil {
		return Config{}, err
	}
	var c Config
	if !keys.onPremises() {
		if err := keys.apply(&c); err != nil {
			return c, err
		}
	}
	c.Environ, c.Log = s.Environ, s.Log
	if c.Root, err = filepath.Abs(cmp.Or(s.Root, c.Root, DefaultRoot)); err != nil {
		return c, err
	}
	if c.Transport, err = transport(keys["proxy_uri"], cmp.Or(env.get("no_proxy"), env.get("NO_PROXY")), env.get("AWS_CA_BUNDLE")); err != nil {
		return c, err
	}
	c.Region = cmp.Or(env.region(), keys["region"], defaultRegion)
	c.S3Endpoint = cmp.Or(c.S3Endpoint, env.get("AWS_ENDPOINT_URL_S3"), s.Endpoint, c.Endpoint, env.get("AWS_ENDPOINT_URL"))
	if c.S3Endpoint == "" {
		c.useAWS(domainOf(c.Region))
	}
	root, transport := c.Root, c.Transport
	c.Credentials = func(ctx context.Context) (sigv4.Credentials, error) {
		credentials, err := env.credentials()
		if err == nil {
			return credentials, nil
		}
		h, identityErr := s.identity(ctx, keys, root, "", transport)
		if identityErr != nil {
			return credentials, errors.Join(err, identityErr)
		}
		return h.credentials(ctx)
	}
	return c, nil
}

func (s Settings) keys() (fileKeys, error) {
	if s.ConfigFile != "" {
		return readKeys(s.ConfigFile)
	}
	keys, err := readKeys(defaultConfigFile)
	if errors.Is(err, fs.ErrNotExist) {
		return fileKeys{}, nil
	}
	return keys, err
}

// host is who this host is for the server.
type host struct {
	identifier  string
	region      string
	credentials CredentialSource
	domain      string // of AWS's services; empty: that of the region
}

// identity looks for the host's identity: in the given file, in what an
// earlier enrolment saved, in the environment, in the usual file. If there is
// none the host is enrolled under its name, or is an EC2 instance.
func (s Settings) identity(ctx context.Context, keys fileKeys, root, endpoint string, transport http.RoundTripper) (host, error) {
	if keys.onPremises() {
		return s.fromFile(s.ConfigFile)
	}
	saved := layout{root}.enrolment()
	if isRegularFile(saved) {
		h, err := s.fromFile(saved)
		if err == nil && s.Name != "" && !strings.HasSuffix(h.identifier, "/"+s.Name) {
			err = fmt.Errorf("this host is enrolled as %s, not as %s; remove %s to enrol it anew", h.identifier, s.Name, saved)
		}
		return h, err
	}
	// The official agent's package names a file here that EC2 instances lack.
	onPremises := cmp.Or(keys["on_premises_config_file"], defaultOnPremisesFile)
	if keys["on_premises_config_file"] != "" && isRegularFile(onPremises) {
		return s.fromFile(onPremises)
	}
	if s.Name != "" {
		return s.enrol(ctx, saved, endpoint, transport)
	}
	env := environment(s.Environ)
	if id := env.get("AWS_HOST_IDENTIFIER"); id != "" {
		source := func(context.Context) (sigv4.Credentials, error) { return env.credentials() }
		return host{identifier: id, region: cmp.Or(env.region(), defaultRegion), credentials: source}, nil
	}
	if isRegularFile(onPremises) {
		return s.fromFile(onPremises)
	}
	if h, err := newMetadata(env).host(ctx); err == nil {
		return h, nil
	}
	return host{}, errors.New("this host has no identity: it is no EC2 instance, so give --name NAME to enrol it, or --config FILE with the file that `aws deploy register` wrote")
}

func (s Settings) fromFile(path string) (host, error) {
	keys, err := readKeys(path)
	if err != nil {
		return host{}, err
	}
	o, err := onPremisesFrom(keys)
	if err != nil {
		return host{}, fmt.Errorf("%s: %w", path, err)
	}
	return host{identifier: o.HostIdentifier(), region: o.Region, credentials: o.Credentials()}, nil
}

func (s Settings) enrol(ctx context.Context, saved, endpoint string, transport http.RoundTripper) (host, error) {
	if endpoint == "" {
		return host{}, errors.New("to enrol this host the agent needs the server's address: give --endpoint URL or set AWS_ENDPOINT_URL")
	}
	env := environment(s.Environ)
	credentials, err := env.credentials()
	if err != nil {
		return host{}, fmt.Errorf("cannot enrol %s: %w", s.Name, err)
	}
	o, err := Enroll(ctx, Enrolment{
		Name: s.Name, Tags: s.Tags, Endpoint: endpoint, Region: cmp.Or(env.region(), defaultRegion),
		Credentials: StaticCredentials(credentials), Transport: transport,
	})
	if err != nil {
		return host{}, err
	}
	if err := makeFolder(filepath.Dir(saved)); err != nil {
		return host{}, err
	}
	if err := o.save(saved); err != nil {
		return host{}, fmt.Errorf("cannot save the identity of this host: %w", err)
	}
	s.Log.InfoContext(ctx, "host enrolled", "host", o.IAMUserARN, "file", saved)
	return host{identifier: o.HostIdentifier(), region: o.Region, credentials: o.Credentials()}, nil
}

// domainOf returns the domain of AWS's own services.
func domainOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "amazonaws.com.cn"
	case strings.HasPrefix(region, "eusc-"):
		return "amazonaws.eu"
	}
	return "amazonaws.com"
}
