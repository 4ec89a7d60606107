#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The demo: a home of sixteen hosts in network namespaces, hayrake on its LAN side, and what it says
# of them. Exit status 1 when a device was not named or an ordinary computer was.
set -u
. "$(dirname "$0")/lab.sh"

bold='' dim='' good='' bad='' plain=''
if [ -t 1 ]; then
	bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m')
	good=$(printf '\033[32m') bad=$(printf '\033[31m')
fi

say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
note() { printf '%s  . %s%s\n' "$dim" "$*" "$plain"; }
command_show() { printf '%s  $ %s%s\n' "$bold" "$*" "$plain"; }

# The home: hosts on the left, the gateway's bridge they hang on, the internet behind it.
picture() {
	local h n=0 half last link address names
	names=$(grep -c '^[0-9.]* ' "$LAB/hosts")
	last=$(lab_hosts | wc -w)
	half=$((last / 2))
	for h in $(lab_hosts); do
		n=$((n + 1))
		case $n in
		1 | "$last") link='+' ;;
		"$half") link='+==[ br-lan  gateway  wan0 ]====[ internet ]' ;;
		$((half + 1))) link="|    dnsmasq, hayrake            $names names" ;;
		*) link='|' ;;
		esac
		address=$(lab_ip4 "$h")
		lab_has "$h" 4 || address=$(lab_ip6 "$h")
		printf '  %-8s %-15s %-37s --%s\n' "$h" "$address" "$(lab_title "$h")" "$link"
	done
}

# Starts a host's behaviour in the background.
act() {
	lab_act "$@" &
	acting="$acting $!"
}

act_end() {
	# shellcheck disable=SC2086 # a list
	wait $acting
	acting=
}

# One line a host: who was named, who not, and whether that is right.
verdict() {
	local h rule got wrong=0
	for h in $(lab_hosts); do
		got=$(grep "\"subject\": *\"mac:$(lab_mac "$h")\"" "$1" |
			sed -n 's/.*"rule": *"\([^"]*\)".*/\1/p' | sort | xargs)
		rule=$(lab_expected "$h" | tr ' ' '\n' | sort | xargs)
		if [ "$got" = "$rule" ]; then
			printf '  %sright%s  %-8s %s\n' "$good" "$plain" "$h" \
				"${got:-nothing, it is an ordinary computer}"
		else
			printf '  %sWRONG%s  %-8s named: %s; expected: %s\n' "$bad" "$plain" "$h" \
				"${got:-nothing}" "${rule:-nothing}"
			wrong=$((wrong + 1))
		fi
	done
	return $wrong
}

acting=
started=$SECONDS
say "A small home of network namespaces on this machine: real stacks, DNS and connections"
lab_up
picture

say "hayrake watches the gateway's LAN bridge"
command_show "hayrake run -i br-lan --interval 1"
LAB_OUT=/dev/stdout lab_watch -i br-lan || lab_die "hayrake does not answer: $(cat "$LAB/err")"
sed 's/^/  /' "$LAB/err" | awk \
	'NR <= 2; END { if (NR > 2) print "  ... and " NR - 2 " more lines as these" }'

say "Three ordinary computers go first. Nothing should be said of them."
for h in laptop desktop tablet; do
	note "$h: $(lab_title "$h")"
	act "$h" -n 2
done
act_end
sleep 1.5

say "Then the devices wake up. Lines below come from hayrake as it names them."
act firetv -n 2
act echo -n 2 -w 20
for h in ring plug xiaomi things dlink bulb weather; do
	act "$h" -n 2
	sleep 0.8
done
act roku -n 2
act sengled -n 2
act blink -n 2
act hue -n 2
act_end
sleep 1.5

say "Things change: a server moves, a device moves, and both stay known."
note "ws.meethue.com moves from $(lab_address ws.meethue.com 4) to another address"
lab_move_name ws.meethue.com
note "the Xiaomi hub moves from $(lab_ip4 xiaomi) to $(lab_ip4_moved xiaomi)"
lab_move_host xiaomi
sleep $((TTL + 1))
act hue-later -n 2
act xiaomi -n 2
act_end
sleep 2

say "What it found"
command_show "hayrake show detections"
lab_ask show detections
command_show "hayrake show stats"
lab_ask show stats
say "Why it says so"
command_show "hayrake explain $(lab_mac hue)"
lab_ask explain "$(lab_mac hue)"

lab_ask show detections --json >"$LAB/detections" || lab_die "no detections to judge"
lab_unwatch || lab_die "hayrake ended with status $?"
say "The truth, as the lab knows it"
verdict "$LAB/detections"
wrong=$?
say "$(lab_hosts | wc -w) hosts, $wrong wrong, $((SECONDS - started)) s; the lab is removed now"
[ $wrong -eq 0 ]
