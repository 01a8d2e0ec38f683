package agent

import (
	"context"
	"errors"
	"fmt"
	"os"

	"go.yaml.in/yaml/v3"

	"github.com/slipwayhq/slipway/internal/sigv4"
)

// OnPremises is the identity of a host that is no EC2 instance, as `aws deploy
// register` writes it to a file.
type OnPremises struct {
	Region          string
	IAMUserARN      string // a user with keys of its own,
	AccessKeyID     string
	SecretAccessKey string
	IAMSessionARN   string // or a session whose keys lie in a file
	CredentialsFile string
}

// HostIdentifier is the ARN that the server knows the host by.
func (o OnPremises) HostIdentifier() string {
	if o.IAMUserARN != "" {
		return o.IAMUserARN
	}
	return o.IAMSessionARN
}

// Credentials returns the source of the host's keys.
func (o OnPremises) Credentials() CredentialSource {
	if o.IAMUserARN != "" {
		return StaticCredentials(sigv4.Credentials{AccessKeyID: o.AccessKeyID, SecretAccessKey: o.SecretAccessKey})
	}
	// Read anew for every request: whoever renews a session's keys replaces
	// the file.
	return func(context.Context) (sigv4.Credentials, error) {
		return readSharedCredentials(o.CredentialsFile, "default")
	}
}

func onPremisesFrom(keys map[string]string) (*OnPremises, error) {
	o := &OnPremises{
		Region:          keys["region"],
		IAMUserARN:      keys["iam_user_arn"],
		AccessKeyID:     keys["aws_access_key_id"],
		SecretAccessKey: keys["aws_secret_access_key"],
		IAMSessionARN:   keys["iam_session_arn"],
		CredentialsFile: keys["aws_credentials_file"],
	}
	required := map[string]string{"region": o.Region}
	switch {
	case o.IAMUserARN != "" && o.IAMSessionARN != "":
		return nil, errors.New("an on-premises configuration file cannot contain both iam_user_arn and iam_session_arn")
	case o.IAMUserARN != "":
		required["aws_access_key_id"], required["aws_secret_access_key"] = o.AccessKeyID, o.SecretAccessKey
	case o.IAMSessionARN != "":
		required["aws_credentials_file"] = o.CredentialsFile
	default:
		return nil, errors.New("an on-premises configuration file needs iam_user_arn or iam_session_arn")
	}
	for _, key := range []string{"region", "aws_access_key_id", "aws_secret_access_key", "aws_credentials_file"} {
		if value, needed := required[key]; needed && value == "" {
			return nil, fmt.Errorf("the key %s is required when an on-premises configuration file has iam_user_arn or iam_session_arn", key)
		}
	}
	return o, nil
}

// save writes the identity to a file that only the agent's user may read.
func (o OnPremises) save(path string) error {
	text, err := yaml.Marshal(map[string]string{
		"region": o.Region, "iam_user_arn": o.IAMUserARN,
		"aws_access_key_id": o.AccessKeyID, "aws_secret_access_key": o.SecretAccessKey,
	})
	if err != nil {
		return err
	}
	_ = os.Remove(path + ".new") // its mode would survive
	return replaceFile(path, text, 0o600)
}
