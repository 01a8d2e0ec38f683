package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/iam"
)

func (a *iamAPI) versions() queryActions {
	return queryActions{
		"CreatePolicyVersion":     {givenPolicy, a.createVersion},
		"GetPolicyVersion":        {givenPolicy, a.getVersion},
		"ListPolicyVersions":      {givenPolicy, a.listVersions},
		"SetDefaultPolicyVersion": {givenPolicy, a.setDefaultVersion},
		"DeletePolicyVersion":     {givenPolicy, a.deleteVersion},
	}
}

type versionXML struct {
	Document   string `xml:",omitempty"` // only where one version is asked for
	VersionID  string `xml:"VersionId"`
	IsDefault  bool   `xml:"IsDefaultVersion"`
	CreateDate string
}

func newVersionXML(p iam.ManagedPolicy, v iam.PolicyVersion) versionXML {
	return versionXML{VersionID: v.ID, IsDefault: v.ID == p.Default, CreateDate: isoTime(v.CreatedAt)}
}

type oneVersion struct {
	PolicyVersion versionXML
}

func noSuchVersion(id, arn string) error {
	return noSuch("Policy %s version %.20s does not exist or is not attachable.", arn, id)
}

func (a *iamAPI) createVersion(ctx context.Context, call *Call, form url.Values) (any, error) {
	document, err := managedDocument(form)
	if err != nil {
		return nil, err
	}
	now := call.Now.UTC().Truncate(time.Second)
	var out oneVersion
	err = a.changePolicy(ctx, call, form, func(p *iam.ManagedPolicy) error {
		if len(p.Versions) >= iam.MaxPolicyVersions {
			return limitExceeded("A managed policy can have up to %d versions. Before you create a new version, "+
				"you must delete an existing version.", iam.MaxPolicyVersions)
		}
		p.LastVersion++
		v := iam.PolicyVersion{ID: fmt.Sprintf("v%d", p.LastVersion), Document: document, CreatedAt: now}
		p.Versions = append(p.Versions, v)
		if form.Get("SetAsDefault") == "true" {
			p.Default = v.ID
		}
		p.UpdatedAt = now
		out.PolicyVersion = newVersionXML(*p, v)
		return nil
	})
	return out, err
}

// changePolicy changes the policy that the call names.
func (a *iamAPI) changePolicy(ctx context.Context, call *Call, form url.Values, change func(*iam.ManagedPolicy) error) error {
	arn, err := policyARN(form)
	if err != nil {
		return err
	}
	return stored(a.identity.ChangeManagedPolicy(ctx, call.Principal.AccountID, arn, change), noSuchPolicy(arn), "")
}

func (a *iamAPI) getVersion(ctx context.Context, call *Call, form url.Values) (any, error) {
	m, err := a.findPolicy(ctx, call, form)
	if err != nil {
		return nil, err
	}
	id := form.Get("VersionId")
	v, ok := m.Version(id)
	if !ok {
		return nil, noSuchVersion(id, m.ARN())
	}
	out := oneVersion{newVersionXML(m.ManagedPolicy, v)}
	out.PolicyVersion.Document = percentEncode(v.Document)
	return out, nil
}

type versionList struct {
	Versions []versionXML `xml:"Versions>member"`
	pageXML
}

// listVersions shows the newest version first.
func (a *iamAPI) listVersions(ctx context.Context, call *Call, form url.Values) (any, error) {
	m, err := a.findPolicy(ctx, call, form)
	if err != nil {
		return nil, err
	}
	var out versionList
	for _, v := range slices.Backward(m.Versions) {
		out.Versions = append(out.Versions, newVersionXML(m.ManagedPolicy, v))
	}
	// The place in the list is the key: ids do not sort as texts.
	keys := map[string]string{}
	for i, v := range out.Versions {
		keys[v.VersionID] = strings.Repeat("+", i+1)
	}
	out.Versions, out.pageXML, err = pageOf(a.pager, call, form, m.ARN(), out.Versions,
		func(v versionXML) string { return keys[v.VersionID] })
	return out, err
}

func (a *iamAPI) setDefaultVersion(ctx context.Context, call *Call, form url.Values) (any, error) {
	id := form.Get("VersionId")
	return nil, a.changePolicy(ctx, call, form, func(p *iam.ManagedPolicy) error {
		if _, ok := p.Version(id); !ok {
			return noSuchVersion(id, p.ARN())
		}
		p.Default, p.UpdatedAt = id, call.Now.UTC().Truncate(time.Second)
		return nil
	})
}

var errDeleteDefault = &queryError{
	http.StatusConflict, "DeleteConflict", "Cannot delete the default version of a policy.",
}

func (a *iamAPI) deleteVersion(ctx context.Context, call *Call, form url.Values) (any, error) {
	id := form.Get("VersionId")
	return nil, a.changePolicy(ctx, call, form, func(p *iam.ManagedPolicy) error {
		if _, ok := p.Version(id); !ok {
			return noSuchVersion(id, p.ARN())
		}
		if id == p.Default {
			return errDeleteDefault
		}
		p.Versions = slices.DeleteFunc(p.Versions, func(v iam.PolicyVersion) bool { return v.ID == id })
		return nil
	})
}
