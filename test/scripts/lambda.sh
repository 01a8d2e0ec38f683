#!/bin/sh
# Functions on one machine, with the aws command line: made, published, invoked,
# and deployed with a hook. It needs slipway, aws, zip and python3 on the PATH,
# and works in an empty folder:
#
#	mkdir /tmp/walk && cd /tmp/walk && .../test/scripts/lambda.sh
set -eu

say() { printf '\n== %s\n' "$*"; }
fail() {
	echo "FAIL: $*" >&2
	exit 1
}
expect() { [ "$2" = "$3" ] || fail "$1 is '$3', want '$2'"; }
contains() { case $3 in *"$2"*) ;; *) fail "$1 is '$3', want '$2' in it" ;; esac }
# refused runs a command that must fail with an error of this name.
refused() { # NAME COMMAND...
	name=$1
	shift
	if "$@" >refused.txt 2>&1; then fail "'$*' was not refused"; fi
	contains "the error of '$*'" "($name)" "$(cat refused.txt)"
}

server=
finish() {
	status=$?
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	wait
	[ $status = 0 ] || tail -n 30 ./*.log
}
trap finish EXIT
trap 'exit 1' INT TERM

say "A server that runs functions; its minutes of a traffic shift take a second"
slipway server --data data --listen 127.0.0.1:0 --provider function=local: --traffic-minute 1s >ready.txt 2>server.log &
server=$!
for _ in $(seq 100); do
	grep -q '^ready ' ready.txt && break
	sleep 0.1
done
AWS_ENDPOINT_URL=$(sed -n 's/^ready //p' ready.txt)
AWS_ACCESS_KEY_ID=$(sed -n 's/^aws_access_key_id = //p' data/root-credentials)
AWS_SECRET_ACCESS_KEY=$(sed -n 's/^aws_secret_access_key = //p' data/root-credentials)
AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION AWS_DEFAULT_REGION
role=arn:aws:iam::000000000000:role/function

say "A function in Python, in three versions"
version() { # TEXT
	printf 'def handler(event, context):\n    print("asked for", event)\n    return {"text": "%s", "version": context.function_version}\n' "$1" >app.py
	rm -f app.zip
	zip -q app.zip app.py
}
version one
aws lambda create-function --function-name orders --runtime python3.12 --handler app.handler --role $role \
	--zip-file fileb://app.zip --timeout 20 >created.txt
aws lambda wait function-active --function-name orders
aws lambda wait function-active-v2 --function-name orders
expect "the first version" 1 "$(aws lambda publish-version --function-name orders --query Version --output text)"
expect "the same again" 1 "$(aws lambda publish-version --function-name orders --query Version --output text)"
version two
aws lambda update-function-code --function-name orders --zip-file fileb://app.zip >updated.txt
aws lambda wait function-updated --function-name orders
expect "the second version" 2 "$(aws lambda publish-version --function-name orders --query Version --output text)"
version three
aws s3 mb s3://code
aws s3 cp app.zip s3://code/app.zip
aws lambda update-function-code --function-name orders --s3-bucket code --s3-key app.zip >updated.txt
aws lambda update-function-configuration --function-name orders --environment 'Variables={STAGE=test}' >updated.txt
expect "the third version" 3 "$(aws lambda publish-version --function-name orders --query Version --output text)"
expect "the list of versions" '$LATEST 1 2 3' \
	"$(aws lambda list-versions-by-function --function-name orders --query 'Versions[].Version' --output text | tr '\t' ' ')"
expect "the list of functions" orders "$(aws lambda list-functions --query 'Functions[].FunctionName' --output text)"
expect "a version's variable" test "$(aws lambda get-function-configuration --function-name orders:3 --query Environment.Variables.STAGE --output text)"
expect "a version's ARN" arn:aws:lambda:us-east-1:000000000000:function:orders:2 \
	"$(aws lambda get-function --function-name orders --qualifier 2 --query Configuration.FunctionArn --output text)"

say "An alias, and who answers"
aws lambda create-alias --function-name orders --name live --function-version 1 >alias.txt
revision=$(aws lambda get-alias --function-name orders --name live --query RevisionId --output text)
aws lambda update-alias --function-name orders --name live --description "what customers see" --revision-id "$revision" >alias.txt
refused PreconditionFailedException aws lambda update-alias --function-name orders --name live --function-version 2 --revision-id "$revision"
refused InvalidParameterValueException aws lambda update-alias --function-name orders --name live --routing-config 'AdditionalVersionWeights={2=1.5}'
refused ResourceConflictException aws lambda create-alias --function-name orders --name live --function-version 1
refused ResourceNotFoundException aws lambda get-alias --function-name orders --name nobody
refused ResourceNotFoundException aws lambda invoke --function-name nobody out.json
expect "the list of aliases" live "$(aws lambda list-aliases --function-name orders --query 'Aliases[].Name' --output text)"
echo '{"order": 7}' >event.json
expect "the version that ran" 1 "$(aws lambda invoke --function-name orders:live --payload fileb://event.json out.json --query ExecutedVersion --output text)"
expect "the answer" '{"text": "one", "version": "1"}' "$(cat out.json)"
contains "the log" "REPORT RequestId" "$(aws lambda invoke --function-name orders:live --payload fileb://event.json --log-type Tail out.json \
	--query LogResult --output text | base64 -d)"
expect "a dry run" 204 "$(aws lambda invoke --function-name orders --invocation-type DryRun out.json --query StatusCode --output text)"
expect "an event" 202 "$(aws lambda invoke --function-name orders:3 --invocation-type Event --payload fileb://event.json out.json --query StatusCode --output text)"
for _ in $(seq 100); do
	grep -qs "asked for" data/lambda/logs/000000000000/us-east-1/orders/3.log && break
	sleep 0.1
done
contains "the log of version 3" "asked for {'order': 7}" "$(cat data/lambda/logs/000000000000/us-east-1/orders/3.log)"

say "A hook that fails, by an exception"
printf 'def handler(event, context):\n    raise ValueError("no stock")\n' >app.py
rm -f app.zip
zip -q app.zip app.py
aws lambda create-function --function-name hook --runtime python3.12 --handler app.handler --role $role --zip-file fileb://app.zip --timeout 20 >created.txt
expect "its error" Unhandled "$(aws lambda invoke --function-name hook out.json --query FunctionError --output text)"
contains "its answer" "no stock" "$(cat out.json)"

say "Deployments of the alias"
aws deploy create-application --application-name shop --compute-platform Lambda >created.txt
aws deploy create-deployment-config --deployment-config-name Canary20Percent1Minute --compute-platform Lambda \
	--traffic-routing-config 'type=TimeBasedCanary,timeBasedCanary={canaryPercentage=20,canaryInterval=1}' >created.txt
aws deploy create-deployment-group --application-name shop --deployment-group-name live --deployment-config-name Canary20Percent1Minute \
	--service-role-arn arn:aws:iam::000000000000:role/codedeploy \
	--deployment-style deploymentType=BLUE_GREEN,deploymentOption=WITH_TRAFFIC_CONTROL \
	--auto-rollback-configuration enabled=true,events=DEPLOYMENT_FAILURE,DEPLOYMENT_STOP_ON_REQUEST >created.txt
deploy() { # FROM TO HOOKS
	spec="{\\\"version\\\":0.0,\\\"Resources\\\":[{\\\"orders\\\":{\\\"Type\\\":\\\"AWS::Lambda::Function\\\",\\\"Properties\\\":{\\\"Name\\\":\\\"orders\\\",\\\"Alias\\\":\\\"live\\\",\\\"CurrentVersion\\\":\\\"$1\\\",\\\"TargetVersion\\\":\\\"$2\\\"}}}],\\\"Hooks\\\":[$3]}"
	aws deploy create-deployment --application-name shop --deployment-group-name live --query deploymentId --output text \
		--revision "{\"revisionType\":\"AppSpecContent\",\"appSpecContent\":{\"content\":\"$spec\"}}"
}
serves() { aws lambda get-alias --function-name orders --name live --query '[FunctionVersion,RoutingConfig]' --output text | tr '\t' ' '; }
id=$(deploy 1 2 '')
aws deploy wait deployment-successful --deployment-id "$id"
expect "the alias after a deployment" "2 None" "$(serves)"
id=$(deploy 2 3 '{\"BeforeAllowTraffic\":\"hook\"}')
if aws deploy wait deployment-successful --deployment-id "$id" 2>/dev/null; then fail "a deployment succeeded whose hook fails"; fi
contains "why it failed" "no stock" "$(aws deploy get-deployment --deployment-id "$id" --query deploymentInfo.errorInformation.message --output text)"
expect "the alias after the rollback" "2 None" "$(serves)"

say "What is no longer needed"
refused ResourceConflictException aws lambda delete-function --function-name orders --qualifier 2
aws lambda delete-alias --function-name orders --name live
aws lambda delete-function --function-name orders --qualifier 2
aws lambda delete-function --function-name orders
refused ResourceNotFoundException aws lambda get-function --function-name orders

kill "$server"
wait "$server"
server=
say "All is well"
