package compat

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

func tagResource(w *world, arn *string, tags []types.Tag) error {
	return failed(w.api.TagResource(w.Context(), &codedeploy.TagResourceInput{ResourceArn: arn, Tags: tags}))
}

func untagResource(w *world, arn *string, keys []string) error {
	return failed(w.api.UntagResource(w.Context(), &codedeploy.UntagResourceInput{ResourceArn: arn, TagKeys: keys}))
}

// ofARN are the errors that the ARN of a resource has on its own.
func ofARN(call func(w *world, arn *string) error) cases {
	return cases{
		"ResourceArnRequired": func(w *world) error { return same(w, call(w, nil), call(w, new(""))) },
		"InvalidArn": func(w *world) error {
			return same(w,
				call(w, new("nonsense")),
				call(w, new("arn:aws:s3:::bucket")),
				call(w, new("arn:aws:codedeploy:elsewhere-1:"+account+":application:shop")),
				call(w, new("arn:aws:codedeploy:"+w.ns.Region+":210987654321:application:shop")),
				call(w, new(w.ns.ARN("application:"+strings.Repeat("x", 1011)))))
		},
		"ArnNotSupported": func(w *world) error {
			return same(w, call(w, new(w.ns.InstanceARN("host"))), call(w, new(w.ns.ARN("something:else"))),
				call(w, new(w.ns.ConfigARN("CodeDeployDefault.OneAtATime"))))
		},
	}
}

// ofTagged are the errors of resources that are not there.
func ofTagged(call func(w *world, arn *string) error) cases {
	return cases{
		"ApplicationDoesNotExist": func(w *world) error {
			return same(w, call(w, new(w.ns.ApplicationARN(absent))), call(w, new(w.ns.GroupARN(absent, prod))))
		},
		"DeploymentGroupDoesNotExist": func(w *world) error {
			w.group(types.ComputePlatformServer)
			w.must(call(w, new(w.ns.GroupARN(shop, prod))))
			return call(w, new(w.ns.GroupARN(shop, absent)))
		},
		"DeploymentConfigDoesNotExist": func(w *world) error { return call(w, new(w.ns.ConfigARN(absent))) },
	}
}

func tagIt(w *world, arn *string) error   { return tagResource(w, arn, []types.Tag{tag("k", "v")}) }
func untagIt(w *world, arn *string) error { return untagResource(w, arn, []string{"k"}) }

var tagCases = map[string]cases{
	"TagResource": all(ofARN(tagIt), ofTagged(tagIt), cases{
		"TagRequired": func(w *world) error {
			w.application(types.ComputePlatformServer)
			arn := new(w.ns.ApplicationARN(shop))
			return same(w, tagResource(w, arn, nil), tagResource(w, arn, []types.Tag{}))
		},
		"InvalidTagsToAdd": func(w *world) error {
			w.group(types.ComputePlatformServer)
			arn := new(w.ns.GroupARN(shop, prod))
			err := badTags(w, func(tags []types.Tag) error { return tagResource(w, arn, tags) })
			w.must(tagResource(w, arn, tags(50)))
			return same(w, err, tagResource(w, arn, []types.Tag{tag("one", "more")}))
		},
	}),

	"UntagResource": all(ofARN(untagIt), ofTagged(untagIt), cases{
		"TagRequired": func(w *world) error {
			w.application(types.ComputePlatformServer)
			arn := new(w.ns.ApplicationARN(shop))
			return same(w, untagResource(w, arn, nil), untagResource(w, arn, []string{}))
		},
		"InvalidTagsToAdd": func(w *world) error {
			w.application(types.ComputePlatformServer)
			arn := new(w.ns.ApplicationARN(shop))
			return same(w, untagResource(w, arn, []string{""}), untagResource(w, arn, []string{strings.Repeat("k", 129)}))
		},
	}),

	"ListTagsForResource": ofARN(func(w *world, arn *string) error {
		return failed(w.api.ListTagsForResource(w.Context(), &codedeploy.ListTagsForResourceInput{ResourceArn: arn}))
	}),
}

func deleteToken(w *world, name *string) error {
	return failed(w.api.DeleteGitHubAccountToken(w.Context(), &codedeploy.DeleteGitHubAccountTokenInput{TokenName: name}))
}

var tokenCases = map[string]cases{
	"ListGitHubAccountTokenNames": ofToken(func(w *world, token *string) error {
		return failed(w.api.ListGitHubAccountTokenNames(w.Context(), &codedeploy.ListGitHubAccountTokenNamesInput{NextToken: token}))
	}),

	"DeleteGitHubAccountToken": named("GitHubAccountTokenNameRequired", "InvalidGitHubAccountTokenName", "GitHubAccountTokenDoesNotExist",
		[]string{strings.Repeat("x", 2000)}, absent, deleteToken),

	"DeleteResourcesByExternalId": {},
}
