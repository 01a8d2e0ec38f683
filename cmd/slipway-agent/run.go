package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/agent/setup"
)

// environmentPrefix begins the variables that stand for flags: --config is
// SLIPWAY_AGENT_CONFIG.
const environmentPrefix = "SLIPWAY_AGENT_"

const runHelp = `Serve this host: ask the server for deployments and carry them out.

The host needs an identity. Either --config names the file that
"aws deploy register" wrote, or --name enrols the host under a name of your
choice, with the AWS credentials of the environment; what the server gave it
is kept in the root folder and used from then on.

The server's signer of deployment specifications is trusted on first contact
and kept in signer.pem in the root folder. Remove that file to trust another.

Put a new program in this one's place (by a rename, as package managers and
deployments do), and the agent goes on as the new one between two events.

Every flag can also be given as a variable: --config as SLIPWAY_AGENT_CONFIG,
several tags as SLIPWAY_AGENT_TAG=K=V,K=V.`

func runCommand() *cobra.Command {
	var s agent.Settings
	var verbose bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Serve this host",
		Long:  runHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := fromEnvironment(cmd.Flags(), os.LookupEnv); err != nil {
				return err
			}
			return run(cmd, s, verbose)
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.ConfigFile, "config", "", "configuration `FILE`: codedeployagent.yml, or that of an on-premises host")
	f.StringVar(&s.Endpoint, "endpoint", "", "`URL` of the server")
	f.StringVar(&s.Name, "name", "", "`NAME` to enrol this host under")
	f.StringToStringVar(&s.Tags, "tag", nil, "tag `K=V` of the enrolled host (repeatable)")
	f.StringVar(&s.Root, "root", "", "`DIR` for revisions and books (default "+agent.DefaultRoot+")")
	f.BoolVar(&s.Once, "once", false, "carry out what is pending, then exit")
	f.BoolVar(&verbose, "verbose", false, "log more")
	return cmd
}

func run(cmd *cobra.Command, s agent.Settings, verbose bool) error {
	level := new(slog.LevelVar)
	if verbose {
		level.Set(slog.LevelDebug)
	}
	s.Log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: level}))
	s.Environ = os.Environ()
	config, err := agent.Configure(cmd.Context(), s)
	if err != nil {
		return err
	}
	if config.Verbose {
		level.Set(slog.LevelDebug)
	}
	if err := config.DropPrivileges(); err != nil {
		return err
	}
	config.Version = "SLIPWAY_" + programVersion
	recorder := &setup.Recorder{Next: config.Transport, Root: config.Root, State: setup.State{
		PID: os.Getpid(), Started: time.Now(), Version: programVersion, Host: config.HostIdentifier, Endpoint: config.Endpoint,
	}}
	config.Transport, config.Ready = recorder, recorder.Polled
	program, err := thisProgram(s.Log)
	switch {
	case err != nil:
		s.Log.Debug("an update needs a restart", "error", err)
	case config.User != "" || config.Group != "":
		// The new one may need what only root can read, and this one is root no more.
		s.Log.Debug("an update needs a restart, because the configuration names a user")
	case !config.Once:
		config.Replaced = program.replaced
	}
	a, err := agent.New(config)
	if err != nil {
		return err
	}
	s.Log.Info("agent starts", "host", config.HostIdentifier, "endpoint", config.Endpoint, "root", config.Root, "version", programVersion)
	err = a.Run(cmd.Context())
	if !errors.Is(err, agent.ErrReplaced) {
		return err
	}
	if cmd.Context().Err() != nil {
		return nil // asked to stop meanwhile
	}
	return program.exec()
}

// fromEnvironment sets the flags that were not given from their variables.
func fromEnvironment(flags *pflag.FlagSet, lookup func(string) (string, bool)) (err error) {
	flags.VisitAll(func(f *pflag.Flag) {
		name := environmentPrefix + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value, ok := lookup(name)
		if !ok || value == "" || f.Changed || err != nil {
			return
		}
		if setErr := flags.Set(f.Name, value); setErr != nil {
			err = fmt.Errorf("the variable %s is %q: %w", name, value, setErr)
		}
	})
	return err
}
