package control

import (
	"cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// checkGroupFits checks a group against the compute platform of its
// application: what is needed is there, and what it cannot have is not.
func checkGroupFits(app deploy.Application, group *deploy.Group) error {
	return cmp.Or(
		checkGreenFleet(group),
		checkStyleFits(app.Platform, group.Style),
		checkBlueGreenFits(app.Platform, group.BlueGreen),
		checkLoadBalancerFits(app.Platform, group.Style, group.LoadBalancer),
		checkECSServicesFit(app.Platform, group.ECSServices),
		checkSelectorsFit(app, group),
	)
}

func checkBlueGreenFits(platform deploy.ComputePlatform, b *deploy.BlueGreen) error {
	const code = invalidBlueGreen
	switch {
	case platform == deploy.Lambda && b != nil:
		return deploy.Errorf(code, "The compute platform Lambda has no blue/green deployment configuration: leave it out")
	case platform == deploy.ECS && b == nil:
		return deploy.Errorf(code, "The compute platform ECS needs a blue/green deployment configuration")
	}
	return nil
}
