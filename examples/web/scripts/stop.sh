#!/bin/sh
# Stops the web server that the last deployment started.
. "$(dirname "$0")/common.sh"
if [ -f "$PIDFILE" ] && kill "$(cat "$PIDFILE")" 2>/dev/null; then
	echo "stopped the web server on port $PORT"
else
	echo "no web server was running"
fi
rm -f "$PIDFILE"
