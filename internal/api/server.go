// Package api is the HTTP edge of the control plane: one port for the
// CodeDeploy API, the host agents' command service, and as much STS, IAM and
// CloudWatch as AWS clients need. It authenticates and authorises every call, decodes it,
// hands it to the operation's handler, and turns what comes back into bytes.
//
// A request of S3 or for the console is left to the handler that was given for
// it. Everything else goes through the same steps, see answer in call.go; the
// wire protocols differ only in json.go, query.go and cbor.go.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/slipwayhq/slipway/internal/audit"
)

// Config is what a server needs. Handlers and functions may be nil, unless
// their comment says otherwise.
type Config struct {
	Access   *Access   // required
	Services []Service // CodeDeploy, host commands, CloudWatch
	Pager    Pager     // for the lists of IAM

	Lambda *Lambda // nil: this server runs no functions

	S3      http.Handler // authenticates its callers itself
	Console http.Handler // everything below /console/
	Metrics http.Handler // /metrics
	// Installer has the script that installs the agent, at /install.
	Installer http.Handler

	// BucketHost tells the Host of a request for one bucket from the
	// server's own name.
	BucketHost func(host string) bool
	// Healthy and Ready answer /healthz and /readyz; an error is a 503.
	Healthy, Ready func(context.Context) error

	// Audit keeps the record of a call that no transaction has taken. Nil: no
	// records are made.
	Audit func(context.Context, audit.Record) error

	Limits Limits // on what one caller, and all of them, may ask for

	Log *slog.Logger     // default slog.Default()
	Now func() time.Time // default time.Now
}

// Server is the handler for the one port.
type Server struct {
	config   Config
	query    *queryDialect
	throttle *throttle
}

// New returns a server.
func New(c Config) *Server {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Server{config: c, query: newQueryDialect(c.Access, c.Pager, c.Services), throttle: newThrottle(c.Limits)}
}
