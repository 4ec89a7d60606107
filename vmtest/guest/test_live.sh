#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# One device behind this gateway asks a real resolver for its vendor's names and connects to what it
# is told, over IPv4 and IPv6; another host visits an ordinary site. In every way of attaching,
# `hayrake run` must name the first and not the second, and leave nothing attached, killed or not.
rule=ring-doorbell
: >/tmp/err
socket=/tmp/hayrake.sock
number=0

check() { # NAME COMMAND...
	name=$1
	number=$((number + 1))
	shift
	if "$@"; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		tail -n 40 /tmp/err | sed 's/^/# /'
		return 1
	fi
}

until_true() { # SECONDS COMMAND...
	tries=$(($1 * 10))
	shift
	while ! "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		usleep 100000
	done
}

at() { # NAMESPACE COMMAND...
	ns=$1
	shift
	ip netns exec "$ns" "$@"
}

host_add() { # NAME NUMBER: behind the LAN bridge's own cable
	ip netns add "$1"
	ip link add "$1" type veth peer name eth0 netns "$1"
	ip link set "$1" up
	ip -n "$1" link set lo up
	ip -n "$1" link set eth0 address "02:00:00:00:00:0$2" up
	ip -n "$1" addr add "192.168.7.$2/32" dev eth0
	ip -n "$1" addr add "fd07::$2/128" dev eth0 nodad
	ip -n "$1" route add 192.168.7.1 dev eth0
	ip -n "$1" route add default via 192.168.7.1 dev eth0
	ip -n "$1" route add fd07::1 dev eth0
	ip -n "$1" route add default via fd07::1 dev eth0
	ip route add "192.168.7.$2" dev "$1"
	ip route add "fd07::$2" dev "$1"
}

net_make() {
	sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip addr add 192.168.7.1/32 dev lo
	ip addr add fd07::1/128 dev lo
	sysctl -qw net.ipv4.conf.all.proxy_arp=1 net.ipv6.conf.all.proxy_ndp=1
	host_add hrdev 2
	host_add hrpc 3
	ip neigh add proxy fd07::1 dev hrdev
	ip neigh add proxy fd07::1 dev hrpc
	ip netns add hrnet
	ip link add hrwan type veth peer name eth0 netns hrnet
	ip addr add 203.0.113.1/24 dev hrwan
	ip addr add 2001:db8:ffff::1/64 dev hrwan nodad
	ip link set hrwan up
	ip -n hrnet link set lo up
	ip -n hrnet addr add 203.0.113.2/24 dev eth0
	ip -n hrnet addr add 2001:db8:ffff::2/64 dev eth0 nodad
	ip -n hrnet link set eth0 up
	ip -n hrnet route add default via 203.0.113.1
	ip -n hrnet route add default via 2001:db8:ffff::1
	for last in 7 8 9; do
		ip -n hrnet addr add "198.51.100.$last/32" dev lo
		ip -n hrnet addr add "2001:db8::$last/128" dev lo
	done
	ip route add 198.51.100.0/24 via 203.0.113.2
	ip route add 2001:db8::/64 via 2001:db8:ffff::2
}

services_start() {
	dnsmasq --conf-file=/dev/null --no-resolv --no-hosts --user=root --group=root \
		--pid-file=/tmp/dnsmasq.pid --address=/es.ring.com/198.51.100.7 \
		--address=/fw.ring.com/2001:db8::8 --address=/wu.ring.com/198.51.100.8 \
		--address=/www.example.org/198.51.100.9
	at hrnet build/tests/tools/labhost serve 443 &
}

visits() {
	at hrdev build/tests/tools/labhost visit -r 192.168.7.1 \
		es.ring.com:443/tcp fw.ring.com:443/tcp wu.ring.com:443/tcp
	at hrpc build/tests/tools/labhost visit -r 192.168.7.1 www.example.org:443/tcp
}

visited() {
	[ "$(visits | grep -c .)" -eq 4 ]
}

hayrake_start() { # MODE
	rm -f $socket
	build/hayrake run -v --json -i hrdev -i hrpc --attach "$1" --interval 1 --socket $socket \
		--signatures signatures >/tmp/out 2>/tmp/err &
	pid=$!
	until_true 20 test -S $socket
}

named() {
	grep '"event":"detection"' /tmp/out | grep '"subject":"mac:02:00:00:00:00:02"' |
		grep -q "\"rule\":\"$rule\""
}

named_over() { # TEXT OF AN ADDRESS
	build/hayrake explain --json --socket $socket mac:02:00:00:00:00:02 | grep -q "\"$1\""
}

# A first contact may come before its address is in the kernel's map: then it takes another visit.
seen_at() { # TEXT OF AN ADDRESS
	named_over "$1" && return 0
	visits >/dev/null
	return 1
}

other_unnamed() {
	! grep '"event":"detection"' /tmp/out | grep -q 'mac:02:00:00:00:00:03'
}

xdp_kind() { # of a link: native, generic or nothing
	ip -d link show "$1" | sed -n 's/.*xdpgeneric.*/generic/p; s/.*prog\/xdp .*/native/p' |
		head -n 1
}

# What is attached is what the kernel says of XDP, and with tc what Hayrake says.
attached() { # MODE
	case $1 in
	tc) [ -z "$(xdp_kind hrdev)" ] && show_stats | grep -q '"tc' ;;
	*) [ "$(xdp_kind hrdev)" = "$1" ] ;;
	esac
}

show_stats() {
	build/hayrake show stats --json --socket $socket
}

# Nothing else in this guest loads BPF programs or maps.
none_left() {
	[ -z "$(bpftool prog show)$(bpftool map show)" ] || return 1
	for link in hrdev hrpc; do
		[ -z "$(xdp_kind $link)" ] || return 1
		! tc qdisc show dev $link | grep -q clsact || return 1
	done
}

ended_well() {
	kill -TERM "$pid"
	wait "$pid"
}

killed() {
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	build/hayrake run --detach >/tmp/err 2>&1
}

mode_check() { # MODE
	check "$1: starts" hayrake_start "$1" || return 0
	check "$1: attached as asked" attached "$1"
	check "$1: packets pass" visited
	check "$1: the device is named" until_true 15 named
	check "$1: by its IPv4 traffic" until_true 20 seen_at 198.51.100.7
	check "$1: by its IPv6 traffic" until_true 20 seen_at 2001:db8::8
	check "$1: the computer is not" other_unnamed
	check "$1: ends with status 0" ended_well
	check "$1: nothing is left attached" until_true 5 none_left
}

killed_check() {
	check "killed: starts" hayrake_start tc || return 0
	check "killed: run --detach succeeds" killed
	check "killed: nothing is left attached" until_true 5 none_left
}

# Router kernels come without type information: hidden, everything must go as before.
no_btf_check() {
	[ ! -d /sys/kernel/btf ] || mount -t tmpfs none /sys/kernel/btf
	check "without BTF: starts" hayrake_start native || return 0
	check "without BTF: packets pass" visited
	check "without BTF: the device is named" until_true 15 named
	check "without BTF: ends with status 0" ended_well
}

net_make
services_start
mode_check native
mode_check tc
mode_check generic
killed_check
no_btf_check
echo "1..$number"
