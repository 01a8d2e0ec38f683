package api

import (
	"context"
	"errors"
	"net/url"

	"github.com/slipwayhq/slipway/internal/iam"
)

// policyARN is the parameter that names a managed policy.
func policyARN(form url.Values) (string, error) {
	arn := form.Get("PolicyArn")
	if _, _, ok := iam.PolicyOf(arn); !ok {
		return "", invalid("ARN %.200q is not valid: a policy's is like arn:aws:iam::123456789012:policy/Deploy", arn)
	}
	return arn, nil
}

func noSuchPolicy(arn string) string {
	return "Policy " + arn + " does not exist or is not attachable."
}

func (a *iamAPI) attachPolicy(ctx context.Context, _ *Call, o iam.Owner, form url.Values) (any, error) {
	arn, err := policyARN(form)
	if err != nil {
		return nil, err
	}
	// The policy is looked up first, because either can be what is not there.
	if _, err := a.identity.ManagedPolicy(ctx, o.Account, arn); err != nil {
		return nil, stored(err, noSuchPolicy(arn), "")
	}
	err = a.identity.AttachPolicy(ctx, o, arn)
	if errors.Is(err, iam.ErrLimit) {
		return nil, limitExceeded("Cannot exceed quota for PoliciesPer%s: %d", o.Kind, iam.MaxAttached)
	}
	return nil, err
}

func (a *iamAPI) detachPolicy(ctx context.Context, _ *Call, o iam.Owner, form url.Values) (any, error) {
	arn, err := policyARN(form)
	if err != nil {
		return nil, err
	}
	err = a.identity.DetachPolicy(ctx, o, arn)
	if errors.Is(err, iam.ErrNotFound) {
		return nil, noSuch("Policy %s was not found, or %s %s does not have it.", arn, o.Kind, o.Name)
	}
	return nil, err
}

type attachedXML struct {
	PolicyName string
	PolicyArn  string
}

type attachedList struct {
	Policies []attachedXML `xml:"AttachedPolicies>member"`
	pageXML
}

func (a *iamAPI) listAttachedPolicies(ctx context.Context, call *Call, o iam.Owner, form url.Values) (any, error) {
	arns, err := a.identity.AttachedPolicies(ctx, o)
	if err != nil {
		return nil, err
	}
	var out attachedList
	arns, out.pageXML, err = pageOf(a.pager, call, form, o.Name, arns, self)
	for _, arn := range arns {
		_, name, _ := iam.PolicyOf(arn)
		out.Policies = append(out.Policies, attachedXML{name, arn})
	}
	return out, err
}
