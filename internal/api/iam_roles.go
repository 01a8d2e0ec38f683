package api

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/slipwayhq/slipway/internal/iam"
)

func (a *iamAPI) roles() queryActions {
	return queryActions{
		"CreateRole":             {newARN("RoleName", iam.RoleARN), a.createRole},
		"GetRole":                a.onOwner(roleNoun, a.getRole),
		"ListRoles":              {everyARN(iam.RoleARN), a.listRoles},
		"UpdateRole":             a.onOwner(roleNoun, a.updateRole),
		"UpdateRoleDescription":  a.onOwner(roleNoun, a.updateRoleDescription),
		"UpdateAssumeRolePolicy": a.onOwner(roleNoun, a.updateTrust),
		"DeleteRole":             a.onOwner(roleNoun, a.deleteRole),
		// There are no instance profiles, but clients that delete a role ask
		// for them.
		"ListInstanceProfilesForRole": a.onOwner(roleNoun, noInstanceProfiles),
	}
}

type roleXML struct {
	Path        string
	RoleName    string
	RoleID      string `xml:"RoleId"`
	Arn         string
	CreateDate  string
	TrustPolicy string   `xml:"AssumeRolePolicyDocument"`
	Description string   `xml:",omitempty"`
	MaxSeconds  int      `xml:"MaxSessionDuration"`
	Tags        []tagXML `xml:"Tags>member,omitempty"`
}

func newRoleXML(r iam.Role) roleXML {
	return roleXML{
		r.Path, r.Name, r.ID, r.ARN(), isoTime(r.CreatedAt), percentEncode(r.TrustPolicy), r.Description,
		int(r.MaxSession / time.Second), tagsXML(r.Tags),
	}
}

type oneRole struct{ Role roleXML }

// maxTrustPolicy is how many characters a trust policy may have.
const maxTrustPolicy = 4096

func trustPolicy(document string) (string, error) {
	if len(document) > maxTrustPolicy {
		return "", limitExceeded("Cannot exceed quota for ACLSizePerRole: %d", maxTrustPolicy)
	}
	if _, err := iam.ParseTrustPolicy(document); err != nil {
		return "", malformedPolicy(err)
	}
	return document, nil
}

// maxSession is the parameter for how long sessions may last.
func maxSession(form url.Values) (time.Duration, error) {
	text := form.Get("MaxSessionDuration")
	if text == "" {
		return iam.DefaultSession, nil
	}
	seconds, err := strconv.Atoi(text)
	length := time.Duration(seconds) * time.Second
	if err != nil || length < time.Hour || length > iam.MaxSession {
		return 0, invalid("maxSessionDuration must be a number of seconds from 3600 to 43200.")
	}
	return length, nil
}

// maxDescription is how many characters the description of a role or a policy
// may have.
const maxDescription = 1000

func description(form url.Values) (string, error) {
	text := form.Get("Description")
	if len([]rune(text)) > maxDescription {
		return "", invalid("The description must have at most %d characters.", maxDescription)
	}
	return text, nil
}

func (a *iamAPI) createRole(ctx context.Context, call *Call, form url.Values) (any, error) {
	r := iam.Role{
		AccountID: call.Principal.AccountID, ID: iam.NewRoleID(), CreatedAt: call.Now.UTC().Truncate(time.Second),
	}
	var err error
	if r.Name, err = roleNoun.name(form); err != nil {
		return nil, err
	}
	if r.Path, err = pathOf(form); err != nil {
		return nil, err
	}
	if r.Description, err = description(form); err != nil {
		return nil, err
	}
	if r.MaxSession, err = maxSession(form); err != nil {
		return nil, err
	}
	if r.Tags, err = tagsOf(form); err != nil {
		return nil, err
	}
	if r.TrustPolicy, err = trustPolicy(form.Get("AssumeRolePolicyDocument")); err != nil {
		return nil, err
	}
	if err := a.identity.CreateRole(ctx, r); err != nil {
		return nil, stored(err, "", roleNoun.taken(r.Name))
	}
	return oneRole{newRoleXML(r)}, nil
}

func (a *iamAPI) getRole(ctx context.Context, _ *Call, o iam.Owner, _ url.Values) (any, error) {
	r, err := a.identity.Role(ctx, o.Account, o.Name)
	return oneRole{newRoleXML(r)}, err
}

type roleList struct {
	Roles []roleXML `xml:"Roles>member"`
	pageXML
}

func (a *iamAPI) listRoles(ctx context.Context, call *Call, form url.Values) (any, error) {
	prefix, err := pathPrefix(form)
	if err != nil {
		return nil, err
	}
	var out roleList
	roles, end, err := page(a.pager, call, form, prefix, func(after string, limit int) ([]iam.Role, error) {
		return a.identity.Roles(ctx, call.Principal.AccountID, prefix, after, limit)
	}, func(r iam.Role) string { return r.Name })
	for _, r := range roles {
		out.Roles = append(out.Roles, newRoleXML(r))
	}
	out.pageXML = end
	return out, err
}

// nothing is the result of an action that has an element for it, but nothing
// to put in.
type nothing struct{}

func (a *iamAPI) updateRole(ctx context.Context, _ *Call, o iam.Owner, form url.Values) (any, error) {
	text, err := description(form)
	if err != nil {
		return nil, err
	}
	longest, err := maxSession(form)
	if err != nil {
		return nil, err
	}
	return nothing{}, a.identity.ChangeRole(ctx, o.Account, o.Name, func(r *iam.Role) {
		if form.Has("Description") {
			r.Description = text
		}
		if form.Has("MaxSessionDuration") {
			r.MaxSession = longest
		}
	})
}

func (a *iamAPI) updateRoleDescription(ctx context.Context, _ *Call, o iam.Owner, form url.Values) (any, error) {
	text, err := description(form)
	if err != nil {
		return nil, err
	}
	var out oneRole
	err = a.identity.ChangeRole(ctx, o.Account, o.Name, func(r *iam.Role) {
		r.Description = text
		out.Role = newRoleXML(*r)
	})
	return out, err
}

func (a *iamAPI) updateTrust(ctx context.Context, _ *Call, o iam.Owner, form url.Values) (any, error) {
	document, err := trustPolicy(form.Get("PolicyDocument"))
	if err != nil {
		return nil, err
	}
	return nil, a.identity.ChangeRole(ctx, o.Account, o.Name, func(r *iam.Role) { r.TrustPolicy = document })
}

func (a *iamAPI) deleteRole(ctx context.Context, _ *Call, o iam.Owner, _ url.Values) (any, error) {
	return nil, a.identity.DeleteRole(ctx, o.Account, o.Name)
}

type instanceProfileList struct {
	InstanceProfiles struct{}
	pageXML
}

func noInstanceProfiles(context.Context, *Call, iam.Owner, url.Values) (any, error) {
	return instanceProfileList{}, nil
}
