package awsecs

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/slipwayhq/slipway/internal/provider/amazon"
	"github.com/slipwayhq/slipway/internal/provider/amazon/mototest"
	"github.com/slipwayhq/slipway/internal/provider/container"
	"github.com/slipwayhq/slipway/internal/provider/container/containertest"
)

// TestConformance runs the driver against moto.
func TestConformance(t *testing.T) {
	t.Parallel()
	url := mototest.Start(t)
	s := mototest.ECS(t, url, "shop")
	f := containertest.Fixture{
		Cluster: s.Cluster, Service: s.Name, TaskSet: s.TaskSet, Listener: s.Prod, Rule: s.Rule,
		Definition: s.Definition, Container: s.Container, Port: s.Port,
	}
	for i := range f.TargetGroups {
		f.TargetGroups[i] = container.TargetGroup{Name: s.TargetGroups[i], ARN: s.GroupARNs[i]}
	}
	config := mototest.Config(url)
	containertest.Run(t, New(amazon.New(config, "", false)), f)

	t.Run("what else a route has stays", func(t *testing.T) {
		l := elb.NewFromConfig(config)
		listener, err := l.DescribeListeners(t.Context(), &elb.DescribeListenersInput{ListenerArns: []string{s.Prod}})
		if err != nil {
			t.Fatal(err)
		}
		sticky := listener.Listeners[0].DefaultActions[0].ForwardConfig.TargetGroupStickinessConfig
		if sticky == nil || !aws.ToBool(sticky.Enabled) || aws.ToInt32(sticky.DurationSeconds) != 60 {
			t.Errorf("the stickiness became %+v", sticky)
		}
		rules, err := l.DescribeRules(t.Context(), &elb.DescribeRulesInput{RuleArns: []string{s.Rule}})
		if err != nil || len(rules.Rules[0].Conditions) != 1 {
			t.Errorf("the rule became %+v, %v", rules, err)
		}
	})
}

// TestForwarding: only the target groups of the action that forwards change.
func TestForwarding(t *testing.T) {
	t.Parallel()
	login := types.Action{
		Type: types.ActionTypeEnumAuthenticateOidc, Order: aws.Int32(1),
		AuthenticateOidcConfig: &types.AuthenticateOidcActionConfig{ClientId: aws.String("shop")},
	}
	plain := types.Action{Type: types.ActionTypeEnumForward, Order: aws.Int32(2), TargetGroupArn: aws.String("a")}
	want := []container.Share{{TargetGroupARN: "a", Weight: 90}, {TargetGroupARN: "b", Weight: 10}}
	given := []types.Action{login, plain}
	got, err := forwarding(given, container.Route{Shares: []container.Share{{TargetGroupARN: "a", Weight: 1}}}, want)
	if err != nil {
		t.Fatal(err)
	}
	login.AuthenticateOidcConfig = &types.AuthenticateOidcActionConfig{ClientId: aws.String("shop"), UseExistingClientSecret: aws.Bool(true)}
	forward := types.Action{
		Type: types.ActionTypeEnumForward, Order: aws.Int32(2), ForwardConfig: &types.ForwardActionConfig{TargetGroups: []types.TargetGroupTuple{
			{TargetGroupArn: aws.String("a"), Weight: aws.Int32(90)}, {TargetGroupArn: aws.String("b"), Weight: aws.Int32(10)},
		}},
	}
	plainTypes := cmpopts.IgnoreUnexported(types.Action{}, types.ForwardActionConfig{}, types.TargetGroupTuple{}, types.AuthenticateOidcActionConfig{})
	if diff := cmp.Diff([]types.Action{login, forward}, got, plainTypes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if given[0].AuthenticateOidcConfig.UseExistingClientSecret != nil || given[1].TargetGroupArn == nil {
		t.Error("what was given was changed")
	}
	network := container.Route{Network: true, Shares: []container.Share{{TargetGroupARN: "a", Weight: 1}}}
	got, err = forwarding([]types.Action{plain}, network, []container.Share{{TargetGroupARN: "b", Weight: 1}})
	plain.TargetGroupArn = aws.String("b")
	if diff := cmp.Diff([]types.Action{plain}, got, plainTypes); diff != "" || err != nil {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
	for name, actions := range map[string][]types.Action{
		"does not forward any more": {{Type: types.ActionTypeEnumFixedResponse}},
		"forwards elsewhere":        {{Type: types.ActionTypeEnumForward, TargetGroupArn: aws.String("c")}},
	} {
		_, err := forwarding(actions, container.Route{Shares: []container.Share{{TargetGroupARN: "a", Weight: 1}}}, want)
		if !errors.Is(err, container.ErrChanged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFailures: what answers of AWS mean to a deployment.
func TestFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		code   string
		kind   error
		text   string
	}{
		"denied": {400, "AccessDeniedException", container.ErrDenied, "no (Service: AmazonECS; Status Code: 400; Error Code: AccessDeniedException)"},
		"an unknown cluster": {
			400, "ClusterNotFoundException", container.ErrNotFound, "no (Service: AmazonECS; Status Code: 400; Error Code: ClusterNotFoundException)",
		},
		"refused":         {400, "InvalidParameterException", container.ErrInvalid, "no (Service: AmazonECS; Status Code: 400; Error Code: InvalidParameterException)"},
		"throttled":       {400, "ThrottlingException", container.ErrThrottled, "no (Service: AmazonECS; Status Code: 400; Error Code: ThrottlingException)"},
		"a bad token":     {400, "UnrecognizedClientException", container.ErrDenied, "no (Service: AmazonECS; Status Code: 400; Error Code: UnrecognizedClientException)"},
		"a fault of AWS":  {500, "ServerException", nil, ""},
		"unknown failure": {400, "SomethingNew", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Amzn-ErrorType", c.code)
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(`{"__type": "` + c.code + `", "message": "no"}`))
			}))
			defer server.Close()
			config := mototest.Config(server.URL)
			config.RetryMaxAttempts = 1
			_, err := New(amazon.New(config, "", false)).Service(t.Context(), container.Scope{}, "c1", "shop")
			var fault *container.Fault
			switch {
			case err == nil:
				t.Error("there is no error")
			case errors.As(err, &fault) != (c.kind != nil):
				t.Errorf("the error is %v", err)
			case c.kind != nil && (!errors.Is(err, c.kind) || fault.Error() != c.text):
				t.Errorf("the error is %v, want %v: %s", err, c.kind, c.text)
			}
		})
	}
}
