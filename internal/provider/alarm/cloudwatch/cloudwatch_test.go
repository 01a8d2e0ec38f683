package cloudwatch_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/alarm"
	"github.com/slipwayhq/slipway/internal/provider/alarm/alarmtest"
	"github.com/slipwayhq/slipway/internal/provider/alarm/cloudwatch"
	"github.com/slipwayhq/slipway/internal/provider/amazon"
)

// account is a configuration that does not try again.
func account() aws.Config {
	return aws.Config{
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "s3cret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// source knows the alarms behind an endpoint.
func source(endpoint, region string) *cloudwatch.Source {
	c := account()
	c.BaseEndpoint = &endpoint
	return cloudwatch.New(amazon.New(c, region, false))
}

func refuse(w http.ResponseWriter, how error) {
	status, code := 500, "InternalServiceFault"
	switch {
	case errors.Is(how, alarm.ErrDenied):
		status, code = 403, "AccessDenied"
	case errors.Is(how, alarm.ErrThrottled):
		status, code = 400, "Throttling"
	}
	fail(w, status, code)
}

func fail(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"__type":%q,"message":"because"}`, code)
}

// answer is DescribeAlarms, in pages of 60. Every third alarm is composite.
func answer(w http.ResponseWriter, r *http.Request, states map[string]deploy.AlarmState) {
	type found struct {
		AlarmName  string
		StateValue deploy.AlarmState
	}
	var in struct {
		AlarmNames, AlarmTypes []string
		NextToken              string
	}
	var out struct {
		MetricAlarms, CompositeAlarms []found
		NextToken                     *string `json:",omitempty"`
	}
	if json.NewDecoder(r.Body).Decode(&in) != nil || r.Header.Get("X-Amz-Target") != "GraniteServiceVersion20100801.DescribeAlarms" ||
		len(in.AlarmNames) > 100 {
		refuse(w, alarmtest.ErrBroken)
		return
	}
	names := in.AlarmNames
	if in.NextToken == "second" {
		names = names[60:]
	} else if len(names) > 60 {
		names = names[:60]
		out.NextToken = aws.String("second")
	}
	for i, name := range names {
		state, ok := states[name]
		switch {
		case !ok:
		case i%3 != 0:
			out.MetricAlarms = append(out.MetricAlarms, found{name, state})
		case slices.Contains(in.AlarmTypes, "CompositeAlarm"):
			out.CompositeAlarms = append(out.CompositeAlarms, found{name, state})
		}
	}
	json.NewEncoder(w).Encode(out)
}

func TestConformance(t *testing.T) {
	t.Parallel()
	alarmtest.Run(t, func(t *testing.T) alarmtest.World {
		f := alarmtest.NewFake(t, refuse, answer)
		return f.World(source(f.URL, ""))
	})
}

// TestRegion: alarms are those of the deployment's region, or of one that was
// chosen.
func TestRegion(t *testing.T) {
	t.Parallel()
	scope := regexp.MustCompile(`Credential=AKIAEXAMPLE/[0-9]+/([^/]+)/monitoring/`)
	for chosen, want := range map[string]string{"": alarmtest.Namespace.Region, "us-west-2": "us-west-2"} {
		var got []string
		f := alarmtest.NewFake(t, refuse, func(w http.ResponseWriter, r *http.Request, _ map[string]deploy.AlarmState) {
			got = scope.FindStringSubmatch(r.Header.Get("Authorization"))
			io.WriteString(w, "{}")
		})
		if _, err := source(f.URL, chosen).States(t.Context(), alarmtest.Namespace, []string{"a"}); err != nil {
			t.Fatal(err)
		}
		if len(got) != 2 || got[1] != want {
			t.Errorf("with the region %q: signed for %q", chosen, got)
		}
	}
}

// TestCodes: what CloudWatch calls a denial or throttling.
func TestCodes(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]error{
		"AccessDeniedException": alarm.ErrDenied, "ExpiredToken": alarm.ErrDenied, "InvalidClientTokenId": alarm.ErrDenied,
		"ThrottlingException": alarm.ErrThrottled, "RequestLimitExceeded": alarm.ErrThrottled, "ValidationError": nil,
	} {
		f := alarmtest.NewFake(t, nil, func(w http.ResponseWriter, _ *http.Request, _ map[string]deploy.AlarmState) {
			fail(w, http.StatusBadRequest, code)
		})
		_, err := source(f.URL, "").States(t.Context(), alarmtest.Namespace, []string{"a"})
		if err == nil || !strings.Contains(err.Error(), code) || errors.Is(err, alarm.ErrDenied) != errors.Is(want, alarm.ErrDenied) ||
			errors.Is(err, alarm.ErrThrottled) != errors.Is(want, alarm.ErrThrottled) {
			t.Errorf("%s is %v, want %v", code, err, want)
		}
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"aws:": "", "aws:?endpoint=http://127.0.0.1:5000&region=eu-west-1": "",
		"aws://127.0.0.1:5000":           "write aws:?endpoint=URL",
		"aws:?endpoint=127.0.0.1":        "must be an http or https URL",
		"aws:?endpoint=http://a:s3cre@h": "must be an http or https URL without credentials",
		"aws:?regoin=x":                  "unknown parameter",
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = cloudwatch.Open(t.Context(), u)
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cre")) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// moto starts a server that stands in for all of AWS, and returns its URL.
func moto(t *testing.T) string {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil || testing.Short() {
		t.Skip("no python3, or -short")
	}
	if exec.CommandContext(t.Context(), python, "-c", "import moto.server").Run() != nil {
		t.Skip("the Python module moto is not installed")
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, python, "-m", "moto.server", "-p", "0")
	c.Env = append(os.Environ(), "PYTHONUNBUFFERED=1")
	log, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		c.Wait() // it was killed
	})
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		if at := regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+`).FindString(lines.Text()); at != "" {
			go io.Copy(io.Discard, log)
			return at
		}
	}
	t.Fatal("the server ended before it said where it listens")
	return ""
}

// TestMoto runs the suite against another implementation. Each world has a
// region of its own there.
func TestMoto(t *testing.T) {
	t.Parallel()
	endpoint := moto(t)
	var mu sync.Mutex
	regions := []string{
		"us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1", "eu-central-1", "sa-east-1",
	}
	alarmtest.Run(t, func(*testing.T) alarmtest.World {
		mu.Lock()
		defer mu.Unlock()
		region := regions[0]
		regions = regions[1:]
		c := account()
		c.Region, c.BaseEndpoint = region, &endpoint
		client := sdk.NewFromConfig(c, func(o *sdk.Options) {
			o.Protocol = awsjson.New10(schemas.GraniteServiceVersion20100801)
		})
		return alarmtest.World{
			Source: source(endpoint, region),
			Set: func(t *testing.T, states map[string]deploy.AlarmState) {
				for name, state := range states {
					set(t, client, name, types.StateValue(state))
				}
			},
		}
	})
}

func set(t *testing.T, c *sdk.Client, name string, state types.StateValue) {
	t.Helper()
	_, err := c.PutMetricAlarm(t.Context(), &sdk.PutMetricAlarmInput{
		AlarmName: &name, Namespace: aws.String("web"), MetricName: aws.String("latency"), Statistic: types.StatisticAverage,
		Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1),
		ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
	})
	if err == nil {
		_, err = c.SetAlarmState(t.Context(), &sdk.SetAlarmStateInput{AlarmName: &name, StateValue: state, StateReason: aws.String("test")})
	}
	if err != nil {
		t.Fatal(err)
	}
}
