#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh SECONDS TARGET...: fuzzes each target that long, two at a time; TAP. Seeds are made of the
# golden cases and the signatures, and of inputs worth keeping in tests/fuzz/corpus/NAME; what is
# found stays in build/fuzz/NAME.
set -u
cd "$(dirname "$0")/../.." || exit 2
seconds=${1:?usage: run.sh SECONDS TARGET...}
shift
work=build/fuzz
captures=$(mktemp -d) && trap 'rm -rf "$captures"' EXIT

for scenario in tests/golden/cases/*.scn; do
	tests/tools/mkcap.py "$scenario" "$captures/$(basename "$scenario" .scn).pcap" || exit 2
done

# fuzz TARGET: its output goes to build/fuzz/NAME/log.
fuzz() {
	local name=${1##*/fuzz_} dir kept
	dir=$work/$name
	kept=tests/fuzz/corpus/$name
	mkdir -p "$dir/corpus"
	[ -d "$kept" ] || kept=
	tests/fuzz/seeds.py "$name" "$captures" signatures "$dir/seeds" &&
		"$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
			-print_final_stats=1 -artifact_prefix="$dir/" \
			"$dir/corpus" "$dir/seeds" ${kept:+"$kept"} >"$dir/log" 2>&1
}

declare -A target_of # by process id
failed=0 number=0

# Waits for one target and says how it went.
collect() {
	local pid status name runs
	wait -n -p pid
	status=$?
	name=${target_of[$pid]##*/fuzz_}
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$name/log")
	number=$((number + 1))
	if [ $status -eq 0 ] && [ "${runs:-0}" -gt 0 ]; then
		echo "ok $number - $name: $runs inputs in $seconds s"
	else
		echo "not ok $number - $name"
		grep -vE '^#[0-9]+' "$work/$name/log" | tail -40 | sed 's/^/# /'
		failed=$((failed + 1))
	fi
}

running=0
for target in "$@"; do
	if [ $running -eq 2 ]; then
		collect
		running=1
	fi
	fuzz "$target" &
	target_of[$!]=$target
	running=$((running + 1))
done
while [ $running -gt 0 ]; do
	collect
	running=$((running - 1))
done
echo "1..$number"
[ $failed -eq 0 ]
