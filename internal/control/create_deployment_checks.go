package control

import (
	"cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// What happens to a file that lies where one of the revision belongs.
const (
	fileExistsDisallow  = "DISALLOW"
	fileExistsOverwrite = "OVERWRITE"
	fileExistsRetain    = "RETAIN"
)

func checkFileExistsBehavior(behavior *string) error {
	if behavior == nil {
		return nil
	}
	switch *behavior {
	case fileExistsDisallow, fileExistsOverwrite, fileExistsRetain:
		return nil
	}
	return deploy.Errorf("InvalidFileExistsBehaviorException",
		"%q is not a fileExistsBehavior: it is DISALLOW, OVERWRITE or RETAIN", *behavior)
}

const invalidTargetInstances = "InvalidTargetInstancesException"

// targetInstances checks the form of a replacement fleet and returns it with
// the types of its filters filled in.
func (c *Control) targetInstances(in *deploy.TargetInstances) (*deploy.TargetInstances, error) {
	if in == nil {
		return nil, nil
	}
	if len(in.TagFilters) > 0 && len(in.EC2Set) > 0 {
		return nil, deploy.Errorf(invalidTargetInstances,
			"tagFilters and ec2TagSet of targetInstances do not go together: use one of them")
	}
	if n := len(in.EC2Set); n > c.quotas.TagSetLists {
		return nil, deploy.Errorf(invalidTargetInstances, "The tag set has %d groups of tags, %d are allowed", n, c.quotas.TagSetLists)
	}
	out := deploy.TargetInstances{AutoScalingGroups: in.AutoScalingGroups}
	var err error
	if out.TagFilters, err = c.checkedFilters(invalidTargetInstances, in.TagFilters); err != nil {
		return nil, err
	}
	if out.EC2Set, err = c.checkedSet(invalidTargetInstances, in.EC2Set); err != nil {
		return nil, err
	}
	return &out, c.checkAutoScalingGroups(in.AutoScalingGroups)
}

// checkDeploymentFits checks a deployment against the compute platform and the
// group: what is needed is there, and what it cannot have is not.
func checkDeploymentFits(app deploy.Application, group deploy.Group, in CreateDeployment, revision deploy.Revision) error {
	return cmp.Or(
		checkServerOnly(app.Platform, in),
		checkTargetInstancesFit(app.Platform, group, in.TargetInstances),
		checkRevisionFits(app.Platform, revision),
		checkLoadBalancerFits(app.Platform, group.Style, group.LoadBalancer),
	)
}

// checkServerOnly checks that what only servers have is asked of servers only.
func checkServerOnly(platform deploy.ComputePlatform, in CreateDeployment) error {
	switch {
	case platform == deploy.Server:
		return nil
	case in.UpdateOutdatedInstancesOnly:
		return deploy.Errorf("InvalidUpdateOutdatedInstancesOnlyValueException",
			"updateOutdatedInstancesOnly cannot be true on the compute platform %s: leave it out", platform)
	case in.IgnoreApplicationStopFailures:
		return deploy.Errorf("InvalidIgnoreApplicationStopFailuresValueException",
			"ignoreApplicationStopFailures cannot be true on the compute platform %s: leave it out", platform)
	case in.FileExistsBehavior != nil:
		return deploy.Errorf("InvalidFileExistsBehaviorException",
			"The compute platform %s has no fileExistsBehavior: leave it out", platform)
	}
	return nil
}

// checkTargetInstancesFit checks that a replacement fleet is named exactly
// where the group's settings ask for one.
func checkTargetInstancesFit(platform deploy.ComputePlatform, group deploy.Group, fleet *deploy.TargetInstances) error {
	replaces := platform == deploy.Server && group.Style.Type == deploy.BlueGreenType
	copies := group.BlueGreen != nil && group.BlueGreen.GreenFleetAction == copyAutoScalingGroup
	switch {
	case fleet != nil && !replaces:
		return deploy.Errorf(invalidTargetInstances,
			"targetInstances are for blue/green deployments to servers, but the deployment group %s is %s on %s: leave them out",
			group.Name, group.Style.Type, platform)
	case fleet != nil && copies:
		return deploy.Errorf(invalidTargetInstances,
			"The deployment group %s copies its Auto Scaling group as replacement: leave targetInstances out", group.Name)
	case fleet == nil && replaces && !copies && group.BlueGreen != nil:
		return deploy.Errorf(invalidTargetInstances,
			"The deployment group %s replaces its instances by existing ones: name them in targetInstances", group.Name)
	}
	return nil
}

// checkZonesFit checks that only deployments in place go zone by zone.
func checkZonesFit(group deploy.Group, config deploy.Config) error {
	if config.Zonal == nil || group.Style.Type != deploy.BlueGreenType {
		return nil
	}
	return deploy.Errorf("InvalidDeploymentConfigNameException",
		"The deployment configuration %s goes zone by zone, which blue/green deployments like those of the deployment group %s cannot: name one without zonalConfig",
		config.Name, group.Name)
}
