#!/bin/sh
# Starts the web server.
. "$(dirname "$0")/common.sh"
command=$(web_server) || exit 1
# A server that outlives its script must leave the script's output alone.
$command >web.log 2>&1 </dev/null &
echo $! >"$PIDFILE"
echo "started version $(cat web/version.txt) on port $PORT"
