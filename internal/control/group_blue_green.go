package control

import "github.com/slipwayhq/slipway/internal/deploy"

// BlueGreen are the settings of blue/green deployments as they are asked for.
// Members that were not given are nil.
type BlueGreen struct {
	Ready      *TimedAction // deploymentReadyOption
	Terminate  *TimedAction // terminateBlueInstancesOnDeploymentSuccess
	GreenFleet *TimedAction // greenFleetProvisioningOption, which has no wait
}

// TimedAction is something to do after a wait in minutes.
type TimedAction struct {
	Action *string
	Wait   *int
}

func (a *TimedAction) action(otherwise string) string {
	if a == nil || a.Action == nil {
		return otherwise
	}
	return *a.Action
}

func (a *TimedAction) wait() int {
	if a == nil || a.Wait == nil {
		return 0
	}
	return *a.Wait
}

const invalidBlueGreen = "InvalidBlueGreenDeploymentConfigurationException"

// The actions of blue/green settings.
const (
	continueDeployment   = "CONTINUE_DEPLOYMENT"
	stopDeployment       = "STOP_DEPLOYMENT"
	terminateBlue        = "TERMINATE"
	keepBlue             = "KEEP_ALIVE"
	discoverGreen        = "DISCOVER_EXISTING"
	copyAutoScalingGroup = "COPY_AUTO_SCALING_GROUP"
)

// blueGreen checks the settings, which is done under any style, and completes
// them with the defaults.
func (c *Control) blueGreen(in *BlueGreen) (*deploy.BlueGreen, error) {
	const code = invalidBlueGreen
	if in == nil {
		return nil, nil
	}
	if in.Ready == nil || in.Terminate == nil {
		return nil, deploy.Errorf(code,
			"A blue/green deployment configuration needs both deploymentReadyOption and terminateBlueInstancesOnDeploymentSuccess")
	}
	out := &deploy.BlueGreen{
		ReadyAction:       in.Ready.action(continueDeployment),
		ReadyWait:         in.Ready.wait(),
		TerminateAction:   in.Terminate.action(terminateBlue),
		TerminationWait:   in.Terminate.wait(),
		HasGreenFleetPart: in.GreenFleet != nil,
	}
	if in.GreenFleet != nil {
		out.GreenFleetAction = in.GreenFleet.action(discoverGreen)
	}
	if err := checkReady(code, out); err != nil {
		return nil, err
	}
	if out.TerminateAction != terminateBlue && out.TerminateAction != keepBlue {
		return nil, deploy.Errorf(code, "The action %q for blue instances is not known: it is TERMINATE or KEEP_ALIVE", out.TerminateAction)
	}
	if most := c.quotas.TerminationWaitLimit; out.TerminationWait < 0 || out.TerminationWait > most {
		return nil, deploy.Errorf(code, "terminationWaitTimeInMinutes is %d: it is 0 to %d", out.TerminationWait, most)
	}
	switch out.GreenFleetAction {
	case "", discoverGreen, copyAutoScalingGroup:
		return out, nil
	}
	return nil, deploy.Errorf(code,
		"The green fleet action %q is not known: it is DISCOVER_EXISTING or COPY_AUTO_SCALING_GROUP", out.GreenFleetAction)
}

func checkReady(code string, b *deploy.BlueGreen) error {
	switch b.ReadyAction {
	case continueDeployment:
		if b.ReadyWait != 0 {
			return deploy.Errorf(code, "waitTimeInMinutes is %d, but with CONTINUE_DEPLOYMENT it is 0 or left out", b.ReadyWait)
		}
	case stopDeployment:
		if b.ReadyWait < 1 {
			return deploy.Errorf(code, "waitTimeInMinutes is %d, but with STOP_DEPLOYMENT it is at least 1", b.ReadyWait)
		}
	default:
		return deploy.Errorf(code, "actionOnTimeout %q is not known: it is CONTINUE_DEPLOYMENT or STOP_DEPLOYMENT", b.ReadyAction)
	}
	return nil
}

// checkGreenFleet checks that a group that copies its Auto Scaling group has
// the one that is meant.
func checkGreenFleet(group *deploy.Group) error {
	if group.BlueGreen == nil || group.BlueGreen.GreenFleetAction != copyAutoScalingGroup {
		return nil
	}
	if n := len(group.AutoScalingGroups); n != 1 {
		return deploy.Errorf(invalidBlueGreen, "COPY_AUTO_SCALING_GROUP needs exactly one Auto Scaling group, there are %d", n)
	}
	if len(group.EC2Filters) > 0 || len(group.EC2Set) > 0 {
		return deploy.Errorf(invalidBlueGreen, "COPY_AUTO_SCALING_GROUP does not go with EC2 tag filters: remove one of them")
	}
	return nil
}

// request returns settings that were stored as they would be asked for.
func request(b *deploy.BlueGreen) *BlueGreen {
	if b == nil {
		return nil
	}
	out := &BlueGreen{
		Ready:     &TimedAction{Action: &b.ReadyAction, Wait: &b.ReadyWait},
		Terminate: &TimedAction{Action: &b.TerminateAction, Wait: &b.TerminationWait},
	}
	if b.HasGreenFleetPart {
		out.GreenFleet = &TimedAction{Action: &b.GreenFleetAction}
	}
	return out
}
