package wire_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/wire"
)

func TestEncode(t *testing.T) {
	created := time.UnixMilli(1446229001211)
	for want, v := range map[string]any{
		`{}`: &wire.DeploymentGroupInfo{},
		`{"autoScalingGroups":[],"terminationHookEnabled":false}`: &wire.DeploymentGroupInfo{
			AutoScalingGroups: []wire.AutoScalingGroup{}, TerminationHookEnabled: new(false),
		},
		`{"applicationName":"a<&>b","createTime":1446229001.211}`: &wire.ApplicationInfo{
			ApplicationName: new("a<&>b"), CreateTime: wire.At(created),
		},
		`{"createTime":1446229001}`: &wire.ApplicationInfo{CreateTime: wire.At(created.Truncate(time.Second))},
		`{"identifer":"x"}`:         &wire.ECSTaskSet{Identifier: new("x")},
		`{"Key":"k","Value":""}`:    &wire.Tag{Key: new("k"), Value: new("")},
		`{"trafficWeight":12.5}`:    &wire.ECSTaskSet{TrafficWeight: new(12.5)},
	} {
		got, err := wire.Encode(v)
		if err != nil || string(got) != want {
			t.Errorf("Encode: %s, %v, want %s", got, err, want)
		}
	}
}

func TestAtLeavesOutTheZeroTime(t *testing.T) {
	if got := wire.At(time.Time{}); got != nil {
		t.Errorf("At(zero) = %v", got)
	}
}

func TestLookup(t *testing.T) {
	op, ok := wire.Lookup("TagResource")
	if !ok || !op.HasOutput || len(op.Errors) != 8 {
		t.Errorf("TagResource: %+v", op)
	}
	if _, ok := op.NewInput().(*wire.TagResourceInput); !ok {
		t.Errorf("input of TagResource: %T", op.NewInput())
	}
	if op, _ := wire.Lookup("UpdateApplication"); op.HasOutput {
		t.Error("UpdateApplication has no output")
	}
	if _, ok := wire.Lookup("tagResource"); ok {
		t.Error("operation names are case-sensitive")
	}
}

func TestOperations(t *testing.T) {
	names := wire.OperationNames()
	if len(names) != 47 {
		t.Fatalf("%d operations, want 47", len(names))
	}
	for _, name := range names {
		op, _ := wire.Lookup(name)
		if op.Name != name {
			t.Errorf("%s is filed under %s", op.Name, name)
		}
		if got := reflect.TypeOf(op.NewInput()).String(); got != "*wire."+name+"Input" {
			t.Errorf("input of %s: %s", name, got)
		}
		for _, code := range op.Errors {
			if !strings.HasSuffix(code, "Exception") {
				t.Errorf("%s declares %s", name, code)
			}
		}
	}
}

func TestEnumValid(t *testing.T) {
	if !wire.DeploymentStatusReady.Valid() || wire.DeploymentStatus("ready").Valid() || wire.DeploymentStatus("").Valid() {
		t.Error("DeploymentStatus.Valid")
	}
}
