package wire_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/wire"
)

func TestDecode(t *testing.T) {
	body := ` {"applicationName":"shop","applicationname":"other","unknown":[{"a":[1,{}]},null],
		"deploymentGroupName":null,
		"revision":{"revisionType":"S3","s3Location":{"bucket":"b","key":"k","bundleType":"tgz"}},
		"ignoreApplicationStopFailures":true,
		"targetInstances":{"tagFilters":[{"Key":"stage","key":"x"},null],"ec2TagSet":{"ec2TagSetList":[[],[{"Value":""}]]}}} `
	var got wire.CreateDeploymentInput
	if err := wire.Decode([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := wire.CreateDeploymentInput{
		ApplicationName: new("shop"),
		Revision: &wire.RevisionLocation{
			RevisionType: new(wire.RevisionLocationTypeS3),
			S3Location:   &wire.S3Location{Bucket: new("b"), Key: new("k"), BundleType: new(wire.BundleTypeTgz)},
		},
		IgnoreApplicationStopFailures: new(true),
		TargetInstances: &wire.TargetInstances{
			TagFilters: []wire.EC2TagFilter{{Key: new("stage")}},
			EC2TagSet:  &wire.EC2TagSet{EC2TagSetList: [][]wire.EC2TagFilter{{}, {{Value: new("")}}}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeEmptyBody(t *testing.T) {
	for _, body := range []string{"", " \n", "{}"} {
		var in wire.ListApplicationsInput
		if err := wire.Decode([]byte(body), &in); err != nil || in.NextToken != nil {
			t.Errorf("Decode(%q): %+v, %v", body, in, err)
		}
	}
}

func TestDecodeMap(t *testing.T) {
	var got wire.ListDeploymentTargetsInput
	if err := wire.Decode([]byte(`{"targetFilters":{"TargetStatus":["Failed",null],"ServerInstanceLabel":null}}`), &got); err != nil {
		t.Fatal(err)
	}
	want := map[wire.TargetFilterName][]string{wire.TargetFilterNameTargetStatus: {"Failed"}}
	if diff := cmp.Diff(want, got.TargetFilters); diff != "" {
		t.Error(diff)
	}
}

// The shapes of the host-command service are written by hand, with plain
// members.
func TestDecodePlainMembers(t *testing.T) {
	type part struct {
		Text string `json:"Text,omitempty"`
	}
	var got struct {
		Number int64 `json:"Number"`
		Part   part  `json:"Part"`
		Other  *part `json:"Other,omitempty"`
		hidden string
	}
	if err := wire.Decode([]byte(`{"Number":7,"Part":{"Text":"a"},"Other":{"Text":"b"},"hidden":"x","":"y"}`), &got); err != nil {
		t.Fatal(err)
	}
	if got.Number != 7 || got.Part.Text != "a" || got.Other.Text != "b" || got.hidden != "" {
		t.Errorf("%+v", got)
	}
}

func TestDecodeTimes(t *testing.T) {
	want := time.Date(2015, 10, 30, 18, 16, 41, 211e6, time.UTC)
	for _, text := range []string{`1446229001.211`, `1.446229001211E9`, `"1446229001.211"`, `"2015-10-30T18:16:41.211Z"`, `"2015-10-30T19:16:41.211+01:00"`} {
		var in wire.ListDeploymentsInput
		if err := wire.Decode([]byte(`{"createTimeRange":{"start":`+text+`}}`), &in); err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := in.CreateTimeRange.Start.Time; !got.Equal(want) {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestDecodeFaults(t *testing.T) {
	deep := func(open, inner, end string) string {
		return `{"x":` + strings.Repeat(open, 5000) + inner + strings.Repeat(end, 5000) + `}`
	}
	for body, want := range map[string]string{
		`[]`:                        "expected an object",
		`"x"`:                       "expected an object",
		`null`:                      "expected an object",
		`{"applicationName":"x"`:    "the body is not valid JSON",
		`{"applicationName":"x",}`:  "the body is not valid JSON",
		`{applicationName:"x"}`:     "the body is not valid JSON",
		`{}{}`:                      "more than one JSON value in the body",
		`{"applicationName":1}`:     "applicationName: expected a string",
		`{"applicationName":["x"]}`: "applicationName: expected a string",
		`{"revision":"x"}`:          "revision: expected an object",
		`{"revision":[]}`:           "revision: expected an object",
		`{"targetInstances":{"autoScalingGroups":{}}}`:      "targetInstances.autoScalingGroups: expected a list",
		`{"targetInstances":{"autoScalingGroups":["a",1]}}`: "targetInstances.autoScalingGroups[1]: expected a string",
		`{"ignoreApplicationStopFailures":"true"}`:          "ignoreApplicationStopFailures: expected true or false",
		deep("[", "", "]"):      "nested deeper than 32 levels",
		deep(`{"a":`, "1", "}"): "nested deeper than 32 levels",
	} {
		var in wire.CreateDeploymentInput
		err := wire.Decode([]byte(body), &in)
		var fault *wire.SerializationError
		if !errors.As(err, &fault) || err.Error() != want {
			t.Errorf("Decode(%.60q): %v, want %s", body, err, want)
		}
	}
}

func TestDecodeNumbers(t *testing.T) {
	for value, ok := range map[string]bool{
		`5`: true, `-2147483648`: true, `2147483648`: false, `5.5`: false, `"5"`: false, `true`: false, `[]`: false, `null`: true,
	} {
		var in wire.CreateDeploymentConfigInput
		err := wire.Decode([]byte(`{"minimumHealthyHosts":{"value":`+value+`}}`), &in)
		if (err == nil) != ok {
			t.Errorf("value %s: %v", value, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(`{"applicationName":"shop","revision":{"s3Location":{"bucket":"b"}},"x":[null,{"y":1e3}]}`)
	f.Add(`{"targetInstances":{"ec2TagSet":{"ec2TagSetList":[[{"Key":"k"}],[]]}}}`)
	f.Add(`{"description":"\ud800\u0000","autoRollbackConfiguration":{"enabled":false,"events":[""]}}`)
	f.Fuzz(func(t *testing.T, body string) {
		var first wire.CreateDeploymentInput
		err := wire.Decode([]byte(body), &first)
		var fault *wire.SerializationError
		if err != nil {
			if !errors.As(err, &fault) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		text, err := wire.Encode(&first)
		if err != nil {
			t.Fatal(err)
		}
		var second wire.CreateDeploymentInput
		if err := wire.Decode(text, &second); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Error(diff)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	body := []byte(`{"applicationName":"shop","deploymentGroupName":"prod","revision":{"revisionType":"S3",
		"s3Location":{"bucket":"b","key":"k","bundleType":"tgz"}},"ignoreApplicationStopFailures":true}`)
	b.ReportAllocs()
	for b.Loop() {
		var in wire.CreateDeploymentInput
		if err := wire.Decode(body, &in); err != nil {
			b.Fatal(err)
		}
	}
}
