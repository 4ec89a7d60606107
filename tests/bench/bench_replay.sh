#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What `replay` of 300 MB costs, in processor time (user and system) and memory, against copying the
# file with tcpdump and against ndpiReader. Rounds alternate; the least of each counts.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/bench/figure.sh
. tests/bench/figure.sh
hayrake=${HAYRAKE:-build/hayrake}
spent=build/tests/tools/spent
megabytes=300 rounds=9
tmp=$(mktemp -d "${TMPDIR:-/tmp}/hayrake-bench-XXXXXX") && trap 'rm -rf "$tmp"' EXIT

# The largest Ethernet capture beside the repository, as a classic file.
largest_capture() {
	local path
	find ../shared/data/captures -type f -size +200k -printf '%s %p\n' | sort -rn |
		while read -r _ path; do
			tcpdump -r "$path" -w "$tmp/one.pcap" 2>&1 |
				grep -q 'link-type EN10MB' || continue
			echo "$path"
			break
		done
}

# spend LEAST COMMAND...: puts its time into LEAST when that is more, and its memory into kb.
spend() {
	local least=$1 said us
	shift
	said=$($spent "$@") || { echo "bench_replay: $1 failed" >&2; exit 1; }
	read -r us kb <<<"$said"
	[ "$us" -ge "${!least}" ] || printf -v "$least" %s "$us"
}

measure() {
	local name=$1 file=$2 own=999999999 dump=999999999 ndpi=999999999 memory=0 kb round s
	cat "$file" >/dev/null
	for ((round = 0; round < rounds; round++)); do
		spend own "$hayrake" replay --json "$file"
		[ "$kb" -le "$memory" ] || memory=$kb
		spend dump tcpdump -r "$file" -w /dev/null
		spend ndpi ndpiReader -i "$file"
	done
	s=$(calc "$own / 1e6" %.3f)
	figure "replay of $name" "$s" "s CPU" \
		"tcpdump -r -w /dev/null $(calc "$dump / 1e6" %.3f) s" \
		"$(calc "$own / $dump" %.2f)" "<= 1.2" $((own * 10)) $((dump * 12))
	figure "replay of $name" "$s" "s CPU" "ndpiReader $(calc "$ndpi / 1e6" %.3f) s" \
		"$(calc "$own / $ndpi" %.2f)" "<= 0.2" $((own * 5)) "$ndpi"
	figure "replay of $name, peak memory" "$(calc "$memory / 1024" %.1f)" MiB "" "" "<= 32" \
		"$memory" 32768
}

if [ "$(df --output=avail -m "$tmp" | tail -1)" -lt $((2 * megabytes)) ]; then
	figure_skip "replay" "less than $((2 * megabytes)) MB of room in ${TMPDIR:-/tmp}"
	exit
fi

tests/tools/mkcap.py tests/bench/home.scn "$tmp/one.pcap" &&
	tests/tools/mkcap.py --repeat "$tmp/one.pcap" "$tmp/big.pcap" $megabytes || exit 1
measure "a made home, $megabytes MB" "$tmp/big.pcap"

path=
[ -d ../shared/data/captures ] && path=$(largest_capture)
if [ -n "$path" ]; then
	tests/tools/mkcap.py --repeat "$tmp/one.pcap" "$tmp/big.pcap" $megabytes || exit 1
	measure "a real home, $megabytes MB" "$tmp/big.pcap"
else
	figure_skip "replay of a real home, $megabytes MB" "no capture in ../shared/data"
fi
