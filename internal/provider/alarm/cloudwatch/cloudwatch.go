// Package cloudwatch is a source of alarms that asks AWS CloudWatch, or a
// server with its API.
package cloudwatch

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/alarm"
	"github.com/slipwayhq/slipway/internal/provider/amazon"
)

// Source knows the metric and composite alarms of one AWS account.
type Source struct{ account *amazon.Account }

// Open reads a URL aws:[?endpoint=URL&region=REGION].
func Open(ctx context.Context, u *url.URL) (*Source, error) {
	account, _, err := amazon.Open(ctx, u)
	if err != nil {
		return nil, err
	}
	return New(account), nil
}

// New returns the alarms of an account.
func New(account *amazon.Account) *Source { return &Source{account} }

func (s *Source) client(region string) *cloudwatch.Client {
	return cloudwatch.NewFromConfig(s.account.Config(region, ""), func(o *cloudwatch.Options) {
		if s.account.EndpointGiven() {
			// Servers that stand in for AWS do not all know the CBOR that is
			// the SDK's default.
			o.Protocol = awsjson.New10(schemas.GraniteServiceVersion20100801)
		}
	})
}

// batch is how many names CloudWatch takes at once.
const batch = 100

// States is as in alarm.Source.
func (s *Source) States(ctx context.Context, ns deploy.Namespace, names []string) (map[string]deploy.AlarmState, error) {
	client := s.client(ns.Region)
	states := map[string]deploy.AlarmState{}
	for some := range slices.Chunk(names, batch) {
		pages := cloudwatch.NewDescribeAlarmsPaginator(client, &cloudwatch.DescribeAlarmsInput{
			AlarmNames: some,
			AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
			MaxRecords: aws.Int32(batch),
		})
		for pages.HasMorePages() {
			out, err := pages.NextPage(ctx)
			if err != nil {
				return states, failure(err)
			}
			for _, a := range out.MetricAlarms {
				states[aws.ToString(a.AlarmName)] = deploy.AlarmState(a.StateValue)
			}
			for _, a := range out.CompositeAlarms {
				states[aws.ToString(a.AlarmName)] = deploy.AlarmState(a.StateValue)
			}
		}
	}
	return states, nil
}

// failure says what an error is about.
func failure(err error) error {
	switch kind, code, message := amazon.Classify(err); kind {
	case amazon.Throttled:
		return fmt.Errorf("CloudWatch: %w: %s", alarm.ErrThrottled, code)
	case amazon.Denied:
		return fmt.Errorf("CloudWatch: %w: %s: %s", alarm.ErrDenied, code, message)
	case amazon.Other:
	}
	return fmt.Errorf("CloudWatch: %w", err)
}
