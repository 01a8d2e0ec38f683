package control

import (
	"strings"
	"unicode/utf8"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// An empty name, id or ARN counts as an absent one, as it does in CodeDeploy.

const nameRule = "a name is 1 to 100 letters, digits and the characters + = , . @ _ -"

func checkApplicationName(name string) error {
	if name == "" {
		return deploy.Errorf("ApplicationNameRequiredException", "Application name is missing")
	}
	if !deploy.ValidName(name) {
		return deploy.Errorf("InvalidApplicationNameException", "%q cannot name an application: %s", name, nameRule)
	}
	return nil
}

func checkGroupName(name string) error {
	if name == "" {
		return deploy.Errorf("DeploymentGroupNameRequiredException", "Deployment Group name is missing")
	}
	if !deploy.ValidName(name) {
		return deploy.Errorf("InvalidDeploymentGroupNameException", "%q cannot name a deployment group: %s", name, nameRule)
	}
	return nil
}

// checkConfigName checks the name of a configuration that may be left out.
func checkConfigName(name string) error {
	if name != "" && !deploy.ValidName(name) {
		return deploy.Errorf("InvalidDeploymentConfigNameException",
			"%q cannot name a deployment configuration: %s", name, nameRule)
	}
	return nil
}

// requireConfigName is for where a configuration must be named.
func requireConfigName(name string) error {
	if name == "" {
		return deploy.Errorf("DeploymentConfigNameRequiredException", "Deployment configuration name is missing")
	}
	return checkConfigName(name)
}

func checkDeploymentID(id string) error {
	if id == "" {
		return deploy.Errorf("DeploymentIdRequiredException", "Deployment id is missing")
	}
	if !deploy.ValidDeploymentID(id) {
		return deploy.Errorf("InvalidDeploymentIdException",
			"%q is not a deployment id: one is d- and at least nine capital letters and digits, like d-A1B2C3D4E", id)
	}
	return nil
}

func checkInstanceName(name string) error {
	if name == "" {
		return deploy.Errorf("InstanceNameRequiredException", "Instance name is missing")
	}
	if strings.HasPrefix(name, "i-") {
		return deploy.Errorf("InvalidInstanceNameException",
			"%q cannot name an on-premises instance: names that begin with i- are those of EC2", name)
	}
	if !deploy.ValidName(name) {
		return deploy.Errorf("InvalidInstanceNameException", "%q cannot name an on-premises instance: %s", name, nameRule)
	}
	return nil
}

func (c *Control) checkDescription(text string) error {
	if n := utf8.RuneCountInString(text); n > c.quotas.DescriptionLength {
		return deploy.Errorf("DescriptionTooLongException",
			"The description has %d characters, %d are allowed", n, c.quotas.DescriptionLength)
	}
	return nil
}
