#!/bin/sh
# After the files are there: deb calls this with "configure", rpm with the
# number of versions that are installed.
set -e
case $1 in configure | 1 | 2) ;; *) exit 0 ;; esac

if command -v systemctl >/dev/null; then
	[ ! -d /run/systemd/system ] || systemctl daemon-reload
	systemctl --quiet enable @NAME@ || true # in an image that is being built there may be nothing to ask
elif command -v chkconfig >/dev/null; then
	chkconfig --add @NAME@
fi
! command -v update-rc.d >/dev/null || update-rc.d @NAME@ defaults

# Whoever installs more than the package starts the agent in the end.
[ -z "${SLIPWAY_NO_START-}" ] || exit 0
if [ ! -e @IDENTITY@ ] && [ ! -e @ROOT@/codedeploy.onpremises.yml ]; then
	echo "@NAME@ is installed and not started: this host has no identity yet. See: slipway-agent install --help"
	exit 0
fi
# The running agent lets its event end first. That event may be what runs this.
if [ -d /run/systemd/system ]; then
	systemctl --no-block restart @NAME@
elif /etc/init.d/@NAME@ status >/dev/null; then
	setsid env -i PATH="$PATH" HOME=/root /etc/init.d/@NAME@ restart >/dev/null 2>&1 </dev/null &
else
	env -i PATH="$PATH" HOME=/root /etc/init.d/@NAME@ start
fi
