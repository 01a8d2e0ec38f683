package control

import "cmp"

// Quotas are the limits that a call can run into. How many instances one
// deployment may have is the engine's limit: it is known only later.
type Quotas struct {
	Applications         int // in an account and region
	Groups               int // of an application
	Configs              int // that users made, in an account and region
	GitHubTokens         int // in an account and region
	ActiveDeployments    int // in an account and region; those above it are queued
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
	ApplicationsPerBatch int
	GroupsPerBatch       int
	RevisionsPerBatch    int
	DeploymentsPerBatch  int
	InstancesPerBatch    int // on-premises instances, or instances of a deployment
	TrafficShiftLimit    int // minutes from the first to the last shift of traffic
	DescriptionLength    int // in characters; what CodeDeploy allows, to which its own clients cut
	TerminationWaitLimit int // minutes before the blue fleet is terminated
}

// DefaultQuotas are CodeDeploy's own, except that more deployments may be
// active at once.
func DefaultQuotas() Quotas {
	return Quotas{
		Applications:         1000,
		Groups:               1000,
		Configs:              50,
		GitHubTokens:         25,
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
		ApplicationsPerBatch: 100,
		GroupsPerBatch:       100,
		RevisionsPerBatch:    25,
		DeploymentsPerBatch:  25,
		InstancesPerBatch:    25,
		TrafficShiftLimit:    2880,
		DescriptionLength:    512,
		TerminationWaitLimit: 2880,
	}
}

// orDefaults fills the members that are zero.
func (q Quotas) orDefaults() Quotas {
	d := DefaultQuotas()
	return Quotas{
		Applications:         cmp.Or(q.Applications, d.Applications),
		Groups:               cmp.Or(q.Groups, d.Groups),
		Configs:              cmp.Or(q.Configs, d.Configs),
		GitHubTokens:         cmp.Or(q.GitHubTokens, d.GitHubTokens),
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
		ApplicationsPerBatch: cmp.Or(q.ApplicationsPerBatch, d.ApplicationsPerBatch),
		GroupsPerBatch:       cmp.Or(q.GroupsPerBatch, d.GroupsPerBatch),
		RevisionsPerBatch:    cmp.Or(q.RevisionsPerBatch, d.RevisionsPerBatch),
		DeploymentsPerBatch:  cmp.Or(q.DeploymentsPerBatch, d.DeploymentsPerBatch),
		InstancesPerBatch:    cmp.Or(q.InstancesPerBatch, d.InstancesPerBatch),
		TrafficShiftLimit:    cmp.Or(q.TrafficShiftLimit, d.TrafficShiftLimit),
		DescriptionLength:    cmp.Or(q.DescriptionLength, d.DescriptionLength),
		TerminationWaitLimit: cmp.Or(q.TerminationWaitLimit, d.TerminationWaitLimit),
	}
}
