package control

import "github.com/slipwayhq/slipway/internal/deploy"

// fillSelectors checks the tag filters and sets of a group and takes them into
// it, with their types filled in.
func (c *Control) fillSelectors(group *deploy.Group, in CreateDeploymentGroup) (err error) {
	if len(in.EC2Filters) > 0 && len(in.EC2Set) > 0 {
		return deploy.Errorf("InvalidEC2TagCombinationException",
			"ec2TagFilters and ec2TagSet do not go together: use one of them")
	}
	if len(in.OnPremisesFilters) > 0 && len(in.OnPremisesSet) > 0 {
		return deploy.Errorf("InvalidOnPremisesTagCombinationException",
			"onPremisesInstanceTagFilters and onPremisesTagSet do not go together: use one of them")
	}
	if most := max(len(in.EC2Set), len(in.OnPremisesSet)); most > c.quotas.TagSetLists {
		return deploy.Errorf("TagSetListLimitExceededException",
			"A tag set has %d groups of tags, %d are allowed", most, c.quotas.TagSetLists)
	}
	if group.EC2Filters, err = c.checkedFilters(ec2Tag, in.EC2Filters); err != nil {
		return err
	}
	if group.EC2Set, err = c.checkedSet(ec2Tag, in.EC2Set); err != nil {
		return err
	}
	if group.OnPremisesFilters, err = c.checkedFilters(onPremisesTag, in.OnPremisesFilters); err != nil {
		return err
	}
	group.OnPremisesSet, err = c.checkedSet(onPremisesTag, in.OnPremisesSet)
	return err
}

// The exceptions of the two kinds of tags that groups select by.
const (
	ec2Tag        = "InvalidEC2TagException"
	onPremisesTag = "InvalidTagException"
)

// checkAutoScalingGroups checks the form of names. Whether the groups exist is
// seen when a deployment asks for their members.
func (c *Control) checkAutoScalingGroups(names []string) error {
	const code = "InvalidAutoScalingGroupException"
	if len(names) > c.quotas.AutoScalingGroups {
		return deploy.Errorf(code, "There are %d Auto Scaling groups, %d are allowed", len(names), c.quotas.AutoScalingGroups)
	}
	seen := map[string]bool{}
	for _, name := range names {
		switch {
		case name == "":
			return deploy.Errorf(code, "An Auto Scaling group has no name")
		case len(name) > 255:
			return deploy.Errorf(code, "The Auto Scaling group name %q is longer than 255 characters", name)
		case seen[name]:
			return deploy.Errorf(code, "The Auto Scaling group %s is given twice", name)
		}
		seen[name] = true
	}
	return nil
}

// checkSelectorsFit checks that only a Server group selects instances.
func checkSelectorsFit(app deploy.Application, group *deploy.Group) error {
	const text = "An application on the compute platform %s has no instances: leave %s out"
	switch {
	case app.Platform == deploy.Server:
		return nil
	case len(group.EC2Filters)+len(group.EC2Set) > 0:
		return deploy.Errorf(ec2Tag, text, app.Platform, "EC2 tags")
	case len(group.OnPremisesFilters)+len(group.OnPremisesSet) > 0:
		return deploy.Errorf(onPremisesTag, text, app.Platform, "on-premises tags")
	case len(group.AutoScalingGroups) > 0:
		return deploy.Errorf("InvalidAutoScalingGroupException", text, app.Platform, "Auto Scaling groups")
	}
	return nil
}
