package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"
)

func notificationsCommand() *cobra.Command {
	var r notificationReader
	cmd := &cobra.Command{
		Use:   "notifications",
		Short: "Show the notifications that were not delivered",
		Long: "Shows the notifications and events that wait to be delivered, or were given up. Endpoint, region and\n" +
			"keys come from the usual AWS environment; the keys must be the root's.",
		Example: "  slipway notifications --dead\n  slipway notifications retry --all",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.LoadDefaultConfig(cmd.Context())
			if err != nil {
				return fmt.Errorf("cannot load the AWS configuration: %w", err)
			}
			r.aws, r.out = c, cmd.OutOrStdout()
			return r.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&r.dead, "dead", false, "only those that were given up")
	cmd.Flags().BoolVar(&r.json, "json", false, "print each as a line of JSON, complete")
	cmd.AddCommand(retryCommand())
	return cmd
}

func retryCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "retry [ID]",
		Short: "Send notifications again that failed or were given up",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) == 1) {
				return errors.New("name either the id of a notification, or --all")
			}
			c, err := config.LoadDefaultConfig(cmd.Context())
			if err != nil {
				return fmt.Errorf("cannot load the AWS configuration: %w", err)
			}
			in := map[string]any{"all": true}
			if !all {
				in = map[string]any{"id": args[0]}
			}
			var out struct {
				Count int64 `json:"count"`
			}
			if err := invoke(cmd.Context(), c, "RetryNotifications", in, &out); err != nil {
				return err
			}
			line(cmd.OutOrStdout(), "notifications that are sent again: %d", out.Count)
			return nil
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all that failed or were given up")
	return cmd
}

// notificationReader prints notifications.
type notificationReader struct {
	aws        aws.Config
	out        io.Writer
	dead, json bool
}

// notificationLine is what is shown of a notification where it is not shown
// whole.
type notificationLine struct {
	ID          string    `json:"id"`
	Created     int64     `json:"created"`
	Destination string    `json:"destination"`
	Subject     string    `json:"subject"`
	Deployment  string    `json:"deploymentId"`
	Attempts    int       `json:"attempts"`
	Dead        bool      `json:"dead"`
	Due         time.Time `json:"due"`
	LastError   string    `json:"lastError"`
}

func (r notificationReader) run(ctx context.Context) error {
	in := map[string]any{"dead": r.dead}
	for {
		var page struct {
			Notifications []json.RawMessage `json:"notifications"`
		}
		if err := invoke(ctx, r.aws, "ListNotifications", in, &page); err != nil {
			return err
		}
		if len(page.Notifications) == 0 {
			return nil
		}
		for _, n := range page.Notifications {
			var l notificationLine
			if err := json.Unmarshal(n, &l); err != nil {
				return err
			}
			in["afterCreated"], in["afterId"] = l.Created, l.ID
			r.print(n, l)
		}
	}
}

func (r notificationReader) print(whole json.RawMessage, l notificationLine) {
	if r.json {
		line(r.out, "%s", whole)
		return
	}
	what := l.Subject
	if what == "" {
		what = "event of " + l.Deployment
	}
	state := "next try"
	if l.Dead {
		state = "given up"
	}
	line(r.out, "%s  %s  to %s", l.ID, what, l.Destination)
	line(r.out, "    %s %s after %d tries %s", state, l.Due.Local().Format("2006-01-02 15:04:05"), l.Attempts, l.LastError)
}
