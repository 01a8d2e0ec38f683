package agent

import (
	"cmp"
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// DropPrivileges makes the process run as the user and group of the
// configuration, if it has any. It has to come before the first file is made.
func (c Config) DropPrivileges() error {
	if c.User == "" && c.Group == "" {
		return nil
	}
	uid, gid, groups, err := c.accounts()
	if err != nil {
		return err
	}
	if uid == os.Geteuid() && gid == os.Getegid() {
		return nil
	}
	if err := become(uid, gid, groups); err != nil {
		return fmt.Errorf("cannot run as user %q, group %q of the configuration file: %w (only root can)", c.User, c.Group, err)
	}
	return nil
}

// accounts looks up the numbers of the configuration's user and group.
func (c Config) accounts() (uid, gid int, groups []int, err error) {
	u, err := user.Lookup(cmp.Or(c.User, "root"))
	if err != nil {
		return 0, 0, nil, fmt.Errorf("the user %q of the configuration file does not exist on this host", c.User)
	}
	group := u.Gid
	if c.Group != "" {
		g, err := user.LookupGroup(c.Group)
		if err != nil {
			return 0, 0, nil, fmt.Errorf("the group %q of the configuration file does not exist on this host", c.Group)
		}
		group = g.Gid
	}
	ids, err := u.GroupIds()
	if err != nil {
		return 0, 0, nil, fmt.Errorf("cannot look up the groups of %s: %w", u.Username, err)
	}
	for _, id := range append(ids, group) {
		if n, err := strconv.Atoi(id); err == nil {
			groups = append(groups, n)
		}
	}
	if uid, err = strconv.Atoi(u.Uid); err != nil {
		return 0, 0, nil, err
	}
	gid, err = strconv.Atoi(group)
	return uid, gid, groups, err
}
