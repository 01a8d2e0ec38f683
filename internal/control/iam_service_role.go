package control

import (
	"context"
	"errors"

	"github.com/slipwayhq/slipway/internal/iam"
)

// TrustsCodeDeploy reports whether there is a role of that ARN that CodeDeploy
// may take. It is what [Options.ServiceRole] is for a strict server.
func (i *Identity) TrustsCodeDeploy(ctx context.Context, arn string) (bool, error) {
	account, name, ok := iam.RoleOf(arn)
	if !ok {
		return false, nil
	}
	role, err := i.Role(ctx, account, name)
	if errors.Is(err, iam.ErrNotFound) {
		return false, nil
	}
	if err != nil || role.ARN() != arn {
		return false, err
	}
	trust, err := iam.ParseTrustPolicy(role.TrustPolicy)
	return err == nil && trust.TrustsCodeDeploy(), err
}
