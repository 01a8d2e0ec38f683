package api_test

import (
	"bytes"
	"encoding/base64"
	"testing"

	"pgregory.net/rapid"

	"github.com/slipwayhq/slipway/internal/api"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/wire"
)

var pager = api.NewPager(bytes.Repeat([]byte("k"), 32))

func listing(operation string) *api.Call {
	return &api.Call{Service: "codedeploy", Operation: operation, Namespace: deploy.Namespace{Account: account, Region: region}}
}

func TestTokenRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		last := rapid.String().Draw(t, "last")
		filter := wire.ListDeploymentsInput{ApplicationName: new(rapid.String().Draw(t, "application"))}
		token := pager.Token(listing("ListDeployments"), filter, last)
		if got, err := pager.After(listing("ListDeployments"), filter, &token); err != nil || got != last {
			t.Fatalf("%q, %v, want %q", got, err, last)
		}
		raw, _ := base64.RawURLEncoding.DecodeString(token)
		raw[rapid.IntRange(0, len(raw)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		forged := base64.RawURLEncoding.EncodeToString(raw)
		if _, err := pager.After(listing("ListDeployments"), filter, &forged); deploy.CodeOf(err) != "InvalidNextTokenException" {
			t.Fatalf("forged token: %v", err)
		}
	})
}

func TestTokenIsBound(t *testing.T) {
	filter := wire.ListDeploymentGroupsInput{ApplicationName: new("shop")}
	call := listing("ListDeploymentGroups")
	token := pager.Token(call, filter, "prod")
	abroad := listing("ListDeploymentGroups")
	abroad.Namespace.Region = "eu-west-1"
	for name, err := range map[string]error{
		"other operation": second(pager.After(listing("ListApplications"), filter, &token)),
		"other region":    second(pager.After(abroad, filter, &token)),
		"other filter":    second(pager.After(call, wire.ListDeploymentGroupsInput{}, &token)),
		"other server":    second(api.NewPager(make([]byte, 32)).After(call, filter, &token)),
		"longer":          second(pager.After(call, filter, new(token+"AA"))),
		"padded":          second(pager.After(call, filter, new(token+"="))),
		"short":           second(pager.After(call, filter, new("AAAA"))),
		"nonsense":        second(pager.After(call, filter, new("§"))),
	} {
		if deploy.CodeOf(err) != "InvalidNextTokenException" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, none := range []*string{nil, new("")} {
		if after, err := pager.After(call, filter, none); after != "" || err != nil {
			t.Errorf("%q %v", after, err)
		}
	}
}

func second(_ string, err error) error { return err }
