package agent

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/slipwayhq/slipway/internal/sigv4"
)

// environment looks variables up in a list of NAME=value.
type environment []string

func (e environment) get(name string) string {
	for _, v := range e {
		if key, value, ok := strings.Cut(v, "="); ok && key == name {
			return value
		}
	}
	return ""
}

func (e environment) region() string {
	return cmp.Or(e.get("AWS_REGION"), e.get("AWS_DEFAULT_REGION"))
}

// credentials finds AWS keys where AWS tools look first: in the variables, and
// in the shared credentials file.
func (e environment) credentials() (sigv4.Credentials, error) {
	if id := e.get("AWS_ACCESS_KEY_ID"); id != "" {
		secret := e.get("AWS_SECRET_ACCESS_KEY")
		if secret == "" {
			return sigv4.Credentials{}, errors.New("AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not")
		}
		return sigv4.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: e.get("AWS_SESSION_TOKEN")}, nil
	}
	file := cmp.Or(e.get("AWS_SHARED_CREDENTIALS_FILE"), filepath.Join(e.get("HOME"), ".aws", "credentials"))
	c, err := readSharedCredentials(file, cmp.Or(e.get("AWS_PROFILE"), "default"))
	if err != nil {
		return c, fmt.Errorf("no AWS credentials: AWS_ACCESS_KEY_ID is not set, and %w", err)
	}
	return c, nil
}

// readSharedCredentials reads a profile of a file in AWS's format.
func readSharedCredentials(path, profile string) (sigv4.Credentials, error) {
	f, err := os.Open(path)
	if err != nil {
		return sigv4.Credentials{}, fmt.Errorf("the credentials file cannot be read: %w", err)
	}
	defer f.Close()
	var c sigv4.Credentials
	section := ""
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			section = strings.TrimSpace(line[1 : len(line)-1])
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok || section != profile || strings.HasPrefix(line, "#") {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "aws_access_key_id":
			c.AccessKeyID = value
		case "aws_secret_access_key":
			c.SecretAccessKey = value
		case "aws_session_token":
			c.SessionToken = value
		}
	}
	if err := lines.Err(); err != nil {
		return c, fmt.Errorf("the credentials file cannot be read: %w", err)
	}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return c, fmt.Errorf("the credentials file %s has no keys in the profile %q", path, profile)
	}
	return c, nil
}
