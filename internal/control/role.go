package control

import (
	"context"
	"regexp"

	"github.com/slipwayhq/slipway/internal/deploy"
)

const invalidRole = "InvalidRoleException"

var rolePattern = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9/+=,.@_-]+$`)

// checkRole checks the form of a service role.
func checkRole(arn string) error {
	if arn == "" {
		return deploy.Errorf("RoleRequiredException", "The service role ARN is missing")
	}
	return checkRoleForm(arn)
}

func checkRoleForm(arn string) error {
	if !rolePattern.MatchString(arn) {
		return deploy.Errorf(invalidRole,
			"Cannot assume role provided. %q is not the ARN of an IAM role, like arn:aws:iam::123456789012:role/CodeDeployRole", arn)
	}
	return nil
}

// checkRoleTrusted checks, where that is wanted, that the service role exists
// and that CodeDeploy may take it. Nobody does take it: a server of one's own
// acts with its own rights.
func (c *Control) checkRoleTrusted(ctx context.Context, arn string) error {
	if c.serviceRole == nil {
		return nil
	}
	trusted, err := c.serviceRole(ctx, arn)
	if err == nil && !trusted {
		return deploy.Errorf(invalidRole,
			"Cannot assume role provided. There is no role %s, or its trust policy does not allow codedeploy.amazonaws.com to perform sts:AssumeRole", arn)
	}
	return err
}
