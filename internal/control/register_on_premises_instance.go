package control

import (
	"cmp"
	"context"
	"errors"
	"regexp"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// RegisterOnPremisesInstance asks for a machine to be known under a name. One
// of the ARNs is needed, by which its agent is recognised.
type RegisterOnPremisesInstance struct {
	Name          string
	IAMUserARN    *string
	IAMSessionARN *string
}

var (
	userPattern    = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:user/[A-Za-z0-9/+=,.@_-]+$`)
	sessionPattern = regexp.MustCompile(`^arn:aws[a-z-]*:sts::[0-9]{12}:assumed-role/[A-Za-z0-9+=,.@_-]+/[A-Za-z0-9+=,.@_-]+$`)
)

// RegisterOnPremisesInstance registers an instance. A name that was
// deregistered can be registered again, and starts without tags.
func (c *Control) RegisterOnPremisesInstance(ctx context.Context, ns deploy.Namespace, in RegisterOnPremisesInstance) error {
	if err := cmp.Or(checkInstanceName(in.Name), checkIdentity(in)); err != nil {
		return err
	}
	instance := deploy.Instance{
		Namespace:     ns,
		Name:          in.Name,
		ARN:           ns.InstanceARN(in.Name) + "_" + deploy.NewInstanceSuffix(),
		IAMUserARN:    valueOf(in.IAMUserARN),
		IAMSessionARN: valueOf(in.IAMSessionARN),
		RegisteredAt:  c.now(),
	}
	return c.update(ctx, func(tx *store.Tx) error {
		if err := checkIdentityFree(tx, instance); err != nil {
			return err
		}
		if err := tx.PutInstance(instance); err != nil {
			return err
		}
		return tx.ForgetHost(ns, instance.HostIdentifier())
	})
}

// checkIdentity checks that exactly one ARN is given, in its form.
func checkIdentity(in RegisterOnPremisesInstance) error {
	user, session := valueOf(in.IAMUserARN), valueOf(in.IAMSessionARN)
	switch {
	case user == "" && session == "":
		if in.IAMUserARN != nil && in.IAMSessionARN == nil {
			return deploy.Errorf("IamUserArnRequiredException", "iamUserArn is empty")
		}
		return deploy.Errorf("IamArnRequiredException", "Give iamUserArn or iamSessionArn: the instance's agent is recognised by it")
	case user != "" && session != "":
		return deploy.Errorf("MultipleIamArnsProvidedException", "Give either iamUserArn or iamSessionArn, not both")
	case user != "" && !userPattern.MatchString(user):
		return deploy.Errorf("InvalidIamUserArnException",
			"%q is not the ARN of an IAM user, like arn:aws:iam::123456789012:user/web-1", user)
	case session != "" && !sessionPattern.MatchString(session):
		return deploy.Errorf("InvalidIamSessionArnException",
			"%q is not the ARN of a role session, like arn:aws:sts::123456789012:assumed-role/Hosts/web-1", session)
	}
	return nil
}

// checkIdentityFree checks that neither the name nor the identity belongs to a
// registered instance.
func checkIdentityFree(tx *store.Tx, instance deploy.Instance) error {
	known, err := tx.Instance(instance.Namespace, instance.Name)
	if err == nil && known.Registered() {
		return deploy.Errorf("InstanceNameAlreadyRegisteredException",
			"An instance named %s is registered already: choose another name or deregister it first", instance.Name)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	owner, err := tx.InstanceByIdentity(instance.Namespace, instance.HostIdentifier())
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	code := "IamUserArnAlreadyRegisteredException"
	if instance.IAMUserARN == "" {
		code = "IamSessionArnAlreadyRegisteredException"
	}
	return deploy.Errorf(code, "%s is the identity of the registered instance %s: one identity is one instance",
		instance.HostIdentifier(), owner.Name)
}

// valueOf returns what p points to; nil is the empty text.
func valueOf(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
