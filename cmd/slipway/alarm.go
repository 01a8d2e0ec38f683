package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
	"github.com/spf13/cobra"
)

const awsEnvironment = "Endpoint, region and keys come from the usual AWS environment (AWS_ENDPOINT_URL, AWS_DEFAULT_REGION, ...)."

func alarmCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "alarm",
		Short: "Set and list the alarms that stop deployments",
	}
	cmd.AddCommand(alarmSetCommand(), alarmListCommand())
	return cmd
}

func alarmSetCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "set NAME ALARM|OK|INSUFFICIENT_DATA",
		Short: "Give an alarm a state, and make it if it does not exist",
		Long: "Gives an alarm a state, which it has until it is set again. An alarm that does not exist is made.\n" +
			"A deployment that depends on an alarm stops while it is in ALARM.\n" + awsEnvironment,
		Example: "  slipway alarm set too-many-errors ALARM --reason 'seen in the shop'",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := cloudWatch(cmd.Context())
			if err != nil {
				return err
			}
			if err := setAlarm(cmd.Context(), c, args[0], types.StateValue(strings.ToUpper(args[1])), reason); err != nil {
				return fmt.Errorf("cannot set the alarm %s: %w", args[0], withoutLayers(err))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "set with slipway alarm set", "why, for those who look at the alarm")
	return cmd
}

// cloudWatch returns a client for the server of the environment. It never is
// AWS itself, whose alarms are not for us to make.
func cloudWatch(ctx context.Context) (*cloudwatch.Client, error) {
	c, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot load the AWS configuration: %w", err)
	}
	client := cloudwatch.NewFromConfig(c)
	if client.Options().BaseEndpoint == nil {
		return nil, errors.New("AWS_ENDPOINT_URL is not set: it is where the server listens")
	}
	return client, nil
}

func setAlarm(ctx context.Context, c *cloudwatch.Client, name string, state types.StateValue, reason string) error {
	set := &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateValue: state, StateReason: &reason}
	_, err := c.SetAlarmState(ctx, set)
	var missing *types.ResourceNotFound
	if !errors.As(err, &missing) {
		return err
	}
	// The API wants a metric, though nothing here has any.
	_, err = c.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, AlarmDescription: aws.String("Set by hand"),
		Namespace: aws.String("Slipway"), MetricName: aws.String("SetByHand"), Statistic: types.StatisticMaximum,
		Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(0),
		ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
	})
	if err == nil {
		_, err = c.SetAlarmState(ctx, set)
	}
	return err
}

func alarmListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the alarms that were set on this server",
		Long: "Lists the alarms that were set on this server, with state, time and reason. Alarms of other sources\n" +
			"(--provider alarm=...) are not among them.\n" + awsEnvironment,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := cloudWatch(cmd.Context())
			if err == nil {
				err = listAlarms(cmd.Context(), c, cmd.OutOrStdout())
			}
			if err != nil {
				return fmt.Errorf("cannot list the alarms: %w", withoutLayers(err))
			}
			return nil
		},
	}
}

func listAlarms(ctx context.Context, c *cloudwatch.Client, out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for pages := cloudwatch.NewDescribeAlarmsPaginator(c, &cloudwatch.DescribeAlarmsInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, a := range page.MetricAlarms {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", aws.ToString(a.AlarmName), a.StateValue,
				aws.ToTime(a.StateUpdatedTimestamp).Format(time.RFC3339), oneLine(aws.ToString(a.StateReason)))
		}
	}
	return table.Flush()
}

// withoutLayers leaves of an error what the server says.
func withoutLayers(err error) error {
	var refused smithy.APIError
	if errors.As(err, &refused) {
		return fmt.Errorf("%s (%s)", refused.ErrorMessage(), refused.ErrorCode())
	}
	return err
}

// oneLine keeps a text of others from breaking the table or the terminal.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}
