#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What `replay`, `show` and `explain` print with --json follows the schemas in docs/; what they
# print for people is aligned and safe; what they refuse they refuse with a sentence.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/net/tap.sh
. tests/net/tap.sh
hayrake=$(realpath "${HAYRAKE:-build/hayrake}")
state_tool=${REPLAYSTATE:-build/tests/tools/replaystate}
rows=tests/check/rows.py
signatures=tests/golden/signatures
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT

# ask STATUS ARGUMENT...: a query of the state file; leaves its output in $tmp/out and $tmp/err.
ask() {
	local want=$1 got
	shift
	"$hayrake" "$@" --signatures "$signatures" >"$tmp/out" 2>"$tmp/err" </dev/null
	got=$?
	is "exit $got" "exit $want" || { cat "$tmp/out" "$tmp/err"; return 1; }
}
ask_state() { ask "$1" "${@:2}" --state "$tmp/state"; }
follows() { $rows "$@" <"$tmp/out" >"$tmp/counts" || { cat "$tmp/counts"; return 1; }; }
said_once() { has "$tmp/err" "$1" && is "$(wc -l <"$tmp/err")" 1; }
aligned() { # every row has the same columns: two blanks stand in the same places
	awk '{ n = split($0, f, /  +/); if (NR > 1 && n != was) exit 1; was = n }' "$tmp/out"
}

# A plug that is detected by its address, a camera on a shared one, and a computer.
cat >"$tmp/home.scn" <<'END'
host plug 02:00:00:00:00:0a 192.168.1.10 2001:db8:1::a
host tablet 02:00:00:00:00:0b 192.168.1.11
0 dns plug plug.bolt.example 198.51.100.1
1 dns tablet www.news.example 198.51.100.9
5 tcp plug 198.51.100.1:443
6 tcp tablet 198.51.100.9:443
END
tests/tools/mkcap.py "$tmp/home.scn" "$tmp/home.pcap" || exit 1
"$state_tool" "$signatures" "$tmp/home.pcap" "$tmp/state" || exit 1
twins=tests/golden/signatures-regroup
tests/tools/mkcap.py tests/golden/cases/regroup_addresses.scn "$tmp/twins.pcap" || exit 1
"$state_tool" $twins "$tmp/twins.pcap" "$tmp/twins" || exit 1

# Every golden case that ends well, as test_golden.sh holds it against the program.
cat tests/golden/cases/*.out | grep '^{' >"$tmp/out"
tap "golden lines follow the schemas" follows detection summary usage show
tap "among them detections and summaries" has "$tmp/counts" 'detection:[0-9]+ .*summary:[0-9]+'
tap "and changes of use" has "$tmp/counts" 'usage:[0-9]+'
tap "replay --json" ask 0 replay --json "$tmp/home.pcap"
tap "follows the schemas" follows detection summary
tap "and has both" is "$(cat "$tmp/counts")" "detection:1 summary:1"

tap "show detections --json" ask_state 0 show detections --json
tap "follows the schema" follows detection
tap "one row" is "$(cat "$tmp/counts")" detection:1
tap "the plug" has "$tmp/out" '"subject":"mac:02:00:00:00:00:0a".*"rule":"bolt-plug"'
tap "show subjects --json" ask_state 0 show subjects --json
tap "follows the schema" follows show
tap "with its device" has "$tmp/out" '"rules":\["bolt-plug"\]'
tap "show backends --json" ask_state 0 show backends --json
tap "follows the schema" follows show
tap "with its address" has "$tmp/out" '"address":"198.51.100.1","state":"dedicated"'
signatures=$twins
tap "show groups --json" ask 0 show groups --json --regroup --state "$tmp/twins"
tap "follows the schema" follows show
tap "with the units and why" has "$tmp/out" '"members":\["api.*","log.*"\],"why":"addresses"'
tap "show groups for people" ask 0 show groups --regroup --state "$tmp/twins"
tap "says what is needed" has "$tmp/out" '1 of 4 domain groups needed; as written 2 of 5$'
tap "explain, regrouped" ask 0 explain 02:00:00:00:00:0a --json --regroup --state "$tmp/twins"
tap "follows the schema" follows explain
tap "counts in the same groups" has "$tmp/out" '"seen":1,"needed":1,"of":4,.*"why":"addresses"'
tap "an explanation, regrouped" ask 0 explain 02:00:00:00:00:0a --regroup --state "$tmp/twins"
tap "says how many are one" has "$tmp/out" 'api.twin.example \(2 in one, by addresses\)'
tap "groups as written" ask 1 show groups --state "$tmp/twins"
tap "are told" said_once 'the groups are as written, without --regroup'
signatures=tests/golden/signatures
tap "show stats --json" ask_state 0 show stats --json
tap "follows the schema" follows show
tap "and does not say 0 for what nobody measured" \
	has "$tmp/out" '"uptime":null,"sampling":null'
tap "explain --json" ask_state 0 explain 02:00:00:00:00:0a --json
tap "follows the schema" follows explain
tap "and fires" has "$tmp/out" '"rule":"bolt-plug".*"fires":true'
tap "explain of an address and a rule" ask_state 0 explain 192.168.1.10 bolt-plug --json
tap "follows the schema" follows explain
tap "says who it is" has "$tmp/out" '"subject":"mac:02:00:00:00:00:0a"'

tap "a label" ask_state 0 label 192.168.1.10 'Küche "1"' --json
tap "follows the schema" follows label
tap "a device that it is not" ask_state 0 label 02:00:00:00:00:0a --not bolt-plug
tap "labels --json" ask_state 0 label --json
tap "follow the schema" follows label
tap "and say both" has "$tmp/out" '"label":"Küche \\"1\\"","not":\["bolt-plug"\]'
tap "suppressed, no detection is shown" ask_state 0 show detections --json
tap "indeed" is "$(cat "$tmp/out")" ""
tap "but explained" ask_state 0 explain 192.168.1.10 --json
tap "by the schema" follows explain
tap "as suppressed" has "$tmp/out" '"fires":true,"suppressed":true'
tap "for people too" ask_state 0 explain 192.168.1.10
tap "in words" has "$tmp/out" 'suppressed: a user said that it is not$'
tap "taken back" ask_state 0 label 192.168.1.10 --clear --not bolt-plug
tap "the label stays" has "$tmp/out" '^mac:02:00:00:00:00:0a  Küche "1"  -$'
tap "a label of control characters" ask_state 1 label 192.168.1.10 $'a\033[2J'
tap "is refused" said_once 'a label is UTF-8 without control characters'
tap "a label of two lines" ask_state 2 label 192.168.1.10 $'a\nb'
tap "is wrong usage" said_once 'a label is 1 to 127 bytes long, on one line'
tap "a text and a rule" ask_state 2 label 192.168.1.10 text --not bolt-plug
tap "are too much" said_once 'label takes a text, or --not, or --clear'
tap "a rule for nobody" ask_state 2 label --not bolt-plug
tap "is wrong usage" said_once 'label needs to know whom'

tap "a table of detections" ask_state 0 show detections
tap "aligned" aligned
tap "with its titles" has "$tmp/out" '^TIME \(UTC\) +DEVICE +LEVEL +SUBJECT +ADDRESSES +LABEL +SEEN'
tap "without colour in a pipe" hasnt "$tmp/out" $'\033'
tap "with the label" has "$tmp/out" ' 192\.168\.1\.10  Küche "1"  '
tap "a table of subjects" ask_state 0 show subjects
tap "aligned" aligned
tap "a table of backends" ask_state 0 show backends
tap "aligned" aligned
tap "stats for people" ask_state 0 show stats
tap "with titles" has "$tmp/out" '^evidence rows  1$'
tap "an explanation for people" ask_state 0 explain 192.168.1.10
tap "says the verdict" has "$tmp/out" 'mac:02:00:00:00:00:0a \(192.168.1.10\): detected$'
tap "and each contact" has "$tmp/out" '^  plug.bolt.example +198.51.100.1 +443  tcp '

tests/tools/mkcap.py tests/golden/cases/usage.scn "$tmp/use.pcap" &&
	"$state_tool" "$signatures" "$tmp/use.pcap" "$tmp/use" || exit 1
tap "subjects in use" ask 0 show subjects --json --state "$tmp/use"
tap "follow the schema" follows show
tap "with the state, and the hours before" has "$tmp/out" "\"state\":\"active\",.*$(
	)\"hours\":\[\"active\",\"idle\",\"idle\",\"active\",\"unknown\",\"unknown\","
tap "for people too" ask 0 show subjects --state "$tmp/use"
tap "in words" has "$tmp/out" \
	'  active since 2026-01-01 04:10:00: 5 packets in the hour$'

tap "an unknown what" ask_state 2 show everything
tap "is wrong usage" said_once 'show takes one of detections, subjects, backends, stats, groups'
tap "no what" ask_state 2 show
tap "no subject" ask_state 2 explain
tap "what is no subject" ask_state 2 explain plug
tap "is named" said_once "'plug' is no subject"
tap "a subject that nobody saw" ask_state 1 explain 192.168.1.99
tap "is named" said_once "nothing is known of '192.168.1.99'"
tap "a rule that nobody wrote" ask_state 1 explain 192.168.1.10 none
tap "is named" said_once "no such rule: 'none'"
tap "no instance" ask 1 show stats --socket "$tmp/socket"
tap "is said, with the socket" said_once "no instance answers at $tmp/socket"
tap "no state file" ask 1 show stats --state "$tmp/none"
tap "is said" said_once "cannot read the state from $tmp/none: No such file"
head -c 300 "$tmp/state" >"$tmp/half"
tap "half a state file" ask 1 show stats --state "$tmp/half"
tap "is none" said_once "$tmp/half is no complete state file"
sed '5s/.*/{"event":"evidence"}/' "$tmp/state" >"$tmp/damaged"
tap "a damaged line" ask 0 show stats --state "$tmp/damaged"
tap "is told with its number" said_once "$tmp/damaged:5: evidence that makes no sense"

# A running instance, where this machine lets us have one.
ns=hr$$
live() { ip netns exec $ns "$hayrake" "$@" --signatures "$signatures" --socket "$tmp/socket"; }
live_stop() {
	[ -z "${pid:-}" ] || { kill "$pid" && wait "$pid"; }
	pid=
	ip netns del $ns 2>/dev/null
}
live_start() {
	ip netns add $ns && ip -n $ns link add v0 type veth peer v1 &&
		ip -n $ns link set v0 up && ip -n $ns link set v1 up || return 1
	(exec ip netns exec $ns "$hayrake" run -i v0 --signatures "$signatures" \
		--state "$tmp/live" --socket "$tmp/socket" 2>"$tmp/log") &
	pid=$!
	for _ in $(seq 100); do
		[ -S "$tmp/socket" ] && return 0
		kill -0 $pid 2>/dev/null || return 1
		sleep 0.1
	done
	return 1
}
live_show() { live show stats --json >"$tmp/out" 2>"$tmp/err" && follows show; }
live_second() { ! live run -i v1 2>"$tmp/err" && has "$tmp/err" 'another instance answers at'; }
if [ "$(id -u)" = 0 ] && ip netns add $ns-try 2>/dev/null; then
	ip netns del $ns-try
	trap 'live_stop; rm -rf "$tmp"' EXIT
	if live_start; then
		tap "stats of an instance follow the schema" live_show
		tap "with points, maps and counters" \
			has "$tmp/counts" '^counter:[0-9]+ map:[0-9]+ point:1 stats:1$'
		tap "a second instance at the same socket says so" live_second
		tap "the socket's mode" is "$(stat -c %a "$tmp/socket")" 660
		kill "$pid"
		wait "$pid"
		tap "SIGTERM ends it well" is "exit $?" "exit 0"
		pid=
		tap "the socket is gone" is "$(ls "$tmp/socket" 2>/dev/null)" ""
		tap "the state is saved" has "$tmp/live" '^\{"event":"state",.*"running":false'
		tap "and read" ask 0 show stats --state "$tmp/live"
	else
		tap "an instance starts" cat "$tmp/log" /dev/null/none
	fi
else
	tap_skip "stats of an instance" "needs root and network namespaces"
fi
tap_end
