#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Active resolution: a device that never asks for a name while it is watched is found by the
# addresses that the gateway asked for itself; without --resolve the gateway sends nothing.
set -u
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/tap.sh"

server=''
# The device has its server's address from before.
contact() { lab_in weather bash -c "exec 3<>/dev/tcp/$server/25050" 2>/dev/null; }
found() { grep -q '"rule":"netatmo-weather"' "$LAB/out"; }
contacted_and_found() { contact; found; }
value() { lab_counter <(lab_ask show stats --json) "$1"; }
learned() { [ "$(value dns_resolved)" -gt 0 ] && lab_ask show backends | grep -q "$server"; }
# Packets that the gateway itself sends to the resolver beyond it while a command runs.
asked_by_gateway() {
	lab_start "$LAB/tcpdump" gw tcpdump -U -n -i wan0 -w "$LAB/wan.pcap" udp port 53
	lab_wait 5 grep -q listening "$LAB/tcpdump"
	"$@"
	kill "$LAB_PID"
	wait "$LAB_PID"
	tcpdump -n -r "$LAB/wan.pcap" 2>/dev/null | wc -l
}

test_off() {
	lab_watch -i br-lan --json || lab_die "hayrake does not answer: $(cat "$LAB/err")"
	tap "without --resolve nothing is asked" is "$(asked_by_gateway sleep 2)" 0
	contact
	sleep 2
	tap "and a device that asks for nothing is not found" is "$(cat "$LAB/out")" ''
	lab_unwatch TERM
}

test_on() {
	lab_watch -i br-lan --json --resolve $LAN4.1 || lab_die "hayrake does not answer"
	tap "the address is learned" lab_wait 120 learned
	lab_ask show backends --json | grep "$server" >"$LAB/row"
	tap "and known as one that no device was told" has "$LAB/row" \
		'"state":"unknown".*"sources":\["resolver"\]'
	tap "the device is found by it" lab_wait 10 contacted_and_found
	tap "names without an answer are counted" test "$(value dns_unresolved)" -gt 0
	lab_unwatch TERM
	tap "SIGTERM while questions are out: exit status 0" is $? 0
}

test_wrong() {
	local status
	lab_in gw "$HAYRAKE" run -i br-lan --signatures "$SIGNATURES" --socket "$LAB/socket" \
		--resolve nonsense >"$LAB/out" 2>"$LAB/err"
	status=$?
	tap "a resolver that is no address: status 1" is $status 1
	tap "and one sentence that names the option" has "$LAB/err" '--resolve nonsense'
	tap "nothing stays attached" lab_detached
}

lab_up
server=$(lab_address netcom.netatmo.net 4)
mkdir "$LAB/signatures"
cp "$SIGNATURES"/{netatmo,yi}.json "$LAB/signatures" # one with names that the lab does not have
SIGNATURES=$LAB/signatures
test_off
test_on
test_wrong
tap_end
