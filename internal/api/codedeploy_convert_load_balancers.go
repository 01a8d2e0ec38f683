package api

import (
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/wire"
)

func domainLoadBalancer(lb *wire.LoadBalancerInfo) *deploy.LoadBalancerInfo {
	if lb == nil {
		return nil
	}
	return &deploy.LoadBalancerInfo{
		ClassicELBs:      each(lb.ELBInfoList, func(e wire.ELBInfo) string { return wire.Value(e.Name) }),
		TargetGroups:     each(lb.TargetGroupInfoList, domainTargetGroup),
		TargetGroupPairs: each(lb.TargetGroupPairInfoList, domainTargetGroupPair),
	}
}

func domainTargetGroup(t wire.TargetGroupInfo) string { return wire.Value(t.Name) }

func domainTargetGroupPair(p wire.TargetGroupPairInfo) deploy.TargetGroupPair {
	return deploy.TargetGroupPair{
		TargetGroups:  each(p.TargetGroups, domainTargetGroup),
		ProdListeners: domainRoute(p.ProdTrafficRoute),
		TestListeners: domainRoute(p.TestTrafficRoute),
	}
}

// domainRoute returns a route's listeners, not nil when there is a route.
func domainRoute(r *wire.TrafficRoute) []string {
	if r == nil {
		return nil
	}
	return orEmpty(r.ListenerARNs)
}

// loadBalancerInfo shows only the lists that name something.
func loadBalancerInfo(lb *deploy.LoadBalancerInfo) *wire.LoadBalancerInfo {
	if lb == nil || len(lb.ClassicELBs)+len(lb.TargetGroups)+len(lb.TargetGroupPairs) == 0 {
		return nil
	}
	var out wire.LoadBalancerInfo
	if len(lb.ClassicELBs) > 0 {
		out.ELBInfoList = each(lb.ClassicELBs, func(name string) wire.ELBInfo { return wire.ELBInfo{Name: &name} })
	}
	if len(lb.TargetGroups) > 0 {
		out.TargetGroupInfoList = each(lb.TargetGroups, targetGroupInfo)
	}
	if len(lb.TargetGroupPairs) > 0 {
		out.TargetGroupPairInfoList = each(lb.TargetGroupPairs, targetGroupPairInfo)
	}
	return &out
}

func targetGroupInfo(name string) wire.TargetGroupInfo { return wire.TargetGroupInfo{Name: &name} }

func targetGroupPairInfo(p deploy.TargetGroupPair) wire.TargetGroupPairInfo {
	return wire.TargetGroupPairInfo{
		TargetGroups:     each(p.TargetGroups, targetGroupInfo),
		ProdTrafficRoute: trafficRoute(p.ProdListeners),
		TestTrafficRoute: trafficRoute(p.TestListeners),
	}
}

func trafficRoute(listeners []string) *wire.TrafficRoute {
	if len(listeners) == 0 {
		return nil
	}
	return &wire.TrafficRoute{ListenerARNs: listeners}
}
