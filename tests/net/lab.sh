#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The lab: a small home in network namespaces of this machine.
#
#   hosts --veth-- lan1..lanN [br-lan  gateway: dnsmasq  wan0] --veth-- internet: dnsmasq, servers
#
# Sourced, it gives the functions lab_*. Run, it builds the home and starts a command (a shell) in
# the gateway: lab.sh [COMMAND...]. Needs root, iproute2 and dnsmasq; touches nothing outside its
# namespaces and one temporary directory, and removes both whatever happens. Any number can run at
# once.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
HAYRAKE=${HAYRAKE:-$TOP/build/hayrake}
SIGNATURES=${SIGNATURES:-$TOP/signatures}
LABHOST=$TOP/build/tests/tools/labhost
RULENAMES=${RULENAMES:-$TOP/build/tests/tools/rulenames}
LAN4=192.168.77 LAN6=2001:db8:77: RESOLVER4=203.0.113.253
TTL=2

# One host a line: name, IP versions, expected rules ("-": none), what it is. The order gives MAC
# and IP addresses.
lab_table='
ring     4   ring-doorbell,ring-camera  Ring doorbell
plug     4   tplink-device,tplink-cloud  TP-Link plug; DNS over TCP
hue      46  philips-device,philips-hue  Philips Hue bridge; its server moves
xiaomi   4   xiaomi-device      Xiaomi hub; moves to a new address
things   46  smartthings        SmartThings hub
bulb     4   smartlife,tuya-device  Smart Life (Tuya) bulb
echo     46  alexa-enabled,amazon-product,amazon-fireos          Amazon Echo
firetv   46  alexa-enabled,amazon-product,amazon-fireos,fire-tv  Amazon Fire TV
roku     46  roku-tv,roku-player  Roku TV; its names are aliases
weather  4   netatmo-weather    Netatmo weather station
dlink    6   dlink-device       D-Link hub; IPv6 only
sengled  4   sengled-device     Sengled hub; at a shared address
blink    4   blink-hub,blink-camera  Blink hub; at the same address
laptop   4   -                  laptop; also visits that address
desktop  46  -                  desktop; meets one Philips name
tablet   4   -                  tablet; names of vendors, other ports
'

# What a host contacts. "@RULE" stands for every domain group of the rule in the signatures.
lab_visits() {
	case $1 in
	ring) echo es.ring.com:443/tcp fw.ring.com:80/tcp wu.ring.com:443/tcp ;;
	plug) echo use1-api.tplinkra.com:443/tcp euw1-api.tplinkra.com:443/tcp \
		n-devs.tplinkcloud.com:443/tcp ;;
	hue) echo ws.meethue.com:443/tcp ;;
	hue-later) echo ws.meethue.com:443/tcp time.meethue.com:443/tcp ;;
	xiaomi) echo ott.io.mi.com:80/tcp ot.io.mi.com:8053/udp ;;
	things) echo api.smartthings.com:443/tcp fw-update2.smartthings.com:443/tcp ;;
	bulb) echo a3.tuyaus.com:443/tcp m2.tuyaus.com:8886/tcp mq.gw.tuyaeu.com:1883/tcp ;;
	echo) echo @alexa-enabled @amazon-product ;;
	firetv) echo @alexa-enabled @amazon-product @fire-tv ;;
	roku) echo api.roku.com:443/tcp api.rokutime.com:443/tcp cooper.logs.roku.com:443/tcp \
		configsvc.cs.roku.com:443/tcp ls.cti.roku.com:443/tcp \
		scribe.logs.roku.com:443/tcp ;;
	weather) echo netcom.netatmo.net:25050/tcp ;;
	dlink) echo r0801.dch.dlink.com:443/tcp r0802.dch.dlink.com:443/tcp \
		tzinfo.dch.dlink.com:80/tcp ;;
	sengled) echo eu.cloud.sengled.com:443/tcp ;;
	blink) echo cs-prde.immedia-semi.com:443/tcp ;;
	laptop) echo static.shop.example:443/tcp www.news.example:443/tcp \
		www.video.example:443/udp ;;
	desktop) echo www.news.example:80/tcp diagnostics.meethue.com:80/tcp \
		mail.post.example:443/tcp ;;
	tablet) echo netcom.netatmo.net:443/tcp es.ring.com:8443/tcp ot.io.mi.com:80/udp \
		www.news.example:443/tcp ;;
	esac
}

# Names that are aliases (first) of another name (second), in up to two steps.
lab_aliases='
api.roku.com          roku-api.lb.example
roku-api.lb.example   roku-api-7.lb.example
ls.cti.roku.com       roku-cti.lb.example
www.news.example      edge-news.cdn.example
'
# Names with one address.
lab_shared='eu.cloud.sengled.com cs-prde.immedia-semi.com static.shop.example'

lab_die() {
	echo "lab: $*" >&2
	exit 1
}

declare -A LAB_INDEX=() LAB_VERSIONS=() LAB_RULES=() LAB_TITLE=()
LAB_HOSTS=''
while read -r host versions rules title; do
	[ -n "$host" ] || continue
	LAB_HOSTS="$LAB_HOSTS $host"
	LAB_INDEX[$host]=${#LAB_TITLE[@]}
	LAB_VERSIONS[$host]=$versions
	LAB_RULES[$host]=${rules/#-/}
	LAB_TITLE[$host]=$title
done <<<"$lab_table"

lab_hosts() { echo "${LAB_HOSTS# }"; }
lab_has() { [[ ${LAB_VERSIONS[$1]} == *$2* ]]; }
lab_expected() { echo "${LAB_RULES[$1]//,/ }"; }
lab_title() { echo "${LAB_TITLE[$1]}"; }
lab_mac() { printf '02:00:00:00:77:%02x' $((10 + LAB_INDEX[$1])); }
lab_ip4() { echo $LAN4.$((10 + LAB_INDEX[$1])); }
lab_ip4_moved() { echo $LAN4.$((110 + LAB_INDEX[$1])); }
lab_ip6() { printf '%s:%x' $LAN6 $((10 + LAB_INDEX[$1])); }
lab_port() { echo "lan$((1 + LAB_INDEX[$1]))"; }

# Runs a command in the namespace of the gateway, the internet or a host; exec keeps the process id.
lab_exec() {
	local ns=$1
	shift
	exec ip netns exec "$LAB_NS-$ns" "$@"
}
lab_in() { (lab_exec "$@"); }

lab_start() {
	local log=$1
	shift
	(lab_exec "$@") >>"$log" 2>&1 &
	LAB_PID=$!
	LAB_PIDS="$LAB_PIDS $LAB_PID"
}

# --- names of the internet ---

lab_expand() {
	local v
	for v in $(lab_visits "$1"); do
		case $v in
		@*) "$RULENAMES" "$SIGNATURES" "${v#@}" || return ;;
		*) echo "$v" ;;
		esac
	done
}

# Gives each name an IPv4 and an IPv6 address, in $LAB/hosts as dnsmasq reads it.
lab_names() {
	local h
	for h in $(lab_hosts) hue-later; do
		lab_expand "$h" >"$LAB/visits.$h" || lab_die "no behaviour for $h"
	done
	cat "$LAB"/visits.* | awk -F'[:/]' -v aliases="$lab_aliases" -v shared="$lab_shared" '
		BEGIN {
			n = split(aliases, a, /[ \n\t]+/)
			for (i = 2; i < n; i += 2)
				to[a[i]] = a[i + 1]
			n = split(shared, s, " ")
			for (i = 1; i <= n; i++)
				same[s[i]] = s[1]
		}
		{
			name = $1
			while (name in to)
				name = to[name]
			if (seen[name]++)
				next
			key = name in same ? same[name] : name
			if (!(key in number))
				number[key] = ++count
			net = number[key] > 240 ? "203.0.113." : "198.51.100."
			printf "%s%d %s\n2001:db8:100::%x %s\n", net, number[key] % 240 + 1, name, \
				number[key], name
		}' >"$LAB/hosts"
}

# The address of a name in the internet's table: lab_address NAME 4|6.
lab_address() {
	awk -v n="$1" -v six="$2" '$2 == n && ($1 ~ /:/) == (six == 6) { print $1 }' "$LAB/hosts"
}

# Moves a name's servers to new addresses; caches learn of it when their TTL is over.
lab_move_name() {
	LAB_MOVED=$((LAB_MOVED + 1))
	awk -v n="$1" -v m=$LAB_MOVED '
		$2 != n { print; next }
		$1 ~ /:/ { printf "2001:db8:200::%x %s\n", m, n; next }
		{ printf "203.0.113.%d %s\n", 100 + m, n }' "$LAB/hosts" >"$LAB/hosts.new"
	mv "$LAB/hosts.new" "$LAB/hosts"
	kill -HUP "$LAB_DNS_INTERNET"
}

# --- up and down ---

lab_link_host() {
	local h=$1 ns=$LAB_NS-$1 port
	port=$(lab_port "$h")
	ip link add "$port" netns "$LAB_NS-gw" type veth peer name eth0 netns "$ns" address \
		"$(lab_mac "$h")"
	{
		echo link set lo up
		echo link set eth0 up
		if lab_has "$h" 6; then
			echo addr add "$(lab_ip6 "$h")/64" dev eth0 nodad
			echo route add default via $LAN6:1
		fi
		if lab_has "$h" 4; then
			echo addr add "$(lab_ip4 "$h")/24" dev eth0
			echo route add default via $LAN4.1
		fi
	} | ip -n "$ns" -batch -
	ip -n "$LAB_NS-gw" link set "$port" master br-lan up
}

# The sysctl files a process sees are those of its namespace.
lab_set() {
	local ns=$1
	shift
	lab_in "$ns" sysctl -q "$@" || lab_die "sysctl $*"
}

lab_link_gateway() {
	lab_set gw -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv6.conf.default.accept_dad=0
	lab_set inet -w net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
	ip link add wan0 netns "$LAB_NS-gw" type veth peer name wan0 netns "$LAB_NS-inet"
	ip -n "$LAB_NS-gw" -batch - <<-END
		link set lo up
		link add br-lan address 02:00:00:00:77:01 type bridge
		link set br-lan up
		addr add $LAN4.1/24 dev br-lan
		addr add $LAN6:1/64 dev br-lan nodad
		link set wan0 up
		addr add 203.0.113.1/30 dev wan0
		addr add 2001:db8:1::1/64 dev wan0 nodad
		route add default via 203.0.113.2
		route add default via 2001:db8:1::2
	END
	ip -n "$LAB_NS-inet" -batch - <<-END
		link set lo up
		link set wan0 up
		addr add 203.0.113.2/30 dev wan0
		addr add 2001:db8:1::2/64 dev wan0 nodad
		route add local 198.51.100.0/24 dev lo
		route add local 203.0.113.64/26 dev lo
		route add local 203.0.113.128/25 dev lo
		route add local 2001:db8:100::/48 dev lo
		route add local 2001:db8:200::/48 dev lo
		route add $LAN4.0/24 via 203.0.113.1
		route add $LAN6:/64 via 2001:db8:1::1
	END
}

# dnsmasq without any of the machine's own configuration.
lab_dnsmasq() {
	local ns=$1
	shift
	lab_start "$LAB/dnsmasq.$ns" "$ns" dnsmasq --keep-in-foreground --conf-file=/dev/null \
		--no-resolv --no-hosts --pid-file= --user=root --group=root --log-facility=- \
		--cache-size=2000 "$@"
}

lab_services() {
	local aliases='' ports a b
	while read -r a b; do
		[ -z "$b" ] || aliases="$aliases --cname=$a,$b"
	done <<<"$lab_aliases"
	ports=$(cat "$LAB"/visits.* | sed 's/.*:\(.*\)\/.*/\1/' | sort -un)
	# shellcheck disable=SC2086 # lists
	lab_dnsmasq inet --addn-hosts="$LAB/hosts" --local-ttl=$TTL --local=/#/ $aliases \
		--listen-address=$RESOLVER4 --bind-interfaces
	LAB_DNS_INTERNET=$LAB_PID
	lab_dnsmasq gw --server=$RESOLVER4 --interface=br-lan --except-interface=lo \
		--bind-interfaces
	# shellcheck disable=SC2086
	lab_start "$LAB/servers" inet "$LABHOST" serve $ports
	lab_wait 5 grep -q ready "$LAB/servers" || lab_die "servers: $(cat "$LAB/servers")"
	lab_wait 5 lab_resolves || lab_die "resolver: $(cat "$LAB"/dnsmasq.*)"
}

lab_resolves() {
	lab_in gw "$LABHOST" visit -r $LAN4.1 -4 -g 0 www.video.example:443/udp >/dev/null 2>&1
}

# lab_wait SECONDS COMMAND...: until the command succeeds; fails after SECONDS.
lab_wait() {
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# Removes what labs left whose process is gone (killed with -9).
lab_sweep() {
	local left pid
	for left in $(ip netns list | awk '/^hrlab[0-9]+-/ { print $1 }') \
		"${TMPDIR:-/tmp}"/hrlab*-*; do
		pid=${left##*/hrlab}
		pid=${pid#hrlab}
		kill -0 "${pid%%-*}" 2>/dev/null && continue
		case $left in
		*/*) rm -rf "$left" ;;
		*) lab_remove "$left" ;;
		esac
	done
}

lab_remove() {
	local pids
	pids=$(ip netns pids "$1" 2>/dev/null)
	# shellcheck disable=SC2086
	[ -z "$pids" ] || kill -9 $pids 2>/dev/null
	ip netns del "$1" 2>/dev/null
}

lab_down() {
	local ns
	# shellcheck disable=SC2086
	[ -z "$LAB_PIDS" ] || kill $LAB_PIDS 2>/dev/null
	for ns in $(ip netns list | awk -v p="$LAB_NS-" 'index($1, p) == 1 { print $1 }'); do
		lab_remove "$ns"
	done
	wait
	LAB_PIDS=
	[ -z "$LAB" ] || rm -rf "$LAB"
}

lab_up() {
	local h
	[ "$(id -u)" = 0 ] || { echo "the lab needs root"; exit 77; }
	for h in "$LABHOST" "$RULENAMES"; do
		[ -x "$h" ] || lab_die "$h is not built: make all, make build/tests/tools/${h##*/}"
	done
	LAB_NS=hrlab$$ LAB_PIDS='' LAB_MOVED=0
	trap 'lab_down' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	LAB=$(mktemp -d "${TMPDIR:-/tmp}/hrlab$$-XXXXXX") || exit 1
	lab_sweep
	lab_names
	for h in gw inet $(lab_hosts); do
		ip netns add "$LAB_NS-$h" || { echo "no network namespaces here"; exit 77; }
	done
	lab_link_gateway
	for h in $(lab_hosts); do
		lab_link_host "$h"
	done
	lab_services
}

# --- what hosts do ---

# lab_visit HOST [labhost options] VISIT...: what was really contacted goes to $LAB/done as
# "HOST MAC NAME ADDRESS PORT PROTO".
lab_visit() {
	local h=$1 options=''
	shift
	[ "$h" != plug ] || options=-t
	if lab_has "$h" 4; then
		options="$options -r $LAN4.1"
	else
		options="$options -r $LAN6:1"
	fi
	# shellcheck disable=SC2086
	lab_in "$h" "$LABHOST" visit $options "$@" 2>>"$LAB/errors" |
		sed -u "s/^/$h $(lab_mac "$h") /" >>"$LAB/done"
	return "${PIPESTATUS[0]}"
}

# lab_act HOST[-later] [labhost options]: contacts everything lab_visits names.
lab_act() {
	local what=$1
	shift
	# shellcheck disable=SC2046
	lab_visit "${what%-later}" "$@" $(cat "$LAB/visits.$what")
}

# Gives a host a new IPv4 address.
lab_move_host() {
	local h=$1
	ip -n "$LAB_NS-$h" -batch - <<-END
		addr flush dev eth0 scope global
		addr add $(lab_ip4_moved "$h")/24 dev eth0
		route replace default via $LAN4.1
	END
}

# Who must be named, of these hosts: "MAC RULE" a line.
lab_named() {
	local h r
	for h in "$@"; do
		for r in $(lab_expected "$h"); do
			echo "$(lab_mac "$h") $r"
		done
	done
}

# Starts hayrake in the gateway and waits until it answers: lab_watch [run options]. LAB_WATCH is
# its process id; results go to $LAB/out (or $LAB_OUT), messages to $LAB/err. LAB_WATCH_IN: other
# namespace.
lab_watch() {
	: >"$LAB/out"
	(lab_exec "${LAB_WATCH_IN:-gw}" "$HAYRAKE" run --signatures "$SIGNATURES" \
		--socket "$LAB/socket" --interval 1 "$@") \
		>"${LAB_OUT:-$LAB/out}" 2>"$LAB/err" &
	LAB_WATCH=$!
	LAB_PIDS="$LAB_PIDS $LAB_WATCH"
	lab_wait 10 lab_watches || return 1
}

lab_watches() {
	kill -0 "$LAB_WATCH" 2>/dev/null || lab_die "hayrake ended: $(cat "$LAB/err")"
	lab_ask show stats >/dev/null 2>&1
}

# Asks the running instance: lab_ask show|explain ...
lab_ask() {
	local command=$1
	shift
	"$HAYRAKE" "$command" --signatures "$SIGNATURES" --socket "$LAB/socket" "$@"
}

# lab_counter FILE NAME: a counter's value in the JSON lines of show stats; 0 when it is not there.
lab_counter() {
	sed -n "s/.*\"name\": *\"$2\", *\"value\": *\([0-9]*\).*/\1/p" "$1" | grep . || echo 0
}

# Ends it by a signal (TERM); its exit status.
lab_unwatch() {
	kill -"${1:-TERM}" "$LAB_WATCH"
	wait "$LAB_WATCH"
}

# True when no XDP program and no clsact is left in the gateway; names what is.
lab_detached() {
	! { lab_in gw ip -d link show; lab_in gw tc qdisc show; } | grep -E 'prog/xdp|clsact'
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	lab_up
	echo "gateway namespace: $LAB_NS-gw (LAN side: br-lan); files: $LAB" >&2
	lab_in gw "${@:-${SHELL:-/bin/bash}}"
fi
