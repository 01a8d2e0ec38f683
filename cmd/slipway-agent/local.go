package main

import (
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/slipwayhq/slipway/internal/agent"
)

const localHelp = `Deploy to this host without a server, with the files, variables and order of a
deployment that a server asks for, and show what happens.

The bundle is a folder or an archive of this host, an object in S3
(s3://BUCKET/KEY?versionId=V&etag=E) or a repository at GitHub
(https://github.com/OWNER/REPO, or
https://api.github.com/repos/OWNER/REPO/zipball/REF; a token for a private one
is taken from GITHUB_TOKEN). Keys for S3 are found as AWS tools find them.

Deployments of one --deployment-group replace each other: the scripts of the
revision that is installed stop it, and its files are removed.

The exit status is 0 when the deployment succeeded, and 1 otherwise.`

const localExample = `  slipway-agent deploy-local
  slipway-agent deploy-local --bundle-location /tmp/shop.tgz --root ~/deployments
  slipway-agent deploy-local -l s3://releases/shop.zip -t zip -b OVERWRITE
  slipway-agent deploy-local -e DownloadBundle,Install,HealthCheck`

func localCommand() *cobra.Command {
	var s agent.Settings
	var d agent.Local
	var verbose bool
	cmd := &cobra.Command{
		Use:     "deploy-local",
		Short:   "Deploy to this host without a server",
		Long:    localHelp,
		Example: localExample,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := fromEnvironment(cmd.Flags(), os.LookupEnv); err != nil {
				return err
			}
			return deployLocal(cmd, s, d, verbose)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&d.Location, "bundle-location", "l", "", "folder, archive or `URL` of the revision (default the working folder)")
	f.StringVarP(&d.Type, "type", "t", "", "`TYPE` of the bundle: tgz, tar, zip or directory (default by its name)")
	f.StringVarP(&d.FileExistsBehavior, "file-exists-behavior", "b", "DISALLOW", "what to do with a file that is in the way: DISALLOW, OVERWRITE or RETAIN")
	f.StringVarP(&d.Group, "deployment-group", "g", "default-local-deployment-group", "`ID` of the deployment group, whose earlier revision is replaced")
	f.StringVarP(&d.GroupName, "deployment-group-name", "d", "LocalFleet", "`NAME` of the group, for the scripts")
	f.StringVarP(&d.Application, "application-name", "a", "", "`NAME` of the application, for the scripts (default the bundle's location)")
	f.StringSliceVarP(&d.Events, "events", "e", nil, "`EVENTS` to run, separated by commas (default all; DownloadBundle and Install are added)")
	f.StringVarP(&s.ConfigFile, "agent-configuration-file", "c", "", "configuration `FILE` of the agent (default that of the agent's package, if there is one)")
	f.StringVarP(&d.AppSpecFilename, "appspec-filename", "A", "appspec.yml", "`NAME` of the AppSpec file in the bundle")
	f.StringVar(&s.Endpoint, "endpoint", "", "`URL` of the server that has the bundle, if it is in S3")
	f.StringVar(&s.Root, "root", "", "`DIR` for revisions and books (default "+agent.DefaultRoot+")")
	f.BoolVar(&verbose, "verbose", false, "log more")
	return cmd
}

func deployLocal(cmd *cobra.Command, s agent.Settings, d agent.Local, verbose bool) error {
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelDebug
	}
	s.Log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: level}))
	s.Environ = os.Environ()
	d.GitHubToken = os.Getenv("GITHUB_TOKEN")
	config, err := agent.ConfigureLocal(cmd.Context(), s)
	if err != nil {
		return err
	}
	return agent.DeployLocal(cmd.Context(), config, d, cmd.OutOrStdout())
}
