package api

import (
	"context"
	"net/url"
	"time"

	"github.com/slipwayhq/slipway/internal/iam"
)

func (a *iamAPI) users() queryActions {
	return queryActions{
		"CreateUser": {newARN("UserName", iam.UserARN), a.createUser},
		"GetUser":    {a.selfOrUserARN, a.getUser},
		"ListUsers":  {everyARN(iam.UserARN), a.listUsers},
		"UpdateUser": {a.ownerARN(userNoun), a.updateUser},
		"DeleteUser": {a.ownerARN(userNoun), a.deleteUser},
		// There are no groups, but clients that delete a user ask for them.
		"ListGroupsForUser": {a.ownerARN(userNoun), noGroups},
	}
}

type userXML struct {
	Path       string
	UserName   string `xml:",omitempty"` // the root has none
	UserID     string `xml:"UserId"`
	Arn        string
	CreateDate string
	Tags       []tagXML `xml:"Tags>member,omitempty"`
}

func newUserXML(u iam.User) userXML {
	return userXML{u.Path, u.Name, u.ID, u.ARN(), isoTime(u.CreatedAt), tagsXML(u.Tags)}
}

func isoTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

type oneUser struct{ User userXML }

func (a *iamAPI) createUser(ctx context.Context, call *Call, form url.Values) (any, error) {
	name, err := userNoun.name(form)
	if err != nil {
		return nil, err
	}
	path, err := pathOf(form)
	if err != nil {
		return nil, err
	}
	tags, err := tagsOf(form)
	if err != nil {
		return nil, err
	}
	u := iam.User{
		AccountID: call.Principal.AccountID,
		ID:        iam.NewUserID(),
		Path:      path,
		Name:      name,
		Tags:      tags,
		CreatedAt: call.Now.UTC().Truncate(time.Second),
	}
	if err := a.identity.CreateUser(ctx, u); err != nil {
		return nil, stored(err, "", userNoun.taken(name))
	}
	return oneUser{newUserXML(u)}, nil
}

// selfOrUserARN lets the root ask for itself.
func (a *iamAPI) selfOrUserARN(ctx context.Context, call *Call, form url.Values) (string, error) {
	if form.Get("UserName") == "" && call.Principal.Kind != iam.SessionKind {
		return call.Principal.ARN, nil
	}
	return a.ownerARN(userNoun)(ctx, call, form)
}

func (a *iamAPI) getUser(ctx context.Context, call *Call, form url.Values) (any, error) {
	p := call.Principal
	if form.Get("UserName") == "" && p.Kind == iam.RootKind {
		return oneUser{userXML{UserID: p.UserID, Arn: p.ARN, CreateDate: isoTime(a.root.CreatedAt)}}, nil
	}
	o, err := userNoun.owner(call, form)
	if err != nil {
		return nil, err
	}
	u, err := a.identity.User(ctx, o.Account, o.Name)
	if err != nil {
		return nil, stored(err, userNoun.missing(o.Name), "")
	}
	return oneUser{newUserXML(u)}, nil
}

// pathPrefix is what lists are narrowed by.
func pathPrefix(form url.Values) (string, error) {
	prefix := form.Get("PathPrefix")
	if prefix == "" {
		return "/", nil
	}
	if !iam.ValidPathPrefix(prefix) {
		return "", invalid("The specified value for pathPrefix is invalid.")
	}
	return prefix, nil
}

type userList struct {
	Users []userXML `xml:"Users>member"`
	pageXML
}

func (a *iamAPI) listUsers(ctx context.Context, call *Call, form url.Values) (any, error) {
	prefix, err := pathPrefix(form)
	if err != nil {
		return nil, err
	}
	var out userList
	users, end, err := page(a.pager, call, form, prefix, func(after string, limit int) ([]iam.User, error) {
		return a.identity.Users(ctx, call.Principal.AccountID, prefix, after, limit)
	}, func(u iam.User) string { return u.Name })
	for _, u := range users {
		out.Users = append(out.Users, newUserXML(u))
	}
	out.pageXML = end
	return out, err
}

// updateUser gives a user another name or path. Its keys go on working.
func (a *iamAPI) updateUser(ctx context.Context, call *Call, form url.Values) (any, error) {
	name, err := userNoun.name(form)
	if err != nil {
		return nil, err
	}
	newName, newPath := form.Get("NewUserName"), form.Get("NewPath")
	if newName != "" && !iam.ValidUserName(newName) {
		return nil, invalid("The specified value for newUserName is invalid. %s", nameRule)
	}
	if newPath != "" && !iam.ValidPath(newPath) {
		return nil, invalid("The specified value for newPath is invalid.")
	}
	err = a.identity.ChangeUser(ctx, call.Principal.AccountID, name, func(u *iam.User) {
		if newName != "" {
			u.Name = newName
		}
		if newPath != "" {
			u.Path = newPath
		}
	})
	return nil, stored(err, userNoun.missing(name), userNoun.taken(newName))
}

func (a *iamAPI) deleteUser(ctx context.Context, call *Call, form url.Values) (any, error) {
	o, err := userNoun.owner(call, form)
	if err != nil {
		return nil, err
	}
	err = a.identity.DeleteUser(ctx, o.Account, o.Name)
	return nil, stored(err, userNoun.missing(o.Name), "")
}

type groupList struct {
	Groups struct{}
	pageXML
}

func noGroups(context.Context, *Call, url.Values) (any, error) { return groupList{}, nil }
