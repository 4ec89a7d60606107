#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Captures through the kernel programs on a veth: who asks over encrypted DNS, whose DNS answer it
# was behind two VLAN tags, and what a wan point must not make a subject of. Large bridges.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/net/tap.sh
. tests/net/tap.sh
HAYRAKE=${HAYRAKE:-build/hayrake}
SIGNATURES=tests/golden/signatures
SENDCAP=build/tests/tools/sendcap
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
for h in "$HAYRAKE" $SENDCAP build/tests/tools/replaystate; do
	[ -x "$h" ] || { echo "no $h"; exit 77; }
done

A=hrla$$ B=hrlb$$ PID='' DIR=$(mktemp -d)
cleanup() {
	[ -z "$PID" ] || kill -9 "$PID" 2>/dev/null
	ip netns del $A 2>/dev/null
	ip netns del $B 2>/dev/null
	rm -rf "$DIR"
}
trap cleanup EXIT

# v0 and w0 (A) are watched, v1 and w1 (B) their far sides; nobody speaks unasked.
world() {
	local ns link
	ip netns add $A && ip netns add $B || exit 77
	ip -n $A link add v0 type veth peer name v1 netns $B
	ip -n $A link add w0 type veth peer name w1 netns $B
	for ns in $A $B; do
		ip netns exec $ns sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	done
	for link in "$A v0" "$A w0" "$B v1" "$B w1"; do
		ip -n "${link% *}" link set "${link#* }" up
	done
}

watch() {
	ip netns exec $A "$HAYRAKE" run --json --signatures $SIGNATURES --socket "$DIR/socket" \
		--interval 1 "$@" >"$DIR/out" 2>"$DIR/err" &
	PID=$!
	wait_for ask show stats
}
unwatch() {
	kill $PID
	wait $PID
	PID=
}
ask() { "$HAYRAKE" "$@" --json --signatures $SIGNATURES --socket "$DIR/socket"; }
wait_for() {
	for _ in $(seq 100); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.05
	done
	return 1
}
# send FRAMES: on v1, each counted before the next DNS answer.
send() { ip netns exec $B $SENDCAP "$1" v1 "$DIR/socket" >/dev/null; }
# capture NAME: the scenario on standard input as $DIR/NAME.
capture() { cat >"$DIR/scenario" && tests/tools/mkcap.py "$DIR/scenario" "$DIR/$1"; }

# "SUBJECT encrypted" of those who use it.
encrypted() { sed -n 's/.*"subject":"\([^"]*\)".*"dns":"encrypted".*/\1/p' "$1" | sort; }
encrypted_said() { ask show subjects >"$DIR/live" && is "$(encrypted "$DIR/live")" "$1"; }

test_encrypted() {
	local mode want
	tests/tools/mkcap.py tests/golden/encrypted_dns.scn "$DIR/pcap"
	build/tests/tools/replaystate $SIGNATURES "$DIR/pcap" "$DIR/state"
	"$HAYRAKE" show subjects --json --signatures $SIGNATURES --state "$DIR/state" >"$DIR/rows"
	want=$(encrypted "$DIR/rows")
	tap "replay knows five that ask over encrypted DNS" is "$(wc -l <<<"$want")" 5
	for mode in native tc; do
		watch -i v0 --attach $mode
		send "$DIR/pcap"
		tap "$mode: the same ask over encrypted DNS as in replay" wait_for encrypted_said \
			"$want"
		encrypted_said "$want"
		tap "$mode: nothing failed" hasnt <(ask show stats) '"[a-z_]*failed","value":[1-9]'
		unwatch
	done
}

# Two subscribers at a shared address; the outer tag is no part of the frame that TC sees.
test_two_tags() {
	local mode
	capture tags <<-END
		host pc 02:00:00:00:00:0b 192.168.1.11
		host plug 02:00:00:00:00:0a 192.168.1.10
		1 dns pc www.news.example 198.51.100.1 vlan 100.8
		2 dns plug plug.bolt.example 198.51.100.1 vlan 100.7
		3 tcp plug 198.51.100.1:443 vlan 100.7
	END
	for mode in native tc; do
		watch -i v0 --attach $mode --subject vlan
		send "$DIR/tags"
		tap "$mode: the answer behind two tags was the subject's own" wait_for has \
			"$DIR/out" '"vlan:100.7".*"client-dns"'
		unwatch
	done
}

# What anybody on the internet can send to an address that may not even exist.
test_wan_stranger() {
	capture stranger <<-END
		host nobody 02:00:00:00:00:0c fd00::12
		1 tcp nobody [2001:db8::53]:853 only down
		2 udp nobody [2001:db8::53]:853 only down bytes 1200
	END
	watch -i v0 -i w0=wan --subject ip
	ip netns exec $B python3 - "$DIR/stranger" <<-END
		import socket, struct, sys
		data = open(sys.argv[1], 'rb').read()[24:]
		s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
		s.bind(('w1', 0))
		while data:
		    n = struct.unpack('<I', data[8:12])[0]
		    s.send(data[16:16 + n])
		    data = data[16 + n:]
	END
	tap "the wan point watches encrypted DNS" wait_for copied
	sleep 0.2
	tap "but nobody behind it becomes a subject" is "$(ask show subjects | grep -c subject)" 0
	unwatch
}
copied() { ask show stats | grep -q '"dns_copied","value":[1-9]'; }

# More ports than interfaces can be named.
test_many_ports() {
	local i
	{
		echo link add br0 type bridge
		for i in $(seq 40); do
			echo "link add p$i type veth peer name q$i"
			echo "link set p$i master br0 up"
		done
	} | ip -n $A -batch -
	watch -i br0
	tap "every port of a large bridge is told" is "$(ask show stats |
		grep -c '"interface":"p[0-9]*".*"present":true')" 40
	unwatch
}

world
test_encrypted
test_two_tags
test_wan_stranger
test_many_ports
tap_end
