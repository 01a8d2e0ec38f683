package agent

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/slipwayhq/slipway/internal/protocol"
)

// groupVariables are those that the deployment group gives its scripts. The
// names of a deployment's own win, and those by which a program finds what it
// loads are nobody's to set.
func groupVariables(vars map[string]string) []string {
	var env []string
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if name == "PATH" || strings.HasPrefix(name, "LD_") || strings.HasPrefix(name, "DYLD_") || strings.HasPrefix(name, "SLIPWAY_") {
			continue
		}
		if name != "" && !strings.ContainsAny(name+vars[name], "\x00") && !strings.Contains(name, "=") {
			env = append(env, name+"="+vars[name])
		}
	}
	return env
}

// placeVariables say where a host is in its deployment, and what the group had
// before. What the server does not say is not set.
func placeVariables(s *protocol.Specification, index *int) []string {
	var env []string
	add := func(name, value string) {
		if value != "" {
			env = append(env, "SLIPWAY_"+name+"="+value)
		}
	}
	if index != nil {
		add("TARGET_INDEX", strconv.Itoa(*index))
	}
	if s.TargetCount > 0 {
		add("TARGET_COUNT", strconv.Itoa(s.TargetCount))
	}
	add("PREVIOUS_DEPLOYMENT_ID", s.PreviousDeploymentID)
	if s.PreviousRevision == nil {
		return env
	}
	if s3 := s.PreviousRevision.S3Revision; s3 != nil {
		add("PREVIOUS_BUNDLE_BUCKET", s3.Bucket)
		add("PREVIOUS_BUNDLE_KEY", s3.Key)
		add("PREVIOUS_BUNDLE_VERSION", s3.Version)
		add("PREVIOUS_BUNDLE_ETAG", s3.ETag)
	}
	if github := s.PreviousRevision.GitHubRevision; github != nil {
		add("PREVIOUS_BUNDLE_COMMIT", github.CommitID)
	}
	return env
}
