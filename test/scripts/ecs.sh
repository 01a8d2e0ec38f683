#!/bin/sh
# An ECS service from its preparation to blue/green deployments with the aws
# command line: what docs/guides/ecs.md says, against moto instead of AWS. It
# needs slipway, aws and moto (python3 -m moto.server), and works in an empty
# folder. moto keeps what it is told and runs nothing.
set -eu

say() { printf '\n== %s\n' "$*"; }
fail() {
	echo "FAIL: $*" >&2
	exit 1
}
expect() { [ "$2" = "$3" ] || fail "$1 is '$3', want '$2'"; }

processes=
finish() {
	status=$?
	# shellcheck disable=SC2086 # it is a list
	kill $processes 2>/dev/null || true
	wait
	[ $status = 0 ] || tail -n 30 ./*.log
}
trap finish EXIT
trap 'exit 1' INT TERM

say "moto in place of AWS, and a server that deploys to it"
export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
moto=http://127.0.0.1:$MOTO_PORT
python3 -m moto.server -H 127.0.0.1 -p "$MOTO_PORT" >moto.log 2>&1 &
processes=$!
AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test \
	slipway server --data data --listen 127.0.0.1:0 --provider "container=aws:?endpoint=$moto" >ready.txt 2>server.log &
processes="$processes $!"
for _ in $(seq 200); do
	grep -q '^ready ' ready.txt && grep -q 'Running on' moto.log && break
	sleep 0.1
done
AWS_ENDPOINT_URL_CODEDEPLOY=$(sed -n 's/^ready //p' ready.txt)
AWS_ACCESS_KEY_ID=$(sed -n 's/^aws_access_key_id = //p' data/root-credentials)
AWS_SECRET_ACCESS_KEY=$(sed -n 's/^aws_secret_access_key = //p' data/root-credentials)
export AWS_ENDPOINT_URL_CODEDEPLOY AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
export AWS_ENDPOINT_URL_ECS="$moto" AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2="$moto" AWS_ENDPOINT_URL_EC2="$moto"

say "A load balancer with two listeners and a pair of target groups"
vpc=$(aws ec2 describe-vpcs --query 'Vpcs[0].VpcId' --output text)
subnets=$(aws ec2 describe-subnets --query 'Subnets[:2].SubnetId' --output text)
group=$(aws ec2 describe-security-groups --query 'SecurityGroups[0].GroupId' --output text)
# shellcheck disable=SC2086 # it is a list
lb=$(aws elbv2 create-load-balancer --name shop --subnets $subnets --query 'LoadBalancers[0].LoadBalancerArn' --output text)
target_group() {
	aws elbv2 create-target-group --name "$1" --protocol HTTP --port 8080 --vpc-id "$vpc" --target-type ip \
		--query 'TargetGroups[0].TargetGroupArn' --output text
}
tg_a=$(target_group shop-a)
tg_b=$(target_group shop-b)
listener() { # PORT
	aws elbv2 create-listener --load-balancer-arn "$lb" --protocol HTTP --port "$1" \
		--default-actions "Type=forward,TargetGroupArn=$tg_a" --query 'Listeners[0].ListenerArn' --output text
}
prod=$(listener 80)
test=$(listener 8080)

say "A service with the deployment controller EXTERNAL, and its first task set"
aws ecs create-cluster --cluster-name c1 >cluster.json
cat >task.json <<'JSON'
{"family": "shop", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
 "containerDefinitions": [{"name": "web", "image": "shop:1", "memory": 256, "portMappings": [{"containerPort": 8080}]}]}
JSON
definition=$(aws ecs register-task-definition --cli-input-json file://task.json --query taskDefinition.taskDefinitionArn --output text)
aws ecs create-service --cluster c1 --service-name shop --desired-count 3 --scheduling-strategy REPLICA \
	--deployment-controller type=EXTERNAL >service.json
set -- $subnets
network="awsvpcConfiguration={subnets=[$1,$2],securityGroups=[$group]}"
first=$(aws ecs create-task-set --cluster c1 --service shop --task-definition shop:1 --launch-type FARGATE \
	--scale value=100,unit=PERCENT --network-configuration "$network" \
	--load-balancers "targetGroupArn=$tg_a,containerName=web,containerPort=8080" --query taskSet.taskSetArn --output text)
aws ecs update-service-primary-task-set --cluster c1 --service shop --primary-task-set "$first" >primary.json

say "An application and its deployment group"
aws deploy create-application --application-name shop --compute-platform ECS >application.json
cat >group.json <<JSON
{"applicationName": "shop", "deploymentGroupName": "prod", "serviceRoleArn": "arn:aws:iam::000000000000:role/deploy",
 "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
 "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
 "blueGreenDeploymentConfiguration": {
   "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0},
   "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 0}},
 "ecsServices": [{"clusterName": "c1", "serviceName": "shop"}],
 "loadBalancerInfo": {"targetGroupPairInfoList": [{"targetGroups": [{"name": "shop-a"}, {"name": "shop-b"}],
   "prodTrafficRoute": {"listenerArns": ["$prod"]}, "testTrafficRoute": {"listenerArns": ["$test"]}}]}}
JSON
aws deploy create-deployment-group --cli-input-json file://group.json >created.json

weights() {
	aws elbv2 describe-listeners --listener-arns "$prod" --output text \
		--query 'Listeners[0].DefaultActions[0].ForwardConfig.TargetGroups[].[TargetGroupArn,Weight]' |
		sed 's,.*targetgroup/shop-\([ab]\)/[^	]*	,\1=,' | sort | xargs
}

say "aws ecs deploy: it registers the task definition, deploys it and waits"
cat >appspec.json <<'JSON'
{"version": 0.0, "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {
  "TaskDefinition": "<TASK_DEFINITION>", "LoadBalancerInfo": {"ContainerName": "web", "ContainerPort": 8080}}}}]}
JSON
aws ecs deploy --cluster c1 --service shop --task-definition task.json --codedeploy-appspec appspec.json \
	--codedeploy-application shop --codedeploy-deployment-group prod | tee deploy.txt
expect "the weights" "a=0 b=100" "$(weights)"
primary() { aws ecs describe-services --cluster c1 --services shop --query "services[0].taskSets[?status=='PRIMARY'].$1" --output text; }
expect "the task definition" "shop:2" "$(primary taskDefinition | sed 's,.*/,,')"
id=$(aws deploy list-deployments --query 'deployments[0]' --output text)
expect "the task set's external id" "$id" "$(primary externalId)"
aws deploy get-deployment-target --deployment-id "$id" --target-id c1:shop

say "Back, with a wait before traffic is rerouted"
sed -i 's/"CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0/"STOP_DEPLOYMENT", "waitTimeInMinutes": 60/;
	s/"terminationWaitTimeInMinutes": 0/"terminationWaitTimeInMinutes": 60/; s/deploymentGroupName/currentDeploymentGroupName/' group.json
aws deploy update-deployment-group --cli-input-json file://group.json >updated.json
deploy() { # REVISION OF THE TASK DEFINITION
	sed "s,<TASK_DEFINITION>,${definition%:*}:$1," appspec.json | python3 -c 'import json, sys
print(json.dumps({"revisionType": "AppSpecContent", "appSpecContent": {"content": sys.stdin.read()}}))' >revision.json
	aws deploy create-deployment --application-name shop --deployment-group-name prod --revision file://revision.json \
		--query deploymentId --output text
}
until_is() { # STATE QUERY
	for _ in $(seq 100); do
		is=$(aws deploy get-deployment --deployment-id "$id" --query "deploymentInfo.$2" --output text)
		[ "$is" = "$1" ] && return
		sleep 0.2
	done
	fail "$2 is '$is', want '$1'"
}
id=$(deploy 1)
until_is Ready status
expect "the weights" "a=0 b=100" "$(weights)"
aws deploy continue-deployment --deployment-id "$id"
until_is True instanceTerminationWaitTimeStarted
expect "the weights" "a=100 b=0" "$(weights)"
aws deploy continue-deployment --deployment-id "$id" --deployment-wait-type TERMINATION_WAIT
until_is Succeeded status
expect "the task definition" "shop:1" "$(primary taskDefinition | sed 's,.*/,,')"

say "Stopped in the termination wait: the rollback puts all of it back"
id=$(deploy 2)
until_is Ready status
aws deploy continue-deployment --deployment-id "$id" --deployment-wait-type READY_WAIT
until_is True instanceTerminationWaitTimeStarted
aws deploy stop-deployment --deployment-id "$id" --auto-rollback-enabled >stopped.json
until_is Stopped status
id=$(aws deploy get-deployment --deployment-id "$id" --query deploymentInfo.rollbackInfo.rollbackDeploymentId --output text)
until_is Succeeded status
expect "the weights" "a=100 b=0" "$(weights)"
expect "the task definition" "shop:1" "$(primary taskDefinition | sed 's,.*/,,')"

printf '\nAll as it should be.\n'
