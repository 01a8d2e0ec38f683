package agent

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// fileKeys are the settings of a configuration file: the official agent's
// codedeployagent.yml, or the file of an on-premises host.
type fileKeys map[string]string

// maskKey is the one key that may have a list: of patterns, or a text with one
// on each line.
const maskKey = "mask_log_patterns"

// readKeys reads a configuration file. Its keys may be written as the symbols
// of Ruby (":root_dir:"), and scalars of any kind are taken as text.
func readKeys(path string) (fileKeys, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration file: %w", err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("the configuration file %s is invalid: %w", path, err)
	}
	keys := fileKeys{}
	if document.Kind == 0 {
		return keys, nil
	}
	top := document.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("the configuration file %s is invalid: expected keys and values", path)
	}
	for i := 0; i+1 < len(top.Content); i += 2 {
		value := top.Content[i+1]
		if key := strings.Trim(top.Content[i].Value, ":"); key == maskKey && value.Kind == yaml.SequenceNode {
			keys[key] = itemLines(value)
		}
		if value.Kind == yaml.ScalarNode && value.ShortTag() != "!!null" {
			keys[strings.Trim(top.Content[i].Value, ":")] = value.Value
		}
	}
	return keys, nil
}

// itemLines returns the items of a list as lines.
func itemLines(list *yaml.Node) string {
	var lines []string
	for _, item := range list.Content {
		lines = append(lines, item.Value)
	}
	return strings.Join(lines, "\n")
}

// onPremises reports whether the keys are those of an on-premises host.
func (k fileKeys) onPremises() bool {
	return k["iam_user_arn"] != "" || k["iam_session_arn"] != "" || (k["region"] != "" && k["aws_access_key_id"] != "")
}

// apply sets what the official agent's file says. Keys that mean nothing to
// this agent (of its processes, its log files) are ignored.
func (k fileKeys) apply(c *Config) error {
	c.Root = k["root_dir"]
	c.Endpoint = k["deploy_control_endpoint"]
	c.S3Endpoint = k["s3_endpoint_override"]
	c.GitHubEndpoint = k["github_endpoint"]
	c.Secure = truthy(k["enable_auth_policy"])
	c.FIPS = truthy(k["use_fips_mode"])
	c.NoDeploymentLog = k.denied("enable_deployments_log")
	c.IdenticalConflict = truthy(k["identical_files_conflict"])
	c.StrictOutput = truthy(k["strict_hook_output"])
	c.AllVariables = k.denied("restrict_hook_env_to_allowlist")
	c.OpenFolders = k.denied("restrict_agent_dir_permissions")
	c.PrivateLogs = truthy(k["restrict_log_dir_permissions"])
	c.IgnoreOwners = truthy(k["ignore_ownership_in_bundle"])
	c.RejectLinks = truthy(k["reject_symlinks_in_bundle"])
	c.NoReuse = k.denied("enable_archive_reuse")
	c.KeepApart = k.denied("link_identical_archive_files")
	c.Verbose = truthy(k["verbose"])
	c.Tracking = k["ongoing_deployment_tracking"]
	c.User, c.Group = k["user"], k["group"]
	for name := range strings.SplitSeq(k["pass_variables"], ",") {
		if name = strings.TrimSpace(name); name != "" {
			c.PassVariables = append(c.PassVariables, name)
		}
	}
	for pattern := range strings.Lines(k[maskKey]) {
		if pattern = strings.TrimSuffix(pattern, "\n"); pattern != "" {
			c.MaskPatterns = append(c.MaskPatterns, pattern)
		}
	}
	return errors.Join(
		k.size("archive_max_extraction_size", &c.Limits.Bytes),
		k.mebibytes("max_archive_size", &c.MaxArchiveSize),
		k.eventTimeout(&c.EventTimeout),
		k.seconds("wait_between_runs", &c.WaitBetweenRuns),
		k.seconds("http_read_timeout", &c.HTTPReadTimeout),
		k.seconds("kill_agent_max_wait_time_seconds", &c.StopTimeout),
		k.number("max_revisions", &c.MaxRevisions),
	)
}

func truthy(s string) bool {
	switch strings.ToLower(s) {
	case "true", "yes", "on":
		return true
	}
	return false
}

// denied reports whether a key that is true by default says otherwise.
func (k fileKeys) denied(key string) bool { return k[key] != "" && !truthy(k[key]) }

func (k fileKeys) size(key string, to *int64) error {
	text, ok := k[key]
	if !ok {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return fmt.Errorf("%s is %q; expected a number of bytes from 1 on", key, text)
	}
	*to = n
	return nil
}

// mebibytes reads a size of which 0 means none.
func (k fileKeys) mebibytes(key string, to *int64) error {
	text, ok := k[key]
	if !ok {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64>>20 {
		return fmt.Errorf("%s is %q; expected a number of MiB, or 0 for no limit", key, text)
	}
	*to = n << 20
	return nil
}

// eventTimeout reads how long the scripts of an event may run together; 0 is
// for ever.
func (k fileKeys) eventTimeout(to *time.Duration) error {
	const key = "hook_event_timeout_seconds"
	if err := k.seconds(key, to); err != nil || k[key] == "" {
		return err
	}
	if *to == 0 {
		*to = -1
	}
	return nil
}

func (k fileKeys) seconds(key string, to *time.Duration) error {
	var n int
	if err := k.number(key, &n); err != nil || n == 0 {
		return err
	}
	*to = time.Duration(n) * time.Second
	return nil
}

func (k fileKeys) number(key string, to *int) error {
	text, ok := k[key]
	if !ok {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || (n == 0 && key == "max_revisions") {
		return fmt.Errorf("%s is %q; expected a number from 1 on", key, text)
	}
	*to = n
	return nil
}
