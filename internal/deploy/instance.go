package deploy

import "time"

// Instance is a registered on-premises instance. Its record stays after it is
// deregistered.
type Instance struct {
	Namespace
	Name           string     `json:"name"`
	ARN            string     `json:"arn"`
	IAMUserARN     string     `json:"iamUserArn,omitempty"`
	IAMSessionARN  string     `json:"iamSessionArn,omitempty"`
	Tags           []Tag      `json:"tags,omitempty"`
	RegisteredAt   time.Time  `json:"registeredAt"`
	DeregisteredAt *time.Time `json:"deregisteredAt,omitempty"`
}

// ZoneTag is the tag that says which zone an instance is in. (In CodeDeploy an
// instance outside of EC2 has none.)
const ZoneTag = "slipway:zone"

// Zone returns the zone of the instance, or "".
func (i *Instance) Zone() string {
	for _, t := range i.Tags {
		if t.Key == ZoneTag {
			return t.Value
		}
	}
	return ""
}

// The tags that say how load balancers see an instance. (In CodeDeploy an
// instance outside of EC2 is never behind one.)
const (
	// ServerTag is the tag that says what load balancers call an instance.
	// Without it that is the instance's name.
	ServerTag = "slipway:server"
	// TrafficControlTag is the tag that keeps load balancers from being told
	// of an instance: false. It is deployed to as CodeDeploy does it, without.
	TrafficControlTag = "slipway:traffic-control"
)

// Server returns what load balancers call the instance.
func (i *Instance) Server() string {
	for _, t := range i.Tags {
		if t.Key == ServerTag && t.Value != "" {
			return t.Value
		}
	}
	return i.Name
}

// TrafficControl reports whether load balancers are told of the instance.
func (i *Instance) TrafficControl() bool {
	for _, t := range i.Tags {
		if t.Key == TrafficControlTag && t.Value == "false" {
			return false
		}
	}
	return true
}

// Registered reports whether the instance can be a target.
func (i *Instance) Registered() bool { return i.DeregisteredAt == nil }

// HostIdentifier is what the instance's agent calls itself: the ARN of the
// principal that signs its requests.
func (i *Instance) HostIdentifier() string {
	if i.IAMUserARN != "" {
		return i.IAMUserARN
	}
	return i.IAMSessionARN
}
