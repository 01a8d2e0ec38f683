package faultproxy_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/provider/amazon"
	"github.com/slipwayhq/slipway/internal/provider/amazon/faultproxy"
	"github.com/slipwayhq/slipway/internal/provider/amazon/mototest"
)

// start starts a proxy before a server that agrees to everything.
func start(t *testing.T) (*faultproxy.Proxy, aws.Config) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
			io.WriteString(w, "<ModifyListenerResponse><ModifyListenerResult/></ModifyListenerResponse>")
			return
		}
		io.WriteString(w, `{"taskSet":{"taskSetArn":"arn:made"},"FunctionVersion":"1","RevisionId":"always the same"}`)
	}))
	t.Cleanup(server.Close)
	p := faultproxy.Start(t, server.URL)
	config := mototest.Config(p.URL)
	config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return p, config
}

// calls are one of each service.
var calls = map[string]func(ctx context.Context, c aws.Config) error{
	"CreateTaskSet shop:2 at 50% behind b": func(ctx context.Context, c aws.Config) error {
		_, err := ecs.NewFromConfig(c).CreateTaskSet(ctx, &ecs.CreateTaskSetInput{
			Cluster: aws.String("c"), Service: aws.String("s"), TaskDefinition: aws.String("shop:2"),
			Scale:         &ecstypes.Scale{Value: 50, Unit: ecstypes.ScaleUnitPercent},
			LoadBalancers: []ecstypes.LoadBalancer{{TargetGroupArn: aws.String("arn:b")}},
		})
		return err
	},
	"ModifyListener prod a=90 b=10": func(ctx context.Context, c aws.Config) error {
		_, err := elb.NewFromConfig(c).ModifyListener(ctx, &elb.ModifyListenerInput{
			ListenerArn: aws.String("arn:prod"), DefaultActions: []types.Action{
				{Type: types.ActionTypeEnumAuthenticateOidc},
				{Type: types.ActionTypeEnumForward, ForwardConfig: &types.ForwardActionConfig{TargetGroups: []types.TargetGroupTuple{
					{TargetGroupArn: aws.String("arn:a"), Weight: aws.Int32(90)}, {TargetGroupArn: aws.String("arn:b"), Weight: aws.Int32(10)},
				}}},
			},
		})
		return err
	},
	"UpdateAlias live 1 and 2=0.1": func(ctx context.Context, c aws.Config) error {
		return update(ctx, c, nil)
	},
}

func update(ctx context.Context, c aws.Config, revision *string) error {
	_, err := lambda.NewFromConfig(c).UpdateAlias(ctx, &lambda.UpdateAliasInput{
		FunctionName: aws.String("orders"), Name: aws.String("live"), FunctionVersion: aws.String("1"), RevisionId: revision,
		RoutingConfig: &lambdatypes.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"2": 0.1}},
	})
	return err
}

var names = map[string]string{"arn:a": "a", "arn:b": "b", "arn:prod": "prod", "orders:live": "live"}

// TestFaults: what a driver sees of each fault, and whether the call had an
// effect.
func TestFaults(t *testing.T) {
	t.Parallel()
	for fault, c := range map[faultproxy.Fault]struct {
		fails, throttled, done bool
	}{
		faultproxy.None:        {false, false, true},
		faultproxy.Throttled:   {true, true, false},
		faultproxy.Unavailable: {true, false, false},
		faultproxy.Late:        {false, false, true},
		faultproxy.LostRequest: {true, false, false},
		faultproxy.LostReply:   {true, false, true},
	} {
		for what, call := range calls {
			t.Run(fault.String()+"/"+what, func(t *testing.T) {
				t.Parallel()
				p, config := start(t)
				p.Begin(faultproxy.Story{Names: names, Plan: func(faultproxy.Call) faultproxy.Fate { return faultproxy.Fate{Fault: fault} }})
				err := call(t.Context(), config)
				kind, _, _ := amazon.Classify(err)
				if (err != nil) != c.fails || (kind == amazon.Throttled) != c.throttled {
					t.Errorf("the error is %v, of kind %v", err, kind)
				}
				var want []string
				if c.done {
					want = []string{what}
				}
				effects, _ := p.Effects()
				if diff := cmp.Diff(want, effects); diff != "" {
					t.Errorf("what was changed (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestRevisions: an alias is not written by who has not seen its last state.
func TestRevisions(t *testing.T) {
	t.Parallel()
	p, config := start(t)
	stale := false
	p.Begin(faultproxy.Story{Names: names, Plan: func(c faultproxy.Call) faultproxy.Fate {
		if stale && c.Writes {
			return faultproxy.Fate{Fault: faultproxy.Stale}
		}
		return faultproxy.Fate{}
	}})
	read := func() *string {
		t.Helper()
		a, err := lambda.NewFromConfig(config).GetAlias(t.Context(), &lambda.GetAliasInput{FunctionName: aws.String("orders"), Name: aws.String("live")})
		if err != nil {
			t.Fatal(err)
		}
		return a.RevisionId
	}
	first := read()
	if err := update(t.Context(), config, first); err != nil {
		t.Error("the first write:", err)
	}
	var refused *lambdatypes.PreconditionFailedException
	if err := update(t.Context(), config, first); !errors.As(err, &refused) {
		t.Error("a write that has not seen the first:", err)
	}
	stale = true
	if err := update(t.Context(), config, read()); !errors.As(err, &refused) {
		t.Error("a write with somebody else's in between:", err)
	}
	effects, repeated := p.Effects()
	if len(effects) != 1 || len(repeated) != 0 {
		t.Errorf("%q was changed, and again %q", effects, repeated)
	}
}

// TestRepeated: a call that asks for what is there is no change, but a task set
// is always one more.
func TestRepeated(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct{ effects, repeated []string }{
		"CreateTaskSet shop:2 at 50% behind b": {[]string{"CreateTaskSet shop:2 at 50% behind b", "CreateTaskSet shop:2 at 50% behind b"}, nil},
		"ModifyListener prod a=90 b=10":        {[]string{"ModifyListener prod a=90 b=10"}, []string{"ModifyListener prod a=90 b=10"}},
	} {
		p, config := start(t)
		p.Begin(faultproxy.Story{Names: names})
		for range 2 {
			if err := calls[what](t.Context(), config); err != nil {
				t.Fatal(err)
			}
		}
		effects, repeated := p.Effects()
		if diff := cmp.Diff([][]string{c.effects, c.repeated}, [][]string{effects, repeated}); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
