package compat

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

const (
	userARN    = "arn:aws:iam::" + account + ":user/AWS/CodeDeploy/host"
	sessionARN = "arn:aws:sts::" + account + ":assumed-role/host/i-1"
)

// ofInstance are the errors of an on-premises instance's name.
func ofInstance(call func(w *world, name *string) error) cases {
	return named("InstanceNameRequired", "InvalidInstanceName", "InstanceNotRegistered",
		append([]string{"i-0123456789abcdef0"}, badNames...), absent, call)
}

// register makes an instance known; nil ARNs are not sent.
func (w *world) register(name, user, session *string) error {
	return failed(w.api.RegisterOnPremisesInstance(w.Context(), &codedeploy.RegisterOnPremisesInstanceInput{
		InstanceName: name, IamUserArn: user, IamSessionArn: session,
	}))
}

// host registers the instance that tests are about.
func (w *world) host() {
	w.Helper()
	w.must(w.register(new("host"), new(userARN), nil))
}

func tag(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }

func addTags(w *world, tags []types.Tag, names ...string) error {
	return failed(w.api.AddTagsToOnPremisesInstances(w.Context(), &codedeploy.AddTagsToOnPremisesInstancesInput{Tags: tags, InstanceNames: names}))
}

func removeTags(w *world, tags []types.Tag, names ...string) error {
	return failed(w.api.RemoveTagsFromOnPremisesInstances(w.Context(), &codedeploy.RemoveTagsFromOnPremisesInstancesInput{Tags: tags, InstanceNames: names}))
}

func getHosts(w *world, names ...string) error {
	return failed(w.api.BatchGetOnPremisesInstances(w.Context(), &codedeploy.BatchGetOnPremisesInstancesInput{InstanceNames: names}))
}

func tags(n int) []types.Tag {
	var list []types.Tag
	for _, key := range numbered(n, "key-") {
		list = append(list, tag(key, "value"))
	}
	return list
}

// ofInstanceTags are the errors that adding and removing tags have in common.
func ofInstanceTags(call func(w *world, tags []types.Tag, names ...string) error) cases {
	return cases{
		"InstanceNameRequired": func(w *world) error {
			w.host()
			return same(w, call(w, tags(1)), call(w, tags(1), []string{}...), call(w, tags(1), "host", ""))
		},
		"InvalidInstanceName": func(w *world) error {
			w.host()
			return same(w, call(w, tags(1), "host", malformed), call(w, tags(1), "i-0123456789abcdef0"))
		},
		"TagRequired": func(w *world) error {
			w.host()
			return same(w, call(w, nil, "host"), call(w, []types.Tag{}, "host"))
		},
		"InstanceLimitExceeded": func(w *world) error {
			w.host()
			w.must(call(w, tags(1), slices.Repeat([]string{"host"}, 100)...))
			return call(w, tags(1), numbered(101, "host-")...)
		},
		"InstanceNotRegistered": func(w *world) error {
			w.host()
			unknown := call(w, tags(1), "host", absent)
			w.must(failed(w.api.DeregisterOnPremisesInstance(w.Context(), &codedeploy.DeregisterOnPremisesInstanceInput{InstanceName: new("host")})))
			return same(w, unknown, call(w, tags(1), "host"))
		},
	}
}

var instanceCases = map[string]cases{
	"RegisterOnPremisesInstance": all(
		ofInstance(func(w *world, name *string) error { return w.register(name, new(userARN), nil) }).without("InstanceNotRegistered"),
		cases{
			"InstanceNameAlreadyRegistered": func(w *world) error {
				w.host()
				return w.register(new("host"), nil, new(sessionARN))
			},
			"IamArnRequired": func(w *world) error { return w.register(new("host"), nil, nil) },
			"IamSessionArnAlreadyRegistered": func(w *world) error {
				w.must(w.register(new("host"), nil, new(sessionARN)))
				return w.register(new("other"), nil, new(sessionARN))
			},
			"IamUserArnAlreadyRegistered": func(w *world) error {
				w.host()
				return w.register(new("other"), new(userARN), nil)
			},
			"IamUserArnRequired": func(w *world) error { return w.register(new("host"), new(""), nil) },
			"InvalidIamSessionArn": func(w *world) error {
				return same(w, w.register(new("host"), nil, new("session")), w.register(new("host"), nil, new(userARN)))
			},
			"InvalidIamUserArn": func(w *world) error {
				return same(w, w.register(new("host"), new("user"), nil), w.register(new("host"), new(sessionARN), nil))
			},
			"MultipleIamArnsProvided": func(w *world) error { return w.register(new("host"), new(userARN), new(sessionARN)) },
		}),

	"DeregisterOnPremisesInstance": ofInstance(func(w *world, name *string) error {
		return failed(w.api.DeregisterOnPremisesInstance(w.Context(), &codedeploy.DeregisterOnPremisesInstanceInput{InstanceName: name}))
	}).without("InstanceNotRegistered"),

	"GetOnPremisesInstance": ofInstance(func(w *world, name *string) error {
		return failed(w.api.GetOnPremisesInstance(w.Context(), &codedeploy.GetOnPremisesInstanceInput{InstanceName: name}))
	}),

	"BatchGetOnPremisesInstances": {
		"InstanceNameRequired": func(w *world) error {
			w.host()
			return same(w, getHosts(w), getHosts(w, []string{}...), getHosts(w, "host", ""))
		},
		"InvalidInstanceName": func(w *world) error { return getHosts(w, "host", malformed) },
		"BatchLimitExceeded": func(w *world) error {
			w.must(getHosts(w, numbered(25, "host-")...))
			return getHosts(w, numbered(26, "host-")...)
		},
	},

	"ListOnPremisesInstances": all(
		ofToken(func(w *world, token *string) error {
			return failed(w.api.ListOnPremisesInstances(w.Context(), &codedeploy.ListOnPremisesInstancesInput{NextToken: token}))
		}),
		cases{
			"InvalidRegistrationStatus": func(w *world) error {
				return failed(w.api.ListOnPremisesInstances(w.Context(), &codedeploy.ListOnPremisesInstancesInput{RegistrationStatus: "Lost"}))
			},
			"InvalidTagFilter": func(w *world) error {
				list := func(f types.TagFilter) error {
					return failed(w.api.ListOnPremisesInstances(w.Context(), &codedeploy.ListOnPremisesInstancesInput{TagFilters: []types.TagFilter{f}}))
				}
				return same(w,
					list(tagFilter("SOME", "k", "v")),
					list(tagFilter(types.TagFilterTypeKeyOnly, "k", "v")),
					list(tagFilter(types.TagFilterTypeValueOnly, "k", "v")),
					list(tagFilter(types.TagFilterTypeKeyAndValue, "k", "")))
			},
		}),

	"AddTagsToOnPremisesInstances": all(ofInstanceTags(addTags), cases{
		"InvalidTag": func(w *world) error {
			w.host()
			return same(w,
				addTags(w, []types.Tag{tag("", "v")}, "host"),
				addTags(w, []types.Tag{tag("k", "")}, "host"),
				addTags(w, []types.Tag{{Key: new("k")}}, "host"),
				addTags(w, []types.Tag{tag(strings.Repeat("k", 129), "v")}, "host"),
				addTags(w, []types.Tag{tag("k", strings.Repeat("v", 257))}, "host"),
				addTags(w, []types.Tag{tag("k", "v"), tag("k", "w")}, "host"))
		},
		"TagLimitExceeded": func(w *world) error {
			w.host()
			w.must(addTags(w, tags(10), "host"))
			w.must(addTags(w, []types.Tag{tag("key-0", "new")}, "host")) // replaces
			return addTags(w, []types.Tag{tag("one", "more")}, "host")
		},
	}),

	"RemoveTagsFromOnPremisesInstances": all(ofInstanceTags(removeTags), cases{
		"InvalidTag": func(w *world) error {
			w.host()
			return same(w, removeTags(w, []types.Tag{tag("", "v")}, "host"), removeTags(w, []types.Tag{{Value: new("v")}}, "host"))
		},
		"TagLimitExceeded": func(w *world) error {
			w.host()
			w.must(removeTags(w, tags(10), "host"))
			return removeTags(w, tags(11), "host")
		},
	}),
}
