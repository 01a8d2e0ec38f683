package control_test

import (
	"path/filepath"
	"testing"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/store"
)

func TestStrictRolesAskForTrust(t *testing.T) {
	t.Parallel()
	s, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "slipway.db"), seal.NewBox(seal.Key{}))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	identity := control.NewIdentity(s)
	c := control.New(s, control.Options{ServiceRole: identity.TrustsCodeDeploy})
	platform := deploy.Server
	must(c.CreateApplication(t.Context(), ns, control.CreateApplication{Name: "shop", Platform: &platform}))(t)
	create := func() error {
		_, err := c.CreateDeploymentGroup(t.Context(), ns, prod())
		return err
	}
	change := func(trusted string) {
		t.Helper()
		err := identity.ChangeRole(t.Context(), ns.Account, "deploy", func(r *iam.Role) {
			r.TrustPolicy = `{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"` + trusted + `"}}}`
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	refused(t, "CreateDeploymentGroup", create(), "InvalidRole", role)
	if err := identity.CreateRole(t.Context(), iam.Role{AccountID: ns.Account, ID: "AROA1", Path: "/", Name: "deploy"}); err != nil {
		t.Fatal(err)
	}
	change("ec2.amazonaws.com")
	refused(t, "CreateDeploymentGroup", create(), "InvalidRole", "Cannot assume role provided.")
	change("codedeploy.amazonaws.com")
	if err := create(); err != nil {
		t.Error(err)
	}
}
