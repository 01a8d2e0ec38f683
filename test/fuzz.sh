#!/bin/sh
# Runs every fuzz test of the module for a while each: fuzz.sh 30s
# A failure is kept by go below testdata/fuzz, as a test for ever.
set -u
duration=${1:?usage: fuzz.sh DURATION, such as 30s}
cd "$(dirname "$0")/.." || exit 1

list=$(grep -rno --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . |
	sed 's|^\./\(.*\)/[^/]*:[0-9]*:func \(.*\)|\1 \2|' | sort)
[ -n "$list" ] || { echo "fuzz.sh: there are no fuzz tests" >&2; exit 1; }
output=$(mktemp)
trap 'rm -f "$output"' EXIT

failed=
while read -r package name; do
	echo "== $name in $package, $duration"
	if ! go test "./$package" -run '^$' -fuzz "^$name\$" -fuzztime "$duration" -fuzzminimizetime 10x >"$output" 2>&1; then
		# Before 1.27 go sometimes calls it a failure that the time was up in
		# the middle of an input: go.dev/issue/75804.
		if grep -q '^    context deadline exceeded$' "$output" && ! grep -q 'Failing input' "$output"; then
			echo "(its time was up in the middle of an input)" >>"$output"
		else
			failed="$failed $package.$name"
		fi
	fi
	cat "$output"
done <<END
$list
END
if [ -n "$failed" ]; then
	echo "fuzz.sh: these failed:$failed" >&2
	exit 1
fi
