package control

import (
	"context"
	"errors"
	"fmt"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/store"
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

// ServiceRoleFault says what is wrong with the service role of a group when a
// deployment to it starts: it may have been changed or deleted since the group
// was made. A strict server's engine is given it.
func ServiceRoleFault(tx *store.Tx, group deploy.Group) (*deploy.ErrorInfo, error) {
	account, name, _ := iam.RoleOf(group.ServiceRoleARN)
	role, err := tx.Role(account, name)
	if errors.Is(err, store.ErrNotFound) || err == nil && role.ARN() != group.ServiceRoleARN {
		return &deploy.ErrorInfo{Code: deploy.RoleMissing, Message: fmt.Sprintf(
			"The service role %s of the deployment group %q does not exist.", group.ServiceRoleARN, group.Name)}, nil
	}
	if err != nil {
		return nil, err
	}
	if trust, err := iam.ParseTrustPolicy(role.TrustPolicy); err == nil && trust.TrustsCodeDeploy() {
		return nil, nil
	}
	return &deploy.ErrorInfo{Code: deploy.RolePermissions, Message: fmt.Sprintf(
		"The trust policy of the service role %s of the deployment group %q does not allow codedeploy.amazonaws.com "+
			"to perform sts:AssumeRole.", group.ServiceRoleARN, group.Name)}, nil
}
