package control

import "cmp"

// Quotas are the limits that a call can run into. How many instances one
// deployment may have is the engine's limit: it is known only later.
type Quotas struct {
	Applications         int // in an account and region
	Groups               int // of an application
	ActiveDeployments    int // in an account and region
	AutoScalingGroups    int // of a group
	TagFilters           int // of one kind in a group, or in one list of a tag set
	TagSetLists          int // in a tag set
	Triggers             int // of a group
	Alarms               int // of a group, or in the override of a deployment
	LoadBalancers        int // of each kind in a group
	ResourceTags         int // of an application or a group
	InstanceTags         int // of an on-premises instance
	InstancesPerTagCall  int
	TargetsPerBatch      int
	DescriptionLength    int // in characters
	TerminationWaitLimit int // minutes before the blue fleet is terminated
}

// DefaultQuotas are CodeDeploy's own, except that more deployments may be
// active at once.
func DefaultQuotas() Quotas {
	return Quotas{
		Applications:         1000,
		Groups:               1000,
		ActiveDeployments:    10_000,
		AutoScalingGroups:    10,
		TagFilters:           10,
		TagSetLists:          3,
		Triggers:             10,
		Alarms:               10,
		LoadBalancers:        10,
		ResourceTags:         50,
		InstanceTags:         10,
		InstancesPerTagCall:  100,
		TargetsPerBatch:      25,
		DescriptionLength:    256,
		TerminationWaitLimit: 2880,
	}
}

// orDefaults fills the members that are zero.
func (q Quotas) orDefaults() Quotas {
	d := DefaultQuotas()
	return Quotas{
		Applications:         cmp.Or(q.Applications, d.Applications),
		Groups:               cmp.Or(q.Groups, d.Groups),
		ActiveDeployments:    cmp.Or(q.ActiveDeployments, d.ActiveDeployments),
		AutoScalingGroups:    cmp.Or(q.AutoScalingGroups, d.AutoScalingGroups),
		TagFilters:           cmp.Or(q.TagFilters, d.TagFilters),
		TagSetLists:          cmp.Or(q.TagSetLists, d.TagSetLists),
		Triggers:             cmp.Or(q.Triggers, d.Triggers),
		Alarms:               cmp.Or(q.Alarms, d.Alarms),
		LoadBalancers:        cmp.Or(q.LoadBalancers, d.LoadBalancers),
		ResourceTags:         cmp.Or(q.ResourceTags, d.ResourceTags),
		InstanceTags:         cmp.Or(q.InstanceTags, d.InstanceTags),
		InstancesPerTagCall:  cmp.Or(q.InstancesPerTagCall, d.InstancesPerTagCall),
		TargetsPerBatch:      cmp.Or(q.TargetsPerBatch, d.TargetsPerBatch),
		DescriptionLength:    cmp.Or(q.DescriptionLength, d.DescriptionLength),
		TerminationWaitLimit: cmp.Or(q.TerminationWaitLimit, d.TerminationWaitLimit),
	}
}
