#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The lab itself: hosts reach what they should by DNS, labs run side by side, and nothing stays
# behind.
set -u
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/tap.sh"
LAB_SCRIPT=$TOP/tests/net/lab.sh

left() { ip netns list | grep "^hrlab$1-"; ls -d "${TMPDIR:-/tmp}/hrlab$1-"* 2>/dev/null; }
gone() { is "$(left "$1")" ''; }
# Another lab, in a process group of its own as a terminal would start it.
lab_second() {
	env --default-signal=INT setsid bash "$LAB_SCRIPT" sh -c 'echo up; sleep 20' \
		>"$LAB/second" 2>/dev/null &
	second=$!
	lab_wait 15 grep -q up "$LAB/second" || lab_die "no second lab"
}

test_behaviour() {
	local h
	for h in ring plug xiaomi dlink roku blink laptop; do
		tap "$h reaches all it wants" lab_act "$h" -g 1
	done
	tap "two hosts meet at one address under different names" is \
		"$(grep " $(lab_address static.shop.example 4) 443 " "$LAB/done" |
			cut -d' ' -f1,3 | xargs)" \
		"blink cs-prde.immedia-semi.com laptop static.shop.example"
	tap "an IPv6-only host uses IPv6 only" hasnt <(grep '^dlink' "$LAB/done") ' 198\.51\.100\.'
	lab_move_name es.ring.com
	sleep $TTL.5
	lab_visit ring -g 1 es.ring.com:443/tcp
	tap "a moved name leads to the new address" is "$(tail -1 "$LAB/done" | cut -d' ' -f4)" \
		"$(lab_address es.ring.com 4)"
	tap "a name that does not exist leads nowhere" is \
		"$(lab_visit laptop nowhere.invalid:80/tcp >/dev/null 2>&1; echo $?)" 1
}

test_cleanup() {
	lab_second
	tap "two labs run side by side" test -n "$(left $second)"
	kill -INT -- -$second
	wait $second
	tap "Ctrl-C: nothing stays" gone $second
	lab_second
	kill -KILL -- -$second
	wait $second 2>/dev/null
	tap "after a kill -9 it is still there" test -n "$(left $second)"
	lab_sweep
	tap "the next lab removes it" gone $second
	tap "nothing in /etc/netns" is "$(find /etc/netns -name 'hrlab*' 2>/dev/null)" ''
}

lab_up
test_behaviour
test_cleanup
tap_end
