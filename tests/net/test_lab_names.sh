#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Names for people, live: what hosts say in DHCP and mDNS stands beside their detections, what a
# user says stands before it, and both outlive a kill, a restart and new signatures.
set -u
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/tap.sh"

MAKER=00:00:5e:00:53:01

watch() { lab_watch -i br-lan --state "$LAB/state" --oui "$TOP/tests/golden/oui.csv" "$@"; }
row_of() { lab_ask show subjects --json | grep "\"mac:$1\"" >"$LAB/row"; }
labels_of() { row_of "$1" && sed -n 's/.*"labels":\({[^}]*}\).*/\1/p' "$LAB/row"; }
labelled() { [ "$(labels_of "$1")" = "$2" ]; }
named_so() { lab_wait 5 labelled "$1" "$2" || is "$(labels_of "$1")" "$2"; }
detected() { lab_ask show detections --json | grep "\"$1\"" | grep -q "\"$2\""; }
said() { lab_ask label --json | grep "\"mac:$1\""; }
plug=$(lab_mac plug) things=$(lab_mac things) weather=$(lab_mac weather)

# host_says HOST PYTHON: sends what the expression makes of the host's MAC, address and name.
host_says() {
	lab_in "$1" python3 - "$(lab_mac "$1")" "$(lab_ip4 "$1")" "$2" "$3" <<-'END'
		import socket, struct, sys
		mac, ip, kind, name = sys.argv[1:]
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
		if kind == 'dhcp':
		    head = struct.pack('>BBBBIHH16s16s192xI', 1, 1, 6, 0, 7, 0, 0x8000, b'',
		                       bytes.fromhex(mac.replace(':', '')), 0x63825363)
		    s.bind(('', 68))
		    s.sendto(head + b'\x35\1\1\x0c' + bytes([len(name)]) + name.encode() + b'\xff',
		             ('192.168.77.255', 67))
		else:
		    labels = b''.join(bytes([len(x)]) + x.encode() for x in name.split('.'))
		    s.bind((ip, 5353))
		    s.sendto(struct.pack('>6H', 0, 0x8400, 0, 1, 0, 0) + labels + b'\0' +
		             struct.pack('>HHIH', 1, 0x8001, 120, 4) + socket.inet_aton(ip),
		             ('224.0.0.251', 5353))
	END
}

test_heard() {
	watch || lab_die "$(cat "$LAB/err")"
	ip -n "$LAB_NS-ring" link set eth0 address $MAKER
	host_says plug dhcp HS110
	host_says plug mdns hs110.local
	host_says things mdns hubv3.local
	lab_act ring
	lab_act plug
	lab_act things
	tap "what a host says in DHCP and mDNS" named_so "$plug" \
		'{"host":"HS110","mdns":"hs110.local","mac_random":true}'
	tap "by mDNS alone" named_so "$things" '{"mdns":"hubv3.local","mac_random":true}'
	tap "the maker of a MAC address that is not made up" named_so $MAKER \
		'{"mac_vendor":"Example Makers, Inc.","mac_random":false}'
	tap "the name stands beside the detection" \
		has "$LAB/out" "mac:$plug .* HS110 +[0-9]+/[0-9]+ "
	lab_ask show stats --json >"$LAB/stats"
	tap "three names, and none of them twice" is "$(lab_counter "$LAB/stats" host_names)" 3
	tap "nothing was malformed" hasnt "$LAB/stats" 'malformed_(dhcp|mdns)'
}

test_said() {
	lab_wait 5 detected "mac:$plug" tplink-device
	tap "a user's label" lab_ask label "$(lab_ip4 plug)" 'Küche "links"'
	tap "a detection that is wrong" lab_ask label "$things" --not smartthings
	tap "is not shown any more" is "$(detected "mac:$things" smartthings; echo $?)" 1
	tap "what a host that nobody has seen is not" lab_ask label "$weather" --not netatmo-weather
	lab_act weather
	lab_wait 5 row_of "$weather"
	lab_ask show stats --json >"$LAB/stats"
	tap "is not reported" hasnt "$LAB/out" "mac:$weather"
	tap "but counted" is "$(lab_counter "$LAB/stats" detections_suppressed)" 1
	lab_ask explain "$things" smartthings --json >"$LAB/explained"
	tap "but explained as suppressed" has "$LAB/explained" '"suppressed":true'
	lab_unwatch KILL 2>/dev/null
	watch || lab_die "$(cat "$LAB/err")"
	labels_keep "a kill and a restart"
	kill -HUP "$LAB_WATCH"
	lab_wait 5 grep -q 'rules loaded' "$LAB/err"
	labels_keep "new signatures"
	tap "a second instance does not take the state file" second_refused
	tap "nor does a label go past the instance" label_refused
	lab_unwatch
	tap "a label in the file of an instance that is gone" \
		"$HAYRAKE" label --state "$LAB/state" --signatures "$SIGNATURES" "$things" --clear
	watch || lab_die "$(cat "$LAB/err")"
	tap "is there at the next start" detected "mac:$things" smartthings
	lab_unwatch
}

labels_keep() {
	tap "$1: the user's label and the host's names" named_so "$plug" \
		'{"user":"Küche \"links\"","host":"HS110","mdns":"hs110.local","mac_random":true}'
	tap "$1: what it is not" has <(said "$things") '"not":\["smartthings"\]'
	lab_act things
	sleep 1.5
	tap "$1: it stays silent" is "$(detected "mac:$things" smartthings; echo $?)" 1
}

second_refused() {
	! lab_in gw "$HAYRAKE" run -i wan0 --signatures "$SIGNATURES" --state "$LAB/state" \
		--socket "$LAB/socket2" 2>"$LAB/second" &&
		has "$LAB/second" "another instance keeps its state in $LAB/state"
}

label_refused() {
	! "$HAYRAKE" label --state "$LAB/state" --signatures "$SIGNATURES" "$plug" x \
		2>"$LAB/second" &&
		has "$LAB/second" "an instance keeps its state in $LAB/state: ask it"
}

test_unread() {
	rm "$LAB/state"
	watch --no-names || lab_die "$(cat "$LAB/err")"
	host_says plug dhcp HS110
	host_says plug mdns hs110.local
	lab_act plug
	tap "--no-names: nobody listens" named_so "$plug" '{"mac_random":true}'
	lab_ask show stats --json >"$LAB/stats"
	tap "and no name is counted" is "$(lab_counter "$LAB/stats" host_names)" 0
	lab_unwatch
	tap "nor saved" hasnt "$LAB/state" HS110
}

lab_up
test_heard
test_said
test_unread
tap_end
