package api

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/slipwayhq/slipway/internal/iam"
)

func (a *iamAPI) keys() queryActions {
	return queryActions{
		"CreateAccessKey": a.onOwner(userNoun, a.createAccessKey),
		"ListAccessKeys":  a.onOwner(userNoun, a.listAccessKeys),
		"UpdateAccessKey": a.onOwner(userNoun, a.updateAccessKey),
		"DeleteAccessKey": a.onOwner(userNoun, a.deleteAccessKey),
	}
}

// The states of a key.
const (
	keyActive   = "Active"
	keyInactive = "Inactive"
)

type accessKeyXML struct {
	UserName        string
	AccessKeyID     string `xml:"AccessKeyId"`
	Status          string
	SecretAccessKey string `xml:",omitempty"` // once, when the key is made
	CreateDate      string
}

func newAccessKeyXML(k iam.AccessKey) accessKeyXML {
	out := accessKeyXML{UserName: k.UserName, AccessKeyID: k.ID, Status: keyActive, CreateDate: isoTime(k.CreatedAt)}
	if k.Inactive {
		out.Status = keyInactive
	}
	return out
}

func (a *iamAPI) createAccessKey(ctx context.Context, call *Call, o iam.Owner, _ url.Values) (any, error) {
	k := iam.AccessKey{
		AccountID: o.Account,
		UserName:  o.Name,
		ID:        iam.NewAccessKeyID(),
		Secret:    iam.Secret(iam.NewSecretAccessKey()),
		CreatedAt: call.Now.UTC().Truncate(time.Second),
	}
	err := a.identity.CreateAccessKey(ctx, k)
	if errors.Is(err, iam.ErrLimit) {
		return nil, limitExceeded("Cannot exceed quota for AccessKeysPerUser: %d", iam.MaxAccessKeys)
	}
	if err != nil {
		return nil, err
	}
	out := struct{ AccessKey accessKeyXML }{newAccessKeyXML(k)}
	out.AccessKey.SecretAccessKey = string(k.Secret)
	return out, nil
}

type accessKeyList struct {
	UserName string
	Keys     []accessKeyXML `xml:"AccessKeyMetadata>member"`
	pageXML
}

func (a *iamAPI) listAccessKeys(ctx context.Context, call *Call, o iam.Owner, form url.Values) (any, error) {
	keys, err := a.identity.AccessKeys(ctx, o.Account, o.Name)
	if err != nil {
		return nil, err
	}
	out := accessKeyList{UserName: o.Name}
	keys, out.pageXML, err = pageOf(a.pager, call, form, o.Name, keys, func(k iam.AccessKey) string { return k.ID })
	for _, k := range keys {
		out.Keys = append(out.Keys, newAccessKeyXML(k))
	}
	return out, err
}

func accessKeyID(form url.Values) (string, error) {
	id := form.Get("AccessKeyId")
	if !iam.ValidAccessKeyID(id) {
		return "", invalid("The specified value for accessKeyId is invalid.")
	}
	return id, nil
}

func noSuchKey(err error, id string) error {
	if errors.Is(err, iam.ErrNotFound) {
		return noSuch("The Access Key with id %s cannot be found.", id)
	}
	return err
}

func (a *iamAPI) updateAccessKey(ctx context.Context, _ *Call, o iam.Owner, form url.Values) (any, error) {
	id, err := accessKeyID(form)
	if err != nil {
		return nil, err
	}
	status := form.Get("Status")
	if status != keyActive && status != keyInactive {
		return nil, invalid("The status of an access key must be Active or Inactive, not %.40q", status)
	}
	return nil, noSuchKey(a.identity.SetAccessKeyInactive(ctx, o.Account, o.Name, id, status == keyInactive), id)
}

func (a *iamAPI) deleteAccessKey(ctx context.Context, _ *Call, o iam.Owner, form url.Values) (any, error) {
	id, err := accessKeyID(form)
	if err != nil {
		return nil, err
	}
	return nil, noSuchKey(a.identity.DeleteAccessKey(ctx, o.Account, o.Name, id), id)
}
