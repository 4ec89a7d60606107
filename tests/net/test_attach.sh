#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Attaching: which mode and why, roles, what is left behind, interfaces that come and go, bridges, a
# second instance, missing rights. The live input alone (tests/tools/xdp_watch), on veth, bridges,
# ifb and tun in namespaces of its own.
set -u
TOP=$(cd "$(dirname "$0")/../.." && pwd)
. "$TOP/tests/net/tap.sh"
WATCH=${XDP_WATCH:-$TOP/build/tests/tools/xdp_watch}
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
[ -x "$WATCH" ] || { echo "no $WATCH"; exit 77; }

A=hra$$ B=hrb$$ DIR=$(mktemp -d) PID='' RC=0
cleanup() {
	[ -z "$PID" ] || kill -9 "$PID" 2>/dev/null
	ip netns del $A 2>/dev/null
	ip netns del $B 2>/dev/null
	rm -rf "$DIR"
}
trap cleanup EXIT
trap '' PIPE

a() { ip netns exec $A "$@"; }
b() { ip netns exec $B "$@"; }

# The watched side v0 (A, 10.9.0.1) and the far side v1 (B, 10.9.0.2).
world() {
	ip netns add $A && ip netns add $B
	a sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	b sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	pair
}
pair() {
	ip -n $A link add v0 type veth peer name v1 netns $B
	ip -n $A addr add 10.9.0.1/24 dev v0
	ip -n $B addr add 10.9.0.2/24 dev v1
	ip -n $A link set v0 up
	ip -n $B link set v1 up
}
world_end() {
	ip netns del $A
	ip netns del $B
}

# watch ARG...: starts in A; ready or failed when it returns. Commands go to descriptor 3.
watch() {
	rm -f "$DIR/in" && mkfifo "$DIR/in"
	: >"$DIR/out"
	ip netns exec $A "$WATCH" "$@" <"$DIR/in" >"$DIR/out" 2>"$DIR/err" &
	PID=$!
	exec 3>"$DIR/in"
	until_true 100 started
}
started() { grep -q ready "$DIR/out" || ! kill -0 $PID 2>/dev/null; }
until_true() {
	local tries=$1
	shift
	while ! "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { "$@"; return; }
		sleep 0.05
	done
}
# ask COMMAND: what it answers.
ask() {
	local before
	before=$(grep -c '' "$DIR/out")
	echo "$1" >&3
	until_true 100 answered "$before"
	tail -n +$((before + 1)) "$DIR/out" | grep -v '^\.$'
}
answered() { tail -n +$(($1 + 1)) "$DIR/out" | grep -q '^\.$'; }
status_has() { ask status >"$DIR/status" && has "$DIR/status" "$1"; }
status_hasnt() { ask status >"$DIR/status" && hasnt "$DIR/status" "$1"; }
# Ends it, or gathers one that has failed: its exit status in RC.
quit() {
	echo quit >&3 2>/dev/null
	exec 3>&-
	wait $PID
	RC=$?
	PID=
}
killed() {
	kill -9 $PID
	wait $PID 2>/dev/null
	PID=
	exec 3>&-
}
# failed MESSAGE: after quit, it had not started, with this one sentence.
failed() {
	is $RC 1 && is "$(grep -c error: "$DIR/err")" 1 && has "$DIR/err" "error: $1"
}

clean() { # IFACE: nothing of ours or of anybody hangs there
	is "$(a "$WATCH" -q "$1")" "$1 xdp 0 tcx-in 0 tcx-out 0" || return
	hasnt <(a tc qdisc show dev "$1") clsact
}
filters() { (a tc filter show dev "$1" ingress; a tc filter show dev "$1" egress) 2>/dev/null; }
our_filters() { filters "$1" | grep -c 'hayrake'; }

test_modes() {
	world
	watch v0
	tap "veth: native XDP, no reason" status_has '^v0 lan xdp-native \[\]'
	tap "native XDP and tcx egress hang" is "$(a "$WATCH" -q v0)" "v0 xdp 1 tcx-in 0 tcx-out 1"
	quit
	tap "native: ends well" is $RC 0
	tap "native leaves nothing" clean v0
	watch -a tc v0
	tap "--attach tc" status_has '^v0 lan tc \[\]'
	tap "tcx both ways" is "$(a "$WATCH" -q v0)" "v0 xdp 0 tcx-in 1 tcx-out 1"
	quit
	tap "tcx: ends well" is $RC 0
	tap "tcx leaves nothing" clean v0
	watch -a generic v0
	tap "--attach generic" status_has '^v0 lan xdp-generic \[\]'
	quit
	tap "generic: ends well" is $RC 0
	tap "generic leaves nothing" clean v0
	watch -c -a tc v0
	tap "clsact: tc" status_has '^v0 lan tc \[\]'
	tap "clsact has our filter both ways" is "$(our_filters v0)" 2
	quit
	tap "clsact: ends well" is $RC 0
	tap "clsact leaves nothing" clean v0
	world_end
}

test_fallback() {
	world
	a "$WATCH" -x v0
	watch v0
	tap "another XDP program: TC" status_has '^v0 lan tc \[another XDP program is attached\]'
	quit
	tap "the other's program stays" is "$(a "$WATCH" -q v0)" "v0 xdp 1 tcx-in 0 tcx-out 0"
	watch -a native v0
	quit
	tap "another XDP program: native refused" failed 'v0: .*another XDP program is attached'
	watch -a generic v0
	quit
	tap "another XDP program: generic refused" failed 'v0: .*another XDP program is attached'
	ip -n $A link set v0 xdp off
	ip -n $A link set v0 mtu 9000 && ip -n $B link set v1 mtu 9000
	watch v0
	tap "MTU 9000: TC" status_has '^v0 lan tc \[the MTU needs XDP fragments\]'
	quit
	ip -n $A link add ifb7 type ifb
	watch ifb7
	tap "no native XDP in the driver: TC" status_has \
		'^ifb7 lan tc \[the driver has no native XDP\]'
	quit
	watch -a native ifb7
	quit
	tap "no native XDP: native refused" failed 'ifb7: .*the driver has no native XDP'
	tap "refused: nothing left" clean ifb7
	world_end
}

test_l3() {
	world
	if ! a ip tuntap add dev t0 mode tun 2>/dev/null; then
		tap_skip "tun" "no /dev/net/tun"
	else
		watch t0
		tap "tun: TC, no Ethernet" status_has \
			'^t0 lan tc \[the interface has no Ethernet headers\]'
		quit
	fi
	world_end
}

test_vlan() {
	world
	b ethtool -K v1 txvlan off >/dev/null
	a ethtool -K v0 rxvlan on >/dev/null
	watch -s vlan v0
	tap "VLAN tags taken off: TC sees them" status_has '^v0 lan tc \[.*rxvlan off'
	quit
	watch -s vlan -a native v0
	tap "forced native is blind for them" status_has '^v0 lan xdp-native \[blind=vlan-offload\]'
	quit
	a ethtool -K v0 rxvlan off >/dev/null
	watch -s vlan v0
	tap "rxvlan off: native" status_has '^v0 lan xdp-native \[\]'
	quit
	world_end
}

test_clsact_left() {
	world
	watch -c -a tc v0
	killed
	tap "kill -9 leaves the filters" is "$(our_filters v0)" 2
	watch v0
	tap "the next start removes them" is "$(our_filters v0)" 0
	tap "and says so" has "$DIR/err" 'removed 2 filters'
	quit
	tap "and the qdisc" clean v0

	watch -c -a tc v0
	tap "no detach from a living instance" is "$(a "$WATCH" -d v0 2>&1)" \
		"hayrake: error: v0: another hayrake is watching it"
	tap "its filters stay" is "$(our_filters v0)" 2
	killed
	tap "--detach removes what is left" is "$(a "$WATCH" -d v0)" "removed 2"
	tap "--detach leaves nothing" clean v0
	watch -c -a tc v0
	killed
	tap "--detach without names" is "$(a "$WATCH" -d)" "removed 2"
	tap "nothing left again" clean v0
	world_end
}

test_clsact_others() {
	world
	a tc qdisc add dev v0 clsact
	a tc filter add dev v0 ingress prio 9 bpf bytecode '1,6 0 0 0,' flowid 1:1
	watch -c -a tc v0
	tap "a filter of another stands beside ours" is "$(our_filters v0)" 2
	quit
	tap "our filters go" is "$(our_filters v0)" 0
	tap "the other's filter stays" has <(filters v0) 'pref 9 bpf'
	a tc qdisc del dev v0 clsact
	watch -c -a tc v0
	a tc filter add dev v0 egress prio 9 bpf bytecode '1,6 0 0 0,' flowid 1:1
	killed
	tap "detach with another's filter in our qdisc" is "$(a "$WATCH" -d v0)" "removed 2"
	tap "which stays" has <(filters v0) 'pref 9 bpf'
	world_end
}

test_second_instance() {
	world
	watch v0
	tap "a second instance is told" is "$(a "$WATCH" v0 2>&1 </dev/null)" \
		"hayrake: error: v0: cannot be watched: another hayrake is watching it"
	tap "the first goes on" status_has '^v0 lan xdp-native'
	killed
	watch v0
	tap "a killed one does not hold the interface" status_has '^v0 lan xdp-native'
	quit
	world_end
}

test_names() {
	world
	watch v0 nope0
	quit
	tap "missing interface" failed 'nope0: no such interface$'
	tap "nothing attached to the other" clean v0
	tap "check finds it" is "$(a "$WATCH" -n nope0 2>&1)" \
		"hayrake: error: nope0: no such interface"
	tap "check of a good one" a "$WATCH" -n v0
	watch v0 v0=wan
	quit
	tap "named twice" failed 'v0: the interface is named twice$'
	world_end
}

needs() {
	echo "hayrake: error: watching an interface needs $1," \
		"which this process lacks: run it as root"
}
test_rights() {
	local caps=-all,+bpf,+perfmon,+net_admin
	world
	tap "no rights: one sentence" is \
		"$(a setpriv --reuid 65534 --clear-groups "$WATCH" v0 2>&1 </dev/null)" \
		"$(needs "CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN")"
	tap "some of them: the others are named" is \
		"$(a setpriv --bounding-set -all,+net_admin --inh-caps -all,+net_admin \
			"$WATCH" v0 2>&1 </dev/null)" "$(needs "CAP_BPF, CAP_PERFMON")"
	tap "these three are enough" has <(a setpriv --reuid 65534 --clear-groups \
		--inh-caps $caps --ambient-caps $caps --bounding-set $caps \
		"$WATCH" v0 2>&1 </dev/null) '^ready'
	world_end
}

test_flap() {
	world
	watch v0
	ip -n $A link set v0 down
	ip -n $A link set v0 up
	tap "down and up: still native" status_has '^v0 lan xdp-native'
	tap "down and up: still attached" is "$(a "$WATCH" -q v0)" "v0 xdp 1 tcx-in 0 tcx-out 1"
	ip -n $A link del v0
	tap "deleted: gone" until_true 100 status_has '^v0 lan none gone \[the interface is gone\]'
	pair
	tap "made again: watched again" until_true 100 status_has '^v0 lan xdp-native \[\]'
	tap "attached again" is "$(a "$WATCH" -q v0)" "v0 xdp 1 tcx-in 0 tcx-out 1"
	ip -n $A link set v0 down
	ip -n $A link set v0 name v9
	tap "renamed: gone" until_true 100 status_has '^v0 lan none gone'
	tap "the renamed one is let go" clean v9
	ip -n $A link set v9 name v0
	tap "named back: watched again" until_true 100 status_has '^v0 lan xdp-native \[\]'
	quit
	tap "nothing left" clean v0
	world_end
}

test_other_mode_later() {
	world
	watch v0
	ip -n $A link del v0
	until_true 100 status_has '^v0 lan none gone'
	ip -n $A link add v0 type ifb
	tap "comes back as a device without native XDP: TC" until_true 100 status_has \
		'^v0 lan tc \[the driver has no native XDP\]'
	quit
	tap "nothing left" clean v0
	world_end
}

test_bridge() {
	world
	ip -n $A link add br0 type bridge
	ip -n $A link set br0 up
	watch br0
	tap "no ports yet" status_has '^br0 lan none \[the bridge has no ports\]'
	ip -n $A link set v0 master br0
	tap "a port that joins is watched" until_true 100 status_has '^v0 lan xdp-native port \[\]'
	tap "not the bridge as well" status_hasnt '^br0'
	tap "nothing on the bridge" clean br0
	ip -n $A link set v0 nomaster
	tap "a port that leaves is let go" until_true 100 status_hasnt '^v0'
	tap "nothing on it" clean v0
	quit
	ip -n $A link set v0 master br0
	watch br0 v0=wan
	tap "a named port has its own role, once" status_has '^v0 wan xdp-native \[\]'
	tap "one row for it" is "$(ask status | grep -c '^v0')" 1
	quit
	watch -c -a tc br0
	killed
	tap "--detach finds the bridge's ports" is "$(a "$WATCH" -d br0)" "removed 2"
	tap "nothing left" clean v0
	world_end
}

# send N: so many UDP packets from B to the backend's port on A.
send() {
	local i
	for ((i = 0; i < $1; i++)); do
		b bash -c 'echo x >/dev/udp/10.9.0.1/4443'
	done
}
# Lines of a drain with the packets of this contact, summed over the CPUs: "packets directions".
summed() { # FAR NEAR PORT
	ask drain | sed -n -E \
		"s/^flow.* $1 $2 $3 17 packets ([0-9]*).*directions (.*)/\\1 \\2/p" |
		awk '{ sum[$2] += $1 } END { for (d in sum) print sum[d], d }'
}
drained() { summed 10.9.0.2 10.9.0.1 4443; }
# How many contacts a drain has, whatever CPUs counted them.
contacts() { ask drain | awk '/^flow/ { print $2, $3, $4, $5, $6 }' | sort -u | wc -l; }

test_count() {
	local mode
	world
	for mode in native tc generic "tc -c"; do
		# shellcheck disable=SC2086 # a mode and an option
		watch -s ip -b 10.9.0.1:4443 -a $mode v0
		send 7
		tap "$mode: 7 packets in, 7 counted" is "$(drained)" "7 1"
		tap "$mode: the counter agrees" has <(ask counters) '^counted 7$'
		tap "$mode: a drain empties the map" is "$(drained)" ""
		send 2
		tap "$mode: the other map counts on" is "$(drained)" "2 1"
		quit
		# shellcheck disable=SC2086
		watch -s ip -b 10.9.0.2:4444 -a $mode v0
		a bash -c 'for i in 1 2 3; do echo x >/dev/udp/10.9.0.2/4444; done'
		tap "$mode: 3 packets out, 3 counted" is "$(summed 10.9.0.1 10.9.0.2 4444)" "3 1"
		quit
	done
	world_end
}

test_roles() {
	world
	ip -n $A link add w0 type veth peer name w1 netns $B
	ip -n $A addr add 10.8.0.1/24 dev w0 && ip -n $A link set w0 up
	ip -n $B addr add 10.8.0.2/24 dev w1 && ip -n $B link set w1 up
	watch -s ip -b 10.8.0.1:4443 -b 10.9.0.1:4443 v0=lan w0=wan
	b bash -c 'for i in 1 2 3; do echo x >/dev/udp/10.8.0.1/4443; done'
	send 2
	tap "beside a lan point, wan counts nothing" is "$(contacts)" 1
	b bash -c 'echo 0123456789abcdef >/dev/udp/10.8.0.1/53'
	tap "but it watches DNS" until_true 100 has "$DIR/out" '^frame .*role wan'
	quit
	watch -s ip -b 10.8.0.1:4443 w0=wan
	b bash -c 'for i in 1 2 3; do echo x >/dev/udp/10.8.0.1/4443; done'
	tap "alone, it counts" is "$(contacts)" 1
	quit
	world_end
}

test_own() {
	world
	watch v0
	tap "own address" is "$(ask 'own 10.9.0.1')" "own 1"
	tap "the far one is not" is "$(ask 'own 10.9.0.2')" "own 0"
	ip -n $A addr add 10.9.0.77/24 dev v0
	tap "a new one is learned" until_true 100 own_says 10.9.0.77 1
	ip -n $A addr del 10.9.0.77/24 dev v0
	tap "and forgotten" until_true 100 own_says 10.9.0.77 0
	ip -n $A neigh add 10.9.0.50 lladdr 02:00:00:00:00:50 dev v0
	tap "neighbours" has <(ask neighbours) '^neighbour 02:00:00:00:00:50 10.9.0.50$'
	quit
	ip -n $A link add br0 type bridge && ip -n $A link set br0 up
	ip -n $A link set v0 master br0
	ip -n $A neigh add 10.9.0.51 lladdr 02:00:00:00:00:51 dev br0
	watch br0
	tap "neighbours of the bridge" has <(ask neighbours) \
		'^neighbour 02:00:00:00:00:51 10.9.0.51$'
	quit
	ip -n $A link set v0 nomaster
	watch v0
	ip -n $A link set v0 master br0
	ip -n $A neigh replace 10.9.0.51 lladdr 02:00:00:00:00:51 dev br0
	tap "neighbours of a bridge that is joined later" until_true 40 neighbour_told \
		'02:00:00:00:00:51 10.9.0.51'
	quit
	world_end
}
neighbour_told() { has <(ask neighbours) "^neighbour $1\$"; }
own_says() { is "$(ask "own $1")" "own $2"; }

[ $# -gt 0 ] || set -- modes fallback l3 vlan clsact_left clsact_others second_instance names \
	rights flap other_mode_later bridge count roles own
for t; do
	"test_$t"
done
tap_end
