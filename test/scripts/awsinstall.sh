#!/bin/sh
# The agent comes to a host in each of its ways, is deployed to, and goes again:
# `aws deploy install`, a package, a script by a pipe, `slipway-agent install`.
# What is installed is installed for real, so this wants a machine to itself:
# run as root, it makes one of this one, with namespaces and layers over its
# folders that are gone in the end.
#
#	mkdir /tmp/host && cd /tmp/host && unshare -mnpf --kill-child --mount-proc .../test/scripts/awsinstall.sh .../packages
#
# It needs slipway, slipway-agent beside it, and aws on the PATH.
set -eu
packages=$1
work=$PWD

say() { printf '\n== %s\n' "$*"; }
fail() {
	echo "FAIL: $*" >&2
	exit 1
}
expect() { [ "$2" = "$3" ] || fail "$1 is '$3', want '$2'"; }
contains() { case $3 in *"$2"*) ;; *) fail "$1 is '$3', want '$2' in it" ;; esac }
# shellcheck disable=SC2317 # the trap calls it
finish() {
	[ $? = 0 ] || tail -n 30 "$work"/*.log /var/log/*-agent.log
}
trap finish EXIT

say "A host of our own, that says it is Ubuntu"
busybox ip link set lo up
mkdir layers
mount -t tmpfs layers layers
for dir in etc usr var opt; do
	mkdir -p "layers/$dir/upper" "layers/$dir/work"
	mount -t overlay "$dir" -o "lowerdir=/$dir,upperdir=layers/$dir/upper,workdir=layers/$dir/work" "/$dir"
done
# Nobody here may speak to the systemd of the real machine.
mount -t tmpfs run /run
printf 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=24.04\nDISTRIB_CODENAME=noble\n' >/etc/lsb-release

say "A server"
slipway server --data data --listen 127.0.0.1:8650 >ready.txt 2>server.log &
for _ in $(seq 100); do
	grep -q '^ready ' ready.txt && break
	sleep 0.1
done
AWS_ENDPOINT_URL=$(sed -n 's/^ready //p' ready.txt)
AWS_ACCESS_KEY_ID=$(sed -n 's/^aws_access_key_id = //p' data/root-credentials)
AWS_SECRET_ACCESS_KEY=$(sed -n 's/^aws_secret_access_key = //p' data/root-credentials)
AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1
export AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION AWS_DEFAULT_REGION

say "An application, and a group for each way"
aws deploy create-application --application-name shop >created.txt
aws s3 mb s3://releases
mkdir shop
cat >shop/appspec.yml <<-'END'
	version: 0.0
	os: linux
	files:
	  - source: version.txt
	    destination: /opt/shop
	hooks:
	  ValidateService:
	    - location: validate.sh
END
cat >shop/validate.sh <<-'END'
	#!/bin/sh
	echo "HOME=$HOME" >/opt/shop/environment.txt
	env | grep AWS_ >>/opt/shop/environment.txt || true
END
chmod +x shop/validate.sh

# deployed deploys a new version to the host of that name, which has come by
# now, and says what it found there.
deployed() { # HOST
	echo "for $1" >shop/version.txt
	aws deploy push --application-name shop --s3-location "s3://releases/$1.zip" --source shop >pushed.txt
	aws deploy create-deployment-group --application-name shop --deployment-group-name "$1" \
		--service-role-arn arn:aws:iam::000000000000:role/slipway \
		--on-premises-instance-tag-filters "Key=way,Value=$1,Type=KEY_AND_VALUE" >>created.txt
	id=$(aws deploy create-deployment --application-name shop --deployment-group-name "$1" --file-exists-behavior OVERWRITE \
		--s3-location "bucket=releases,key=$1.zip,bundleType=zip" --query deploymentId --output text)
	aws deploy wait deployment-successful --deployment-id "$id"
	expect "what was deployed" "for $1" "$(cat /opt/shop/version.txt)"
	expect "what a script knows" "HOME=/root" "$(cat /opt/shop/environment.txt)"
}

# gone makes sure that nothing of the agent is left but what is the user's.
gone() {
	[ ! -e /usr/bin/slipway-agent ] || fail "/usr/bin/slipway-agent is left"
	[ ! -e /usr/local/bin/slipway-agent ] || fail "/usr/local/bin/slipway-agent is left"
	for exe in /proc/[0-9]*/exe; do
		case $(readlink "$exe" || true) in */slipway-agent*) fail "an agent is running" ;; esac
	done
}

say "aws deploy install"
aws deploy register --instance-name web-1 --tags Key=way,Value=cli
# What the aws command does before it asks for the installer fails on hosts of
# today: it installs a Ruby that is no more, and trips over the failure to stop
# an agent that is not there yet. The guide has the same way round.
mkdir shims
for command in apt-get service; do
	printf '#!/bin/sh\nexit 0\n' >shims/$command
	chmod +x shims/$command
done
PATH=$PWD/shims:$PATH aws deploy install --override-config --config-file codedeploy.onpremises.yml --region eu-west-1 >installed.txt 2>&1 ||
	fail "install failed: $(cat installed.txt)"
cat installed.txt
contains "what install says" "codedeploy-agent is running" "$(cat installed.txt)"
case $(tail -n 1 installed.txt) in *DONE) ;; *) fail "install did not end well" ;; esac
expect "the package" "install ok installed" "$(dpkg-query -W -f '${Status}' codedeploy-agent)"
cmp codedeploy.onpremises.yml /etc/codedeploy-agent/conf/codedeploy.onpremises.yml
deployed cli
slipway-agent status
slipway-agent doctor | tee findings.txt
case $(cat findings.txt) in *WARN* | *FAIL*) fail "the doctor found something" ;; esac
service codedeploy-agent status

say "aws deploy install, once more: with the agent there, no shim for the service is needed"
rm shims/service
PATH=$PWD/shims:$PATH aws deploy install --override-config --config-file codedeploy.onpremises.yml --region eu-west-1 >installed.txt 2>&1
case $(tail -n 1 installed.txt) in *DONE) ;; *) fail "the second install did not end well: $(cat installed.txt)" ;; esac
slipway-agent status >status.txt

say "aws deploy uninstall"
aws deploy uninstall --region eu-west-1 | tee uninstalled.txt
case $(tail -n 1 uninstalled.txt) in *DONE) ;; *) fail "uninstall did not end well" ;; esac
gone
[ ! -e /etc/codedeploy-agent/conf/codedeploy.onpremises.yml ] || fail "the host's identity is left"
[ -e /etc/codedeploy-agent/conf/codedeployagent.yml ] || fail "the configuration is gone, and it was not purged"
expect "the package" "deinstall ok config-files" "$(dpkg-query -W -f '${Status}' codedeploy-agent)"
dpkg --purge codedeploy-agent
[ ! -e /etc/codedeploy-agent ] && [ ! -e /opt/codedeploy-agent/deployment-root ] && [ ! -e /etc/init.d/codedeploy-agent ] ||
	fail "something is left after the purge"

say "Our own package"
dpkg -i "$packages"/slipway-agent_*_"$(dpkg --print-architecture)".deb | tee installed.txt
contains "what the package says" "not started: this host has no identity yet" "$(cat installed.txt)"
slipway-agent install --name web-2 --tag way=package
deployed package
slipway-agent install --name web-2 --tag way=package >again.txt
expect "what a second install does" "slipway-agent is running" "$(tail -n 1 again.txt)"
if slipway-agent uninstall 2>refused.txt; then fail "uninstall took away what a package brought"; fi
contains "the refusal" "dpkg -r slipway-agent" "$(cat refused.txt)"
dpkg --purge slipway-agent
gone

say "A script by a pipe"
curl -fsS "$AWS_ENDPOINT_URL/install" | env -u AWS_ENDPOINT_URL sh -s -- --name web-3 --tag way=pipe
deployed pipe
dpkg --purge codedeploy-agent
gone

say "slipway-agent install"
program=$(dirname "$(command -v slipway)")/slipway-agent
"$program" install --name web-4 --tag way=itself
deployed itself
/usr/local/bin/slipway-agent status
echo "# mine" >>/etc/codedeploy-agent/conf/codedeployagent.yml
"$program" install >again.txt
/usr/local/bin/slipway-agent uninstall | tee uninstalled.txt
contains "what uninstall keeps" "kept /etc/codedeploy-agent/conf/codedeployagent.yml, which has been changed" "$(cat uninstalled.txt)"
gone
[ -e /opt/codedeploy-agent/deployment-root/codedeploy.onpremises.yml ] || fail "the identity was taken away"
"$program" uninstall --purge
[ ! -e /etc/codedeploy-agent ] && [ ! -e /opt/codedeploy-agent ] || fail "something is left after the purge"

say "Done"
