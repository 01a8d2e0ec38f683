package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"
)

// followEvery is how often a followed audit is asked for more.
const followEvery = time.Second

func auditCommand() *cobra.Command {
	var a auditReader
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Show who changed what",
		Long: "Shows every call that changed something or was refused: who made it, from where, on what, and how\n" +
			"it ended. Endpoint, region and keys come from the usual AWS environment; the keys must be the root's.",
		Example: "  slipway audit --follow\n  slipway audit --json | jq 'select(.outcome != \"Success\")'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.LoadDefaultConfig(cmd.Context())
			if err != nil {
				return fmt.Errorf("cannot load the AWS configuration: %w", err)
			}
			a.aws, a.out = c, cmd.OutOrStdout()
			return a.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&a.follow, "follow", false, "go on with what happens next")
	cmd.Flags().BoolVar(&a.json, "json", false, "print each record as a line of JSON, complete")
	return cmd
}

// auditReader prints records as they come.
type auditReader struct {
	aws          aws.Config
	out          io.Writer
	follow, json bool
}

// auditLine is what is shown of a record where it is not shown whole.
type auditLine struct {
	At        time.Time `json:"at"`
	Sequence  int64     `json:"sequence"`
	Principal string    `json:"principal"`
	SourceIP  string    `json:"sourceIp"`
	Action    string    `json:"action"`
	Resources []string  `json:"resources"`
	Outcome   string    `json:"outcome"`
}

func (a auditReader) run(ctx context.Context) error {
	var last struct {
		After int64 `json:"after"`
	}
	for {
		var page struct {
			Records []json.RawMessage `json:"records"`
		}
		if err := invoke(ctx, a.aws, "ListAudit", last, &page); err != nil {
			return err
		}
		for _, record := range page.Records {
			var l auditLine
			if err := json.Unmarshal(record, &l); err != nil {
				return err
			}
			last.After = l.Sequence
			a.print(record, l)
		}
		if len(page.Records) > 0 {
			continue
		}
		if !a.follow {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followEvery):
		}
	}
}

func (a auditReader) print(record json.RawMessage, l auditLine) {
	if a.json {
		line(a.out, "%s", record)
		return
	}
	on := ""
	if len(l.Resources) > 0 {
		on = " on " + strings.Join(l.Resources, ", ")
	}
	line(a.out, "%s  %-28s %s from %s%s: %s", l.At.Local().Format("2006-01-02 15:04:05"),
		l.Action, l.Principal, l.SourceIP, on, l.Outcome)
}
