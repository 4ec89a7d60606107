#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ways to attach: every mode gives the same detections; interfaces come and go; both sides of the
# gateway at once; sampling; what the user did wrong.
set -u
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/tap.sh"
expect() { "$TOP/tests/net/expect.py" "$@"; }
show() { lab_ask "$@" --json >"$LAB/rows"; }
mac_of() { echo "subject=mac:$(lab_mac "$1")"; }

some='ring plug things dlink bulb weather desktop tablet'

# A few hosts live, until hayrake has named as many as it should.
some_live() {
	local h pids=''
	for h in $some; do
		lab_act "$h" -n 2 -g 10 &
		pids="$pids $!"
	done
	# shellcheck disable=SC2086 # a list
	wait $pids
	lab_wait 4 found
}

found() { [ "$(grep -c . "$LAB/out")" -ge "$(grep -c . "$LAB/expected")" ]; }

test_modes() {
	local mode name
	for mode in native tc generic; do
		name=xdp-$mode
		[ $mode != tc ] || name=tc
		lab_watch -i br-lan --json --attach $mode
		some_live
		show show stats
		tap "--attach $mode attaches so" has "$LAB/rows" "\"$name\""
		tap "--attach $mode names the same" expect named "$LAB/out" "$LAB/expected"
		tap "--attach $mode by the same evidence" expect evidence "$LAB/out" "$LAB/done"
		lab_unwatch TERM
		tap "--attach $mode leaves nothing" lab_detached
	done
}

port_gone() { ! port_watched; }
port_watched() {
	lab_ask show stats --json >"$LAB/points" && expect row "$LAB/points" \
		"interface=$(lab_port ring)" present=true >/dev/null
}

# The port of a device goes away with its cable and a new one comes: no restart is needed.
test_flap() {
	lab_watch -i br-lan --json
	ip -n "$LAB_NS-gw" link del "$(lab_port ring)"
	tap "a port that goes away is noticed" lab_wait 3 port_gone
	lab_link_host ring
	tap "a port that joins the bridge is picked up" lab_wait 3 port_watched
	ip -n "$LAB_NS-gw" link set "$(lab_port weather)" down
	sleep 0.3
	ip -n "$LAB_NS-gw" link set "$(lab_port weather)" up
	sleep 0.3
	some_live
	tap "everybody is named through old and new ports" expect named "$LAB/out" "$LAB/expected"
	lab_unwatch TERM
}

# Both sides: the wan point hears the resolver ask, but counts no packet a second time.
test_wan() {
	local packets
	lab_watch -i br-lan -i wan0=wan --json
	some_live
	sleep 1.2
	show show stats
	tap "both points are watched" has "$LAB/rows" '"wan0"'
	tap "with a wan point the same are named" expect named "$LAB/out" "$LAB/expected"
	show explain "$(lab_mac weather)"
	# SYN, ACK, 3 requests with answers and their ACKs, FINs: far below 20 a visit, and two
	# visits.
	packets=$(grep -o '"packets": *[0-9]*' "$LAB/rows" | tail -1 | tr -dc 0-9)
	tap "no packet is counted twice ($packets)" test "${packets:-999}" -le 40
	show show subjects
	tap "the gateway is no subject" hasnt "$LAB/rows" '02:00:00:00:77:01|"203.0.113.1"'
	lab_unwatch TERM
}

test_sampling() {
	lab_watch -i br-lan --json --sample 4
	lab_act firetv -g 10 -n 3
	lab_wait 4 test -s "$LAB/out"
	sleep 1.2
	tap "1 in 4 packets: the rate is in the detection" expect row "$LAB/out" \
		"$(mac_of firetv)" sampling=4
	show show stats
	tap "packets left out are counted" test "$(lab_counter "$LAB/rows" sampled_out)" -gt 0
	tap "show stats tells the rate" has "$LAB/rows" '"sampling": *4'
	tap "DNS is never sampled" test "$(lab_counter "$LAB/rows" dns_queries)" -ge 200
	lab_unwatch TERM
}

# run_wrong STATUS PATTERN ARGS...: ends with this status and one sentence that matches.
run_wrong() {
	local want=$1 pattern=$2 status
	shift 2
	lab_in gw "$HAYRAKE" run --signatures "$SIGNATURES" --socket "$LAB/socket2" "$@" \
		>"$LAB/out2" 2>"$LAB/err2"
	status=$?
	is $status "$want" && has "$LAB/err2" "$pattern" && is "$(wc -l <"$LAB/err2")" 1
}

no_rights() {
	local status
	lab_in gw setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all \
		"$LAB/hayrake" run \
		--signatures "$LAB/signatures" --socket "$LAB/socket2" -i br-lan 2>"$LAB/err2"
	status=$?
	is $status 1 && has "$LAB/err2" '[Rr]oot|CAP_|permitted|rights' &&
		is "$(wc -l <"$LAB/err2")" 1
}

test_wrong() {
	tap "a missing interface: one sentence, status 1" run_wrong 1 nonesuch0 -i nonesuch0
	tap "an unknown option: one sentence, status 2" run_wrong 2 -- --frobnicate -i br-lan
	tap "no interface: status 2" run_wrong 2 'interface'
	tap "a bad role: status 2" run_wrong 2 'up' -i br-lan=up
	tap "a missing directory of signatures: status 1" run_wrong 1 /nonesuch --signatures \
		/nonesuch -i br-lan
	cp "$HAYRAKE" "$LAB/hayrake" && cp -r "$SIGNATURES" "$LAB/signatures" &&
		chmod -R a+rX "$LAB"
	tap "without rights: one sentence, status 1" no_rights
	lab_watch -i br-lan --json
	tap "a second instance on the same interface says so" run_wrong 1 'another hayrake' -i \
		br-lan
	tap "and the first one goes on" lab_ask show stats
	kill -KILL "$LAB_WATCH"
	wait "$LAB_WATCH" 2>/dev/null
	lab_in gw "$HAYRAKE" run --detach -i br-lan >/dev/null 2>&1
	tap "run --detach removes what a killed one left" lab_detached
	lab_watch -i br-lan --json
	tap "a new instance starts after a kill" lab_ask show stats
	lab_unwatch TERM
}

lab_up
# shellcheck disable=SC2086 # a list
lab_named $some >"$LAB/expected"
test_modes
test_flap
test_wan
test_sampling
test_wrong
tap_end
