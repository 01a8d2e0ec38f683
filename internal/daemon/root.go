package daemon

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/iam"
)

// rootFile is where the root key is written, in the format of the AWS shared
// credentials file.
const rootFile = "root-credentials"

// rootProfile is the profile of the root key in that file.
const rootProfile = "slipway"

// rootKey returns the root's key: the one that was configured, the one of the
// last start, or a new one that is written to DATA/root-credentials.
func rootKey(configured iam.AccessKey, data, account, region string) (iam.AccessKey, error) {
	configured.AccountID = account
	switch {
	case configured.ID != "" && configured.Secret != "":
		return configured, nil
	case configured.ID != "" || configured.Secret != "":
		return configured, errors.New("a root access key needs both: SLIPWAY_ROOT_ACCESS_KEY_ID and SLIPWAY_ROOT_SECRET_ACCESS_KEY")
	}
	path := filepath.Join(data, rootFile)
	key, err := readRootFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = writeRootFile(path, region)
	}
	key.AccountID = account
	return key, err
}

func readRootFile(path string) (iam.AccessKey, error) {
	f, err := os.Open(path)
	if err != nil {
		return iam.AccessKey{}, err
	}
	defer f.Close()
	var key iam.AccessKey
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), "=")
		switch value = strings.TrimSpace(value); strings.TrimSpace(name) {
		case "aws_access_key_id":
			key.ID = value
		case "aws_secret_access_key":
			key.Secret = iam.Secret(value)
		}
	}
	if err := lines.Err(); err != nil {
		return key, err
	}
	if key.ID == "" || key.Secret == "" {
		return key, fmt.Errorf("%s has no aws_access_key_id and aws_secret_access_key; delete it to get a new root key", path)
	}
	return key, nil
}

// writeRootFile makes a key. The file appears whole or not at all. It names the
// region too, so that clients that were told none have one.
func writeRootFile(path, region string) (iam.AccessKey, error) {
	key := iam.AccessKey{ID: iam.NewAccessKeyID(), Secret: iam.Secret(iam.NewSecretAccessKey()), CreatedAt: time.Now()}
	text := fmt.Sprintf("[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\nregion = %s\n",
		rootProfile, key.ID, string(key.Secret), region)
	if err := os.WriteFile(path+".tmp", []byte(text), 0o600); err != nil {
		return key, fmt.Errorf("cannot write the root key: %w", err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return key, fmt.Errorf("cannot write the root key: %w", err)
	}
	return key, nil
}
