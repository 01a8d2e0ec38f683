package compat

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

// badRevisions makes a call with each kind of revision that is none.
func badRevisions(w *world, call func(*types.RevisionLocation) error) error {
	w.Helper()
	location := &types.S3Location{Bucket: new("b"), Key: new("k"), BundleType: types.BundleTypeZip}
	gitHub := func(repository, commit string) *types.RevisionLocation {
		return &types.RevisionLocation{
			RevisionType:   types.RevisionLocationTypeGitHub,
			GitHubLocation: &types.GitHubLocation{Repository: &repository, CommitId: &commit},
		}
	}
	appSpec := func(content, sum string) *types.RevisionLocation {
		return &types.RevisionLocation{
			RevisionType:   types.RevisionLocationTypeAppSpecContent,
			AppSpecContent: &types.AppSpecContent{Content: &content, Sha256: &sum},
		}
	}
	commit := strings.Repeat("0a", 20)
	return same(w,
		call(&types.RevisionLocation{}),
		call(&types.RevisionLocation{S3Location: location}),
		call(&types.RevisionLocation{RevisionType: "Floppy", S3Location: location}),
		call(&types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3}),
		call(&types.RevisionLocation{RevisionType: types.RevisionLocationTypeGitHub, S3Location: location}),
		call(&types.RevisionLocation{
			RevisionType: types.RevisionLocationTypeS3, S3Location: location,
			GitHubLocation: &types.GitHubLocation{Repository: new("o/n"), CommitId: &commit},
		}),
		call(&types.RevisionLocation{
			RevisionType: types.RevisionLocationTypeS3,
			S3Location:   &types.S3Location{Bucket: new(""), Key: new("k"), BundleType: types.BundleTypeZip},
		}),
		call(&types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3, S3Location: &types.S3Location{Bucket: new("b"), BundleType: types.BundleTypeZip}}),
		call(&types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3, S3Location: &types.S3Location{Bucket: new("b"), Key: new("k")}}),
		call(&types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3, S3Location: &types.S3Location{Bucket: new("b"), Key: new("k"), BundleType: "rar"}}),
		call(gitHub("no-owner", commit)),
		call(gitHub("owner/name", "main")),
		call(appSpec("", "")),
		call(appSpec("version: 0.0", strings.Repeat("0", 64))))
}

// ofRevision are the errors of one revision.
func ofRevision(call func(w *world, r *types.RevisionLocation) error) cases {
	return cases{
		"RevisionRequired": func(w *world) error {
			w.application(types.ComputePlatformServer)
			return call(w, nil)
		},
		"InvalidRevision": func(w *world) error {
			w.application(types.ComputePlatformServer)
			return badRevisions(w, func(r *types.RevisionLocation) error { return call(w, r) })
		},
		"RevisionDoesNotExist": func(w *world) error {
			w.application(types.ComputePlatformServer)
			return call(w, revision(types.ComputePlatformServer))
		},
	}
}

var revisionCases = map[string]cases{
	"RegisterApplicationRevision": all(
		ofApplication(func(w *world, name *string) error {
			return registerRevision(w, name, revision(types.ComputePlatformServer), "")
		}),
		ofRevision(func(w *world, r *types.RevisionLocation) error { return registerRevision(w, new(shop), r, "") }).
			without("RevisionDoesNotExist"),
		cases{
			"DescriptionTooLong": func(w *world) error {
				w.application(types.ComputePlatformServer)
				r := revision(types.ComputePlatformServer)
				w.must(registerRevision(w, new(shop), r, strings.Repeat("ü", 256))) // characters, not bytes
				return registerRevision(w, new(shop), r, strings.Repeat("ü", 513))
			},
		}),

	"GetApplicationRevision": all(
		ofApplication(func(w *world, name *string) error {
			return failed(w.api.GetApplicationRevision(w.Context(), &codedeploy.GetApplicationRevisionInput{
				ApplicationName: name, Revision: revision(types.ComputePlatformServer),
			}))
		}),
		ofRevision(func(w *world, r *types.RevisionLocation) error {
			return failed(w.api.GetApplicationRevision(w.Context(), &codedeploy.GetApplicationRevisionInput{ApplicationName: new(shop), Revision: r}))
		})),

	"BatchGetApplicationRevisions": all(
		ofApplication(func(w *world, name *string) error {
			return getRevisions(w, name, *revision(types.ComputePlatformServer))
		}),
		cases{
			"RevisionRequired": func(w *world) error {
				w.application(types.ComputePlatformServer)
				return same(w, getRevisions(w, new(shop)), getRevisions(w, new(shop), []types.RevisionLocation{}...))
			},
			"InvalidRevision": func(w *world) error {
				w.application(types.ComputePlatformServer)
				return badRevisions(w, func(r *types.RevisionLocation) error {
					return getRevisions(w, new(shop), *revision(types.ComputePlatformServer), *r)
				})
			},
			"BatchLimitExceeded": func(w *world) error {
				w.application(types.ComputePlatformServer)
				one := []types.RevisionLocation{*revision(types.ComputePlatformServer)}
				w.must(getRevisions(w, new(shop), slices.Repeat(one, 25)...))
				return getRevisions(w, new(shop), slices.Repeat(one, 26)...)
			},
		}),

	"ListApplicationRevisions": all(
		ofApplication(func(w *world, name *string) error {
			return failed(w.api.ListApplicationRevisions(w.Context(), &codedeploy.ListApplicationRevisionsInput{ApplicationName: name}))
		}),
		ofToken(func(w *world, token *string) error {
			return listRevisions(w, func(in *codedeploy.ListApplicationRevisionsInput) { in.NextToken = token })
		}),
		cases{
			"InvalidSortBy": func(w *world) error {
				return same(w,
					listRevisions(w, func(in *codedeploy.ListApplicationRevisionsInput) { in.SortBy = "size" }),
					listRevisions(w, func(in *codedeploy.ListApplicationRevisionsInput) { in.SortOrder = types.SortOrderAscending }))
			},
			"InvalidSortOrder": func(w *world) error {
				return listRevisions(w, func(in *codedeploy.ListApplicationRevisionsInput) {
					in.SortBy, in.SortOrder = types.ApplicationRevisionSortByRegisterTime, "sideways"
				})
			},
			"InvalidBucketNameFilter": func(w *world) error {
				return listRevisions(w, func(in *codedeploy.ListApplicationRevisionsInput) { in.S3Bucket = new("Not A Bucket") })
			},
			"InvalidKeyPrefixFilter": func(w *world) error {
				return listRevisions(w, func(in *codedeploy.ListApplicationRevisionsInput) {
					in.S3Bucket, in.S3KeyPrefix = new("releases"), new(strings.Repeat("k", 1025))
				})
			},
			"BucketNameFilterRequired": func(w *world) error {
				return listRevisions(w, func(in *codedeploy.ListApplicationRevisionsInput) { in.S3KeyPrefix = new("shop-") })
			},
			"InvalidDeployedStateFilter": func(w *world) error {
				return listRevisions(w, func(in *codedeploy.ListApplicationRevisionsInput) { in.Deployed = "perhaps" })
			},
		}),
}

func registerRevision(w *world, application *string, r *types.RevisionLocation, description string) error {
	return failed(w.api.RegisterApplicationRevision(w.Context(), &codedeploy.RegisterApplicationRevisionInput{
		ApplicationName: application, Revision: r, Description: &description,
	}))
}

func getRevisions(w *world, application *string, revisions ...types.RevisionLocation) error {
	return failed(w.api.BatchGetApplicationRevisions(w.Context(), &codedeploy.BatchGetApplicationRevisionsInput{
		ApplicationName: application, Revisions: revisions,
	}))
}

// listRevisions lists the revisions of an application that there is.
func listRevisions(w *world, change func(*codedeploy.ListApplicationRevisionsInput)) error {
	w.Helper()
	if _, err := w.api.GetApplication(w.Context(), &codedeploy.GetApplicationInput{ApplicationName: new(shop)}); err != nil {
		w.application(types.ComputePlatformServer)
	}
	in := &codedeploy.ListApplicationRevisionsInput{ApplicationName: new(shop)}
	change(in)
	return failed(w.api.ListApplicationRevisions(w.Context(), in))
}
