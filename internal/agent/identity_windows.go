package agent

import "errors"

// become is for systems whose services change their user themselves.
func become(int, int, []int) error {
	return errors.New("on Windows the service's own account says who it runs as")
}
