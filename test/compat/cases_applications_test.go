package compat

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// same makes several requests that must have the same answer, which it
// returns.
func same(w *world, requests ...error) error {
	w.Helper()
	for _, err := range requests[1:] {
		if codeOf(err) != codeOf(requests[0]) {
			w.Errorf("answered by %v and by %v, want the same error", requests[0], err)
		}
	}
	return requests[0]
}

// named are the errors of a member that names something: what is absent or
// empty, what is malformed, what does not exist.
func named(required, invalid, unknown string, bad []string, none string, call func(w *world, name *string) error) cases {
	return cases{
		required: func(w *world) error { return same(w, call(w, nil), call(w, new(""))) },
		invalid: func(w *world) error {
			var answers []error
			for _, name := range bad {
				answers = append(answers, call(w, &name))
			}
			return same(w, answers...)
		},
		unknown: func(w *world) error { return call(w, &none) },
	}
}

var badNames = []string{malformed, long, "über"}

// ofApplication are the errors of an application's name.
func ofApplication(call func(w *world, name *string) error) cases {
	return named("ApplicationNameRequired", "InvalidApplicationName", "ApplicationDoesNotExist", badNames, absent, call)
}

// ofToken is the error of a page token: one that is not a token at all, one
// that nobody sealed, and one of another list.
func ofToken(call func(w *world, token *string) error) cases {
	return cases{"InvalidNextToken": func(w *world) error {
		return same(w, call(w, new("###")), call(w, new(strings.Repeat("QUJD", 10))), call(w, new(w.foreignToken())))
	}}
}

// foreignToken is a token of the list of applications for another region.
func (w *world) foreignToken() string {
	w.Helper()
	other := w.world(w.TB)
	other.fillApplications(101)
	out, err := other.api.ListApplications(w.Context(), &codedeploy.ListApplicationsInput{})
	w.must(err)
	if out.NextToken == nil {
		w.Fatal("the first 100 of 101 applications have no next token")
	}
	return *out.NextToken
}

// fillApplications stores applications at once that would take long to make
// one by one.
func (w *world) fillApplications(n int) {
	w.Helper()
	w.must(w.store.Update(w.Context(), func(tx *store.Tx) error {
		for i := range n {
			app := deploy.Application{
				Namespace: w.ns, ID: deploy.NewUUID(), Name: fmt.Sprintf("app-%04d", i), Platform: deploy.Server, CreatedAt: time.Now().UTC(),
			}
			if err := tx.InsertApplication(app); err != nil {
				return err
			}
		}
		return nil
	}))
}

var applicationCases = map[string]cases{
	"CreateApplication": all(
		ofApplication(func(w *world, name *string) error {
			return failed(w.api.CreateApplication(w.Context(), &codedeploy.CreateApplicationInput{ApplicationName: name}))
		}).without("ApplicationDoesNotExist"),
		cases{
			"ApplicationAlreadyExists": func(w *world) error {
				w.application(types.ComputePlatformServer)
				create := func(p types.ComputePlatform) error {
					return failed(w.api.CreateApplication(w.Context(), &codedeploy.CreateApplicationInput{ApplicationName: new(shop), ComputePlatform: p}))
				}
				return same(w, create(types.ComputePlatformServer), create(types.ComputePlatformEcs))
			},
			"ApplicationLimitExceeded": func(w *world) error {
				w.fillApplications(999)
				w.application(types.ComputePlatformServer) // number 1000
				return failed(w.api.CreateApplication(w.Context(), &codedeploy.CreateApplicationInput{ApplicationName: new("one-more")}))
			},
			"InvalidComputePlatform": func(w *world) error {
				create := func(p types.ComputePlatform) error {
					return failed(w.api.CreateApplication(w.Context(), &codedeploy.CreateApplicationInput{ApplicationName: new(shop), ComputePlatform: p}))
				}
				return same(w, create("server"), create("Kubernetes"))
			},
			"InvalidTagsToAdd": func(w *world) error {
				return badTags(w, func(tags []types.Tag) error {
					return failed(w.api.CreateApplication(w.Context(), &codedeploy.CreateApplicationInput{ApplicationName: new(shop), Tags: tags}))
				})
			},
		}),

	"GetApplication": ofApplication(func(w *world, name *string) error {
		return failed(w.api.GetApplication(w.Context(), &codedeploy.GetApplicationInput{ApplicationName: name}))
	}),

	"BatchGetApplications": {
		"ApplicationNameRequired": func(w *world) error {
			w.application(types.ComputePlatformServer)
			return same(w, getApplications(w), getApplications(w, []string{}...), getApplications(w, shop, ""))
		},
		"InvalidApplicationName": func(w *world) error {
			w.application(types.ComputePlatformServer)
			return same(w, getApplications(w, shop, malformed), getApplications(w, long, shop))
		},
		"ApplicationDoesNotExist": func(w *world) error {
			w.application(types.ComputePlatformServer)
			w.must(getApplications(w, shop))
			return getApplications(w, shop, absent)
		},
		"BatchLimitExceeded": func(w *world) error {
			w.application(types.ComputePlatformServer)
			w.must(getApplications(w, slices.Repeat([]string{shop}, 100)...))
			return getApplications(w, slices.Repeat([]string{shop}, 101)...)
		},
	},

	"ListApplications": ofToken(func(w *world, token *string) error {
		return failed(w.api.ListApplications(w.Context(), &codedeploy.ListApplicationsInput{NextToken: token}))
	}),

	"UpdateApplication": all(
		ofApplication(func(w *world, name *string) error {
			return failed(w.api.UpdateApplication(w.Context(), &codedeploy.UpdateApplicationInput{ApplicationName: name, NewApplicationName: new("store")}))
		}),
		cases{
			"ApplicationAlreadyExists": func(w *world) error {
				w.application(types.ComputePlatformServer)
				w.must(failed(w.api.CreateApplication(w.Context(), &codedeploy.CreateApplicationInput{ApplicationName: new("store")})))
				return failed(w.api.UpdateApplication(w.Context(), &codedeploy.UpdateApplicationInput{
					ApplicationName: new(shop), NewApplicationName: new("store"),
				}))
			},
		}),

	"DeleteApplication": ofApplication(func(w *world, name *string) error {
		return failed(w.api.DeleteApplication(w.Context(), &codedeploy.DeleteApplicationInput{ApplicationName: name}))
	}).without("ApplicationDoesNotExist"),
}

func getApplications(w *world, names ...string) error {
	return failed(w.api.BatchGetApplications(w.Context(), &codedeploy.BatchGetApplicationsInput{ApplicationNames: names}))
}

// badTags makes a call with each kind of tags that a resource cannot have.
func badTags(w *world, call func([]types.Tag) error) error {
	w.Helper()
	tag := func(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }
	var many []types.Tag
	for i := range 51 {
		many = append(many, tag(fmt.Sprint("key", i), ""))
	}
	return same(w,
		call([]types.Tag{tag("", "no key")}),
		call([]types.Tag{tag(strings.Repeat("k", 129), "")}),
		call([]types.Tag{tag("k", strings.Repeat("v", 257))}),
		call([]types.Tag{tag("aws:reserved", "")}),
		call([]types.Tag{tag("twice", "1"), tag("twice", "2")}),
		call(many))
}
