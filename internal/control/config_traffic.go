package control

import "github.com/slipwayhq/slipway/internal/deploy"

const invalidTraffic = "InvalidTrafficRoutingConfigurationException"

// trafficRouting checks how a configuration moves traffic, which it must say
// for functions and services and cannot for servers.
func (c *Control) trafficRouting(platform deploy.ComputePlatform, in *TrafficRouting) (*deploy.TrafficRouting, error) {
	switch {
	case platform == deploy.Server && in != nil:
		return nil, deploy.Errorf(invalidTraffic, "The compute platform Server does not shift traffic in parts: leave trafficRoutingConfig out")
	case platform != deploy.Server && in == nil:
		return nil, deploy.Errorf(invalidTraffic, "A deployment configuration for the compute platform %s needs trafficRoutingConfig", platform)
	case in == nil:
		return nil, nil
	}
	out := &deploy.TrafficRouting{Type: in.Type}
	step := map[string]*TrafficStep{deploy.Canary: in.Canary, deploy.Linear: in.Linear}[in.Type]
	switch in.Type {
	case deploy.AllAtOnce:
		if in.Canary != nil || in.Linear != nil {
			return nil, deploy.Errorf(invalidTraffic, "The type AllAtOnce has no steps: leave timeBasedCanary and timeBasedLinear out")
		}
		return out, nil
	case deploy.Canary, deploy.Linear:
		if step == nil || (in.Canary != nil && in.Linear != nil) {
			return nil, deploy.Errorf(invalidTraffic, "The type %s needs the member of its name, and no other", in.Type)
		}
	default:
		return nil, deploy.Errorf(invalidTraffic, "%q is not a type of traffic routing. Valid values: %s, %s, %s",
			in.Type, deploy.Canary, deploy.Linear, deploy.AllAtOnce)
	}
	out.Percentage, out.Interval = step.Percentage, step.Interval
	return out, c.checkStep(in.Type, *step)
}

// checkStep checks a step's share, and that the whole shift is not too long:
// a canary has one wait, linear steps as many as fit into all the traffic.
func (c *Control) checkStep(kind string, step TrafficStep) error {
	if step.Percentage < 1 || step.Percentage > 99 {
		return deploy.Errorf(invalidTraffic, "The percentage of %s is %d: it is 1 to 99", kind, step.Percentage)
	}
	if step.Interval < 1 {
		return deploy.Errorf(invalidTraffic, "The interval of %s is %d: it is at least one minute", kind, step.Interval)
	}
	waits := 1
	if kind == deploy.Linear {
		waits = 100 / step.Percentage
	}
	if most := c.quotas.TrafficShiftLimit; step.Interval > most/waits {
		return deploy.Errorf(invalidTraffic, "%d waits of %d minutes are more than the %d minutes that a shift of traffic may take",
			waits, step.Interval, most)
	}
	return nil
}
