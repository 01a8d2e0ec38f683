#!/bin/sh
# Writes down where this release came from, and whether the host has the
# settings that it needs.
. "$(dirname "$0")/common.sh"
echo "$APPLICATION_NAME $DEPLOYMENT_ID, group $DEPLOYMENT_GROUP_NAME" >web/release.txt
echo ok >web/health.txt
while read -r setting; do
	grep -q "^$setting=" settings 2>/dev/null || echo "missing setting: $setting" >web/health.txt
done <web/requires.txt
echo "configured release $DEPLOYMENT_ID: $(cat web/health.txt)"
