package iam

import (
	"slices"
	"strings"
	"time"
)

// builtinAccount is the account of the policies that everybody has.
const builtinAccount = "aws"

// builtins are the managed policies of AWS that instructions for CodeDeploy
// name, in words of our own: what they allow is what their names say, as far as
// this server has it.
var builtins = []ManagedPolicy{
	builtin("/", "AdministratorAccess", `"*"`),
	builtin("/", "AWSCodeDeployFullAccess", `"codedeploy:*"`),
	builtin("/", "AWSCodeDeployReadOnlyAccess", `["codedeploy:Batch*","codedeploy:Get*","codedeploy:List*"]`),
	builtin("/", "AWSCodeDeployDeployerAccess", `["codedeploy:Batch*","codedeploy:Get*","codedeploy:List*",`+
		`"codedeploy:CreateDeployment","codedeploy:RegisterApplicationRevision"]`),
	builtin("/", "AmazonS3FullAccess", `"s3:*"`),
	builtin("/", "AmazonS3ReadOnlyAccess", `["s3:Get*","s3:List*"]`),
	builtin("/", "IAMFullAccess", `"iam:*"`),
	builtin("/service-role/", "AWSCodeDeployRole", `["ec2:Describe*","autoscaling:*","elasticloadbalancing:*","sns:Publish","cloudwatch:DescribeAlarms"]`),
}

func builtin(path, name, actions string) ManagedPolicy {
	made := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	return ManagedPolicy{
		AccountID: builtinAccount, ID: "ANPA" + name, Path: path, Name: name, Default: "v1", LastVersion: 1,
		Versions: []PolicyVersion{{
			ID: "v1", CreatedAt: made,
			Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":` + actions + `,"Resource":"*"}]}`,
		}},
		CreatedAt: made, UpdatedAt: made,
	}
}

// Builtins returns the managed policies that every account has, by name.
func Builtins() []ManagedPolicy {
	return slices.SortedFunc(slices.Values(builtins), func(a, b ManagedPolicy) int { return strings.Compare(a.Name, b.Name) })
}

// Builtin finds one by its ARN.
func Builtin(arn string) (ManagedPolicy, bool) {
	for _, p := range builtins {
		if p.ARN() == arn {
			return p, true
		}
	}
	return ManagedPolicy{}, false
}
