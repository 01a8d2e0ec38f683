// Command slipway-agent is the host agent of Slipway.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the build with -X main.version=v1.2.3, which works only as
// long as nothing else is assigned to it here.
var version string

// programVersion is that one, or else that of the module's commit.
var programVersion = cmp.Or(version, moduleVersion())

func moduleVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}

func main() {
	if err := execute(); err != nil {
		os.Exit(report(err))
	}
}

// execute runs the command that was asked for. The first signal lets the
// running event end. So does each SIGTERM after it, because two upgrades in a
// row send two; a second SIGINT is a person's, and ends the process.
func execute() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	context.AfterFunc(ctx, func() { signal.Reset(syscall.SIGINT) })
	return command().ExecuteContext(ctx)
}

// exitCode is an error that has been told already.
type exitCode int

func (exitCode) Error() string { return "" }

// report tells an error and returns the exit status for it.
func report(err error) int {
	var code exitCode
	if errors.As(err, &code) {
		return int(code)
	}
	fmt.Fprintln(os.Stderr, "slipway-agent:", err)
	return 1
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "slipway-agent",
		Short:         "The host agent of Slipway: carries out deployments on this host",
		Version:       programVersion,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(runCommand(), localCommand(), installCommand(), uninstallCommand(), statusCommand(), doctorCommand())
	return root
}
