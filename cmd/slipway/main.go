// Command slipway is the control plane, and the commands to try and to watch
// it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "slipway:", err)
		os.Exit(1) //nolint:gocritic // stop only restores the signals' defaults
	}
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "slipway",
		Short: "An open, self-hosted AWS CodeDeploy",
		Long: "Slipway speaks the AWS CodeDeploy API and really deploys.\n\n" +
			"Start with: slipway demo",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.AddCommand(
		serverCommand(), demoCommand(), watchCommand(), logsCommand(), auditCommand(), notificationsCommand(),
		gitHubTokenCommand(), alarmCommand(), benchCommand(), exampleWebCommand(), exampleFunctionCommand(),
	)
	return cmd
}
