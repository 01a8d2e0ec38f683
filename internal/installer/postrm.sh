#!/bin/sh
# After the files are gone. Only deb's "purge" removes what is the user's.
set -e
case $1 in remove | purge | 0) ;; *) exit 0 ;; esac

[ ! -d /run/systemd/system ] || systemctl daemon-reload
if [ "$1" = purge ]; then
	! command -v update-rc.d >/dev/null || update-rc.d @NAME@ remove
	rm -f @CONFIG@/codedeployagent.yml @CONFIG@/codedeploy.onpremises.yml @CONFIG@/ca.pem /etc/default/@NAME@ /var/log/@NAME@.log*
	rm -rf @ROOT@ /var/lib/slipway-agent
	# What else is in these folders is not ours.
	rmdir @CONFIG@ "$(dirname @CONFIG@)" "$(dirname @ROOT@)" 2>/dev/null || true
fi
