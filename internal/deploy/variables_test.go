package deploy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGroupVariables(t *testing.T) {
	t.Parallel()
	g := Group{Tags: []Tag{
		{"team", "web"},
		{"slipway:env:STAGE", "prod eu"},
		{"slipway:env:_a1", ""},
		{"slipway:env:", "no name"},
		{"slipway:env:1A", "a digit first"},
		{"slipway:env:A=B", "two at once"},
		{"slipway:env:\u00c4", "no ASCII"},
		{"slipway:environment", "another tag"},
	}}
	if diff := cmp.Diff(map[string]string{"STAGE": "prod eu", "_a1": ""}, g.Variables()); diff != "" {
		t.Error(diff)
	}
}
