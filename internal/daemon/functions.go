package daemon

import (
	"context"
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"time"

	"github.com/slipwayhq/slipway/internal/api"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/function"
	"github.com/slipwayhq/slipway/internal/provider/function/local"
	"github.com/slipwayhq/slipway/internal/seal"
)

// functionKeyLife is how long the key of a function's process is good. The
// process gets no more work after half of that.
const functionKeyLife = 12 * time.Hour

// openFunctions opens the functions that this server runs itself, if it is to.
func (d *Daemon) openFunctions(c *Config, access *api.Access, box *seal.Box) (err error) {
	if c.Local == nil {
		return nil
	}
	if c.Database != "" {
		return errors.New("functions of this server (--provider function=local:) need a server alone: their versions, aliases and " +
			"events are in its data folder, which the other servers of a shared database do not have")
	}
	o := *c.Local
	o.Dir = filepath.Join(c.Data, "lambda")
	o.Log, o.Secrets = c.Log, box.For("environment of functions")
	o.Environment = func(ns deploy.Namespace, name string) []string {
		at := o.Endpoint
		if at == "" {
			at = loopback(d.URL)
		}
		key, secret, token := access.FunctionSession(ns.Account, name, time.Now().Add(functionKeyLife))
		env := []string{
			"AWS_ENDPOINT_URL=" + at, "AWS_ENDPOINT_URL_CODEDEPLOY=" + at,
			"AWS_ACCESS_KEY_ID=" + key, "AWS_SECRET_ACCESS_KEY=" + secret, "AWS_SESSION_TOKEN=" + token,
		}
		if c.TLS.SelfSigned {
			if ca, err := filepath.Abs(filepath.Join(c.Data, "tls-ca.pem")); err == nil {
				env = append(env, "AWS_CA_BUNDLE="+ca, "NODE_EXTRA_CA_CERTS="+ca)
			}
		}
		return env
	}
	if d.functions, err = local.Open(o); err != nil {
		return err
	}
	c.Functions = append(function.Chain{d.functions}, c.Functions...)
	return nil
}

// lambda is the API of those functions. Nil: there are none.
func (d *Daemon) lambda() *api.Lambda {
	if d.functions == nil {
		return nil
	}
	return &api.Lambda{Functions: d.functions, Objects: objects{d.objects}}
}

// runFunctions delivers their events until ctx ends.
func (d *Daemon) runFunctions(ctx context.Context) {
	if d.functions != nil {
		d.background.Go(func() { d.functions.Run(ctx) })
	}
}

// loopback is where a process of this machine reaches a server that listens on
// all addresses.
func loopback(server string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server
	}
	if ip := net.ParseIP(u.Hostname()); ip != nil && ip.IsUnspecified() {
		u.Host = net.JoinHostPort("127.0.0.1", u.Port())
	}
	return u.String()
}
