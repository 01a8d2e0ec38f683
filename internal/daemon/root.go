package daemon

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/store"
)

// rootFile is where the root key is written, in the format of the AWS shared
// credentials file.
const rootFile = "root-credentials"

// rootProfile is the profile of the root key in that file.
const rootProfile = "slipway"

// rootKey returns the root's key: the one that was configured, the one of the
// last start, or a new one. One that was made is written to
// DATA/root-credentials.
func (d *Daemon) rootKey(ctx context.Context, c Config) (iam.AccessKey, error) {
	key := c.Root
	path := filepath.Join(c.Data, rootFile)
	var err error
	switch {
	case key.ID != "" && key.Secret != "":
	case key.ID != "" || key.Secret != "":
		return key, errors.New("a root access key needs both: SLIPWAY_ROOT_ACCESS_KEY_ID and SLIPWAY_ROOT_SECRET_ACCESS_KEY")
	case c.Database != "":
		key, err = d.sharedRootKey(ctx, path, c.Region)
	default:
		key, err = readRootFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			key = newRootKey()
			err = writeRootFile(path, c.Region, key)
		}
	}
	key.AccountID = c.Account
	return key, err
}

// sharedRootKey returns the key that all daemons of a database have, and writes
// it to this one's folder too.
func (d *Daemon) sharedRootKey(ctx context.Context, path, region string) (iam.AccessKey, error) {
	var key iam.AccessKey
	err := d.store.Update(ctx, func(tx *store.Tx) error {
		text, err := tx.EnsureSecret("root-key", func() (string, error) {
			made := newRootKey()
			return made.ID + " " + string(made.Secret), nil
		})
		id, secret, _ := strings.Cut(text, " ")
		key = iam.AccessKey{ID: id, Secret: iam.Secret(secret)}
		return err
	})
	if err != nil {
		return key, fmt.Errorf("cannot load the root key: %w", err)
	}
	if known, err := readRootFile(path); err == nil && known.ID == key.ID && known.Secret == key.Secret {
		return key, nil
	}
	return key, writeRootFile(path, region, key)
}

func newRootKey() iam.AccessKey {
	return iam.AccessKey{ID: iam.NewAccessKeyID(), Secret: iam.Secret(iam.NewSecretAccessKey()), CreatedAt: time.Now()}
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

// writeRootFile writes a key. The file appears whole or not at all. It names the
// region too, so that clients that were told none have one.
func writeRootFile(path, region string, key iam.AccessKey) error {
	text := fmt.Sprintf("[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\nregion = %s\n",
		rootProfile, key.ID, string(key.Secret), region)
	if err := os.WriteFile(path+".tmp", []byte(text), 0o600); err != nil {
		return fmt.Errorf("cannot write the root key: %w", err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return fmt.Errorf("cannot write the root key: %w", err)
	}
	return nil
}
