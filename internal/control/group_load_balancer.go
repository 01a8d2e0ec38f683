package control

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// maxTargetGroupName is the longest name that a target group can have.
const maxTargetGroupName = 32

var listenerPattern = regexp.MustCompile(`^arn:aws[a-z-]*:elasticloadbalancing:[^:]*:[^:]*:listener/.+$`)

// checkLoadBalancer checks the form of load balancer settings. Whether what
// they name exists is seen when it is needed.
func (c *Control) checkLoadBalancer(lb *deploy.LoadBalancerInfo) error {
	const code = "InvalidLoadBalancerInfoException"
	if lb == nil {
		return nil
	}
	most := c.quotas.LoadBalancers
	switch {
	case len(lb.ClassicELBs) > most:
		return deploy.Errorf(code, "elbInfoList has %d entries, %d are allowed", len(lb.ClassicELBs), most)
	case len(lb.TargetGroups) > most:
		return deploy.Errorf(code, "targetGroupInfoList has %d entries, %d are allowed", len(lb.TargetGroups), most)
	case len(lb.TargetGroupPairs) > 1:
		return deploy.Errorf(code, "targetGroupPairInfoList has %d entries, one is allowed", len(lb.TargetGroupPairs))
	}
	for _, name := range lb.ClassicELBs {
		if name == "" {
			return deploy.Errorf(code, "An entry of elbInfoList has no name")
		}
	}
	for _, name := range lb.TargetGroups {
		if err := checkTargetGroupName(code, name); err != nil {
			return err
		}
	}
	for _, pair := range lb.TargetGroupPairs {
		if err := checkPair(pair); err != nil {
			return err
		}
	}
	return nil
}

// someBalancer returns load balancer settings, or nil when they name nothing:
// to give empty ones is to have none.
func someBalancer(lb *deploy.LoadBalancerInfo) *deploy.LoadBalancerInfo {
	if lb == nil || len(lb.ClassicELBs)+len(lb.TargetGroups)+len(lb.TargetGroupPairs) == 0 {
		return nil
	}
	return lb
}

func checkTargetGroupName(code, name string) error {
	switch {
	case name == "":
		return deploy.Errorf(code, "A target group has no name")
	case strings.Contains(name, ":"):
		return deploy.Errorf(code, "%q is not the name of a target group: give the name, not the ARN", name)
	case utf8.RuneCountInString(name) > maxTargetGroupName:
		return deploy.Errorf(code, "The target group name %q is longer than %d characters", name, maxTargetGroupName)
	}
	return nil
}

func checkPair(pair deploy.TargetGroupPair) error {
	const code = "InvalidTargetGroupPairException"
	if len(pair.TargetGroups) != 2 {
		return deploy.Errorf(code, "A target group pair names exactly two target groups, this one %d", len(pair.TargetGroups))
	}
	for _, name := range pair.TargetGroups {
		if err := checkTargetGroupName(code, name); err != nil {
			return err
		}
	}
	if pair.TargetGroups[0] == pair.TargetGroups[1] {
		return deploy.Errorf(code, "A target group pair names two different target groups, this one %s twice", pair.TargetGroups[0])
	}
	return checkRoutes(pair)
}

func checkRoutes(pair deploy.TargetGroupPair) error {
	const code = "InvalidTrafficRoutingConfigurationException"
	if len(pair.ProdListeners) != 1 {
		return deploy.Errorf(code, "prodTrafficRoute names exactly one listener, here %d", len(pair.ProdListeners))
	}
	// A test route is not needed, but one without a listener is a mistake.
	if pair.TestListeners != nil && len(pair.TestListeners) != 1 {
		return deploy.Errorf(code, "testTrafficRoute names exactly one listener, here %d", len(pair.TestListeners))
	}
	for _, arn := range append(pair.ProdListeners[:1:1], pair.TestListeners...) {
		if !listenerPattern.MatchString(arn) {
			return deploy.Errorf(code, "%q is not the ARN of a listener", arn)
		}
	}
	if len(pair.TestListeners) == 1 && pair.TestListeners[0] == pair.ProdListeners[0] {
		return deploy.Errorf(code, "testTrafficRoute and prodTrafficRoute name the same listener %s: they need different ones", pair.ProdListeners[0])
	}
	return nil
}

// checkLoadBalancerFits checks load balancer settings against the platform and
// the style of the group.
func checkLoadBalancerFits(platform deploy.ComputePlatform, style deploy.Style, lb *deploy.LoadBalancerInfo) error {
	const code = "InvalidLoadBalancerInfoException"
	var none deploy.LoadBalancerInfo
	if lb == nil {
		lb = &none
	}
	balancers := len(lb.ClassicELBs) + len(lb.TargetGroups)
	switch platform {
	case deploy.Server:
		if style.Option == deploy.WithTrafficControl && balancers == 0 {
			return deploy.Errorf(code,
				"The deploymentOption is WITH_TRAFFIC_CONTROL, but neither elbInfoList nor targetGroupInfoList names anything")
		}
	case deploy.Lambda:
		if balancers+len(lb.TargetGroupPairs) > 0 {
			return deploy.Errorf(code, "The compute platform Lambda has no load balancers: leave loadBalancerInfo out")
		}
	case deploy.ECS:
		if balancers > 0 {
			return deploy.Errorf(code,
				"The compute platform ECS needs targetGroupPairInfoList instead of elbInfoList and targetGroupInfoList")
		}
		if len(lb.TargetGroupPairs) == 0 {
			return deploy.Errorf(code, "The compute platform ECS needs one entry in targetGroupPairInfoList")
		}
	}
	return nil
}
