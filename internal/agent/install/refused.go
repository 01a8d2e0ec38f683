package install

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strings"
)

// advised tells what to do about what the host refuses to an agent that is not
// root.
func advised(err error) error {
	if os.Geteuid() == 0 || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return fmt.Errorf("%w; the agent runs as %s, who may not do this: run it as root, or deploy to folders of that user", err, self())
}

// notGiven says that an object cannot get the owner that it is to have.
func (s *setting) notGiven(err error) error {
	if os.Geteuid() == 0 || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	var wanted []string
	if s.owner.Name != "" {
		wanted = append(wanted, fmt.Sprintf("owner %q", s.owner.Name))
	}
	if s.group.Name != "" {
		wanted = append(wanted, fmt.Sprintf("group %q", s.group.Name))
	}
	return fmt.Errorf("permissions: only root can give it the %s, and the agent runs as %s: run it as root, or leave owner and group out of the AppSpec file (%v)",
		strings.Join(wanted, " and "), self(), err) //nolint:errorlint // the advice is given
}

// self names the user that the agent runs as.
func self() string {
	if u, err := user.Current(); err == nil {
		return "the user " + u.Username
	}
	return fmt.Sprintf("the user with the number %d", os.Geteuid())
}
