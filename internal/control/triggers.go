package control

import (
	"regexp"
	"slices"
	"strings"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// triggerEvents are the events that a trigger can subscribe to.
var triggerEvents = []string{
	"DeploymentStart", "DeploymentSuccess", "DeploymentFailure", "DeploymentStop", "DeploymentRollback", "DeploymentReady",
	"InstanceStart", "InstanceSuccess", "InstanceFailure", "InstanceReady",
}

var topicPattern = regexp.MustCompile(`^arn:aws[a-z-]*:sns:([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_.-]{1,256}$`)

// checkTriggers checks the triggers of a group. Topics are looked at before
// duplicates, as CodeDeploy does.
func (c *Control) checkTriggers(ns deploy.Namespace, triggers []deploy.Trigger) error {
	const code = "InvalidTriggerConfigException"
	for _, t := range triggers {
		if err := checkTrigger(code, ns, t); err != nil {
			return err
		}
	}
	for i, t := range triggers {
		for _, earlier := range triggers[:i] {
			if t.Name == earlier.Name {
				return deploy.Errorf(code, "Two triggers are named %s: names are used once", t.Name)
			}
			if t.TargetARN == earlier.TargetARN {
				return deploy.Errorf(code, "Two triggers have the target %s: put their events into one", t.TargetARN)
			}
		}
	}
	if len(triggers) > c.quotas.Triggers {
		return deploy.Errorf("TriggerTargetsLimitExceededException",
			"There are %d triggers, %d are allowed", len(triggers), c.quotas.Triggers)
	}
	return nil
}

func checkTrigger(code string, ns deploy.Namespace, t deploy.Trigger) error {
	if t.Name == "" {
		return deploy.Errorf(code, "A trigger has no name")
	}
	if len(t.Events) == 0 {
		return deploy.Errorf(code, "The trigger %s has no events", t.Name)
	}
	for _, event := range t.Events {
		if !slices.Contains(triggerEvents, event) {
			return deploy.Errorf(code, "The trigger %s has the unknown event %q. Valid values: %s",
				t.Name, event, strings.Join(triggerEvents, ", "))
		}
	}
	m := topicPattern.FindStringSubmatch(t.TargetARN)
	switch {
	case m == nil:
		return deploy.Errorf(code, "The Topic ARN %q of the trigger %s is not the ARN of a topic", t.TargetARN, t.Name)
	case m[1] != ns.Region:
		return deploy.Errorf(code, "The Topic ARN %s of the trigger %s is in another region than %s", t.TargetARN, t.Name, ns.Region)
	}
	return nil
}
