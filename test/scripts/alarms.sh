#!/bin/sh
# Sets, shows and deletes alarms with the aws command line and with slipway. It
# needs both on the PATH, and the environment of a running server
# (AWS_ENDPOINT_URL, AWS_DEFAULT_REGION and keys).
set -eu

fail() {
	echo "FAIL: $*" >&2
	exit 1
}
expect() { [ "$2" = "$3" ] || fail "$1 is '$3', want '$2'"; }
contains() { case $3 in *"$2"*) ;; *) fail "$1 is '$3', want '$2' in it" ;; esac }
state() { aws cloudwatch describe-alarms --alarm-names "$1" --query 'MetricAlarms[].StateValue' --output text; }

aws cloudwatch put-metric-alarm --alarm-name shop-errors --alarm-description "too many errors" \
	--namespace shop --metric-name errors --dimensions Name=stage,Value=production --statistic Sum \
	--period 60 --evaluation-periods 2 --threshold 1.5 --comparison-operator GreaterThanThreshold \
	--treat-missing-data notBreaching --tags Key=team,Value=shop
expect "a new alarm" INSUFFICIENT_DATA "$(state shop-errors)"
expect "its ARN" arn:aws:cloudwatch:us-east-1:000000000000:alarm:shop-errors \
	"$(aws cloudwatch describe-alarms --query 'MetricAlarms[0].AlarmArn' --output text)"
expect "its metric" "errors production 1.5 True" "$(aws cloudwatch describe-alarms --output text \
	--query 'MetricAlarms[0].[MetricName,Dimensions[0].Value,Threshold,ActionsEnabled]' | tr '\t' ' ')"

aws cloudwatch set-alarm-state --alarm-name shop-errors --state-value ALARM --state-reason "seen in the shop" \
	--state-reason-data '{"rate":7}'
expect "the alarm" ALARM "$(state shop-errors)"
contains "its reason" "seen in the shop" "$(slipway alarm list)"
contains "an alarm that is not there" "(ResourceNotFound)" \
	"$(aws cloudwatch set-alarm-state --alarm-name none --state-value OK --state-reason x 2>&1)"
contains "a state that is none" "(ValidationError)" \
	"$(aws cloudwatch set-alarm-state --alarm-name shop-errors --state-value BROKEN --state-reason x 2>&1)"

slipway alarm set by-hand ALARM --reason "just a test"
slipway alarm set shop-errors OK
expect "what slipway set" ALARM "$(state by-hand)"
expect "those in ALARM" by-hand "$(aws cloudwatch describe-alarms --state-value ALARM --query 'MetricAlarms[].AlarmName' --output text)"
expect "those with a prefix" shop-errors "$(aws cloudwatch describe-alarms --alarm-name-prefix shop- --query 'MetricAlarms[].AlarmName' --output text)"
expect "all, one a page" "by-hand shop-errors" \
	"$(aws cloudwatch describe-alarms --page-size 1 --query 'MetricAlarms[].AlarmName' --output text | xargs)"

aws cloudwatch delete-alarms --alarm-names shop-errors by-hand
expect "what is left" "" "$(slipway alarm list)"
echo "All as it should be."
