#!/bin/sh
# Asks the web server whether it is well.
. "$(dirname "$0")/common.sh"
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	if health=$(get /health.txt 2>&1); then
		break
	fi
	sleep 0.2
done
echo "GET http://127.0.0.1:$PORT/health.txt: $health"
[ "$health" = ok ]
