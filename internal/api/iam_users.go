package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/slipwayhq/slipway/internal/iam"
)

type userXML struct {
	Path       string
	UserName   string `xml:",omitempty"` // the root has none
	UserID     string `xml:"UserId"`
	Arn        string
	CreateDate string
}

func newUserXML(u iam.User) userXML {
	return userXML{u.Path, u.Name, u.ID, u.ARN(), isoTime(u.CreatedAt)}
}

func isoTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

type oneUser struct{ User userXML }

func newUserARN(_ context.Context, call *Call, form url.Values) (string, error) {
	return iam.UserARN(call.Principal.AccountID, userPath(form), form.Get("UserName")), nil
}

func userPath(form url.Values) string {
	if path := form.Get("Path"); path != "" {
		return path
	}
	return "/"
}

func (a *iamAPI) createUser(ctx context.Context, call *Call, form url.Values) (any, error) {
	if !form.Has("UserName") {
		return nil, invalid("userName is missing")
	}
	name, err := userName(call, form)
	if err != nil {
		return nil, err
	}
	path := userPath(form)
	if !iam.ValidPath(path) {
		return nil, invalid("The specified value for path is invalid. It must begin and end with / and " +
			"contain only alphanumeric characters and/or / characters.")
	}
	u := iam.User{
		AccountID: call.Principal.AccountID,
		ID:        iam.NewUserID(),
		Path:      path,
		Name:      name,
		CreatedAt: call.Now.UTC().Truncate(time.Second),
	}
	if err := a.access.Users.CreateUser(ctx, u); err != nil {
		if errors.Is(err, iam.ErrExists) {
			return nil, &queryError{http.StatusConflict, "EntityAlreadyExists", "User with name " + name + " already exists."}
		}
		return nil, err
	}
	return oneUser{newUserXML(u)}, nil
}

// selfOrUserARN lets the root ask for itself.
func (a *iamAPI) selfOrUserARN(ctx context.Context, call *Call, form url.Values) (string, error) {
	if form.Get("UserName") == "" {
		return call.Principal.ARN, nil
	}
	return a.userARN(ctx, call, form)
}

func (a *iamAPI) getUser(ctx context.Context, call *Call, form url.Values) (any, error) {
	p := call.Principal
	if form.Get("UserName") == "" && p.Kind == iam.RootKind {
		return oneUser{userXML{UserID: p.UserID, Arn: p.ARN, CreateDate: isoTime(a.access.Root.CreatedAt)}}, nil
	}
	name, err := userName(call, form)
	if err != nil {
		return nil, err
	}
	u, err := a.access.Users.User(ctx, p.AccountID, name)
	if err != nil {
		return nil, storeFault(err, noSuchUser, name)
	}
	return oneUser{newUserXML(u)}, nil
}

func usersARN(_ context.Context, call *Call, _ url.Values) (string, error) {
	return iam.UserARN(call.Principal.AccountID, "/", ""), nil
}

type userList struct {
	Users       []userXML `xml:"Users>member"`
	IsTruncated bool
	Marker      *string
}

func (a *iamAPI) listUsers(ctx context.Context, call *Call, form url.Values) (any, error) {
	prefix := form.Get("PathPrefix")
	if prefix == "" {
		prefix = "/"
	}
	if !iam.ValidPathPrefix(prefix) {
		return nil, invalid("The specified value for pathPrefix is invalid.")
	}
	limit, err := maxItems(form)
	if err != nil {
		return nil, err
	}
	after, err := a.pager.After(call, prefix, new(form.Get("Marker")))
	if err != nil {
		return nil, invalid("Invalid Marker.")
	}
	users, err := a.access.Users.Users(ctx, call.Principal.AccountID, prefix, after, limit+1)
	if err != nil {
		return nil, err
	}
	var out userList
	if len(users) > limit {
		users = users[:limit]
		out.IsTruncated = true
		out.Marker = new(a.pager.Token(call, prefix, users[limit-1].Name))
	}
	for _, u := range users {
		out.Users = append(out.Users, newUserXML(u))
	}
	return out, nil
}

// maxItems is the page size a caller may choose, 1 to 1000.
func maxItems(form url.Values) (int, error) {
	text := form.Get("MaxItems")
	if text == "" {
		return PageSize, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 1000 {
		return 0, invalid("maxItems must be a number from 1 to 1000.")
	}
	return n, nil
}

func (a *iamAPI) deleteUser(ctx context.Context, call *Call, form url.Values) (any, error) {
	name, err := userName(call, form)
	if err != nil {
		return nil, err
	}
	err = a.access.Users.DeleteUser(ctx, call.Principal.AccountID, name)
	return nil, storeFault(err, noSuchUser, name)
}
