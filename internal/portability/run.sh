#!/usr/bin/env bash
# Runs the vectors where they could come out differently: on other architectures, under
# qemu's user mode, and on this one without fused multiply-add and with the instructions
# of amd64 level 3. One line for each; the first failure ends it.
#
# Usage: internal/portability/run.sh [ARCH...], without arguments arm64 and s390x.
# s390x has big-endian words, and both fuse x*y + z where Go allows it.
set -euo pipefail
cd "$(dirname "$0")/../.."

GO=${GO:-go}
out=bin/portability
packages=(codec proof settlement replay verifier)
# Published vectors and golden files, tables against their definitions, and inputs thrown
# by the tests, of which the second implementation in Python says what must come out.
tests='Vector|Golden|Table|Profile|ReferenceRandom'

declare -A emulators=([arm64]=qemu-aarch64 [s390x]=qemu-s390x)

need() { # need PROGRAM PACKAGE
	command -v "$1" >/dev/null 2>&1 && return
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq >/dev/null
	apt-get install -y -qq --no-install-recommends "$2" >/dev/null
}

build() { # build NAME [VARIABLE=VALUE...]: the test binaries, in $out/NAME
	local name=$1 package
	shift
	mkdir -p "$out/$name"
	for package in "${packages[@]}"; do
		env CGO_ENABLED=0 "$@" "$GO" test -c -o "$out/$name/$package.test" "./$package"
	done
}

run() { # run NAME [COMMAND...]: every binary in the folder of its package, through COMMAND
	local name=$1 package passed=0 begun=$SECONDS
	shift
	for package in "${packages[@]}"; do
		local binary=$PWD/$out/$name/$package.test log=$PWD/$out/$name/$package.log
		if ! (cd "$package" && "$@" "$binary" -test.v -test.count=1 -test.timeout=20m -test.run="$tests" >"$log" 2>&1); then
			grep -v '^=== ' "$log" | tail -n 60
			echo "portability: $name: FAILED in $package"
			exit 1
		fi
		if grep -q '^--- SKIP' "$log"; then
			grep -A1 '^--- SKIP' "$log"
			echo "portability: $name: skipped tests in $package"
			exit 1
		fi
		passed=$((passed + $(grep -c '^--- PASS' "$log")))
	done
	echo "portability: $name: ok, $passed tests of ${packages[*]} in $((SECONDS - begun)) s"
}

need python3 python3
export SETTLE_CI=1
[ $# -gt 0 ] || set -- arm64 s390x
for arch in "$@"; do
	need "${emulators[$arch]}" qemu-user
	build "$arch" GOOS=linux GOARCH="$arch"
	run "$arch" "${emulators[$arch]}"
done

if [ "$("$GO" env GOHOSTARCH)" = amd64 ]; then
	build amd64-no-fma
	GODEBUG=cpu.fma=off run amd64-no-fma
	if grep -qw avx2 /proc/cpuinfo && grep -qw fma /proc/cpuinfo && grep -qw bmi2 /proc/cpuinfo; then
		build amd64-v3 GOAMD64=v3
		run amd64-v3
	else
		echo "portability: amd64-v3: this processor does not have it"
	fi
fi
