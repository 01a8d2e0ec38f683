package api

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/iam"
)

func (a *iamAPI) managed() queryActions {
	return queryActions{
		"CreatePolicy": {newARN("PolicyName", iam.PolicyARN), a.createPolicy},
		"GetPolicy":    {givenPolicy, a.getPolicy},
		"ListPolicies": {everyARN(iam.PolicyARN), a.listPolicies},
		"DeletePolicy": {givenPolicy, a.deletePolicy},
	}
}

// givenPolicy is the ARN that a call is about.
func givenPolicy(_ context.Context, _ *Call, form url.Values) (string, error) { return policyARN(form) }

type managedXML struct {
	PolicyName  string
	PolicyID    string `xml:"PolicyId"`
	Arn         string
	Path        string
	Default     string `xml:"DefaultVersionId"`
	Attachments int    `xml:"AttachmentCount"`
	// PermissionsBoundaryUsageCount is for a feature that is not here.
	PermissionsBoundaryUsageCount int
	IsAttachable                  bool
	Description                   string   `xml:",omitempty"`
	Tags                          []tagXML `xml:"Tags>member,omitempty"`
	CreateDate, UpdateDate        string
}

func newManagedXML(m control.Managed) managedXML {
	return managedXML{
		PolicyName: m.Name, PolicyID: m.ID, Arn: m.ARN(), Path: m.Path, Default: m.Default,
		Attachments: m.Attachments, IsAttachable: true, Description: m.Description, Tags: tagsXML(m.Tags),
		CreateDate: isoTime(m.CreatedAt), UpdateDate: isoTime(m.UpdatedAt),
	}
}

type onePolicy struct{ Policy managedXML }

// maxManagedPolicy is how many characters a managed policy may have, white
// space not counted.
const maxManagedPolicy = 6144

func managedDocument(form url.Values) (string, error) {
	document := form.Get("PolicyDocument")
	if len(strings.Join(strings.Fields(document), "")) > maxManagedPolicy {
		return "", limitExceeded("Cannot exceed quota for PolicySize: %d", maxManagedPolicy)
	}
	if _, err := iam.ParsePolicy(document); err != nil {
		return "", malformedPolicy(err)
	}
	return document, nil
}

func (a *iamAPI) createPolicy(ctx context.Context, call *Call, form url.Values) (any, error) {
	now := call.Now.UTC().Truncate(time.Second)
	p := iam.ManagedPolicy{
		AccountID: call.Principal.AccountID, ID: iam.NewPolicyID(), Default: "v1", LastVersion: 1, CreatedAt: now, UpdatedAt: now,
	}
	var err error
	if p.Name, err = policyName(form); err != nil {
		return nil, err
	}
	if p.Path, err = pathOf(form); err != nil {
		return nil, err
	}
	if p.Description, err = description(form); err != nil {
		return nil, err
	}
	if p.Tags, err = tagsOf(form); err != nil {
		return nil, err
	}
	document, err := managedDocument(form)
	if err != nil {
		return nil, err
	}
	p.Versions = []iam.PolicyVersion{{ID: "v1", Document: document, CreatedAt: now}}
	if err := a.identity.CreateManagedPolicy(ctx, p); err != nil {
		return nil, stored(err, "", "A policy called "+p.Name+" already exists. Duplicate names are not allowed.")
	}
	return onePolicy{newManagedXML(control.Managed{ManagedPolicy: p})}, nil
}

func (a *iamAPI) getPolicy(ctx context.Context, call *Call, form url.Values) (any, error) {
	m, err := a.findPolicy(ctx, call, form)
	return onePolicy{newManagedXML(m)}, err
}

func (a *iamAPI) findPolicy(ctx context.Context, call *Call, form url.Values) (control.Managed, error) {
	arn, err := policyARN(form)
	if err != nil {
		return control.Managed{}, err
	}
	m, err := a.identity.ManagedPolicy(ctx, call.Principal.AccountID, arn)
	return m, stored(err, noSuchPolicy(arn), "")
}

type managedList struct {
	Policies []managedXML `xml:"Policies>member"`
	pageXML
}

func (a *iamAPI) listPolicies(ctx context.Context, call *Call, form url.Values) (any, error) {
	prefix, err := pathPrefix(form)
	if err != nil {
		return nil, err
	}
	scope := form.Get("Scope")
	if scope != "" && scope != "All" && scope != "AWS" && scope != "Local" {
		return nil, invalid("The scope of policies must be All, AWS or Local, not %.40q", scope)
	}
	policies, end, err := page(a.pager, call, form, []string{prefix, scope}, func(after string, limit int) ([]control.Managed, error) {
		return a.policies(ctx, call.Principal.AccountID, scope, prefix, after, limit)
	}, policyKey)
	out := managedList{pageXML: end}
	for _, m := range policies {
		if form.Get("OnlyAttached") != "true" || m.Attachments > 0 {
			out.Policies = append(out.Policies, newManagedXML(m))
		}
	}
	return out, err
}

// ownKey begins the keys of an account's own policies, which are listed behind
// those that every account has.
const ownKey = "own/"

func policyKey(m control.Managed) string {
	if _, ok := iam.Builtin(m.ARN()); ok {
		return "aws/" + m.Name
	}
	return ownKey + m.Name
}

func (a *iamAPI) policies(ctx context.Context, account, scope, prefix, after string, limit int) ([]control.Managed, error) {
	var out []control.Managed
	for _, p := range iam.Builtins() {
		m := control.Managed{ManagedPolicy: p}
		if scope == "Local" || policyKey(m) <= after || !strings.HasPrefix(p.Path, prefix) || len(out) == limit {
			continue
		}
		m, err := a.identity.ManagedPolicy(ctx, account, p.ARN())
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	if scope == "AWS" || len(out) == limit {
		return out, nil
	}
	_, name, _ := strings.Cut(after, ownKey)
	own, err := a.identity.ManagedPolicies(ctx, account, prefix, name, limit-len(out))
	return append(out, own...), err
}

func (a *iamAPI) deletePolicy(ctx context.Context, call *Call, form url.Values) (any, error) {
	arn, err := policyARN(form)
	if err != nil {
		return nil, err
	}
	err = a.identity.DeleteManagedPolicy(ctx, call.Principal.AccountID, arn)
	return nil, stored(err, noSuchPolicy(arn), "")
}
