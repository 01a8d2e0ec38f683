// Package cloudwatch is a source of alarms that asks AWS CloudWatch, or a
// server with its API.
package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/alarm"
)

// Source knows the metric and composite alarms of one AWS account.
type Source struct {
	client *cloudwatch.Client
	region string // of all alarms; empty: the region of who asks
}

// Open reads a URL aws:[?endpoint=URL&region=REGION]. Credentials come from
// where AWS's tools have them: environment, files, roles.
func Open(ctx context.Context, u *url.URL) (*Source, error) {
	parameters, err := alarm.Parameters(u, "endpoint", "region")
	if err != nil {
		return nil, err
	}
	if u.Host != "" || u.Opaque != "" || u.User != nil {
		return nil, errors.New("the aws URL names a server: write aws:?endpoint=URL, or aws: for AWS itself; credentials come from the usual AWS environment")
	}
	c, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot load the AWS configuration: %w", err)
	}
	endpoint := parameters["endpoint"]
	if endpoint != "" {
		at, err := url.Parse(endpoint)
		if err != nil || at.Host == "" || at.User != nil || at.Scheme != "http" && at.Scheme != "https" {
			return nil, errors.New("the parameter endpoint of an aws URL must be an http or https URL without credentials")
		}
	}
	return New(c, endpoint, parameters["region"]), nil
}

// New returns a source with the credentials and the HTTP client of a
// configuration. Endpoint and region may be empty.
func New(c aws.Config, endpoint, region string) *Source {
	client := cloudwatch.NewFromConfig(c, func(o *cloudwatch.Options) {
		o.HTTPClient = bounded{o.HTTPClient}
		if endpoint != "" {
			o.BaseEndpoint = &endpoint
		}
		if o.BaseEndpoint != nil {
			// Servers that stand in for AWS do not all know the CBOR that is
			// the SDK's default.
			o.Protocol = awsjson.New10(schemas.GraniteServiceVersion20100801)
		}
	})
	return &Source{client, region}
}

// batch is how many names CloudWatch takes at once.
const batch = 100

// States is as in alarm.Source.
func (s *Source) States(ctx context.Context, ns deploy.Namespace, names []string) (map[string]deploy.AlarmState, error) {
	region := s.region
	if region == "" {
		region = ns.Region
	}
	states := map[string]deploy.AlarmState{}
	for some := range slices.Chunk(names, batch) {
		pages := cloudwatch.NewDescribeAlarmsPaginator(s.client, &cloudwatch.DescribeAlarmsInput{
			AlarmNames: some,
			AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
			MaxRecords: aws.Int32(batch),
		})
		for pages.HasMorePages() {
			out, err := pages.NextPage(ctx, func(o *cloudwatch.Options) { o.Region = region })
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

// failure says what an error is about. CloudWatch's own words are kept: they
// name who may not do what.
func failure(err error) error {
	code, message := "", ""
	var fault smithy.APIError
	if errors.As(err, &fault) {
		code, message = fault.ErrorCode(), fault.ErrorMessage()
	}
	_, throttled := retry.DefaultThrottleErrorCodes[code]
	status := 0
	var res *smithyhttp.ResponseError
	if errors.As(err, &res) {
		status = res.HTTPStatusCode()
	}
	switch {
	case throttled || status == http.StatusTooManyRequests:
		return fmt.Errorf("CloudWatch: %w: %s", alarm.ErrThrottled, code)
	case strings.HasPrefix(code, "AccessDenied") || status == http.StatusForbidden || slices.Contains(badCredentials, code):
		return fmt.Errorf("CloudWatch: %w: %s: %s", alarm.ErrDenied, code, message)
	}
	return fmt.Errorf("CloudWatch: %w", err)
}

// badCredentials are what a caller is told who is nobody, or nobody any more.
var badCredentials = []string{
	"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "InvalidSignatureException", "MissingAuthenticationToken",
	"OptInRequired", "SignatureDoesNotMatch", "UnrecognizedClientException",
}

// maxAnswer bounds what is read of an answer, in bytes: a hundred alarms, each
// with all that one can have.
const maxAnswer = 32 << 20

// bounded is a client whose answers end after maxAnswer bytes.
type bounded struct{ client aws.HTTPClient }

func (b bounded) Do(r *http.Request) (*http.Response, error) {
	res, err := b.client.Do(r)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, maxAnswer), res.Body}
	}
	return res, err
}
