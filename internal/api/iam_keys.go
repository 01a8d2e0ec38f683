package api

import (
	"context"
	"net/url"
	"time"

	"github.com/slipwayhq/slipway/internal/iam"
)

type accessKeyXML struct {
	UserName        string
	AccessKeyID     string `xml:"AccessKeyId"`
	Status          string
	SecretAccessKey string `xml:",omitempty"` // once, when the key is made
	CreateDate      string
}

func newAccessKeyXML(k iam.AccessKey) accessKeyXML {
	return accessKeyXML{UserName: k.UserName, AccessKeyID: k.ID, Status: "Active", CreateDate: isoTime(k.CreatedAt)}
}

func (a *iamAPI) createAccessKey(ctx context.Context, call *Call, form url.Values) (any, error) {
	name, err := userName(call, form)
	if err != nil {
		return nil, err
	}
	k := iam.AccessKey{
		AccountID: call.Principal.AccountID,
		UserName:  name,
		ID:        iam.NewAccessKeyID(),
		Secret:    iam.Secret(iam.NewSecretAccessKey()),
		CreatedAt: call.Now.UTC().Truncate(time.Second),
	}
	if err := a.access.Users.CreateAccessKey(ctx, k); err != nil {
		return nil, storeFault(err, noSuchUser, name)
	}
	out := struct{ AccessKey accessKeyXML }{newAccessKeyXML(k)}
	out.AccessKey.SecretAccessKey = string(k.Secret)
	return out, nil
}

type accessKeyList struct {
	UserName    string
	Keys        []accessKeyXML `xml:"AccessKeyMetadata>member"`
	IsTruncated bool
}

func (a *iamAPI) listAccessKeys(ctx context.Context, call *Call, form url.Values) (any, error) {
	name, err := userName(call, form)
	if err != nil {
		return nil, err
	}
	keys, err := a.access.Users.AccessKeys(ctx, call.Principal.AccountID, name)
	if err != nil {
		return nil, storeFault(err, noSuchUser, name)
	}
	out := accessKeyList{UserName: name}
	for _, k := range keys {
		out.Keys = append(out.Keys, newAccessKeyXML(k))
	}
	return out, nil
}

func (a *iamAPI) deleteAccessKey(ctx context.Context, call *Call, form url.Values) (any, error) {
	name, err := userName(call, form)
	if err != nil {
		return nil, err
	}
	id := form.Get("AccessKeyId")
	if !iam.ValidAccessKeyID(id) {
		return nil, invalid("The specified value for accessKeyId is invalid.")
	}
	err = a.access.Users.DeleteAccessKey(ctx, call.Principal.AccountID, name, id)
	return nil, storeFault(err, "The Access Key with id %s cannot be found.", id)
}
