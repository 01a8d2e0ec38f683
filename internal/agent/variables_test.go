package agent

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/protocol"
)

// TestVariablesOfTheServer: a host's place and the previous revision are told
// where the server says them, and a group cannot set what programs are found by.
func TestVariablesOfTheServer(t *testing.T) {
	t.Parallel()
	third := 2
	for _, tc := range []struct {
		what  string
		spec  protocol.Specification
		index *int
		want  []string
	}{
		{"a server that is not ours", protocol.Specification{}, nil, nil},
		{
			"S3",
			protocol.Specification{TargetCount: 5, PreviousDeploymentID: "d-1", PreviousRevision: &protocol.Revision{
				S3Revision: &protocol.S3Revision{Bucket: "b", Key: "k", BundleType: "zip", Version: "v", ETag: "e"},
			}},
			&third,
			[]string{
				"SLIPWAY_TARGET_INDEX=2", "SLIPWAY_TARGET_COUNT=5", "SLIPWAY_PREVIOUS_DEPLOYMENT_ID=d-1", "SLIPWAY_PREVIOUS_BUNDLE_BUCKET=b",
				"SLIPWAY_PREVIOUS_BUNDLE_KEY=k", "SLIPWAY_PREVIOUS_BUNDLE_VERSION=v", "SLIPWAY_PREVIOUS_BUNDLE_ETAG=e",
			},
		},
		{
			"GitHub",
			protocol.Specification{PreviousRevision: &protocol.Revision{GitHubRevision: &protocol.GitHubRevision{CommitID: "c"}}},
			nil,
			[]string{"SLIPWAY_PREVIOUS_BUNDLE_COMMIT=c"},
		},
	} {
		if diff := cmp.Diff(tc.want, placeVariables(&tc.spec, tc.index)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.what, diff)
		}
	}
	got := groupVariables(map[string]string{
		"B": "2", "A": "1 and more", "PATH": "/x", "LD_PRELOAD": "x", "DYLD_X": "x", "SLIPWAY_HOOK_PROCESS": "x", "": "x", "C=D": "x", "E": "\x00",
	})
	if diff := cmp.Diff([]string{"A=1 and more", "B=2"}, got); diff != "" {
		t.Errorf("of the group (-want +got):\n%s", diff)
	}
}
