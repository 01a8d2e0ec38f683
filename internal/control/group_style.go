package control

import "github.com/slipwayhq/slipway/internal/deploy"

// checkStyle checks the form of a deployment style: when there is one, both
// its members are needed.
func checkStyle(style *deploy.Style) error {
	const code = "InvalidDeploymentStyleException"
	if style == nil {
		return nil
	}
	switch style.Type {
	case deploy.InPlace, deploy.BlueGreenType:
	case "":
		return deploy.Errorf(code, "The deploymentType of the deployment style is null or empty: it is IN_PLACE or BLUE_GREEN")
	default:
		return deploy.Errorf(code, "The deploymentType %q is not known: it is IN_PLACE or BLUE_GREEN", style.Type)
	}
	switch style.Option {
	case deploy.WithTrafficControl, deploy.WithoutTrafficControl:
	case "":
		return deploy.Errorf(code,
			"The deploymentOption of the deployment style is null or empty: it is WITH_TRAFFIC_CONTROL or WITHOUT_TRAFFIC_CONTROL")
	default:
		return deploy.Errorf(code,
			"The deploymentOption %q is not known: it is WITH_TRAFFIC_CONTROL or WITHOUT_TRAFFIC_CONTROL", style.Option)
	}
	return nil
}

// checkStyleFits checks a style against the compute platform.
func checkStyleFits(platform deploy.ComputePlatform, style deploy.Style) error {
	const code = "InvalidDeploymentStyleException"
	switch {
	case platform == deploy.Server:
		if style.Type == deploy.BlueGreenType && style.Option == deploy.WithoutTrafficControl {
			return deploy.Errorf(code, "The deploymentType BLUE_GREEN needs the deploymentOption WITH_TRAFFIC_CONTROL")
		}
	case style.Type != deploy.BlueGreenType || style.Option != deploy.WithTrafficControl:
		return deploy.Errorf(code,
			"The compute platform %s needs the deploymentType BLUE_GREEN and the deploymentOption WITH_TRAFFIC_CONTROL, but they are %q and %q",
			platform, style.Type, style.Option)
	}
	return nil
}
