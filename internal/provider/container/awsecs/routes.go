package awsecs

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipwayhq/slipway/internal/provider/container"
)

// TargetGroups is as in container.Orchestrator.
func (o *Orchestrator) TargetGroups(ctx context.Context, to container.Scope, names []string) ([]container.TargetGroup, error) {
	out, err := o.elb(to).DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: names})
	if err != nil {
		return nil, failure(container.ELB, err)
	}
	var groups []container.TargetGroup
	for _, name := range names {
		i := slices.IndexFunc(out.TargetGroups, func(g types.TargetGroup) bool { return aws.ToString(g.TargetGroupName) == name })
		if i < 0 {
			return nil, &container.Fault{Kind: container.ErrNotFound, Service: container.ELB, Message: "there is no target group " + name}
		}
		g := out.TargetGroups[i]
		groups = append(groups, container.TargetGroup{Name: name, ARN: aws.ToString(g.TargetGroupArn), BalancerARNs: g.LoadBalancerArns})
	}
	return groups, nil
}

// Routes is as in container.Orchestrator.
func (o *Orchestrator) Routes(ctx context.Context, to container.Scope, listenerARN string) ([]container.Route, error) {
	l, err := o.listener(ctx, to, listenerARN)
	if err != nil {
		return nil, err
	}
	network := container.IsNetworkListener(listenerARN)
	base := container.Route{
		ARN: listenerARN, ListenerARN: listenerARN, BalancerARN: aws.ToString(l.LoadBalancerArn), Default: true, Network: network,
		Shares: shares(l.DefaultActions),
	}
	routes := []container.Route{base}
	if network { // has no rules
		return routes, nil
	}
	for pages := elb.NewDescribeRulesPaginator(o.elb(to), &elb.DescribeRulesInput{ListenerArn: &listenerARN}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, failure(container.ELB, err)
		}
		for _, rule := range page.Rules {
			if aws.ToBool(rule.IsDefault) { // is the listener's own action again
				continue
			}
			r := base
			r.ARN, r.Default, r.Shares = aws.ToString(rule.RuleArn), false, shares(rule.Actions)
			routes = append(routes, r)
		}
	}
	return routes, nil
}

func (o *Orchestrator) listener(ctx context.Context, to container.Scope, arn string) (types.Listener, error) {
	out, err := o.elb(to).DescribeListeners(ctx, &elb.DescribeListenersInput{ListenerArns: []string{arn}})
	if err != nil {
		return types.Listener{}, failure(container.ELB, err)
	}
	if len(out.Listeners) == 0 {
		return types.Listener{}, &container.Fault{Kind: container.ErrNotFound, Service: container.ELB, Message: "there is no listener " + arn}
	}
	return out.Listeners[0], nil
}

// Forward is as in container.Orchestrator. The load balancer replaces all
// actions of a route at once, so they are read again right before.
func (o *Orchestrator) Forward(ctx context.Context, to container.Scope, route container.Route, want []container.Share) error {
	if route.Default {
		l, err := o.listener(ctx, to, route.ListenerARN)
		if err != nil {
			return err
		}
		actions, err := forwarding(l.DefaultActions, route, want)
		if err != nil {
			return err
		}
		_, err = o.elb(to).ModifyListener(ctx, &elb.ModifyListenerInput{ListenerArn: &route.ListenerARN, DefaultActions: actions})
		return failure(container.ELB, err)
	}
	out, err := o.elb(to).DescribeRules(ctx, &elb.DescribeRulesInput{RuleArns: []string{route.ARN}})
	if err != nil {
		return failure(container.ELB, err)
	}
	if len(out.Rules) == 0 {
		return &container.Fault{Kind: container.ErrNotFound, Service: container.ELB, Message: "there is no rule " + route.ARN}
	}
	actions, err := forwarding(out.Rules[0].Actions, route, want)
	if err != nil {
		return err
	}
	_, err = o.elb(to).ModifyRule(ctx, &elb.ModifyRuleInput{RuleArn: &route.ARN, Actions: actions})
	return failure(container.ELB, err)
}

// forward returns the index of the action that forwards, or -1.
func forward(actions []types.Action) int {
	return slices.IndexFunc(actions, func(a types.Action) bool { return a.Type == types.ActionTypeEnumForward })
}

// shares reads where actions forward to. One target group may be written in
// two ways; without a weight it has all.
func shares(actions []types.Action) []container.Share {
	i := forward(actions)
	if i < 0 {
		return nil
	}
	config := actions[i].ForwardConfig
	if config == nil || len(config.TargetGroups) == 0 {
		return []container.Share{{TargetGroupARN: aws.ToString(actions[i].TargetGroupArn), Weight: 1}}
	}
	var out []container.Share
	for _, g := range config.TargetGroups {
		weight := int32(1)
		if g.Weight != nil {
			weight = *g.Weight
		}
		out = append(out, container.Share{TargetGroupARN: aws.ToString(g.TargetGroupArn), Weight: int(weight)})
	}
	return out
}

// forwarding returns actions with other target groups, if they still forward
// as the route says.
func forwarding(actions []types.Action, route container.Route, want []container.Share) ([]types.Action, error) {
	i := forward(actions)
	if i < 0 || !container.SameShares(shares(actions), route.Shares) {
		return nil, &container.Fault{Kind: container.ErrChanged, Service: container.ELB}
	}
	out := slices.Clone(actions)
	for n := range out {
		if c := out[n].AuthenticateOidcConfig; c != nil && c.ClientSecret == nil {
			// What is read has no secret; it says that the one there stays.
			keep := *c
			keep.UseExistingClientSecret = aws.Bool(true)
			out[n].AuthenticateOidcConfig = &keep
		}
	}
	if route.Network {
		out[i].TargetGroupArn, out[i].ForwardConfig = &want[0].TargetGroupARN, nil
		return out, nil
	}
	config := types.ForwardActionConfig{}
	if have := actions[i].ForwardConfig; have != nil {
		config.TargetGroupStickinessConfig = have.TargetGroupStickinessConfig
	}
	for _, s := range want {
		config.TargetGroups = append(config.TargetGroups, types.TargetGroupTuple{
			TargetGroupArn: &s.TargetGroupARN, Weight: aws.Int32(int32(s.Weight)), //nolint:gosec // 0 to 999
		})
	}
	out[i].TargetGroupArn, out[i].ForwardConfig = nil, &config
	return out, nil
}
