# Installs the agent of Slipway under the name that the aws command knows,
# codedeploy-agent, and starts it. `aws deploy install` runs this as
# "./install auto". By hand, options of `slipway-agent install` may follow:
#
#	sh install --name web-1 --tag stage=prod
#
# The agent serves AWS_ENDPOINT_URL, or else the server this came from.
set -eu
known='@ENDPOINT@'
endpoint=${AWS_ENDPOINT_URL:-${fetched_from:-$known}}

die() {
	echo "install: $*" >&2
	exit 1
}

[ "${1-}" != auto ] || shift
[ "$(id -u)" = 0 ] || die "only root can do this: repeat it with sudo"
[ "$(uname -s)" = Linux ] || die "this is for Linux"
[ -n "$endpoint" ] || die "the server's address is not known: set AWS_ENDPOINT_URL"
case $(uname -m) in
x86_64 | amd64) arch=amd64 ;;
aarch64 | arm64) arch=arm64 ;;
*) arch=$(uname -m) ;;
esac
case " @ARCHS@ " in
*" $arch "*) ;;
*) die "there is no agent for $arch here, only for @ARCHS@: put slipway-agent-linux-$arch into the folder of the server's --agent-binaries" ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# packed prints a package: KIND is deb or rpm.
packed() { # KIND
	case $1-$arch in
@CASES@	esac
}

# The package does not start the agent, because it is not configured yet.
export SLIPWAY_NO_START=1
if command -v dpkg >/dev/null; then
	packed deb >"$work/agent.deb"
	DEBIAN_FRONTEND=noninteractive dpkg --force-confdef --force-confold -i "$work/agent.deb"
	agent=/usr/bin/slipway-agent
elif command -v rpm >/dev/null; then
	packed rpm >"$work/agent.rpm"
	rpm -U --oldpackage --replacepkgs "$work/agent.rpm"
	agent=/usr/bin/slipway-agent
else
	packed deb >"$work/agent.deb"
	case $arch in
@PLACES@	esac
	tail -c +"$offset" "$work/agent.deb" | head -c "$size" | tar -x -z -f - -C "$work"
	agent=$work/usr/bin/slipway-agent
	set -- --service-name codedeploy-agent "$@"
fi
"$agent" install --endpoint "$endpoint" "$@"
