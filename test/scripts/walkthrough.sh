#!/bin/sh
# From nothing to a deployment, an update, a failure and its rollback, with the
# aws command line. It needs slipway, slipway-agent and aws on the PATH, and
# works in an empty folder:
#
#	mkdir /tmp/walk && cd /tmp/walk && .../test/scripts/walkthrough.sh .../examples/web
#
# Two "hosts" are folders here, each with an agent and a web server; WEB_PORTS
# are the ports of the latter.
set -eu
example=$1
set -- ${WEB_PORTS:-8701 8702}
port_1=$1 port_2=$2

say() { printf '\n== %s\n' "$*"; }
fail() {
	echo "FAIL: $*" >&2
	exit 1
}
expect() { [ "$2" = "$3" ] || fail "$1 is '$3', want '$2'"; }
contains() { case $3 in *"$2"*) ;; *) fail "$1 is '$3', want '$2' in it" ;; esac }

processes=
finish() {
	status=$?
	# shellcheck disable=SC2086 # it is a list
	kill $processes $(cat web-?/web.pid 2>/dev/null) 2>/dev/null || true
	wait
	[ $status = 0 ] || tail -n 30 ./*.log
}
trap finish EXIT
trap 'exit 1' INT TERM

say "A server, and all that an AWS client needs to know of it"
slipway server --data data --listen 127.0.0.1:0 --alarm-period 1s >ready.txt 2>server.log &
processes=$!
for _ in $(seq 100); do
	grep -q '^ready ' ready.txt && break
	sleep 0.1
done
AWS_ENDPOINT_URL=$(sed -n 's/^ready //p' ready.txt)
AWS_ACCESS_KEY_ID=$(sed -n 's/^aws_access_key_id = //p' data/root-credentials)
AWS_SECRET_ACCESS_KEY=$(sed -n 's/^aws_secret_access_key = //p' data/root-credentials)
AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION AWS_DEFAULT_REGION
expect "the caller" arn:aws:iam::000000000000:root "$(aws sts get-caller-identity --query Arn --output text)"

say "Two hosts: registered, tagged, each with its agent"
# Registering writes codedeploy.onpremises.yml, all that an agent needs.
register() { # NAME PORT
	mkdir "$1"
	cd "$1"
	aws deploy register --instance-name "$1" --tags Key=stage,Value=production
	echo "$2" >port
	command -v slipway >web-server # what the example serves with
	start_agent
	processes="$processes $!"
	cd ..
}
start_agent() {
	env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY HOME="$PWD" \
		slipway-agent run --config codedeploy.onpremises.yml --root deployment-root >"../${PWD##*/}.log" 2>&1 &
}
register web-1 "$port_1"
register web-2 "$port_2"
expect "the list of hosts" "web-1 web-2" "$(aws deploy list-on-premises-instances --registration-status Registered \
	--tag-filters Key=stage,Value=production,Type=KEY_AND_VALUE --query 'sort(instanceNames)' --output text | tr '\t' ' ')"

say "An application, and a group of the hosts with the tag"
aws deploy create-application --application-name shop >created.txt
aws deploy create-deployment-group --application-name shop --deployment-group-name production \
	--service-role-arn arn:aws:iam::000000000000:role/slipway \
	--on-premises-instance-tag-filters Key=stage,Value=production,Type=KEY_AND_VALUE \
	--auto-rollback-configuration enabled=true,events=DEPLOYMENT_FAILURE >>created.txt
group_id=$(aws deploy get-deployment-group --application-name shop --deployment-group-name production \
	--query deploymentGroupInfo.deploymentGroupId --output text)
aws s3 mb s3://releases

# version prepares the example as a version of the application. Its scripts
# also write down what they were told.
version() { # NAME
	rm -rf web
	cp -R "$example" web
	chmod -R u+w web
	echo "$1" >web/site/version.txt
	echo 'echo "$LIFECYCLE_EVENT $DEPLOYMENT_ID $APPLICATION_NAME $DEPLOYMENT_GROUP_NAME $DEPLOYMENT_GROUP_ID" \
		"$BUNDLE_BUCKET $BUNDLE_KEY ${BUNDLE_VERSION-none} $BUNDLE_ETAG" >>"$HOME/hooks.log"' >>web/scripts/common.sh
}
# deploy deploys what was pushed, and prints the deployment's id.
deploy() { # KEY
	aws deploy create-deployment --application-name shop --deployment-group-name production \
		--s3-location "bucket=releases,key=$1,bundleType=zip,eTag=$(etag "$1")" --query deploymentId --output text
}
etag() { aws s3api head-object --bucket releases --key "$1" --query ETag --output text | tr -d '"'; }
push() { # KEY
	aws deploy push --application-name shop --s3-location "s3://releases/$1" --source web >pushed.txt
	contains "what push proposes" "aws deploy create-deployment --application-name shop --s3-location" "$(cat pushed.txt)"
}
status() { aws deploy get-deployment --deployment-id "$1" --query deploymentInfo.status --output text; }
becomes() { # STATUS DEPLOYMENT
	for _ in $(seq 100); do
		[ "$(status "$2")" != "$1" ] || return 0
		sleep 0.1
	done
	fail "the deployment $2 is $(status "$2"), want $1"
}
# hooks prints what ran on a host for a deployment, in order.
hooks() { # HOST DEPLOYMENT
	sed -n "s/ $2 .*//p" "$1/hooks.log" | tr '\n' ' '
}

say "Version 1"
version 1
echo old >web/site/old.txt
push shop-1.zip
first=$(deploy shop-1.zip)
aws deploy wait deployment-successful --deployment-id "$first"
for host in web-1 web-2; do
	expect "the version on $host" 1 "$(cat $host/web/version.txt)"
	expect "the old file on $host" old "$(cat $host/web/old.txt)"
	expect "what $host serves" 1 "$(curl -fsS "http://127.0.0.1:$(cat $host/port)/version.txt")"
	expect "the hooks on $host" "AfterInstall ApplicationStart ValidateService " "$(hooks $host "$first")"
	expect "what the hooks on $host were told" \
		"AfterInstall $first shop production $group_id releases shop-1.zip none $(etag shop-1.zip)" "$(head -n 1 $host/hooks.log)"
done

say "Version 2: one file changes, one goes, a large one comes (it is pushed in parts)"
version 2
head -c 9000000 /dev/urandom >web/site/large.bin
push shop-2.zip
contains "the ETag of an object of two parts" "-2" "$(etag shop-2.zip)"
second=$(deploy shop-2.zip)
aws deploy wait deployment-successful --deployment-id "$second"
for host in web-1 web-2; do
	expect "the version on $host" 2 "$(cat $host/web/version.txt)"
	expect "what $host serves" 2 "$(curl -fsS "http://127.0.0.1:$(cat $host/port)/version.txt")"
	[ ! -e $host/web/old.txt ] || fail "$host still has the file that version 2 has not"
	cmp web/site/large.bin $host/web/large.bin
	expect "the hooks on $host" "ApplicationStop AfterInstall ApplicationStart ValidateService " "$(hooks $host "$second")"
done

say "Version 3 needs a setting that no host has: it fails, and version 2 comes back"
version 3
echo database_url >web/site/requires.txt
push shop-3.zip
third=$(deploy shop-3.zip)
if aws deploy wait deployment-successful --deployment-id "$third" 2>wait.txt; then
	fail "waiting for a failed deployment ended well"
fi
contains "the waiter's complaint" "terminal failure" "$(cat wait.txt)"
expect "the third deployment" "Failed HEALTH_CONSTRAINTS" "$(aws deploy get-deployment --deployment-id "$third" \
	--query 'deploymentInfo.[status, errorInformation.code]' --output text | tr '\t' ' ')"
failed=$(aws deploy list-deployment-targets --deployment-id "$third" --target-filters TargetStatus=Failed \
	--query 'targetIds' --output text)
diagnostics() {
	aws deploy get-deployment-target --deployment-id "$third" --target-id "$failed" --output text --query \
		"deploymentTarget.instanceTarget.lifecycleEvents[?lifecycleEventName=='ValidateService'].diagnostics | [0].$1"
}
expect "the error of ValidateService on $failed" ScriptFailed "$(diagnostics errorCode)"
expect "its script" scripts/validate.sh "$(diagnostics scriptName)"
contains "its log" "missing setting: database_url" "$(diagnostics logTail)"

rollback=$(aws deploy get-deployment --deployment-id "$third" \
	--query deploymentInfo.rollbackInfo.rollbackDeploymentId --output text)
aws deploy wait deployment-successful --deployment-id "$rollback"
expect "the rollback" "codeDeployRollback $third shop-2.zip" "$(aws deploy get-deployment --deployment-id "$rollback" --output text \
	--query 'deploymentInfo.[creator, rollbackInfo.rollbackTriggeringDeploymentId, revision.s3Location.key]' | tr '\t' ' ')"
for host in web-1 web-2; do
	expect "what $host serves" 2 "$(curl -fsS "http://127.0.0.1:$(cat $host/port)/version.txt")"
done

say "What is known of it all"
expect "all deployments" "$(printf '%s\n' "$first" "$second" "$third" "$rollback" | sort | tr '\n' ' ')" \
	"$(aws deploy list-deployments --application-name shop --deployment-group-name production \
		--query deployments --output text | tr '\t' '\n' | sort | tr '\n' ' ')"
expect "the failed deployments" "$third" "$(aws deploy list-deployments --application-name shop \
	--deployment-group-name production --include-only-statuses Failed --query deployments --output text)"
expect "the first deployment's targets" "web-1 Succeeded web-2 Succeeded" "$(aws deploy batch-get-deployment-targets \
	--deployment-id "$first" --target-ids web-1 web-2 --output text \
	--query 'sort_by(deploymentTargets, &instanceTarget.targetId)[].instanceTarget.[targetId, status][]' | tr '\t' ' ')"
expect "the groups of version 2" production "$(aws deploy get-application-revision --application-name shop \
	--s3-location "bucket=releases,key=shop-2.zip,bundleType=zip,eTag=$(etag shop-2.zip)" \
	--query revisionInfo.deploymentGroups --output text)"

say "An alarm goes off in the middle of version 4: it stops, and version 2 comes back"
slipway alarm set shop-errors OK
aws deploy update-deployment-group --application-name shop --current-deployment-group-name production \
	--alarm-configuration 'enabled=true,alarms=[{name=shop-errors}]' \
	--auto-rollback-configuration enabled=true,events=DEPLOYMENT_STOP_ON_ALARM >updated.txt
version 4
echo '[ "$LIFECYCLE_EVENT" != AfterInstall ] || while [ ! -e "$HOME/go" ]; do sleep 0.1; done' >>web/scripts/common.sh
push shop-4.zip
fourth=$(deploy shop-4.zip)
for _ in $(seq 100); do
	grep -qs "AfterInstall $fourth" web-?/hooks.log && break
	sleep 0.1
done
slipway alarm set shop-errors ALARM --reason "too many errors"
sleep 3 # the alarm is read every second; what runs ends by itself
touch web-1/go web-2/go
becomes Stopped "$fourth"
expect "why it stopped" ALARM_ACTIVE "$(aws deploy get-deployment --deployment-id "$fourth" \
	--query deploymentInfo.errorInformation.code --output text)"
contains "what it says" "<shop-errors>" "$(aws deploy get-deployment --deployment-id "$fourth" \
	--query deploymentInfo.errorInformation.message --output text)"
back=$(aws deploy get-deployment --deployment-id "$fourth" \
	--query deploymentInfo.rollbackInfo.rollbackDeploymentId --output text)
aws deploy wait deployment-successful --deployment-id "$back"
for host in web-1 web-2; do
	expect "what $host serves" 2 "$(curl -fsS "http://127.0.0.1:$(cat $host/port)/version.txt")"
done

say "While the alarm is on nothing starts, unless it is overridden"
becomes Stopped "$(deploy shop-4.zip)"
fifth=$(aws deploy create-deployment --application-name shop --deployment-group-name production \
	--s3-location "bucket=releases,key=shop-4.zip,bundleType=zip,eTag=$(etag shop-4.zip)" \
	--override-alarm-configuration enabled=false --query deploymentId --output text)
aws deploy wait deployment-successful --deployment-id "$fifth"
for host in web-1 web-2; do
	expect "what $host serves" 4 "$(curl -fsS "http://127.0.0.1:$(cat $host/port)/version.txt")"
done
slipway alarm set shop-errors OK

say "A deployment that is stopped, because no agent takes it up"
# shellcheck disable=SC2086 # it is a list
set -- $processes
kill "$2" "$3"
wait "$2" "$3" || true
processes=$1
stopped=$(deploy shop-1.zip)
aws deploy stop-deployment --deployment-id "$stopped" --no-auto-rollback-enabled >stopped.txt
becomes Stopped "$stopped"

say "The hosts leave"
aws deploy deregister --instance-name web-1 --no-delete-iam-user
aws deploy deregister --instance-name web-2
expect "the hosts that are left" "" "$(aws deploy list-on-premises-instances --registration-status Registered \
	--query instanceNames --output text)"
expect "the users that are left" web-1 "$(aws iam list-users --query 'Users[].UserName' --output text)"

say "Done"
