package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/agent/setup"
)

// Exit statuses of status, as LSB has them for init scripts.
const (
	notRunning = exitCode(3)
	notKnown   = exitCode(4)
)

func statusCommand() *cobra.Command {
	var at place
	var asJSON bool
	cmd := &cobra.Command{
		Use: "status", Short: "Tell whether the agent of this host runs",
		Long: "Tell whether the agent of this host runs, since when, and when the server last answered it.\n" +
			"The exit status is 0 if it runs, 3 if not, 4 if that cannot be told.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, _, err := at.config(cmd)
			if err != nil {
				return err
			}
			s, err := setup.Host{}.Status(config)
			if err != nil {
				fmt.Fprintln(cmd.ErrOrStderr(), "slipway-agent:", err)
				return notKnown
			}
			if asJSON {
				err = printJSON(cmd.OutOrStdout(), s)
			} else {
				printStatus(cmd.OutOrStdout(), s, time.Now())
			}
			if err == nil && !s.Running {
				err = notRunning
			}
			return err
		},
	}
	at.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printStatus(w io.Writer, s setup.Status, now time.Time) {
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-10s %s\n", name, fmt.Sprintf(format, args...))
	}
	switch {
	case s.Running && s.Since != nil:
		row("agent", "running since %s, as process %d", s.Since.Local().Format(time.DateTime), s.PID)
	case s.Running:
		row("agent", "running; the server has not answered it yet")
	default:
		row("agent", "not running")
	}
	if s.Service != "" {
		row("service", "%s", s.Service)
	} else {
		row("service", "none; `slipway-agent install` makes one")
	}
	for _, line := range []struct{ name, value string }{
		{"version", s.Version}, {"host", s.Host}, {"endpoint", s.Endpoint}, {"root", s.Root},
	} {
		if line.value != "" {
			row(line.name, "%s", line.value)
		}
	}
	if s.Archives != nil && s.Budget > 0 {
		row("archives", "%d kept, %d MB of %d MB", s.Archives.Revisions, s.Archives.Bytes>>20, s.Budget>>20)
	} else if s.Archives != nil {
		row("archives", "%d kept, %d MB", s.Archives.Revisions, s.Archives.Bytes>>20)
	}
	if s.LastPoll != nil {
		row("last poll", "%s, %v ago", s.LastPoll.Local().Format(time.DateTime), now.Sub(*s.LastPoll).Round(time.Second))
	}
}

func doctorCommand() *cobra.Command {
	var at place
	var asJSON bool
	cmd := &cobra.Command{
		Use: "doctor", Short: "Check all that the agent of this host needs",
		Long: "Check all that the agent of this host needs, and say what to do about what is wrong.\n" +
			"The exit status is 1 if a check failed; warnings do not count.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, configErr, err := at.config(cmd)
			if err != nil {
				return err
			}
			findings := setup.Host{}.Doctor(cmd.Context(), config, configErr)
			if asJSON {
				err = printJSON(cmd.OutOrStdout(), findings)
			} else {
				printFindings(cmd.OutOrStdout(), findings)
			}
			for _, f := range findings {
				if err == nil && f.Level == setup.Fail {
					err = exitCode(1)
				}
			}
			return err
		},
	}
	at.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printFindings(w io.Writer, findings []setup.Finding) {
	for _, f := range findings {
		fmt.Fprintf(w, "%-4s  %-13s  %s\n", f.Level, f.Check, f.Text)
		if f.Do != "" {
			fmt.Fprintf(w, "%21s  -> %s\n", "", f.Do)
		}
	}
}

// place says which agent of a host is meant: that of the service, unless the
// flags that it was run with are repeated.
type place struct{ configFile, endpoint, root string }

func (p *place) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.configFile, "config", "", "configuration `FILE` that the agent was given, if any")
	f.StringVar(&p.endpoint, "endpoint", "", "`URL` that the agent was given, if any")
	f.StringVar(&p.root, "root", "", "root `DIR` that the agent was given (default "+agent.DefaultRoot+")")
}

// config is the agent's configuration, as far as it is good.
func (p *place) config(cmd *cobra.Command) (config agent.Config, bad, err error) {
	if err := fromEnvironment(cmd.Flags(), os.LookupEnv); err != nil {
		return config, nil, err
	}
	config, bad = agent.Configure(cmd.Context(), agent.Settings{
		ConfigFile: p.configFile, Endpoint: p.endpoint, Root: p.root, Environ: setup.Host{}.Environment(os.Environ()),
	})
	if config.Root == "" { // the file cannot be read
		config.Root = p.root
	}
	if config.Root == "" {
		config.Root = agent.DefaultRoot
	}
	return config, bad, nil
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
