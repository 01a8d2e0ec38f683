//go:build !linux

package install

import "errors"

func setACL(string, string, []byte) error { return errors.ErrUnsupported }
