package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/slipwayhq/slipway/internal/seal"
)

// databaseFile and keyFile are the database and the key of its secrets, in the
// data folder.
const (
	databaseFile = "slipway.db"
	keyFile      = "secret.key"
)

// sealing returns the box for the secrets in the data folder. A key is only
// made where there is nothing yet that another one may have sealed.
func sealing(configured, data string) (*seal.Box, error) {
	path := configured
	if path == "" {
		path = filepath.Join(data, keyFile)
	}
	key, err := seal.ReadKey(path)
	if errors.Is(err, fs.ErrNotExist) && configured == "" {
		key, err = firstKey(path, filepath.Join(data, databaseFile))
	}
	if err != nil {
		return nil, err
	}
	return seal.NewBox(key), nil
}

func firstKey(path, database string) (seal.Key, error) {
	switch _, err := os.Stat(database); {
	case errors.Is(err, fs.ErrNotExist):
		return seal.CreateKey(path)
	case err != nil:
		return seal.Key{}, err
	}
	return seal.Key{}, fmt.Errorf("the key file %s is missing, and the secrets in %s cannot be read without it: "+
		"restore it from a backup, or name it with --key-file", path, database)
}
