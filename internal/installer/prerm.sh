#!/bin/sh
# Before the files go: deb calls this with "remove", rpm with 0. An upgrade
# leaves the agent running.
set -e
case $1 in remove | 0) ;; *) exit 0 ;; esac

if [ -d /run/systemd/system ]; then
	systemctl --quiet disable --now @NAME@
else
	! command -v systemctl >/dev/null || systemctl --quiet disable @NAME@ || true
	/etc/init.d/@NAME@ stop
fi
