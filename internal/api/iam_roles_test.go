package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const (
	trustAccount    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"sts:AssumeRole"}]}`
	trustCodeDeploy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"codedeploy.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	allowAll        = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
)

// TestRoleLife does to a role what Terraform does.
func TestRoleLife(t *testing.T) {
	e := newEdge(t)
	c, ctx, name := e.iam(root), t.Context(), aws.String("Deployer")
	made, err := c.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: name, Path: aws.String("/ci/"), AssumeRolePolicyDocument: aws.String(trustCodeDeploy), Description: aws.String("of the pipeline"),
		MaxSessionDuration: aws.Int32(7200), Tags: []types.Tag{{Key: aws.String("stage"), Value: aws.String("prod")}},
	})
	if err != nil || aws.ToString(made.Role.Arn) != "arn:aws:iam::000000000000:role/ci/Deployer" {
		t.Fatal(made, err)
	}
	_, err = c.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("deployer"), AssumeRolePolicyDocument: aws.String(trustAccount)})
	wantFault(t, err, 409, "EntityAlreadyExists", "Role with name deployer already exists")
	_, err = c.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("x"), AssumeRolePolicyDocument: aws.String(allowAll)})
	wantFault(t, err, 400, "MalformedPolicyDocument", "Resource")

	_, e1 := c.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: name, Description: aws.String("changed"), MaxSessionDuration: aws.Int32(3600)})
	_, e2 := c.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: aws.String(trustAccount)})
	_, e3 := c.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("p"), PolicyDocument: aws.String(allowAll)})
	if err := errors.Join(e1, e2, e3); err != nil {
		t.Fatal(err)
	}
	got, err := c.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
	if err != nil {
		t.Fatal(err)
	}
	trust, err := url.PathUnescape(*got.Role.AssumeRolePolicyDocument)
	if err != nil || trust != trustAccount || *got.Role.Description != "changed" || *got.Role.MaxSessionDuration != 3600 ||
		len(got.Role.Tags) != 1 || *got.Role.Path != "/ci/" || *got.Role.RoleId != *made.Role.RoleId || !got.Role.CreateDate.Equal(*made.Role.CreateDate) {
		t.Errorf("%+v", *got.Role)
	}
	inline, err := c.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: name, PolicyName: aws.String("p")})
	if err != nil || *inline.RoleName != "Deployer" {
		t.Error(inline, err)
	}
	profiles, err := c.ListInstanceProfilesForRole(ctx, &iam.ListInstanceProfilesForRoleInput{RoleName: name})
	if err != nil || len(profiles.InstanceProfiles) != 0 || profiles.IsTruncated {
		t.Error(profiles, err)
	}
	_, err = c.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
	wantFault(t, err, 409, "DeleteConflict", "")
	_, e1 = c.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String("p")})
	_, e2 = c.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
	if err := errors.Join(e1, e2); err != nil {
		t.Fatal(err)
	}
	_, err = c.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
	wantFault(t, err, 404, "NoSuchEntity", "The role with name Deployer cannot be found.")
	var typed *types.NoSuchEntityException
	if !errors.As(err, &typed) {
		t.Errorf("%T", err)
	}
}

func TestListRolesPages(t *testing.T) {
	e := newEdge(t)
	c := e.iam(root)
	for i := range 3 {
		if _, err := c.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String(fmt.Sprint("role-", i)), AssumeRolePolicyDocument: aws.String(trustAccount)}); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for pages := iam.NewListRolesPaginator(c, &iam.ListRolesInput{MaxItems: aws.Int32(1)}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Roles {
			names = append(names, *r.RoleName)
		}
	}
	if fmt.Sprint(names) != "[role-0 role-1 role-2]" {
		t.Error(names)
	}
}

func TestManagedPolicies(t *testing.T) {
	e := newEdge(t)
	c, ctx := e.iam(root), t.Context()
	ann := e.addUser(t, "ann", "")
	const deny = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`
	made, err := c.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("all"), PolicyDocument: aws.String(allowAll)})
	if err != nil || *made.Policy.Arn != "arn:aws:iam::000000000000:policy/all" {
		t.Fatal(made, err)
	}
	arn, user := made.Policy.Arn, aws.String("ann")
	_, err = c.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("ALL"), PolicyDocument: aws.String(allowAll)})
	wantFault(t, err, 409, "EntityAlreadyExists", "")

	wantFault(t, get(e.sdk(ann), "shop"), 400, "AccessDeniedException", "")
	if _, err := c.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: user, PolicyArn: arn}); err != nil {
		t.Fatal(err)
	}
	if err := get(e.sdk(ann), "shop"); err != nil {
		t.Error("with the policy:", err)
	}
	next, err := c.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(deny), SetAsDefault: true})
	if err != nil || *next.PolicyVersion.VersionId != "v2" || !next.PolicyVersion.IsDefaultVersion {
		t.Fatal(next, err)
	}
	wantFault(t, get(e.sdk(ann), "shop"), 400, "AccessDeniedException", "explicit deny")
	if _, err := c.SetDefaultPolicyVersion(ctx, &iam.SetDefaultPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")}); err != nil {
		t.Fatal(err)
	}
	version, err := c.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v2")})
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := url.PathUnescape(*version.PolicyVersion.Document); text != deny || version.PolicyVersion.IsDefaultVersion {
		t.Error(text)
	}
	got, err := c.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: arn})
	if err != nil || *got.Policy.DefaultVersionId != "v1" || *got.Policy.AttachmentCount != 1 {
		t.Error(got, err)
	}
	for range 3 {
		if _, err := c.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(deny)}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = c.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(deny)})
	wantFault(t, err, 409, "LimitExceeded", "up to 5 versions")
	versions, err := c.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: arn})
	if err != nil || len(versions.Versions) != 5 || *versions.Versions[0].VersionId != "v5" {
		t.Error(versions, err)
	}
	_, err = c.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")})
	wantFault(t, err, 409, "DeleteConflict", "default version")
	_, err = c.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: arn})
	wantFault(t, err, 409, "DeleteConflict", "")
	for _, v := range versions.Versions[:4] {
		if _, err := c.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: v.VersionId}); err != nil {
			t.Fatal(err)
		}
	}
	attached, err := c.ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{UserName: user})
	if err != nil || len(attached.AttachedPolicies) != 1 || *attached.AttachedPolicies[0].PolicyName != "all" {
		t.Error(attached, err)
	}
	_, e1 := c.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: user, PolicyArn: arn})
	_, e2 := c.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: arn})
	if err := errors.Join(e1, e2); err != nil {
		t.Fatal(err)
	}
	wantFault(t, get(e.sdk(ann), "shop"), 400, "AccessDeniedException", "")
	_, err = c.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: user, PolicyArn: arn})
	wantFault(t, err, 404, "NoSuchEntity", "policy/all does not exist")
}

func TestPoliciesOfEveryAccount(t *testing.T) {
	e := newEdge(t)
	c, ctx := e.iam(root), t.Context()
	ann := e.addUser(t, "ann", "")
	const arn = "arn:aws:iam::aws:policy/AWSCodeDeployReadOnlyAccess"
	if _, err := c.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("ann"), PolicyArn: aws.String(arn)}); err != nil {
		t.Fatal(err)
	}
	if err := get(e.sdk(ann), "shop"); err != nil {
		t.Error(err)
	}
	count := func(in *iam.ListPoliciesInput) (n int) {
		for pages := iam.NewListPoliciesPaginator(c, in); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			n += len(page.Policies)
		}
		return n
	}
	if _, err := c.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("own"), PolicyDocument: aws.String(allowAll)}); err != nil {
		t.Fatal(err)
	}
	all, theirs := count(&iam.ListPoliciesInput{MaxItems: aws.Int32(3)}), count(&iam.ListPoliciesInput{Scope: types.PolicyScopeTypeAws})
	own, used := count(&iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal}), count(&iam.ListPoliciesInput{OnlyAttached: true})
	if all != theirs+1 || own != 1 || used != 1 || theirs < 5 {
		t.Error(all, theirs, own, used)
	}
	_, err := c.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: aws.String(arn)})
	if err == nil {
		t.Error("a policy of every account was deleted")
	}
}

func TestUpdateUserAndKey(t *testing.T) {
	e := newEdge(t)
	c, ctx := e.iam(root), t.Context()
	ann := e.addUser(t, "ann", `{"Effect":"Allow","Action":"*","Resource":"*"}`)
	if _, err := c.UpdateUser(ctx, &iam.UpdateUserInput{UserName: aws.String("ann"), NewUserName: aws.String("Anna"), NewPath: aws.String("/people/")}); err != nil {
		t.Fatal(err)
	}
	who, err := e.sts(ann).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil || *who.Arn != "arn:aws:iam::000000000000:user/people/Anna" {
		t.Error(who, err)
	}
	if err := get(e.sdk(ann), "shop"); err != nil {
		t.Error("its policy stayed behind:", err)
	}
	set := func(status types.StatusType) error {
		_, err := c.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: aws.String("Anna"), AccessKeyId: &ann.AccessKeyID, Status: status})
		return err
	}
	if err := set(types.StatusTypeInactive); err != nil {
		t.Fatal(err)
	}
	wantFault(t, get(e.sdk(ann), "shop"), 400, "UnrecognizedClientException", "")
	keys, err := c.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: aws.String("Anna")})
	if err != nil || keys.AccessKeyMetadata[0].Status != types.StatusTypeInactive {
		t.Error(keys, err)
	}
	if err := errors.Join(set(types.StatusTypeActive), get(e.sdk(ann), "shop")); err != nil {
		t.Error(err)
	}
	wantFault(t, set("Broken"), 400, "ValidationError", "Active or Inactive")
	_, err = c.UpdateUser(context.Background(), &iam.UpdateUserInput{UserName: aws.String("none"), NewUserName: aws.String("x")})
	wantFault(t, err, 404, "NoSuchEntity", "")
}
