#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The gateway profile's size: program, memory after attach, kernel maps with every entry in use, and
# the time from start to attached (median of five), on a veth in a network namespace of its own.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/bench/figure.sh
. tests/bench/figure.sh
hayrake=${HAYRAKE:-build/hayrake}
rounds=5
bpftool=$(command -v bpftool || echo /usr/sbin/bpftool)

figure_size() {
	local size
	strip -o "$tmp/stripped" "$hayrake" || exit 1
	size=$(stat -c %s "$tmp/stripped")
	figure "gateway: stripped program" "$(calc "$size / 1024" %.0f)" KiB "" "" "<= 300" \
		"$size" 307200
}

# Starts hayrake in the background; sets pid and us, the microseconds until it said it is attached.
start() {
	local before line
	rm -f "$tmp/said"
	mkfifo "$tmp/said" || exit 1
	exec 3<>"$tmp/said"
	before=${EPOCHREALTIME/./}
	"$hayrake" run -i hrlan --signatures signatures --socket "$tmp/socket" \
		2>"$tmp/said" >/dev/null 3<&- &
	pid=$!
	while read -r -t 10 line <&3; do
		case $line in
		*watching*) us=$((${EPOCHREALTIME/./} - before)); return ;;
		esac
	done
	kill "$pid"
	echo "bench_gateway: hayrake did not attach" >&2
	exit 1
}

# By SIGTERM: a shell's background processes ignore SIGINT until they ask for it.
stop() {
	kill -TERM "$pid"
	wait "$pid"
}

# Memory of the process's maps, each counted once.
maps_bytes() {
	cat /proc/"$pid"/fdinfo/* 2>/dev/null | awk '
		/^memlock:/ { bytes = $2 }
		/^map_id:/ { if (!seen[$2]++) sum += bytes }
		END { print sum }'
}

# Lines for bpftool batch that put max entries into the maps with this name: key and value lengths.
fill_lines() {
	awk -v map="$1" -v keys="$2" -v values="$3" -v max="$4" 'BEGIN {
		for (i = 0; i < max; i++) {
			line = "map update id " map " key"
			for (k = 0; k < keys; k++)
				line = line " " (k == 0 ? i % 256 : k == 1 ? int(i / 256) : 0)
			line = line " value"
			for (k = 0; k < values; k++)
				line = line " 0"
			print line
		}
	}'
}

entries() { $bpftool -j map dump id "$1" | grep -o '"value":\["0x' | wc -l; }

# The maps that grow with use, full: the profile's 4,096 backends, all of the larger IPv6.
maps_fill() {
	local id name
	cat /proc/"$pid"/fdinfo/* 2>/dev/null | sed -n 's/^map_id:\t*//p' | sort -u |
		while read -r id; do
			name=$($bpftool map show id "$id" |
				sed -n '1s/.*name \([a-z0-9_]*\).*/\1/p')
			case $name in
			backends6) fill_lines "$id" 16 48 $((4096 - $(entries "$id"))) ;;
			clients) fill_lines "$id" 32 48 512 ;;
			esac
		done >"$tmp/fill"
	[ -s "$tmp/fill" ] && $bpftool batch file "$tmp/fill" >/dev/null
}

figure_memory() {
	local rss maps
	start
	rss=$(awk '/^VmRSS/ { print $2 }' /proc/"$pid"/status)
	figure "gateway: resident after attach" "$(calc "$rss / 1024" %.1f)" MiB "" "" "<= 6" \
		"$rss" 6144
	maps_fill || { echo "bench_gateway: the maps cannot be filled" >&2; exit 1; }
	maps=$(maps_bytes)
	stop
	figure "gateway: kernel maps, full" "$(calc "$maps / 1048576" %.2f)" MiB "" "" "<= 2" \
		"$maps" 2097152
}

figure_start() {
	local round all=
	for ((round = 0; round < rounds; round++)); do
		start
		stop
		all="$all $us"
	done
	us=$(printf '%s\n' $all | sort -n | sed -n "$((rounds / 2 + 1))p")
	figure "gateway: start to attached" "$(calc "$us / 1000" %.0f)" ms "" "" "<= 200" \
		"$us" 200000
}

if [ "${1:-}" = inside ]; then
	tmp=$2
	figure_memory
	figure_start
	exit
fi

tmp=$(mktemp -d "${TMPDIR:-/tmp}/hayrake-bench-XXXXXX") || exit 1
ns=hrbench$$
trap 'ip netns del $ns 2>/dev/null; rm -rf "$tmp"' EXIT
figure_size
if ! ip netns add "$ns" 2>/dev/null; then
	figure_skip "gateway: memory and start" "no right to make a network namespace"
	exit
fi
ip -n "$ns" link add hrlan up type veth peer name hrpeer &&
	ip -n "$ns" link set hrpeer up &&
	ip netns exec "$ns" "$0" inside "$tmp"
