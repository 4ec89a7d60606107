#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Equivalence: the lab's traffic, recorded at the bridge, is sent through the kernel programs on a
# veth and given to replay; evidence must be the same packet for packet, and so the detections.
set -u
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/tap.sh"
expect() { "$TOP/tests/net/expect.py" "$@"; }
SENDCAP=$TOP/build/tests/tools/sendcap
REPLAYSTATE=${REPLAYSTATE:-$TOP/build/tests/tools/replaystate}

# sengled is first and alone at its address; later the laptop makes it shared, then blink joins.
home_record() {
	local h pids='' dump
	(lab_exec gw tcpdump -U --immediate-mode -s 2048 -B 16384 -i br-lan \
		-w "$LAB/home.pcap" ip or ip6) 2>"$LAB/tcpdump" &
	dump=$!
	LAB_PIDS="$LAB_PIDS $dump"
	lab_wait 5 grep -q listening "$LAB/tcpdump" || lab_die "tcpdump: $(cat "$LAB/tcpdump")"
	lab_act sengled -g 5
	for h in $(lab_hosts); do
		lab_act "$h" -g 5 &
		pids="$pids $!"
	done
	# shellcheck disable=SC2086 # a list
	wait $pids
	lab_move_name ws.meethue.com
	lab_move_host xiaomi
	sleep $TTL
	lab_act hue-later -g 5
	lab_act xiaomi -g 5
	sleep 0.3
	kill -INT $dump
	wait $dump
}

wire_up() {
	ip netns add "$LAB_NS-left"
	ip netns add "$LAB_NS-right"
	ip link add wire0 netns "$LAB_NS-left" type veth peer name wire0 netns "$LAB_NS-right"
	lab_set left -w net.ipv6.conf.all.disable_ipv6=1
	lab_set right -w net.ipv6.conf.all.disable_ipv6=1
	ip -n "$LAB_NS-left" link set wire0 up
	ip -n "$LAB_NS-right" link set wire0 up
}

received() {
	ip -n "$LAB_NS-right" -s link show wire0 | awk '/RX:/ { getline; print $2 }'
}

# mode: the recorded frames through the kernel program attached in this way.
wire_run() {
	local mode=$1 before sent status
	before=$(received)
	rm -f "$LAB/live.state"
	LAB_WATCH_IN=right lab_watch -i wire0 --json --attach "$mode" --state "$LAB/live.state"
	sent=$(lab_in left "$SENDCAP" "$LAB/home.pcap" wire0 "$LAB/socket")
	tap "$mode: every frame arrived" is "$(($(received) - before))" "$sent"
	sleep 1.2
	lab_unwatch TERM
	status=$?
	tap "$mode: exit status 0" is $status 0
	tap "$mode: evidence and detections as in replay" expect equal "$LAB/live.state" \
		"$LAB/replay.state"
	tap "$mode: the detections it printed are those of replay" expect same "$LAB/out" \
		"$LAB/replay"
}

lab_up
home_record
"$HAYRAKE" replay --json --signatures "$SIGNATURES" "$LAB/home.pcap" >"$LAB/replay"
"$REPLAYSTATE" "$SIGNATURES" "$LAB/home.pcap" "$LAB/replay.state"
tap "the recording is complete" has "$LAB/tcpdump" '^0 packets dropped by kernel'
tap "replay reads the lab's capture" has "$LAB/replay" '"summary"'
# shellcheck disable=SC2046 # a list
lab_named $(lab_hosts) >"$LAB/expected"
tap "replay names the home's devices" expect named "$LAB/replay" "$LAB/expected"
wire_up
wire_run native
wire_run tc
tap_end
