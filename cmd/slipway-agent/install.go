package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/agent/service"
	"github.com/slipwayhq/slipway/internal/agent/setup"
)

const installHelp = `Set the agent up on this host and start it: the program in /usr/local/bin, its
configuration in ` + service.ConfigDir + `, and a service, which is a systemd unit
or, where there is no systemd, an init script with its log rotation. Where a
package has brought the program and the service, only the rest is done.

The host needs an identity. Either --config names the file that
"aws deploy register" wrote, which is copied to its place; or --name enrols the
host under a name of your choice, with the AWS credentials of the environment.

Repeating it is harmless: what is as it should be stays, what you have changed
stays too. A new version of the program replaces the old one.`

const installExample = `  slipway-agent install --endpoint https://slipway.example.org:8650 --config codedeploy.onpremises.yml
  AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... slipway-agent install \
    --endpoint https://slipway.example.org:8650 --name web-1 --tag stage=prod`

func installCommand() *cobra.Command {
	var i setup.Installation
	var enrol agent.Settings
	var noStart bool
	cmd := &cobra.Command{
		Use: "install", Short: "Set the agent up as a service of this host", Long: installHelp, Example: installExample,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := linuxOnly(); err != nil {
				return err
			}
			if err := fromEnvironment(cmd.Flags(), os.LookupEnv); err != nil {
				return err
			}
			if i.Identity != "" && enrol.Name != "" {
				return errors.New("--config and --name are two identities: give one of them")
			}
			program, err := os.Executable()
			if err != nil {
				return fmt.Errorf("cannot find this program: %w", err)
			}
			i.Executable, i.Version, i.Start, i.Log = program, programVersion, !noStart, printer(cmd)
			i.Endpoint = firstSet(i.Endpoint, "AWS_ENDPOINT_URL")
			if strings.HasPrefix(i.Endpoint, "https:") {
				i.CABundle = firstSet(i.CABundle, "AWS_CA_BUNDLE")
			}
			if enrol.Name != "" {
				enrol.Endpoint, enrol.Environ = i.Endpoint, os.Environ()
				enrol.Log = slog.New(slog.DiscardHandler) // what it would say is said
				i.Enrolment = &enrol
			}
			return i.Install(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&i.Endpoint, "endpoint", "", "`URL` of the server (default $AWS_ENDPOINT_URL)")
	f.StringVar(&i.CABundle, "ca-bundle", "", "PEM `FILE` of the server's authority, if it is not a public one (default $AWS_CA_BUNDLE)")
	f.StringVar(&i.Identity, "config", "", "`FILE` that \"aws deploy register\" wrote")
	f.StringVar(&enrol.Name, "name", "", "`NAME` to enrol this host under")
	f.StringToStringVar(&enrol.Tags, "tag", nil, "tag `K=V` of the enrolled host (repeatable)")
	f.StringVar(&i.Name, "service-name", "", "`NAME` of the service (default "+service.Name+")")
	f.BoolVar(&noStart, "no-start", false, "neither start the service nor have it started at boot")
	f.StringVar(&i.Prefix, "root-prefix", "", "set up the file system in `DIR`, such as an image's, instead of this host")
	return cmd
}

func uninstallCommand() *cobra.Command {
	var r setup.Removal
	cmd := &cobra.Command{
		Use: "uninstall", Short: "Stop the agent and remove what install put on this host",
		Long: "Stop the agent and remove what install has put on this host. What you have changed of it stays, and so\n" +
			"do the host's identity and the agent's revisions and books, unless --purge is given. What was deployed\n" +
			"stays in any case.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := linuxOnly(); err != nil {
				return err
			}
			r.Log = printer(cmd)
			return r.Uninstall(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.BoolVar(&r.Purge, "purge", false, "also remove configuration, identity, revisions and books")
	f.StringVar(&r.Prefix, "root-prefix", "", "the file system in `DIR` instead of this host")
	return cmd
}

// linuxOnly refuses to make a service of the agent where that is not known.
func linuxOnly() error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("this works on Linux only; on %s have your service manager run `slipway-agent run`", runtime.GOOS)
	}
	return nil
}

// firstSet returns a flag's value, or that of a variable of AWS's.
func firstSet(value, variable string) string {
	if value == "" {
		return os.Getenv(variable)
	}
	return value
}

func printer(cmd *cobra.Command) func(string, ...any) {
	return func(format string, args ...any) { fmt.Fprintf(cmd.OutOrStdout(), format+"\n", args...) }
}
