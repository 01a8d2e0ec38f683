package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"
)

func logsCommand() *cobra.Command {
	l := logReader{read: map[logName]*logPosition{}}
	cmd := &cobra.Command{
		Use:   "logs DEPLOYMENT_ID",
		Short: "Show what the scripts of a deployment printed",
		Long: "Shows what the scripts of a deployment printed on its hosts, also while they run. Only slipway-agent\n" +
			"sends it. Endpoint, region and keys come from the usual AWS environment; the keys must be the root's.",
		Example: "  slipway logs d-A1B2C3D4E --follow\n  slipway logs d-A1B2C3D4E --host web-1 --event AfterInstall",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.LoadDefaultConfig(cmd.Context())
			if err != nil {
				return fmt.Errorf("cannot load the AWS configuration: %w", err)
			}
			l.aws, l.out, l.deployment = c, cmd.OutOrStdout(), args[0]
			return l.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&l.host, "host", "", "only of this host")
	cmd.Flags().StringVar(&l.event, "event", "", "only of this lifecycle event")
	cmd.Flags().BoolVar(&l.follow, "follow", false, "go on until the deployment has ended")
	return cmd
}

// logReader prints logs as they grow.
type logReader struct {
	aws                     aws.Config
	out                     io.Writer
	deployment, host, event string
	follow                  bool
	read                    map[logName]*logPosition
}

type logName struct{ host, event string }

// logPosition is how far a log was read, and the start of a line whose end has
// not come yet.
type logPosition struct {
	next int64
	rest string
}

func (l *logReader) run(ctx context.Context) error {
	for {
		ended, err := l.round(ctx)
		if err != nil || ended || !l.follow {
			l.flush()
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followEvery):
		}
	}
}

// round prints what is new, and reports whether the deployment has ended.
func (l *logReader) round(ctx context.Context) (ended bool, err error) {
	var list struct {
		Logs []struct {
			Host  string `json:"host"`
			Event string `json:"event"`
			Size  int64  `json:"size"`
		} `json:"logs"`
		Ended bool `json:"ended"`
	}
	in := map[string]any{"deploymentId": l.deployment}
	if err := invoke(ctx, l.aws, "ListHostLogs", in, &list); err != nil {
		return false, err
	}
	for _, log := range list.Logs {
		if log.Host != cmp.Or(l.host, log.Host) || log.Event != cmp.Or(l.event, log.Event) {
			continue
		}
		if err := l.readUpTo(ctx, logName{log.Host, log.Event}, log.Size); err != nil {
			return false, err
		}
	}
	return list.Ended, nil
}

func (l *logReader) readUpTo(ctx context.Context, name logName, size int64) error {
	at := l.read[name]
	if at == nil {
		at = &logPosition{}
		l.read[name] = at
	}
	for at.next < size {
		var piece struct {
			Text string `json:"text"`
			Next int64  `json:"next"`
		}
		in := map[string]any{"deploymentId": l.deployment, "host": name.host, "event": name.event, "after": at.next}
		if err := invoke(ctx, l.aws, "GetHostLog", in, &piece); err != nil {
			return err
		}
		if piece.Next <= at.next {
			return fmt.Errorf("the log of %s on %s is shorter than the server said", name.event, name.host)
		}
		at.next = piece.Next
		lines := strings.SplitAfter(at.rest+piece.Text, "\n")
		at.rest = lines[len(lines)-1]
		for _, text := range lines[:len(lines)-1] {
			l.print(name, text)
		}
	}
	return nil
}

// flush prints what has no line end.
func (l *logReader) flush() {
	for name, at := range l.read {
		if at.rest != "" {
			l.print(name, at.rest)
		}
		at.rest = ""
	}
}

func (l *logReader) print(name logName, text string) {
	line(l.out, "%s %s  %s", name.host, name.event, strings.TrimSuffix(text, "\n"))
}
