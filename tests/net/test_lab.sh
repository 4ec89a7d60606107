#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The home of the lab, watched from its gateway: who is named, by what evidence, and who is not;
# what the running instance answers; what a saved state brings back.
set -u
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/tap.sh"
expect() { "$TOP/tests/net/expect.py" "$@"; }

# Everybody lives: first who makes the address shared, then all others at once, then what moves.
home_live() {
	local h pids=''
	lab_act laptop -n 2
	lab_act sengled -n 2
	for h in $(lab_hosts); do
		case $h in laptop | sengled | hue) continue ;; esac
		lab_act "$h" -n 2 -g 10 &
		pids="$pids $!"
	done
	lab_act hue -n 2
	# shellcheck disable=SC2086 # a list
	wait $pids
	hue_before=$(lab_address ws.meethue.com 6)
	lab_move_name ws.meethue.com
	lab_move_host xiaomi
	sleep $TTL
	lab_act hue-later -n 2
	lab_act xiaomi -n 2
	lab_act laptop # at an address that is known as shared by now
}

found() { [ "$(grep -c . "$1")" -ge "$(grep -c . "$LAB/expected")" ]; }

# show WHAT...: the rows of the running instance, in $LAB/rows.
show() { lab_ask "$@" --json >"$LAB/rows"; }

mac_of() { echo "subject=mac:$(lab_mac "$1")"; }

test_named() {
	tap "every device is named once, nobody else" expect named "$LAB/out" "$LAB/expected"
	tap "all evidence is what the hosts did" expect evidence "$LAB/out" "$LAB/done"
	for h in laptop desktop tablet; do
		tap "nothing is said of the $(lab_title $h)" expect norow "$LAB/out" "$(mac_of $h)"
	done
	tap "IPv6 alone is enough" expect row "$LAB/out" "$(mac_of dlink)" \
		"addresses.[]=$(lab_ip6 dlink)"
	tap "UDP counts" expect row "$LAB/rows.xiaomi" domain=ot.io.mi.com proto=udp port=8053
}

test_shared() {
	local at
	at=$(lab_address eu.cloud.sengled.com 4)
	for h in sengled blink; do
		tap "$h at the shared address counts by its own DNS answer" expect row "$LAB/out" \
			"$(mac_of $h)" "evidence.[].address=$at" evidence.[].via=client-dns
	done
	tap "each has its own name there" expect norow "$LAB/out" "$(mac_of blink)" \
		evidence.[].domain=eu.cloud.sengled.com
	show show backends
	tap "the address is known as shared" expect row "$LAB/rows" "address=$at" state=shared
	tap "a server of one vendor is dedicated" expect row "$LAB/rows" \
		"address=$(lab_address es.ring.com 4)" state=dedicated
}

test_moves() {
	local new
	new=$(lab_address ws.meethue.com 6)
	show show backends
	tap "the old address of a moved server is kept" expect row "$LAB/rows" "address=$hue_before"
	tap "its new address is learned" expect row "$LAB/rows" "address=$new"
	show explain "$(lab_mac hue)"
	tap "evidence names the new address" has "$LAB/rows" "\"$new\""
	tap "evidence keeps the old address" has "$LAB/rows" "\"$hue_before\""
	show show subjects
	tap "a device that moves stays one subject: old address" expect row "$LAB/rows" \
		"$(mac_of xiaomi)" "addresses.[]=$(lab_ip4 xiaomi)"
	tap "and new address" expect row "$LAB/rows" "$(mac_of xiaomi)" \
		"addresses.[]=$(lab_ip4_moved xiaomi)"
	tap "one row for it" is "$(grep -c "$(lab_mac xiaomi)" "$LAB/rows")" 1
}

test_show() {
	local h
	show show detections
	tap "show detections gives the same" expect same "$LAB/out" "$LAB/rows"
	show show subjects
	for h in tablet desktop; do
		tap "a subject without detection is no row of show detections" expect norow \
			"$LAB/rows" \
			"$(mac_of $h)" rule=xiaomi-device
	done
	show show stats
	for h in packets dns_queries dns_learned counted port_other shared_unknown; do
		tap "show stats counts $h" test "$(lab_counter "$LAB/rows" $h)" -gt 0
	done
	tap "nothing was full, failed or malformed" hasnt "$LAB/rows" \
		'"name":"[a-z_]*(full|failed|malformed|evicted)[a-z_]*","value":[1-9]'
	show explain "$(lab_ip4 ring)" ring-doorbell
	tap "explain takes an IP address and a rule" has "$LAB/rows" '"es.ring.com"'
	show explain "$(lab_mac desktop)" philips-device
	tap "explain says why not: one group of two" expect row "$LAB/rows" seen=1 needed=2
	tap "explain of an unknown subject fails" is \
		"$(lab_ask explain 02:00:00:00:99:99 >/dev/null 2>&1; echo $?)" 1
	lab_ask show detections >"$LAB/table"
	tap "the table is for people" has "$LAB/table" "Ring doorbell"
	tap "the table has no escapes without a tty" hasnt "$LAB/table" $'\033'
}

test_stop() {
	local status
	lab_in gw ip -d link show lan1 >"$LAB/link"
	tap "XDP is attached while it runs" has "$LAB/link" 'xdp'
	tap "the socket has mode 0660" is "$(stat -c %a "$LAB/socket")" 660
	lab_unwatch TERM
	status=$?
	tap "SIGTERM: exit status 0" is $status 0
	tap "SIGTERM: nothing stays attached" lab_detached
	tap "SIGTERM: the socket is gone" is "$(ls "$LAB/socket" 2>/dev/null)" ''
	tap "the state has mode 0600" is "$(stat -c %a "$LAB/state")" 600
}

test_restore() {
	local status
	cp "$LAB/out" "$LAB/out.first"
	lab_watch -i br-lan --json --state "$LAB/state"
	lab_act ring
	lab_act weather
	sleep 2
	tap "after a restart nothing is reported twice" is "$(cat "$LAB/out")" ''
	show show detections
	tap "after a restart the detections are still there" expect same "$LAB/out.first" \
		"$LAB/rows"
	lab_unwatch INT
	status=$?
	tap "Ctrl-C: exit status 0" is $status 0
	tap "Ctrl-C: nothing stays attached" lab_detached
	"$HAYRAKE" show detections --json --signatures "$SIGNATURES" --state "$LAB/state" \
		>"$LAB/rows"
	tap "show reads the state file" expect same "$LAB/out.first" "$LAB/rows"
	"$HAYRAKE" explain "$(lab_mac roku)" --json --signatures "$SIGNATURES" --state \
		"$LAB/state" >"$LAB/rows"
	tap "explain reads the state file" has "$LAB/rows" '"api.roku.com"'
}

lab_up
# shellcheck disable=SC2046 # a list
lab_named $(lab_hosts) >"$LAB/expected"
lab_watch -i br-lan --json --state "$LAB/state" ||
	lab_die "hayrake does not answer: $(cat "$LAB/err")"
home_live
lab_wait 6 found "$LAB/out"
sleep 1.2
show explain "$(lab_mac xiaomi)" && grep -o '{[^{}]*"domain"[^{}]*}' "$LAB/rows" >"$LAB/rows.xiaomi"
test_named
test_shared
test_moves
test_show
test_stop
test_restore
tap_end
