#!/bin/sh
### BEGIN INIT INFO
# Provides:          @NAME@
# Required-Start:    $remote_fs $network $syslog
# Required-Stop:     $remote_fs $network $syslog
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: Slipway agent
# Description:       Carries out deployments on this host.
### END INIT INFO
# chkconfig: 2345 90 10
# description: Slipway agent, carries out deployments on this host

name=@NAME@
binary=@BINARY@
pidfile=/var/run/$name.pid
log=/var/log/$name.log

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
HOME=${HOME:-/root}
export PATH HOME
if [ -r /etc/default/$name ]; then
	set -a
	. /etc/default/$name
	set +a
fi

# running sets pid, and says whether that process is the agent. After an
# upgrade the file that it runs is a deleted one.
running() {
	pid=$(cat "$pidfile" 2>/dev/null) && [ -n "$pid" ] || return 1
	case $(readlink "/proc/$pid/exe" 2>/dev/null) in
	*/"${binary##*/}" | */"${binary##*/} (deleted)") return 0 ;;
	esac
	return 1
}

# lock is for what changes the pidfile: of two restarts at a time, an upgrade's
# and somebody's, one starts the agent, and the other finds it.
lock() {
	exec 9>"$pidfile.lock"
	! command -v flock >/dev/null || flock 9
}

# forget removes the pidfile of an agent that is gone.
forget() {
	lock
	running || rm -f "$pidfile"
	exec 9>&-
}

start() {
	if [ ! -x "$binary" ]; then
		echo "$name is not installed: there is no $binary" >&2
		return 5
	fi
	lock
	if running; then
		echo "$name is running, as process $pid"
		return 0
	fi
	cd / && umask 022 || return 1
	setsid "$binary" run >>"$log" 2>&1 </dev/null 9>&- &
	echo $! >"$pidfile"
	sleep 1
	if ! running; then
		rm -f "$pidfile"
		echo "$name did not start; the end of $log:" >&2
		tail -n 3 "$log" >&2
		return 1
	fi
	echo "$name started"
}

# stop waits for a running event to end, as the agent does.
stop() {
	if ! running; then
		forget
		echo "$name is not running"
		return 0
	fi
	old=$pid
	kill "$old"
	waited=0
	while running && [ "$pid" = "$old" ]; do
		[ $waited != 5 ] || echo "waiting for a running event to end"
		[ $waited != 7500 ] || kill -9 "$old"
		sleep 1
		waited=$((waited + 1))
	done
	forget
	echo "$name stopped"
}

case $1 in
start) start ;;
stop) stop ;;
restart | force-reload) stop && start ;;
status)
	if running; then
		echo "$name is running, as process $pid"
		exit 0
	fi
	echo "$name is not running"
	exit 3
	;;
*)
	echo "usage: $0 start|stop|restart|force-reload|status" >&2
	exit 2
	;;
esac
